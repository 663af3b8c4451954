"""One camera's counter and its ledger: what is written when, and that a replay from any checkpoint writes the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.boxes import Tracks
from appliance.config import CameraSettings, CounterSettings
from appliance.count.camera import CountedCamera
from appliance.count.diary import Diary
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord
from appliance.letterbox import InputRule
from appliance.messages.frames import TrackedFrame
from appliance.messages.message import Unpacker
from appliance.messages.orders import Begin, Checkpoint, ModelInfo
from tests.examples import ticket_for

SIZE = (1000, 1000)
NAMES = ("person", "car")
CAMERA = CameraSettings.model_validate(
    {"name": "yard", "source": "yard.mp4", "lines": [{"name": "gate", "from": [0, 0.5], "to": [1, 0.5], "classes": ["car"]}]}
)
BOX_PX = 60.0
FRAME_NS = 40_000_000
Open = Callable[[str], Ledger]


@pytest.fixture
def open_ledger(tmp_path: Path) -> Iterator[Open]:
    """Opens the one ledger for a run; closed in the end."""
    ledgers = []

    def make(run: str) -> Ledger:
        ledgers.append(ledger := Ledger(tmp_path / "ledger.sqlite", run))
        return ledger

    yield make
    for ledger in ledgers:
        ledger.close()


def counted_from(ledger: Ledger, epoch: int = 1, *, record_tracks: bool = False) -> CountedCamera:
    """The counter in the state of the ledger's checkpoint, as after a restart."""
    order = Begin("yard", epoch, Checkpoint(), ModelInfo(NAMES, InputRule(), ""), "")
    settings = CounterSettings(record_tracks=record_tracks)
    return CountedCamera(CAMERA, settings, order, ledger.checkpoint("yard") or Checkpoint(), ledger, Diary(ledger, (1,)))


def a_frame(frame: int, *objects: tuple[int, float, float, int], size: tuple[int, int] = SIZE) -> TrackedFrame:
    """Tracks: id, centre, class."""
    centres = np.array([(x, y) for _, x, y, _ in objects], np.float32).reshape(-1, 2)
    boxes = np.hstack([centres - BOX_PX / 2, centres + BOX_PX / 2]).astype(np.float32)
    count = len(objects)
    tracks = Tracks(
        np.array([track_id for track_id, *_ in objects], np.int64),
        boxes,
        np.full(count, 0.8, np.float32),
        np.array([class_id for *_, class_id in objects], np.int64),
        np.ones(count, np.bool_),
    )
    ticket = msgspec.structs.replace(ticket_for("", frame=frame), source_width=size[0], source_height=size[1])
    return TrackedFrame(ticket, tracks, b"tracker after %d" % frame)


def traffic(frames: int = 120) -> list[TrackedFrame]:
    """Three cars down, one up and back again, a person, one object that vanishes before the line."""
    ways: Sequence[tuple[int, int, int, Callable[[int], float], int]] = (
        (1, 0, 60, lambda age: 300 + 8.0 * age, 1),
        (2, 20, 90, lambda age: 310 + 6.0 * age, 1),
        (3, 30, 119, lambda age: 320 + 5.0 * age, 1),
        (4, 10, 110, lambda age: 700 - 9.0 * age if age < 50 else 250 + 9.0 * (age - 50), 1),
        (5, 15, 100, lambda age: 400 + 3.0 * age, 0),
        (6, 40, 55, lambda age: 350 + 5.0 * age, 1),
    )
    return [
        a_frame(
            frame,
            *(
                (number, 150.0 * number, way(frame - first), kind)
                for number, first, last, way, kind in ways
                if first <= frame <= last
            ),
        )
        for frame in range(frames)
    ]


def facts(records: Sequence[CrossingRecord]) -> list[tuple[str, str, int, int, float]]:
    return [(record.event_id, record.direction, record.frame, record.track_id, record.confidence) for record in records]


def count_all(ledger: Ledger, frames: Sequence[TrackedFrame]) -> list[tuple[str, str, int, int, float]]:
    camera = counted_from(ledger)
    for frame in frames:
        camera.count(frame)
    camera.finish("")
    return facts(ledger.crossings("yard"))


