"""Who changed what, from where and when: added to, never changed, the newest 100,000 entries."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass

from appliance.access.database import AccessDatabase
from appliance.access.hiding import without_secrets
from appliance.access.tables import AUDIT_KEPT

# Of each side; the revisions of the configuration have the whole of it.
MOST_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever does something: the name of a token or of a user, and the address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to what; before and after as JSON has it, None where there was or is nothing."""

    action: str
    subject: str
    before: object = None
    after: object = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change as it is kept; the sequence number is the cursor."""

    sequence: int
    time_ns: int
    actor: Actor
    change: Change


class Audit:
    """The audit log."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def add(self, actor: Actor, change: Change, now_ns: int) -> None:
        """Keep a change, secrets taken out; raises ``Refusal`` where it cannot be written."""
        with self._database.writing() as connection:
            add_entry(connection, actor, change, now_ns)

    def entries(self, most: int, before: int | None = None) -> list[AuditEntry]:
        """The newest ones, newest first; those before this sequence number where one is given."""
        query = "SELECT sequence, time_ns, who, address, action, subject, before, after FROM audit"
        where, parameters = ("", (most,)) if before is None else (" WHERE sequence < ?", (before, most))
        with self._database.reading() as connection:
            rows = connection.execute(f"{query}{where} ORDER BY sequence DESC LIMIT ?", parameters).fetchall()
        return [
            AuditEntry(sequence, time_ns, Actor(who, address), Change(action, subject, _value(old), _value(new)))
            for sequence, time_ns, who, address, action, subject, old, new in rows
        ]


def add_entry(connection: sqlite3.Connection, actor: Actor, change: Change, now_ns: int) -> None:
    """Keep a change in the transaction that makes it."""
    added = connection.execute(
        "INSERT INTO audit (time_ns, who, address, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (now_ns, actor.name, actor.address, change.action, change.subject, _text(change.before), _text(change.after)),
    )
    assert added.lastrowid is not None  # it was one INSERT
    connection.execute("DELETE FROM audit WHERE sequence <= ?", (added.lastrowid - AUDIT_KEPT,))


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = json.dumps(without_secrets(value), ensure_ascii=False)
    size = len(text.encode())
    if size <= MOST_BYTES:
        return text
    return json.dumps({"too_long_bytes": size, "sha256": hashlib.sha256(text.encode()).hexdigest()})


def _value(text: str | None) -> object:
    value: object = None if text is None else json.loads(text)
    return value
