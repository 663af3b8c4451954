"""Sessions of the panel: begun with a token, carried by a cookie, over when the token is.

OWASP's Session Management Cheat Sheet wants 64 bits of entropy or more (ours has 256), an id that means nothing, a new one at
each login, and ends that the server decides. It names 15 to 30 minutes of idleness for applications of low risk and 4 to 8
hours in all; ours are 12 hours and 7 days, because the panel hangs on the wall of a control room through a shift, and because
revoking the token ends its sessions at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from dataclasses import dataclass, field

from appliance.access.database import AccessDatabase, LastUse, to_the_minute
from appliance.access.tokens import COLUMNS, Token, token_of
from appliance.clock import NS_PER_MINUTE
from appliance.errors import Refusal

ID_BYTES = 32
FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
IDLE_NS = 12 * 60 * NS_PER_MINUTE
LONGEST_NS = 7 * 24 * 60 * NS_PER_MINUTE
# Of one token, the newest: a program that logs in for every request fills no disk.
MOST_PER_TOKEN = 100
USED = "UPDATE sessions SET last_used_ns = ? WHERE digest = ? AND last_used_ns < ?"
TOKEN_COLUMNS = ", ".join(f"tokens.{column}" for column in COLUMNS.split(", "))


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in; times are wall clock."""

    token: Token
    created_ns: int
    last_used_ns: int
    """To the minute."""

    @property
    def expires_ns(self) -> int:
        """When it is over where it is not used any more."""
        ends = (self.last_used_ns + IDLE_NS, self.created_ns + LONGEST_NS, self.token.expires_ns)
        return min(end for end in ends if end is not None)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was just begun; the id is for the cookie and stands nowhere else."""

    session: Session
    id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cookie:
    """How the session's id travels. Without an end of its own, so that it goes with the browser; the server decides."""

    name: str
    secure: bool
    http_only: bool = True
    same_site: str = "strict"
    path: str = "/"


class Sessions:
    """All sessions of a site. May be used by any thread."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database
        self._last_use = LastUse(database, USED)

    def begin(self, token: Token, now_ns: int) -> NewSession:
        """A new session for who has shown this token; raises ``Refusal`` where it was revoked meanwhile."""
        session_id = secrets.token_urlsafe(ID_BYTES)
        session = Session(token, now_ns, to_the_minute(now_ns))
        with self._database.writing() as connection:
            _sweep(connection, now_ns)
            if not connection.execute("SELECT 1 FROM tokens WHERE id = ?", (token.id,)).fetchone():
                raise Refusal(f"a session needs a token, but {token.name} was revoked")
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)", (_digest(session_id), token.id, now_ns, session.last_used_ns)
            )
            connection.execute(
                "DELETE FROM sessions WHERE digest IN"
                " (SELECT digest FROM sessions WHERE token_id = ? ORDER BY created_ns DESC LIMIT -1 OFFSET ?)",
                (token.id, MOST_PER_TOKEN),
            )
        return NewSession(session, session_id)

    def check(self, session_id: str, now_ns: int) -> Session | None:
        """Who is logged in with this id; None where nobody is, or is no longer."""
        if FORM.fullmatch(session_id) is None:
            return None
        digest = _digest(session_id)
        query = (
            f"SELECT sessions.created_ns, sessions.last_used_ns, {TOKEN_COLUMNS} FROM sessions"
            " JOIN tokens ON tokens.id = sessions.token_id WHERE sessions.digest = ?"
        )
        with self._database.reading() as connection:
            row = connection.execute(query, (digest,)).fetchone()
        if row is None:
            return None
        session = Session(token_of(row[2:]), row[0], row[1])
        if now_ns >= session.expires_ns:
            return None
        self._last_use.note(digest, session.last_used_ns, now_ns)
        return session

    def end(self, session_id: str) -> None:
        """Log out; a session that is over already stays over."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE digest = ?", (_digest(session_id),))


def csrf_of(session_id: str) -> str:
    """What a page of this session sends along with every change; another site cannot know it."""
    return hmac.new(session_id.encode(), b"appliance csrf", "sha256").hexdigest()


def is_csrf(session_id: str, value: str) -> bool:
    """Whether a change comes from a page of this session."""
    return hmac.compare_digest(csrf_of(session_id).encode(), value.encode(errors="replace"))


def cookie(port: int, *, tls: bool) -> Cookie:
    """The session's cookie. Browsers do not tell ports apart, so two sites on one host need two names.

    With ``__Host-`` a browser takes it only from this very host and only under TLS.
    """
    name = f"appliance-{port}"
    return Cookie(f"__Host-{name}" if tls else name, secure=tls)


def _sweep(connection: sqlite3.Connection, now_ns: int) -> None:
    connection.execute("DELETE FROM sessions WHERE last_used_ns <= ? OR created_ns <= ?", (now_ns - IDLE_NS, now_ns - LONGEST_NS))


def _digest(session_id: str) -> bytes:
    # 256 random bits cannot be guessed, so a fast hash keeps them as well as a slow one.
    return hashlib.sha256(session_id.encode(errors="replace")).digest()
