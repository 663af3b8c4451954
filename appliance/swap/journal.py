"""What became of every model that was to take another one's place: written down step by step, so that it survives a restart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from appliance.errors import Refusal

FILE_NAME = "models.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS steps (
    id INTEGER PRIMARY KEY,
    swap INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    model TEXT NOT NULL,
    step TEXT NOT NULL,
    sentence TEXT NOT NULL,
    figures TEXT NOT NULL,
    author TEXT NOT NULL,
    digest TEXT NOT NULL DEFAULT '',
    in_file TEXT NOT NULL DEFAULT ''
) STRICT
"""
COLUMNS = "swap, time_ns, model, step, sentence, figures, author, digest, in_file"
# Those that a journal of an earlier version has not.
LATER_COLUMNS = ("digest", "in_file")
# How a swap can end; what the site's file came to name is noted behind that.
ENDS = ("kept", "refused", "returned", "called off", "cut off")
WRITTEN, OVERRULED = "written", "overruled"
# The figure of a swap that tells how alike the two models see.
AGREEMENT = "agreement_f1"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of it; time by wall clock."""

    swap: int
    time_ns: int
    model: str
    step: str
    sentence: str = ""
    figures: dict[str, float] | None = None
    author: str = ""
    digest: str = ""
    """The sha256 of the file of what was kept, or counted at first."""
    in_file: str = ""
    """Of the first step: which model the site's file named then."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The model that was kept last, of which nobody has noted that the site's file names it."""

    kept: Step
    instead_of: frozenset[str]
    """What the file named since that swap began, by this machine's own doing."""


class Journal:
    """Of a site, in its data folder. Use as a context."""

    def __init__(self, data_dir: Path) -> None:
        try:
            self._connection = sqlite3.connect(data_dir / FILE_NAME, isolation_level=None)
        except sqlite3.Error as error:
            raise Refusal(f"the journal of models in {data_dir} cannot be opened: {error}") from None
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What was kept outlives a power cut.
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(SCHEMA)
            self._bring_up_to_date()
        except sqlite3.Error as error:
            self._connection.close()
            raise Refusal(f"the journal of models in {data_dir} cannot be opened: {error}") from None

    def _bring_up_to_date(self) -> None:
        if not self._missing_columns():
            return
        # Another program may be about to do the same.
        self._connection.execute("BEGIN IMMEDIATE")
        for name in self._missing_columns():
            self._connection.execute(f"ALTER TABLE steps ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
        self._connection.execute("COMMIT")

    def _missing_columns(self) -> list[str]:
        known = {row[1] for row in self._connection.execute("PRAGMA table_info(steps)")}
        return [name for name in LATER_COLUMNS if name not in known]

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def next_number(self) -> int:
        """For a new swap."""
        [(last,)] = self._read("SELECT COALESCE(MAX(swap), 0) FROM steps")
        return int(last) + 1

    def add(self, step: Step) -> None:
        """Write it down; raises ``Refusal`` where that cannot be."""
        figures = json.dumps(step.figures or {})
        values = (step.swap, step.time_ns, step.model, step.step, step.sentence, figures, step.author, step.digest, step.in_file)
        try:
            self._connection.execute(f"INSERT INTO steps ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        except sqlite3.Error as error:
            raise Refusal(f"the journal of models cannot be written: {error}") from None

    def steps(self, most: int = 200, before_swap: int | None = None) -> list[Step]:
        """The newest swaps first, each from its first step to its last."""
        return self._steps("WHERE ? IS NULL OR swap < ? ORDER BY swap DESC, id LIMIT ?", before_swap, before_swap, most)

    def kept_before(self, model: str) -> str | None:
        """The model that was kept last, of those that are not this one; None where there never was one."""
        step = self.step_before(model)
        return None if step is None else step.model

    def step_before(self, model: str) -> Step | None:
        """The same, with when that was, and which file."""
        found = self._steps("WHERE step IN ('kept', 'began') AND model <> ? ORDER BY id DESC LIMIT 1", model)
        return found[0] if found else None

    def unwritten(self) -> Unwritten | None:
        """What was kept last, if it is not known to be in the site's file, nor that somebody wanted another one there."""
        newest = self._read("SELECT id, swap FROM steps WHERE step = 'kept' ORDER BY id DESC LIMIT 1")
        if not newest:
            return None
        [(number, swap)] = newest
        of_swap = self._steps("WHERE swap = ? ORDER BY id", swap)
        if any(step.step in (WRITTEN, OVERRULED) for step in of_swap):
            return None
        [kept] = self._steps("WHERE id = ?", number)
        # What was kept before may have been written when this swap was under way.
        since = "WHERE step = ? AND id > (SELECT MIN(id) FROM steps WHERE swap = ?)"
        written = [step.model for step in self._steps(since, WRITTEN, swap)]
        return Unwritten(kept, frozenset(name for name in (of_swap[0].in_file, *written) if name))

    def open_swaps(self) -> list[Step]:
        """The last step of each swap that has not come to an end."""
        ends = ", ".join(f"'{step}'" for step in (*ENDS, WRITTEN, OVERRULED))
        last = "SELECT MAX(id) FROM steps WHERE swap > 0 GROUP BY swap"
        return self._steps(f"WHERE id IN ({last}) AND step NOT IN ({ends}) ORDER BY id")

    def _steps(self, which: str, *values: object) -> list[Step]:
        rows = self._read(f"SELECT {COLUMNS} FROM steps {which}", *values)
        return [
            Step(swap, time_ns, model, step, sentence, json.loads(figures), author, digest, in_file)
            for swap, time_ns, model, step, sentence, figures, author, digest, in_file in rows
        ]

    def _read(self, query: str, *values: object) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise Refusal(f"the journal of models cannot be read: {error}") from None

    def close(self) -> None:
        """Write no more."""
        self._connection.close()


def steps_in(data_dir: Path, most: int, before_swap: int | None = None) -> list[Step]:
    """The newest swaps first; none where there has never been one."""
    if not (data_dir / FILE_NAME).exists():
        return []
    with Journal(data_dir) as journal:
        return journal.steps(most, before_swap)


def ends_of(steps: Sequence[Step], most: int) -> list[Step]:
    """How each swap ended, or how far it is; the newest first. What was there before all swaps has number 0."""
    ends = {step.swap: step for step in steps if step.swap and step.step != WRITTEN}
    return [ends[swap] for swap in sorted(ends, reverse=True)[:most]]
