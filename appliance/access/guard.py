"""The door: who comes with a token or with a session, from where, and whether it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from appliance.access.attempts import Attempts
from appliance.access.audit import Audit
from appliance.access.database import AccessDatabase
from appliance.access.moment import Moment
from appliance.access.sessions import Session, Sessions
from appliance.access.tokens import Denial, Token, Tokens


@dataclass(frozen=True, slots=True)
class Pause:
    """Too many wrong tokens came from there; nothing was checked."""

    wait_ns: int


class Guard:
    """All of a site's access control on one file. May be used by any thread; use as a context."""

    def __init__(self, data_dir: Path) -> None:
        self._database = AccessDatabase(data_dir)
        self.tokens = Tokens(self._database)
        self.sessions = Sessions(self._database)
        self.audit = Audit(self._database)
        self.attempts = Attempts()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def check_token(self, text: str, address: str, now: Moment) -> Token | Denial | Pause:
        """Whose token this is, where this address may try.

        What is no token of ours makes only others wait that are none: one broken client does not lock out who comes from the
        same address, nor is it let off by him. A wrong secret makes wait who shows the same id from there, because each costs a
        scrypt; but for who has shown the right one within the minute.
        """
        is_attempt = not self.tokens.remembers(text, now)
        token_id = self.tokens.known_id(text) if is_attempt else ""
        if is_attempt and (wait_ns := self.attempts.pause_ns(address, now.monotonic_ns, token_id)):
            return Pause(wait_ns)
        answer = self.tokens.check(text, now)
        if isinstance(answer, Denial):
            self.attempts.failed(address, now.monotonic_ns, token_id)
        elif is_attempt:
            self.attempts.succeeded(address, token_id)
        return answer

    def check_session(self, session_id: str, now_ns: int) -> Session | None:
        """Who is logged in. A session that is over is no failure: a browser shows its old cookie many times."""
        session = self.sessions.check(session_id, now_ns)
        if session is not None:
            self.tokens.note_use(session.token, now_ns)
        return session

    def close(self) -> None:
        """Leave the file complete."""
        self._database.close()
