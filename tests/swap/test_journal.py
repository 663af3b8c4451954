"""The journal of swaps: what it tells of those that are open, kept, written, and of one that an earlier version has made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.swap.journal import FILE_NAME, Journal, Step, ends_of

BEFORE = """
CREATE TABLE steps (id INTEGER PRIMARY KEY, swap INTEGER NOT NULL, time_ns INTEGER NOT NULL, model TEXT NOT NULL,
    step TEXT NOT NULL, sentence TEXT NOT NULL, figures TEXT NOT NULL, author TEXT NOT NULL) STRICT;
INSERT INTO steps VALUES (1, 0, 0, 'first', 'began', '', '{}', ''), (2, 1, 0, 'other', 'kept', '', '{}', 'anna');
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path) as journal:
        yield journal


def swap(journal: Journal, number: int, model: str, *steps: str, in_file: str = "first") -> None:
    for step in steps:
        journal.add(Step(number, 0, model, step, in_file=in_file if step == "staged" else ""))


def test_one_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.executescript(BEFORE)
    for number in (2, 3):
        with Journal(tmp_path) as journal:
            journal.add(Step(number, 0, "third", "kept", digest="abc"))
    with Journal(tmp_path) as journal:
        assert [(step.model, step.digest) for step in journal.steps()] == [
            ("third", "abc"),
            ("third", "abc"),
            ("other", ""),
            ("first", ""),
        ]


def test_what_has_not_ended_is_open(journal: Journal) -> None:
    swap(journal, 1, "kept", "staged", "switched", "kept", "written")
    swap(journal, 2, "refused", "staged", "refused")
    swap(journal, 3, "cut", "staged", "accepted")
    assert [(step.swap, step.step) for step in journal.open_swaps()] == [(3, "accepted")]
    assert [(step.swap, step.step) for step in ends_of(journal.steps(), 9)] == [(3, "accepted"), (2, "refused"), (1, "kept")]


def test_what_was_kept_and_not_written_is_known(journal: Journal) -> None:
    assert journal.unwritten() is None
    swap(journal, 1, "second", "staged", "kept")
    found = journal.unwritten()
    assert found is not None
    assert (found.kept.model, found.instead_of) == ("second", frozenset({"first"}))
    swap(journal, 2, "third", "staged")
    # It came to stand in the file while the next one was proved, which takes its place there.
    swap(journal, 1, "second", "written")
    assert journal.unwritten() is None
    swap(journal, 2, "third", "kept")
    found = journal.unwritten()
    assert found is not None
    assert (found.kept.model, found.instead_of) == ("third", frozenset({"first", "second"}))
    swap(journal, 2, "third", "overruled")
    assert journal.unwritten() is None
