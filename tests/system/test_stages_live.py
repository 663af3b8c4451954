"""Track and count of a live camera, which cannot go back: what a counter lost with its life its tracker tells the next one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.boxes import Detections
from appliance.config import SiteSettings
from appliance.ledger.ledger import Ledger
from appliance.letterbox import InputRule
from appliance.messages.frames import NO_SLOT, DetectedFrame, TrackedFrame
from appliance.messages.orders import Checkpoint, ModelInfo
from appliance.topics import BOXES, CREDITS, TRACKS
from tests.examples import ticket_for, two_tracks
from tests.system.stages import Stage, site_of
from tests.waiting import wait_until

MODEL = ModelInfo(("car",), InputRule(), "")


@pytest.fixture
def site(tmp_path: Path) -> SiteSettings:
    return site_of(Path("rtsp://127.0.0.1:9/live"), tmp_path / "model.onnx", pace="live")


def detected(frame: int, epoch: int = 1) -> DetectedFrame:
    boxes = np.array([[10 + frame, 20, 40 + frame, 50]], np.float32)
    return DetectedFrame(ticket_for("", epoch=epoch, frame=frame), Detections(boxes, np.array([0.9], np.float32), np.array([0])))


def test_a_tracker_tells_a_new_counter_what_it_missed_and_goes_on_itself(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "track.0", tmp_path, MODEL) as track:
        track.listen(TRACKS)
        track.begin(1)
        track.send(BOXES, *map(detected, range(30)))
        quiet = [message for message in track.take(TRACKS, 30) if isinstance(message, TrackedFrame)]
        began = track.begin(2, Checkpoint(20, 20 * 40_000_000, quiet[20].state))
        assert began.checkpoint == Checkpoint(29, 29 * 40_000_000)
        for before, again in zip(quiet[21:], track.take(TRACKS, 9)):
            assert isinstance(again, TrackedFrame)
            assert again.ticket == msgspec.structs.replace(before.ticket, epoch=2, slot=NO_SLOT)
            assert again.state == before.state
        track.send(BOXES, detected(30, epoch=2))
        (message,) = track.take(TRACKS, 1)
        assert isinstance(message, TrackedFrame)
        assert message.tracks.ids.tolist() == quiet[-1].tracks.ids.tolist()
        # The counter knows all of it: nothing is told again.
        assert track.begin(3, Checkpoint(30, 30 * 40_000_000, message.state)).checkpoint is None
        assert track.is_silent(TRACKS)


def test_a_tracker_remembers_a_few_seconds_only(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "track.0", tmp_path, MODEL) as track:
        track.listen(TRACKS)
        track.begin(1)
        track.send(BOXES, *map(detected, range(250)))
        track.take(TRACKS, 250)
        track.begin(2)
        again = track.take(TRACKS, 101)
        assert isinstance(again[0], TrackedFrame)
        assert again[0].ticket.frame == 149
        assert track.is_silent(TRACKS)


def test_what_is_told_again_is_counted_and_gives_no_credit(tmp_path: Path, site: SiteSettings) -> None:
    with Stage(site, "count", tmp_path, MODEL) as count:
        count.listen(CREDITS)
        count.begin(1)
        for slot in (NO_SLOT, 0):
            ticket = msgspec.structs.replace(ticket_for("", frame=60 + slot), slot=slot)
            count.send(TRACKS, TrackedFrame(ticket, two_tracks(), b"tracker"))
        (credit,) = count.take(CREDITS, 1)
        assert credit.frame == 60
        assert count.is_silent(CREDITS)
        ledger = Ledger(tmp_path / "ledger.sqlite", "run1", read_only=True)
        wait_until("the first of them is written", lambda: (ledger.checkpoint("yard") or Checkpoint()).frame == 59)
        ledger.close()
