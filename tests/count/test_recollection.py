"""What is remembered of a camera's last minutes."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.boxes import Tracks
from appliance.clock import NS_PER_S
from appliance.count import recollection
from appliance.count.recollection import Recollection
from appliance.messages.frames import FrameTicket, TrackedFrame
from appliance.messages.message import Unpacker
from appliance.messages.questions import Recalled, Remembered

FRAMES: Unpacker[Remembered] = Unpacker(Remembered)


def tracked(frame: int, pts_s: float, width: int = 100, number: int = 1) -> TrackedFrame:
    ticket = FrameTicket("gate", 1, frame, round(pts_s * NS_PER_S), 0, "arrival", 0, 0, width, 50, "", 0, 2, 32, 32, 50, 100)
    ids = np.arange(1, number + 1)
    boxes = np.tile(np.array([1, 2, 3, 4], np.float32), (number, 1))
    return TrackedFrame(ticket, Tracks(ids, boxes, np.ones(number, np.float32), ids, ids > 0), b"")


def frames_in(recalled: Recalled) -> list[int]:
    return [FRAMES.decode(content).frame for content in recalled.frames]


def test_it_tells_what_it_was_told() -> None:
    memory = Recollection(("car",))
    memory.add(tracked(7, 1.0))
    recalled = memory.recalled()
    assert (recalled.frame_width, recalled.frame_height, recalled.names) == (100, 50, ("car",))
    frame = FRAMES.decode(recalled.frames[0])
    assert (frame.frame, frame.pts_ns, frame.tracks.boxes.tolist()) == (7, NS_PER_S, [[1, 2, 3, 4]])


def test_what_is_older_than_some_minutes_is_forgotten() -> None:
    memory = Recollection(())
    for number in range(200):
        memory.add(tracked(number, float(number)))
    assert frames_in(memory.recalled()) == list(range(19, 200))


def test_a_crowd_does_not_take_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recollection, "MOST_BYTES", 50_000)
    memory = Recollection(())
    for number in range(100):
        memory.add(tracked(number, number / 25, number=60))
    recalled = memory.recalled()
    assert sum(len(content) for content in recalled.frames) <= 50_000
    assert frames_in(recalled)[-1] == 99


@pytest.mark.parametrize(
    ("what", "then", "left"),
    [
        ("a picture of another size", tracked(9, 3.0, width=200), [9]),
        ("what was told before a death", tracked(1, 1.0), [1, 2]),
        ("the same frame once more", tracked(2, 2.0), [1, 2]),
        ("a film that begins anew", tracked(3, -60.0), [3]),
    ],
)
def test_what_does_not_go_on(what: str, then: TrackedFrame, left: list[int]) -> None:
    memory = Recollection(())
    memory.add(tracked(1, 1.0))
    memory.add(tracked(2, 2.0))
    memory.add(then)
    assert frames_in(memory.recalled()) == left, what
