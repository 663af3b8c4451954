"""Each process alone: what belongs to an epoch that is over goes no further, and an epoch's frames come without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.boxes import Detections
from appliance.clock import NS_PER_MS, monotonic_ns
from appliance.config import SiteSettings
from appliance.decode.run import MOST_LIVE_FRAMES
from appliance.ipc.frame_ring import FrameRing, RingReaders
from appliance.ledger.ledger import Ledger
from appliance.letterbox import InputRule
from appliance.messages.frames import Credit, DetectedFrame, EndOfStream, FrameTicket, SkippedFrame, TrackedFrame
from appliance.messages.message import pack
from appliance.messages.orders import Checkpoint, ModelInfo
from appliance.messages.reports import Beat, Finished
from appliance.topics import BOXES, CREDITS, TICKETS, TRACKS, Detected
from tests.examples import INPUT_HEIGHT, INPUT_WIDTH, ticket_for, two_tracks
from tests.system.models import write_detector
from tests.system.stages import SLOTS, Stage, site_of
from tests.system.videos import Encoding, number_in, numbered, write_video

FRAMES = 200
MODEL = ModelInfo(("car", "person"), InputRule(128, 32), "paper")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    write_video(folder / "numbers.mp4", numbered(FRAMES))
    write_detector(folder / "tiny.onnx")
    return folder


@pytest.fixture
def site(here: Path) -> SiteSettings:
    return site_of(here / "numbers.mp4", here / "tiny.onnx")


def credits(epoch: int, count: int) -> list[Credit]:
    return [Credit("yard", epoch, frame) for frame in range(count)]


def frames_of(messages: Sequence[FrameTicket | EndOfStream]) -> list[int]:
    """Their frames; fails where a picture is not that of its frame."""
    rings, frames = RingReaders(), []
    for ticket in messages:
        assert isinstance(ticket, FrameTicket)
        assert rings.holds(ticket)
        assert number_in(rings.grey(ticket)) == ticket.frame
        frames.append(ticket.frame)
    return frames


def test_decode_sends_as_many_frames_as_there_are_slots_and_then_one_per_credit(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        began = decode.begin(1)
        assert began.source is not None
        assert (began.source.width, began.source.height, began.source.frames) == (128, 72, FRAMES)
        assert frames_of(decode.take(TICKETS, SLOTS)) == list(range(SLOTS))
        assert decode.is_silent(TICKETS)
        decode.send(CREDITS, *credits(1, 3))
        assert frames_of(decode.take(TICKETS, 3)) == [8, 9, 10]
        assert decode.is_silent(TICKETS)


@pytest.mark.parametrize("is_killed", [False, True], ids=["alive", "killed"])
@pytest.mark.parametrize("after", [-1, 0, 5, 57, 150])
def test_decode_begins_again_after_the_checkpoint(tmp_path: Path, site: SiteSettings, after: int, is_killed: bool) -> None:
    with Stage(site, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        decode.send(CREDITS, *credits(1, 50))
        decode.take(TICKETS, SLOTS + 50)
        if is_killed:
            decode.kill()
            decode.start()
        decode.begin(2, Checkpoint(after, after * 40_000_000))
        tickets = decode.take(TICKETS, SLOTS)
        assert frames_of(tickets) == list(range(after + 1, after + 1 + SLOTS))
        assert {ticket.epoch for ticket in tickets} == {2}


def test_decode_takes_credit_of_its_epoch_only(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        decode.take(TICKETS, SLOTS)
        decode.begin(2)
        decode.send(CREDITS, *credits(1, 5), *credits(2, 1), *credits(3, 5))
        assert frames_of(decode.take(TICKETS, SLOTS + 1)[1:]) == list(range(1, SLOTS + 1))
        assert decode.is_silent(TICKETS)


@pytest.mark.parametrize(
    ("last", "after", "frames"),
    [
        pytest.param(None, FRAMES - 3, [FRAMES - 2, FRAMES - 1], id="the file's end"),
        pytest.param(20, 17, [18, 19, 20], id="the last wanted frame"),
        pytest.param(20, 20, [], id="nothing left to do"),
    ],
)
def test_decode_says_when_it_is_over(tmp_path: Path, here: Path, last: int | None, after: int, frames: list[int]) -> None:
    site = site_of(here / "numbers.mp4", here / "tiny.onnx", last_frame=last)
    with Stage(site, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(4, Checkpoint(after, after * 40_000_000))
        *tickets, end = decode.take(TICKETS, len(frames) + 1)
        assert frames_of(tickets) == frames
        assert end == EndOfStream("yard", 4)


@pytest.mark.parametrize("is_killed", [False, True], ids=["alive", "killed"])
def test_a_live_cameras_time_goes_on_over_what_was_missed(tmp_path: Path, here: Path, is_killed: bool) -> None:
    site = site_of(here / "numbers.mp4", here / "tiny.onnx", pace="live")
    with Stage(site, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        before = [ticket for ticket in decode.take(TICKETS, MOST_LIVE_FRAMES) if isinstance(ticket, FrameTicket)]
        last = before[-2]
        if is_killed:
            decode.kill()
            decode.start()
        began_ns = monotonic_ns()
        decode.begin(2, Checkpoint(last.frame, last.pts_ns))
        after = [ticket for ticket in decode.take(TICKETS, MOST_LIVE_FRAMES) if isinstance(ticket, FrameTicket)]
        assert [ticket.frame for ticket in after] == [last.frame + 1 + number for number in range(MOST_LIVE_FRAMES)]
        assert after[0].pts_ns - last.pts_ns >= began_ns - last.pts_ns > 0, "as much time as has passed"
        # The live clock follows a camera's drift, by less than this.
        assert all(abs(second.pts_ns - first.pts_ns - 40_000_000) < 1_000_000 for first, second in zip(after, after[1:]))


UNEVEN_MS = (0, 40, 80, 81, 300, 310, 320, 330, 400, 600, 601, 700)


@pytest.fixture
def uneven(tmp_path: Path, here: Path) -> SiteSettings:
    """A short file with frames at uneven times, read at its own pace."""
    video = write_video(tmp_path / "uneven.mkv", numbered(len(UNEVEN_MS)), Encoding(pts=UNEVEN_MS, options={"bf": "0"}))
    return site_of(video, here / "tiny.onnx", pace="played")


def assert_played(messages: Sequence[FrameTicket | EndOfStream], first: int = 0) -> None:
    """All frames from ``first`` on at the file's own times, none of them sooner than it was filmed, and the end."""
    *tickets, end = messages
    assert isinstance(end, EndOfStream)
    frames = [ticket for ticket in tickets if isinstance(ticket, FrameTicket)]
    assert [(ticket.frame, ticket.pts_ns) for ticket in frames] == [
        (frame, milliseconds * NS_PER_MS) for frame, milliseconds in enumerate(UNEVEN_MS) if frame >= first
    ]
    for ticket in frames:
        assert ticket.capture_ns - frames[0].capture_ns >= ticket.pts_ns - frames[0].pts_ns


