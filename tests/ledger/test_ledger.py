"""The ledger: whatever dies whenever, crossings, totals and checkpoint belong together, and nothing is there twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Refusal
from appliance.ledger.ledger import NOT_COUNTED_KEPT, Ledger
from appliance.ledger.records import CrossingRecord, TracksRecord
from appliance.ledger.tables import SCHEMA
from appliance.messages.orders import Checkpoint
from tests.processes import Peer
from tests.waiting import wait_until

Open = Callable[..., Ledger]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite"


@pytest.fixture
def open_ledger(path: Path) -> Iterator[Open]:
    """Opens ledgers of a run in the one file, and closes them in the end."""
    ledgers = []

    def make(run: str = "run1", *, read_only: bool = False) -> Ledger:
        ledgers.append(ledger := Ledger(path, run, read_only=read_only))
        return ledger

    yield make
    for ledger in ledgers:
        ledger.close()


def a_checkpoint(frame: int) -> Checkpoint:
    return Checkpoint(frame, frame * 40_000_000, b"tracker %d" % frame, b"counter %d" % frame)


def a_crossing(event_id: str, frame: int = 0, *, camera: str = "yard", counted: bool = True) -> CrossingRecord:
    return CrossingRecord(
        event_id=event_id,
        camera=camera,
        line="gate",
        direction="forward",
        class_name="car",
        frame=frame,
        pts_ns=frame * 40_000_000,
        capture_ns=1_700_000_000_000_000_000,
        track_id=2**40,
        confidence=0.5,
        x=1.5,
        y=-2.0,
        reason="crossed" if counted else "towed",
        counted=counted,
    )


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_what_is_written_is_read_by_another(open_ledger: Open) -> None:
    writer = open_ledger()
    writer.commit("yard", a_checkpoint(7), [a_crossing("a", 5), a_crossing("b", 3), a_crossing("c", 6, counted=False)])
    reader = open_ledger(read_only=True)
    assert reader.crossings("yard") == [a_crossing("a", 5), a_crossing("b", 3)], "in the order of counting"
    assert reader.checkpoint("yard") == a_checkpoint(7)
    assert reader.end("yard") is None


def test_a_new_ledger_is_empty(open_ledger: Open) -> None:
    ledger = open_ledger()
    assert (ledger.checkpoint("yard"), ledger.end("yard"), ledger.crossings("yard")) == (None, None, [])
    assert list(ledger.tracks("yard")) == []


def test_a_checkpoint_replaces_the_one_before(open_ledger: Open, path: Path) -> None:
    ledger = open_ledger()
    for frame in (1, 2, 3):
        ledger.commit("yard", a_checkpoint(frame))
    assert ledger.checkpoint("yard") == a_checkpoint(3)
    assert rows(path, "SELECT COUNT(*) FROM checkpoints") == [(1,)]


@pytest.mark.parametrize("problem", ["", "the source has stopped"])
def test_the_end_is_kept_with_its_problem(open_ledger: Open, problem: str) -> None:
    ledger = open_ledger()
    ledger.commit("yard", a_checkpoint(7), end=problem)
    assert ledger.end("yard") == problem
    assert ledger.end("gate") is None


def test_a_replayed_crossing_is_there_once_and_counted_once(open_ledger: Open, path: Path) -> None:
    ledger = open_ledger()
    for _ in range(3):
        ledger.commit("yard", a_checkpoint(7), [a_crossing("a"), a_crossing("b", counted=False)])
    assert len(ledger.crossings("yard")) == 1
    assert rows(path, "SELECT total FROM totals") == [(1,)]
    assert rows(path, "SELECT event_id FROM not_counted") == [("b",)]


def test_totals_add_up_by_camera_line_direction_and_class(open_ledger: Open, path: Path) -> None:
    ledger = open_ledger()
    ledger.commit("yard", a_checkpoint(1), [a_crossing("a"), a_crossing("b")])
    ledger.commit("yard", a_checkpoint(2), [a_crossing("c")])
    ledger.commit("gate", a_checkpoint(2), [a_crossing("d", camera="gate")])
    assert rows(path, "SELECT camera, line, direction, class, total FROM totals ORDER BY camera") == [
        ("gate", "gate", "forward", "car", 1),
        ("yard", "gate", "forward", "car", 3),
    ]


def test_runs_and_cameras_do_not_mix(open_ledger: Open) -> None:
    first, second = open_ledger("run1"), open_ledger("run2")
    first.commit("yard", a_checkpoint(7), [a_crossing("run1.a")], [TracksRecord(1, b"one")])
    assert second.checkpoint("yard") is None
    second.commit("yard", a_checkpoint(3), [a_crossing("run2.a")], [TracksRecord(1, b"two")])
    second.commit("gate", a_checkpoint(4))
    assert [record.event_id for record in first.crossings("yard")] == ["run1.a"]
    assert [record.event_id for record in second.crossings("yard")] == ["run2.a"]
    assert (first.checkpoint("yard"), second.checkpoint("yard")) == (a_checkpoint(7), a_checkpoint(3))
    assert list(first.tracks("yard")) == [TracksRecord(1, b"one")]
    assert second.crossings("gate") == []


def test_tracks_are_read_by_frame_and_a_replay_replaces_them(open_ledger: Open) -> None:
    ledger = open_ledger()
    ledger.commit("yard", a_checkpoint(3), tracks=[TracksRecord(frame, b"first") for frame in (3, 1, 2)])
    ledger.commit("yard", a_checkpoint(4), tracks=[TracksRecord(frame, b"second") for frame in (3, 4)])
    assert [(record.frame, record.content) for record in ledger.tracks("yard")] == [
        (1, b"first"),
        (2, b"first"),
        (3, b"second"),
        (4, b"second"),
    ]


def test_only_so_many_reasons_are_kept_and_they_are_the_newest(open_ledger: Open, path: Path) -> None:
    ledger = open_ledger()
    for batch in range(3):
        numbers = range(batch * 4000, (batch + 1) * 4000)
        ledger.commit("yard", a_checkpoint(batch), [a_crossing(f"{number}", counted=False) for number in numbers])
    assert rows(path, "SELECT COUNT(*), MIN(event_id + 0), MAX(event_id + 0) FROM not_counted") == [
        (NOT_COUNTED_KEPT, 12000 - NOT_COUNTED_KEPT, 11999)
    ]


def test_what_fails_in_the_middle_leaves_nothing_behind(open_ledger: Open, path: Path) -> None:
    ledger = open_ledger()
    ledger.commit("yard", a_checkpoint(1), [a_crossing("a")])

    def failing() -> Iterator[CrossingRecord]:
        yield a_crossing("b")
        yield a_crossing("c")
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(Refusal, match="cannot be written: disk I/O error; what was counted before is in it"):
        ledger.commit("yard", a_checkpoint(2), failing())
    assert [record.event_id for record in ledger.crossings("yard")] == ["a"]
    assert ledger.checkpoint("yard") == a_checkpoint(1)
    ledger.commit("yard", a_checkpoint(3), [a_crossing("d")])
    assert rows(path, "SELECT total FROM totals") == [(2,)]


CROSSINGS_PER_COMMIT = 3
LIVES = 12


def commit_for_ever(pipe: Connection, path: Path) -> None:
    """A count process that goes on from the checkpoint and writes as fast as it can."""
    ledger = Ledger(path, "run1")
    frame = (ledger.checkpoint("yard") or Checkpoint()).frame
    pipe.send(frame)
    while True:
        frame += 1
        counted = [a_crossing(f"{frame}.{ordinal}", frame) for ordinal in range(CROSSINGS_PER_COMMIT)]
        ledger.commit("yard", a_checkpoint(frame), [*counted, a_crossing(f"{frame}.x", frame, counted=False)])


def test_a_writer_that_is_killed_at_any_moment_leaves_a_whole_ledger(path: Path) -> None:
    reached = -1
    for life in range(LIVES):
        with Peer(commit_for_ever, path) as writer:
            assert writer.hear() == reached, "it goes on where its predecessor was, as far as others could see"
            watcher = Ledger(path, "run1", read_only=True)
            wanted = reached + 1 + 7 * life
            wait_until("some commits", lambda: frame_in(watcher) >= wanted)  # noqa: B023  # asked here and now
            writer.kill()
            reached = frame_in(watcher)
            watcher.close()
        assert_whole(path, reached)
    assert reached >= 7 * LIVES


def frame_in(ledger: Ledger) -> int:
    return (ledger.checkpoint("yard") or Checkpoint()).frame


def assert_whole(path: Path, frame: int) -> None:
    """All of every commit up to that frame is there, once, and nothing of the next one."""
    every = (frame + 1) * CROSSINGS_PER_COMMIT
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "SELECT frame, tracker FROM checkpoints") == [(frame, b"tracker %d" % frame)]
    assert rows(path, "SELECT COUNT(*), COUNT(DISTINCT event_id), MAX(frame) FROM crossings") == [(every, every, frame)]
    assert rows(path, "SELECT COUNT(*), MAX(frame) FROM not_counted") == [(frame + 1, frame)]
    assert rows(path, "SELECT SUM(total) FROM totals") == [(every,)]


def begin_a_ledger(pipe: Connection, path: Path) -> None:
    """Says when it is about to make the file."""
    pipe.send("now")
    Ledger(path, "run1")
    pipe.recv()


def test_a_writer_that_is_killed_while_it_makes_the_file_leaves_one_that_can_be_used(tmp_path: Path) -> None:
    for attempt in range(5):
        path = tmp_path / f"{attempt}.sqlite"
        with Peer(begin_a_ledger, path) as writer:
            writer.hear()
            wait_until("the file is there", path.exists)
            writer.kill()
        with closing(sqlite3.connect(path)) as connection:
            (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        assert (tables > 0) == (version == SCHEMA), "all tables or none"
        ledger = Ledger(path, "run1")
        ledger.commit("yard", a_checkpoint(1), [a_crossing("a")])
        ledger.close()


@pytest.mark.parametrize("read_only", [False, True], ids=["write", "read"])
def test_another_schema_is_refused_and_left_alone(path: Path, open_ledger: Open, read_only: bool) -> None:
    open_ledger().close()
    rows(path, f"PRAGMA user_version = {SCHEMA + 6}")
    before = path.read_bytes()
    with pytest.raises(Refusal, match=f"must have the schema {SCHEMA}, found {SCHEMA + 6}"):
        open_ledger(read_only=read_only)
    assert path.read_bytes() == before


def test_what_was_never_a_ledger_is_refused_for_reading(path: Path, open_ledger: Open) -> None:
    path.parent.mkdir()
    rows(path, "CREATE TABLE other (x)")
    with pytest.raises(Refusal, match=f"must have the schema {SCHEMA}, found 0"):
        open_ledger(read_only=True)


@pytest.mark.parametrize("read_only", [False, True], ids=["write", "read"])
def test_what_is_no_database_is_refused(path: Path, open_ledger: Open, read_only: bool) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else, and long enough to be looked at " * 100)
    with pytest.raises(Refusal, match="cannot be opened: file is not a database"):
        open_ledger(read_only=read_only)


def test_reading_what_is_not_there_is_refused_and_makes_nothing(path: Path, open_ledger: Open) -> None:
    with pytest.raises(Refusal, match="cannot be opened: unable to open database file"):
        open_ledger(read_only=True)
    assert not path.parent.exists()


def test_a_folder_is_no_ledger(path: Path, open_ledger: Open) -> None:
    path.mkdir(parents=True)
    with pytest.raises(Refusal, match="cannot be opened"):
        open_ledger()


def test_a_reader_cannot_write(open_ledger: Open) -> None:
    open_ledger().commit("yard", a_checkpoint(1))
    with pytest.raises(Refusal, match="cannot be written: attempt to write a readonly database"):
        open_ledger(read_only=True).commit("yard", a_checkpoint(2))


def test_a_reader_sees_whole_commits_while_the_writer_writes(path: Path) -> None:
    with Peer(commit_for_ever, path) as writer:
        writer.hear()
        reader = Ledger(path, "run1", read_only=True)
        seen = 0
        while seen < 60:
            frame = frame_in(reader)
            crossings = len(reader.crossings("yard"))
            assert crossings % CROSSINGS_PER_COMMIT == 0
            assert crossings >= (frame + 1) * CROSSINGS_PER_COMMIT
            seen = frame
        reader.close()


@pytest.mark.parametrize("reader_is_last", [True, False])
def test_whoever_is_last_leaves_one_file(path: Path, reader_is_last: bool) -> None:
    writer = Ledger(path, "run1")
    writer.commit("yard", a_checkpoint(1))
    reader = Ledger(path, "run1", read_only=True)
    for ledger in (writer, reader) if reader_is_last else (reader, writer):
        assert ledger.checkpoint("yard") == a_checkpoint(1)
        ledger.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_older_ledger_is_gone_on_with(path: Path, open_ledger: Open) -> None:
    writer = open_ledger()
    writer.commit("yard", a_checkpoint(7), [a_crossing("a", 5)])
    writer.close()
    for index in ("crossings_by_minute", "crossings_without_minute", "crossings_by_kind"):
        rows(path, f"DROP INDEX {index}")
    for column in ("clock", "minute_ns"):
        rows(path, f"ALTER TABLE crossings DROP COLUMN {column}")
    rows(path, "ALTER TABLE not_counted DROP COLUMN capture_ns")
    diary = ("seen_until", "minutes", "presences", "gaps", "lines", "intervals", "losses")
    sums = ("quarters", "covered_quarters", "present_quarters", "sequences")
    before = {table: rows(path, f"SELECT * FROM {table}") for table in sums}
    for table in (*diary, *sums):
        rows(path, f"DROP TABLE {table}")
    rows(path, "PRAGMA user_version = 1")
    ledger = open_ledger()
    assert ledger.crossings("yard") == [a_crossing("a", 5)]
    assert {table: rows(path, f"SELECT * FROM {table}") for table in sums} == before, "filled in from the crossings"
    assert ledger.seen_until("yard") == (0, "")
    ledger.commit("yard", a_checkpoint(8), [a_crossing("b", 8)])
    assert len(ledger.crossings("yard")) == 2
