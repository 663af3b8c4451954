"""What a process tells of its work."""

from __future__ import annotations

from appliance.ipc.heartbeat import Heartbeat, resident_bytes
from appliance.messages.message import Unpacker, pack
from appliance.messages.reports import Beat


def test_batches_are_counted_by_size_and_timed_in_order() -> None:
    heart = Heartbeat()
    for pictures in (1, 4):
        heart.batch_began(pictures)
    heart.batch_done()
    assert heart.report().batches == {1: 1}
    heart.batch_done()
    heart.batch_began(4)
    heart.batch_done()
    report = heart.report()
    assert report.batches == {1: 1, 4: 2}
    assert sum(report.batch_times) == 3
    assert report.batch_ns > 0


def test_late_frames_are_told_by_camera_and_tracks_as_they_are() -> None:
    heart = Heartbeat()
    for camera in ("yard", "gate", "yard"):
        heart.came_late(camera)
    heart.tracks["yard"] = 4
    before = heart.report()
    heart.tracks["yard"] = 2
    assert (before.stale, before.stale_of, before.tracks) == (3, {"yard": 2, "gate": 1}, {"yard": 4})
    assert heart.report().tracks == {"yard": 2}
    assert Unpacker[Beat](Beat).decode(pack(before)) == before


def test_memory_is_that_of_this_moment() -> None:
    before = resident_bytes()
    page = bytearray(b"x" * 50_000_000)
    assert resident_bytes() > before + 40_000_000
    del page
    report = Heartbeat().report()
    assert 1_000_000 < report.memory_bytes <= report.peak_memory_bytes