def test_a_played_file_comes_no_faster_than_it_was_filmed(tmp_path: Path, uneven: SiteSettings) -> None:
    with Stage(uneven, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        decode.send(CREDITS, *credits(1, len(UNEVEN_MS)))
        assert_played(decode.take(TICKETS, len(UNEVEN_MS) + 1))


def test_a_played_file_skips_nothing_when_credit_comes_late(tmp_path: Path, uneven: SiteSettings) -> None:
    with Stage(uneven, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        early = decode.take(TICKETS, SLOTS)
        assert frames_of(early) == list(range(SLOTS))
        assert decode.is_silent(TICKETS), "its time is over meanwhile"
        decode.send(CREDITS, *credits(1, SLOTS))
        late = decode.take(TICKETS, len(UNEVEN_MS) - SLOTS + 1)
        assert frames_of(late[:-1]) == list(range(SLOTS, len(UNEVEN_MS)))
        assert_played([*early, *late])
        assert decode.hear(Beat).skipped == 0


@pytest.mark.parametrize("is_killed", [False, True], ids=["alive", "killed"])
def test_a_played_file_keeps_its_pace_after_a_checkpoint(tmp_path: Path, uneven: SiteSettings, is_killed: bool) -> None:
    after = len(UNEVEN_MS) - SLOTS - 1
    with Stage(uneven, "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        decode.take(TICKETS, SLOTS)
        if is_killed:
            decode.kill()
            decode.start()
        decode.begin(2, Checkpoint(after, UNEVEN_MS[after] * NS_PER_MS))
        decode.send(CREDITS, *credits(2, 1))
        assert_played(decode.take(TICKETS, SLOTS + 1), first=after + 1)


def test_an_order_finds_no_frame_of_the_epoch_before(tmp_path: Path, here: Path) -> None:
    """A frame that is read but not yet due is dropped with its epoch, and read again."""
    video = write_video(tmp_path / "late.mkv", numbered(3), Encoding(pts=(0, 40, 60_000), options={"bf": "0"}))
    with Stage(site_of(video, here / "tiny.onnx", pace="played"), "decode.yard", tmp_path, MODEL) as decode:
        decode.listen(TICKETS)
        decode.begin(1)
        assert frames_of(decode.take(TICKETS, 2)) == [0, 1]
        assert decode.is_silent(TICKETS), "the last one is of a minute later"
        decode.begin(2, Checkpoint(0, 0))
        tickets = decode.take(TICKETS, 1)
        assert frames_of(tickets) == [1]
        assert [ticket.epoch for ticket in tickets] == [2]
        decode.begin(3, Checkpoint(1, 40 * NS_PER_MS))
        last, end = decode.take(TICKETS, 2)
        assert frames_of([last]) == [2]
        assert end == EndOfStream("yard", 3)


class Pictures:
    """A decoder's part: pictures in a ring, and tickets for them."""

    def __init__(self, path: str) -> None:
        self._path, self._ring = path, FrameRing(path, writable=True)

    def write(self, epoch: int, frame: int) -> FrameTicket:
        """A bright block on the frame's own place, in the slot whose turn it is."""
        slot = frame % SLOTS
        self._ring.begin(slot)
        picture = self._ring.input_picture(slot, INPUT_HEIGHT, INPUT_WIDTH)
        picture[:] = 30
        picture[32:64, 4 * slot : 4 * slot + 40] = 240
        return ticket_for(self._path, slot, self._ring.commit(slot), epoch=epoch, frame=frame)


def detected(messages: Sequence[Detected]) -> list[tuple[int, int, float]]:
    """Epoch, frame and the left edge of the best box."""
    found = []
    for message in messages:
        assert isinstance(message, DetectedFrame)
        assert len(message.detections) == 1
        found.append((message.ticket.epoch, message.ticket.frame, float(message.detections.boxes[0, 0])))
    return found


def expected(epoch: int, frames: Sequence[int]) -> list[tuple[int, int, float]]:
    return [(epoch, frame, 4.0 * (frame % SLOTS)) for frame in frames]


def test_detect_answers_in_order_and_the_end_comes_last(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "detect", tmp_path, MODEL) as detect:
        detect.listen(BOXES)
        detect.begin(1)
        pictures = Pictures(detect.ring.path)
        detect.send(TICKETS, *(pictures.write(1, frame) for frame in range(SLOTS)), EndOfStream("yard", 1, "out of frames"))
        *boxes, end = detect.take(BOXES, SLOTS + 1)
        assert detected(boxes) == expected(1, range(SLOTS))
        assert end == EndOfStream("yard", 1, "out of frames")


def test_detect_knows_no_epoch_that_it_was_not_told(tmp_path: Path, site: SiteSettings) -> None:
    """One that takes the place of a dead one must not go on where that one was: frames were lost with it."""
    with Stage(site, "detect", tmp_path, MODEL) as detect:
        detect.listen(BOXES)
        pictures = Pictures(detect.ring.path)
        detect.send(TICKETS, *(pictures.write(1, frame) for frame in range(3)), EndOfStream("yard", 1))
        assert detect.is_silent(BOXES)
        detect.begin(2)
        detect.send(TICKETS, pictures.write(1, 3), *(pictures.write(2, frame) for frame in range(4, 6)), EndOfStream("yard", 1))
        assert detected(detect.take(BOXES, 2)) == expected(2, [4, 5])
        assert detect.is_silent(BOXES)


def test_detect_drops_what_was_overwritten_and_the_end_comes_all_the_same(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "detect", tmp_path, MODEL) as detect:
        detect.listen(BOXES)
        detect.begin(1)
        pictures = Pictures(detect.ring.path)
        stale = [pictures.write(1, frame) for frame in range(3)]
        fresh = [pictures.write(1, frame) for frame in range(SLOTS, SLOTS + 2)]
        detect.send(TICKETS, *fresh, *stale, EndOfStream("yard", 1))
        *answers, end = detect.take(BOXES, 6)
        assert detected([answer for answer in answers if isinstance(answer, DetectedFrame)]) == expected(1, [SLOTS, SLOTS + 1, 2])
        # Their credits must come back.
        assert sorted(answer.ticket.frame for answer in answers if isinstance(answer, SkippedFrame)) == [0, 1]
        assert end == EndOfStream("yard", 1)


def objects(frame: int) -> Detections:
    """Two cars that drive towards each other, one of them seen badly now and then."""
    boxes = np.array([[2 * frame, 100, 2 * frame + 50, 140], [900 - 2 * frame, 110, 950 - 2 * frame, 150]], np.float32)
    return Detections(boxes, np.array([0.9, 0.15 if frame % 5 == 0 else 0.8], np.float32), np.array([0, 0]))


def test_track_goes_on_from_its_state_bit_for_bit(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "track.0", tmp_path, MODEL) as track:
        track.listen(TRACKS)
        track.begin(1)
        track.send(BOXES, *(DetectedFrame(ticket_for("", frame=frame), objects(frame)) for frame in range(30)))
        quiet = [message for message in track.take(TRACKS, 30) if isinstance(message, TrackedFrame)]
        for epoch, after in ((2, 3), (3, 17)):
            track.kill()
            track.start()
            track.begin(epoch, Checkpoint(after, after * 40_000_000, quiet[after].state))
            rest = [DetectedFrame(ticket_for("", epoch=epoch, frame=frame), objects(frame)) for frame in range(after + 1, 30)]
            track.send(BOXES, *rest)
            again = track.take(TRACKS, len(rest))
            for before, now in zip(quiet[after + 1 :], again):
                assert isinstance(now, TrackedFrame)
                assert (pack(now.tracks), now.state) == (pack(before.tracks), before.state)


def test_track_knows_no_epoch_that_it_was_not_told(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "track.0", tmp_path, MODEL) as track:
        track.listen(TRACKS)
        track.send(BOXES, *(DetectedFrame(ticket_for("", frame=frame), objects(frame)) for frame in range(3)))
        # Passed on, this end would be written down, with frames missing before it.
        track.send(BOXES, SkippedFrame(ticket_for("", frame=3)), EndOfStream("yard", 1))
        assert track.is_silent(TRACKS)
        track.begin(2)
        track.send(BOXES, *(DetectedFrame(ticket_for("", epoch=epoch), objects(0)) for epoch in (1, 2, 3)))
        (message,) = track.take(TRACKS, 1)
        assert isinstance(message, TrackedFrame)
        assert message.ticket.epoch == 2
        assert track.is_silent(TRACKS)


def tracked(epoch: int, frame: int) -> TrackedFrame:
    return TrackedFrame(ticket_for("", epoch=epoch, frame=frame), two_tracks(), b"tracker")


def ledgers_frame(folder: Path) -> int:
    ledger = Ledger(folder / "ledger.sqlite", "run1", read_only=True)
    frame = (ledger.checkpoint("yard") or Checkpoint()).frame
    ledger.close()
    return frame


def test_count_gives_credit_for_frames_of_its_epoch_only(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "count", tmp_path, MODEL) as count:
        count.listen(CREDITS)
        count.send(TRACKS, tracked(1, 0))
        began = count.begin(2)
        assert began.checkpoint == Checkpoint()
        count.send(TRACKS, tracked(1, 1), tracked(2, 0), tracked(3, 2), EndOfStream("yard", 1), tracked(2, 1))
        assert count.take(CREDITS, 2) == credits(2, 2)
        assert count.is_silent(CREDITS)
        assert ledgers_frame(tmp_path) == -1, "the end of an older epoch is not the end"


def test_count_begins_again_from_its_checkpoint(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "count", tmp_path, MODEL) as count:
        count.listen(CREDITS)
        count.begin(1)
        count.send(TRACKS, *(tracked(1, frame) for frame in range(70)))
        count.take(CREDITS, 70)
        assert ledgers_frame(tmp_path) == 50
        for epoch, is_killed in ((2, False), (3, True)):
            if is_killed:
                count.kill()
                count.start()
            checkpoint = count.begin(epoch).checkpoint
            assert checkpoint is not None
            # One that is alive knows more than was written.
            assert (checkpoint.frame, checkpoint.pts_ns, checkpoint.tracker) == (69, 69 * 40_000_000, b"tracker")
            assert ledgers_frame(tmp_path) == 69


def test_a_killed_count_begins_again_from_what_is_written(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "count", tmp_path, MODEL) as count:
        count.listen(CREDITS)
        count.begin(1)
        count.send(TRACKS, *(tracked(1, frame) for frame in range(70)))
        count.take(CREDITS, 70)
        count.kill()
        count.start()
        checkpoint = count.begin(2).checkpoint
        assert checkpoint is not None
        assert (checkpoint.frame, checkpoint.pts_ns, checkpoint.tracker) == (50, 50 * 40_000_000, b"tracker")


def test_count_tells_the_end_again_where_that_was_lost(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "count", tmp_path, MODEL) as count:
        count.listen(CREDITS)
        count.begin(1)
        count.send(TRACKS, tracked(1, 0), EndOfStream("yard", 1, "out of frames"))
        first = count.hear(Finished)
        assert (first.epoch, first.problem) == (1, "out of frames")
        assert ledgers_frame(tmp_path) == 0
        count.kill()
        count.start()
        count.order(2)
        assert count.hear(Finished) == msgspec.structs.replace(first, pid=count.child.pid, epoch=2)
