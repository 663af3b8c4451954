"""Tokens: made, listed, revoked, and checked on every request.

A check looks its row up every time, so what another process revokes is refused from then on; only the scrypt, which is made to be
slow, is left out for a minute after the last check that has shown that this text is that token.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock

from appliance.access.audit import Actor, Change, add_entry
from appliance.access.database import AccessDatabase, LastUse
from appliance.access.moment import Moment
from appliance.access.roles import Role
from appliance.access.token_text import Cost, TokenHash, hash_of, id_in, make_text
from appliance.clock import NS_PER_MINUTE
from appliance.errors import Refusal

REMEMBERED_NS = NS_PER_MINUTE
COLUMNS = "id, name, role, created_ns, expires_ns, last_used_ns"
USED = "UPDATE tokens SET last_used_ns = ? WHERE id = ? AND last_used_ns < ?"


class NameTaken(Refusal):
    """There is a token of this name already."""


class Denial(str, Enum):
    """Why somebody is not let in."""

    MISTYPED = "mistyped"
    UNKNOWN = "unknown"
    """Never made, revoked, or a wrong secret: who does not know it is not told which."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; times are wall clock."""

    id: str
    name: str
    role: Role
    created_ns: int
    expires_ns: int | None
    last_used_ns: int
    """To the minute; 0 where it was never used."""

    def is_expired(self, now_ns: int) -> bool:
        """Whether its time is over."""
        return self.expires_ns is not None and now_ns >= self.expires_ns


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: the only time that its text is known."""

    token: Token
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Proven:
    tag: bytes
    monotonic_ns: int


class Tokens:
    """All tokens of a site. May be used by any thread."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database
        self._last_use = LastUse(database, USED)
        self._key = secrets.token_bytes(32)
        self._proven: dict[str, _Proven] = {}
        self._proving = Lock()
        self.proofs = 0
        """Grows with every scrypt that a check has cost."""

    def create(self, name: str, role: Role, actor: Actor, now_ns: int, expires_ns: int | None = None) -> NewToken:
        """A new token; raises ``Refusal`` where there is one of this name."""
        _check_name(name)
        if expires_ns is not None and expires_ns <= now_ns:
            raise Refusal("a token must expire in the future, found a time that is over", usage=True)
        text = make_text()
        token = Token(id_in(text) or "", name, role, now_ns, expires_ns, 0)
        kept = hash_of(text)
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM tokens WHERE name = ?", (name,)).fetchone():
                raise NameTaken(f"a new name is wanted, but there is a token {name!r}; revoke it first", usage=True)
            connection.execute(
                f"INSERT INTO tokens ({COLUMNS}, salt, digest, n, block, lanes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (token.id, name, role.value, now_ns, expires_ns, 0)
                + (kept.salt, kept.digest, kept.cost.n, kept.cost.block, kept.cost.lanes),
            )
            add_entry(connection, actor, Change("create token", name, after=_for_audit(token)), now_ns)
        return NewToken(token, text)

    def listed(self) -> list[Token]:
        """All of them by name, also expired ones."""
        with self._database.reading() as connection:
            return [token_of(row) for row in connection.execute(f"SELECT {COLUMNS} FROM tokens ORDER BY name")]

    def revoke(self, name_or_id: str, actor: Actor, now_ns: int) -> Token:
        """Take a token and its sessions away, at once and for good; raises ``Refusal`` where there is none."""
        with self._database.writing() as connection:
            query = f"SELECT {COLUMNS} FROM tokens WHERE name = ? OR id = ? ORDER BY name <> ?"
            row = connection.execute(query, (name_or_id, name_or_id, name_or_id)).fetchone()
            if row is None:
                raise Refusal(f"the name or the id of a token is wanted, found {name_or_id!r}", usage=True)
            token = token_of(row)
            connection.execute("DELETE FROM tokens WHERE id = ?", (token.id,))
            add_entry(connection, actor, Change("revoke token", token.name, before=_for_audit(token)), now_ns)
        self._proven.pop(token.id, None)
        return token

    def check(self, text: str, now: Moment) -> Token | Denial:
        """Whose token this is. Only one that exists costs a scrypt: who knows no id can keep nobody busy."""
        token_id = id_in(text)
        if token_id is None:
            return Denial.MISTYPED
        found = self._find(token_id)
        if found is None:
            self._proven.pop(token_id, None)
            return Denial.UNKNOWN
        token, kept = found
        if token.is_expired(now.wall_ns):
            self._proven.pop(token_id, None)
            return Denial.EXPIRED
        if not self._is_proven(token_id, text, kept, now):
            return Denial.UNKNOWN
        self.note_use(token, now.wall_ns)
        return token

    def is_good(self, token_id: str, now_ns: int) -> bool:
        """Whether the token with this id is there and has not expired; for who has shown it before."""
        query = "SELECT 1 FROM tokens WHERE id = ? AND (expires_ns IS NULL OR expires_ns > ?)"
        with self._database.reading() as connection:
            return connection.execute(query, (token_id, now_ns)).fetchone() is not None

    def note_use(self, token: Token, now_ns: int) -> None:
        """It was used now, itself or through a session."""
        self._last_use.note(token.id, token.last_used_ns, now_ns)

    def known_id(self, text: str) -> str:
        """The id in this text, where there is a token with it, whatever its secret; empty where there is none."""
        token_id = id_in(text)
        return token_id if token_id is not None and self._find(token_id) is not None else ""

    def remembers(self, text: str, now: Moment) -> bool:
        """Whether a check of this text would cost no scrypt; says nothing about whether it passes."""
        token_id = id_in(text)
        return token_id is not None and self._remembers(token_id, self._tag(text), now)

    def _find(self, token_id: str) -> tuple[Token, TokenHash] | None:
        query = f"SELECT {COLUMNS}, salt, digest, n, block, lanes FROM tokens WHERE id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (token_id,)).fetchone()
        return None if row is None else (token_of(row[:6]), TokenHash(row[6], row[7], Cost(*row[8:])))

    def _is_proven(self, token_id: str, text: str, kept: TokenHash, now: Moment) -> bool:
        tag = self._tag(text)
        if self._remembers(token_id, tag, now):
            # Who goes on using it never has to prove it in a pause that somebody else has brought about.
            self._proven[token_id] = _Proven(tag, now.monotonic_ns)
            return True
        # One at a time: each takes 8 MiB, and of many that wait for the same token only the first has work to do.
        with self._proving:
            if self._remembers(token_id, tag, now):
                return True
            self.proofs += 1
            if not kept.fits(text):
                return False
            self._proven[token_id] = _Proven(tag, now.monotonic_ns)
            return True

    def _tag(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")

    def _remembers(self, token_id: str, tag: bytes, now: Moment) -> bool:
        proven = self._proven.get(token_id)
        if proven is None or not hmac.compare_digest(proven.tag, tag):
            return False
        return now.monotonic_ns - proven.monotonic_ns < REMEMBERED_NS


def token_of(row: tuple[str, str, str, int, int | None, int] | sqlite3.Row) -> Token:
    """From the columns of ``COLUMNS``."""
    token_id, name, role, created_ns, expires_ns, last_used_ns = row
    return Token(token_id, name, Role(role), created_ns, expires_ns, last_used_ns)


def _check_name(name: str) -> None:
    if not name or len(name) > 64 or any(not (letter.isalnum() or letter in "-_.") for letter in name):
        raise Refusal(f"the name of a token is 1 to 64 letters, digits, '-', '_' and '.', found {name!r:.80}", usage=True)


def _for_audit(token: Token) -> dict[str, object]:
    return {"id": token.id, "role": token.role.value, "expires_ns": token.expires_ns}
