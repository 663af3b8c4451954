"""What the tests of access control have in common: times, a cheap scrypt, tokens, and other processes at the same file."""

from __future__ import annotations

from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from appliance.access.audit import Actor
from appliance.access.database import AccessDatabase
from appliance.access.guard import Guard
from appliance.access.moment import Moment
from appliance.access.roles import Role
from appliance.access.tokens import NewToken, Tokens
from appliance.clock import NS_PER_MINUTE

NOW_NS = 1_790_000_000_000_000_000 // NS_PER_MINUTE * NS_PER_MINUTE
ADMIN = Actor("root", "192.0.2.1")
DAY_NS = 24 * 60 * NS_PER_MINUTE


def at(ns: int) -> Moment:
    """So long after ``NOW_NS``, on both clocks."""
    return Moment(NOW_NS + ns, ns)


def make(guard: Guard, name: str = "reporting", role: Role = Role.VIEWER, expires_ns: int | None = None) -> NewToken:
    """A token of ``NOW_NS``."""
    return guard.tokens.create(name, role, ADMIN, NOW_NS, expires_ns)


def revoking(pipe: Connection, data_dir: Path) -> None:
    """A process that revokes each token that it is told the name of."""
    with closing(AccessDatabase(data_dir)) as database:
        tokens = Tokens(database)
        pipe.send("ready")
        while name := pipe.recv():
            tokens.revoke(name, Actor("other", "command line"), NOW_NS)
            pipe.send(name)


def checking(pipe: Connection, data_dir: Path) -> None:
    """A process that checks each token that it is told, at the time that it is told, and answers with what it found."""
    with Guard(data_dir) as guard:
        pipe.send("ready")
        while question := pipe.recv():
            text, ns = question
            pipe.send(guard.check_token(text, "192.0.2.7", at(ns)))


def creating(pipe: Connection, data_dir: Path, name: str) -> None:
    """A process that opens the file and makes tokens without end, telling each when it is there."""
    with Guard(data_dir) as guard:
        number = 0
        while True:
            made = make(guard, f"{name}{number}")
            pipe.send((made.token.name, made.text))
            number += 1


def holding(pipe: Connection, data_dir: Path) -> None:
    """A process that keeps others from writing until it is told something."""
    with closing(AccessDatabase(data_dir)) as database, database.writing():
        pipe.send("held")
        pipe.recv()
