"""Which crossings are meant: by camera, line, direction and class, as a condition in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Attribute = Literal["camera", "line", "direction", "class"]
ATTRIBUTES: tuple[Attribute, ...] = ("camera", "line", "direction", "class")
# Camera, line, direction, class.
Kind = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Those that have one of the names in each of these; empty: whatever they have."""

    cameras: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.cameras or self.lines or self.directions or self.classes)


EVERYTHING = Choice()


def condition(choice: Choice, attributes: tuple[Attribute, ...] = ATTRIBUTES) -> tuple[str, list[str]]:
    """What follows ``WHERE``, and its parameters."""
    wanted = dict(zip(ATTRIBUTES, (choice.cameras, choice.lines, choice.directions, choice.classes)))
    parts = [f"{name} IN ({', '.join('?' * len(wanted[name]))})" for name in attributes if wanted[name]]
    return " AND ".join(parts) or "TRUE", [value for name in attributes for value in wanted[name]]


def kinds_of(connection: sqlite3.Connection, choice: Choice) -> list[Kind]:
    """All that was ever counted of these."""
    where, values = condition(choice)
    return connection.execute(f"SELECT camera, line, direction, class FROM totals WHERE {where}", values).fetchall()


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read in here is of one moment, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")