def test_the_traffic_is_counted(open_ledger: Open) -> None:
    crossings = count_all(open_ledger("run1"), traffic())
    assert [(track_id, direction) for _, direction, _, track_id, _ in crossings] == [
        (1, "forward"),
        (4, "backward"),
        (2, "forward"),
        (3, "forward"),
        (4, "forward"),
    ]


def test_a_crossing_is_written_with_its_frame_and_the_state_after_it(open_ledger: Open) -> None:
    ledger = open_ledger("run1")
    camera = counted_from(ledger)
    for number, frame in enumerate(traffic()):
        before = len(ledger.crossings("yard"))
        camera.count(frame)
        if len(ledger.crossings("yard")) > before:
            checkpoint = ledger.checkpoint("yard")
            assert checkpoint is not None
            assert (checkpoint.frame, checkpoint.tracker) == (number, b"tracker after %d" % number)


def test_without_crossings_there_is_a_checkpoint_every_two_seconds(open_ledger: Open) -> None:
    ledger = open_ledger("run1")
    camera, seen = counted_from(ledger), set()
    for frame in range(130):
        camera.count(a_frame(frame))
        seen.add((ledger.checkpoint("yard") or Checkpoint()).frame)
    assert seen == {-1, 50, 100}


@pytest.mark.parametrize("lost", [1, 7, 30], ids=lambda lost: f"killed every {lost} frames")
def test_a_replay_after_every_death_writes_the_same(open_ledger: Open, lost: int) -> None:
    quiet = count_all(open_ledger("run1"), traffic())
    ledger, frames, epoch, done = open_ledger("run2"), traffic(), 0, 0
    while done < len(frames):  # each life counts some frames more than the one before, then dies
        epoch, done = epoch + 1, min(done + lost, len(frames))
        camera = counted_from(ledger, epoch)
        for frame in frames[(ledger.checkpoint("yard") or Checkpoint()).frame + 1 : done]:
            camera.count(frame)
    camera.finish("")
    again = facts(ledger.crossings("yard"))
    assert [fact[1:] for fact in again] == [fact[1:] for fact in quiet]
    assert [event_id.replace("run2", "run1") for event_id, *_ in again] == [event_id for event_id, *_ in quiet]


def test_a_second_run_in_the_same_ledger_counts_again(open_ledger: Open) -> None:
    first, second = count_all(open_ledger("run1"), traffic()), count_all(open_ledger("run2"), traffic())
    assert [fact[1:] for fact in first] == [fact[1:] for fact in second]
    assert not {event_id for event_id, *_ in first} & {event_id for event_id, *_ in second}


def test_frames_of_another_size_begin_anew(open_ledger: Open) -> None:
    ledger = open_ledger("run1")
    camera = counted_from(ledger)
    for frame in range(10):
        camera.count(a_frame(frame, (1, 500, 450 + frame, 1)))
    for frame in range(10, 20):
        camera.count(a_frame(frame, (1, 500, 550 + frame, 1), size=(2000, 2000)))
    camera.finish("")
    assert ledger.crossings("yard") == []


def test_the_end_is_written_with_its_problem_also_without_a_frame(open_ledger: Open) -> None:
    ledger = open_ledger("run1")
    counted_from(ledger).finish("the source has stopped")
    assert ledger.end("yard") == "the source has stopped"
    assert (ledger.checkpoint("yard") or Checkpoint(7)).frame == -1


def test_tracks_are_recorded_where_they_are_wanted(open_ledger: Open) -> None:
    ledger = open_ledger("run1")
    camera = counted_from(ledger, record_tracks=True)
    frames = traffic(30)
    for frame in frames:
        camera.count(frame)
    camera.finish("")
    unpacker: Unpacker[Tracks] = Unpacker(Tracks)
    found = [(record.frame, unpacker.decode(record.content).ids.tolist()) for record in ledger.tracks("yard")]
    assert found == [(frame.ticket.frame, frame.tracks.ids.tolist()) for frame in frames]
