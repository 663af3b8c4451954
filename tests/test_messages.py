"""Every message survives being packed, and what is not exactly a message is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest

from appliance.boxes import Detections
from appliance.letterbox import InputRule
from appliance.messages.frames import Credit, DetectedFrame, EndOfStream, FrameTicket, TrackedFrame
from appliance.messages.message import Message, Unpacker, pack
from appliance.messages.orders import Begin, Checkpoint, ModelInfo, SourceInfo
from appliance.messages.reports import Beat, Began, Finished, Ready, Refused, Report
from tests.examples import ticket_for, two_boxes, two_tracks

MODEL = ModelInfo(("car", "truck"), InputRule(640, 32, (384, 640)), "paper")
SOURCE = SourceInfo(1280, 720, 29.97, 0, "pencil")
CHECKPOINT = Checkpoint(7, 280_000_000, b"tracker", b"\x00counter")
PLAIN: list[Message] = [
    ticket_for("/proc/1/fd/3", slot=7, generation=2**63, frame=10**9),
    EndOfStream("yard", 3, "the source has stopped"),
    EndOfStream("yard", 3),
    Credit("yard", 3, 12),
    MODEL,
    ModelInfo((), InputRule(), ""),
    SOURCE,
    CHECKPOINT,
    Checkpoint(),
    Begin("yard", 3, CHECKPOINT, MODEL, "/proc/1/fd/3"),
    Ready(4, MODEL),
    Ready(4),
    Began(4, "yard", 3, CHECKPOINT, SOURCE),
    Began(4, "yard", 3),
    Beat(4, 1, 2, 3, 4, 5, 6),
    Finished(4, "yard", 3, "the source has stopped"),
    Refused(4, "a camera is wanted, found a toaster", usage=True),
]


@pytest.mark.parametrize("message", PLAIN, ids=[type(message).__name__ for message in PLAIN])
def test_a_message_survives(message: Message) -> None:
    unpacker: Unpacker[Message] = Unpacker(type(message))
    assert unpacker.decode(pack(message)) == message


@pytest.mark.parametrize("detections", [two_boxes(), Detections.empty()], ids=["two", "none"])
def test_arrays_survive_bit_for_bit(detections: Detections) -> None:
    unpacker: Unpacker[DetectedFrame] = Unpacker(DetectedFrame)
    found = unpacker.decode(pack(DetectedFrame(ticket_for(""), detections))).detections
    for column in ("boxes", "scores", "classes"):
        before, after = getattr(detections, column), getattr(found, column)
        assert (after.dtype, after.shape, after.tobytes()) == (before.dtype, before.shape, before.tobytes())


def test_tracks_and_state_survive() -> None:
    unpacker: Unpacker[TrackedFrame] = Unpacker(TrackedFrame)
    found = unpacker.decode(pack(TrackedFrame(ticket_for(""), two_tracks(), b"\x00state")))
    assert found.state == b"\x00state"
    assert found.tracks.ids.tolist() == [1, 9]
    assert found.tracks.confirmed.tolist() == [True, False]


@pytest.mark.parametrize("number", [0.1, 1e300, -0.0, float("inf")])
def test_numbers_survive_bit_for_bit(number: float) -> None:
    unpacker: Unpacker[float] = Unpacker(float)
    assert np.float64(unpacker.decode(pack(number))).tobytes() == np.float64(number).tobytes()


def test_an_unpacked_array_belongs_to_its_owner() -> None:
    unpacker: Unpacker[DetectedFrame] = Unpacker(DetectedFrame)
    packed = pack(DetectedFrame(ticket_for(""), two_boxes()))
    first, second = unpacker.decode(packed), unpacker.decode(packed)
    first.detections.boxes[:] = 0
    np.testing.assert_array_equal(second.detections.boxes, two_boxes().boxes)


def test_an_array_need_not_lie_in_one_piece() -> None:
    seen = two_boxes()
    every_other = Detections(np.repeat(seen.boxes, 2, axis=0)[::2], seen.scores, seen.classes)
    unpacker: Unpacker[DetectedFrame] = Unpacker(DetectedFrame)
    np.testing.assert_array_equal(unpacker.decode(pack(DetectedFrame(ticket_for(""), every_other))).detections.boxes, seen.boxes)


def with_field(message: Message, position: int, value: Any) -> bytes:
    """The packed message with another value in one field."""
    fields = msgspec.msgpack.decode(pack(message))
    fields[position] = value
    return msgspec.msgpack.encode(fields)


BOXES_FIELD = 2
TWO = DetectedFrame(ticket_for(""), two_boxes())
ONE_ROW = ("<f4", (1, 4), bytes(16))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param(FrameTicket, pack(Credit("yard", 1, 1)), id="another message"),
        pytest.param(FrameTicket | EndOfStream, pack(Credit("yard", 1, 1)), id="none of several"),
        pytest.param(Report, pack(EndOfStream("yard", 1)), id="no report"),
        pytest.param(Credit, pack(Credit("yard", 1, 1))[:-1], id="cut short"),
        pytest.param(Credit, b"", id="nothing"),
        pytest.param(Credit, msgspec.msgpack.encode(["Credit", "yard", 1]), id="a field is missing"),
        pytest.param(Credit, with_field(Credit("yard", 1, 1), 2, "one"), id="a word for a number"),
        pytest.param(Credit, with_field(Credit("yard", 1, 1), 1, None), id="nothing for a word"),
        pytest.param(DetectedFrame, with_field(TWO, BOXES_FIELD, {"boxes": ONE_ROW}), id="a column is missing"),
        pytest.param(DetectedFrame, pack(TWO).replace(b"<f4", b"<f9"), id="no such type of number"),
        pytest.param(DetectedFrame, pack(TWO).replace(b"<f4", b"<f8"), id="too few numbers for the shape"),
    ],
)
def test_what_does_not_fit_is_refused(kind: Any, content: bytes) -> None:
    unpacker: Unpacker[object] = Unpacker(kind)
    with pytest.raises(msgspec.DecodeError):
        unpacker.decode(content)


def test_columns_of_different_lengths_are_refused() -> None:
    packed = msgspec.msgpack.decode(pack(TWO))
    packed[BOXES_FIELD]["boxes"] = ONE_ROW
    unpacker: Unpacker[DetectedFrame] = Unpacker(DetectedFrame)
    with pytest.raises(msgspec.ValidationError, match=r"wanted boxes \(N, 4\) and N scores and classes, found boxes \(1, 4\)"):
        unpacker.decode(msgspec.msgpack.encode(packed))


def test_what_is_no_message_is_not_packed() -> None:
    @dataclass(frozen=True)
    class Odd:
        content: object

    with pytest.raises(NotImplementedError, match="a message cannot hold a complex"):
        pack(Odd(1j))


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        CHECKPOINT.frame = 8  # type: ignore[misc]  # that it is refused is what is tested
