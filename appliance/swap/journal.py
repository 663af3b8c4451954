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
    author TEXT NOT NULL
) STRICT
"""
COLUMNS = "swap, time_ns, model, step, sentence, figures, author"


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


class Journal:
    """Of a site, in its data folder. Use as a context."""

    def __init__(self, data_dir: Path) -> None:
        try:
            self._connection = sqlite3.connect(data_dir / FILE_NAME, isolation_level=None)
        except sqlite3.Error as error:
            raise Refusal(f"the journal of models in {data_dir} cannot be opened: {error}") from None
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(SCHEMA)
        except sqlite3.Error as error:
            self._connection.close()
            raise Refusal(f"the journal of models in {data_dir} cannot be opened: {error}") from None

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
        values = (step.swap, step.time_ns, step.model, step.step, step.sentence, figures, step.author)
        try:
            self._connection.execute(f"INSERT INTO steps ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        except sqlite3.Error as error:
            raise Refusal(f"the journal of models cannot be written: {error}") from None

    def steps(self, most: int = 200, before_swap: int | None = None) -> list[Step]:
        """The newest swaps first, each from its first step to its last."""
        rows = self._read(
            f"SELECT {COLUMNS} FROM steps WHERE ? IS NULL OR swap < ? ORDER BY swap DESC, id LIMIT ?",
            before_swap,
            before_swap,
            most,
        )
        return [
            Step(swap, time_ns, model, step, sentence, json.loads(figures), author)
            for swap, time_ns, model, step, sentence, figures, author in rows
        ]

    def kept_before(self, model: str) -> str | None:
        """The model that was kept last, of those that are not this one; None where there never was one."""
        query = "SELECT model FROM steps WHERE step IN ('kept', 'began') AND model <> ? ORDER BY id DESC LIMIT 1"
        rows = self._read(query, model)
        return str(rows[0][0]) if rows else None

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
    ends = {step.swap: step for step in steps if step.swap}
    return [ends[swap] for swap in sorted(ends, reverse=True)[:most]]
