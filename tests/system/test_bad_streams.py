"""Addresses that lead to anything but a camera, and cameras that send what they should not, each beside one that is well."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from appliance.clock import NS_PER_S
from appliance.messages.health import Health
from tests.cameras import Camera, needs_gstreamer
from tests.fake_servers import (
    Answer,
    camera_that_sends,
    keeps_silent,
    mjpeg,
    noise,
    noise_in_channel,
    noise_in_pictures,
    played,
    says,
    server,
)
from tests.system.sites import Site, assert_no_notice, camera_in
from tests.system.videos import Encoding, block_picture, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer
DECODERS = ("pyav", "gstreamer")
# Of one core, for a camera that shows nothing: a loop that runs in circles takes all of it.
BUSY_SHARE = 0.3
WATCHED_S = 4


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A block that crosses the middle once a second."""
    return write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))


@dataclass(frozen=True)
class Stranger:
    """Somebody in a camera's place, and what is said of him with each decoder; nothing where that one cannot call him."""

    answer: Answer
    pyav: str
    gstreamer: str
    scheme: str = "rtsp"


NO_PICTURE = "has sent no picture for"
FOR_EVER = "a camera is wanted, found a server that redirects for ever, now to"
A_WEB_SERVER = "must speak RTSP, found 'HTTP/1.1 400 Bad Request'"
STRANGERS = {
    "silence": Stranger(keeps_silent, "nobody answers", "nobody answers"),
    "web": Stranger(says("HTTP/1.1 400 Bad Request\nContent-Length: 0\n\n"), A_WEB_SERVER, A_WEB_SERVER),
    "circle": Stranger(
        says("RTSP/1.0 302 Moved\nCSeq: {number}\nLocation: rtsp://127.0.0.1:{port}/live\n\n"), FOR_EVER, FOR_EVER
    ),
    "webcircle": Stranger(says("HTTP/1.1 302 Found\nLocation: /again\nContent-Length: 0\n\n"), FOR_EVER, "", "http"),
    "noise": Stranger(camera_that_sends(noise), NO_PICTURE, "must be a video, found something that cannot be read as one"),
    "channel": Stranger(camera_that_sends(noise_in_channel), NO_PICTURE, NO_PICTURE),
    "pictures": Stranger(camera_that_sends(noise_in_pictures), NO_PICTURE, NO_PICTURE),
    "codec": Stranger(
        camera_that_sends(noise_in_channel, "X-NONE/90000"), "must contain video that FFmpeg can decode", NO_PICTURE
    ),
}
NOBODY = {
    "unknown": ("rtsp://nowhere.invalid/live", "the host nowhere.invalid is not known", "the host nowhere.invalid is not known"),
    "closed": ("rtsp://127.0.0.1:9/live", "the connection is refused", "nobody answers"),
}


# A dozen decoders at once, and one of them loses hardly a picture: on a computer that is busy with something else it would.
@pytest.mark.alone
@pytest.mark.parametrize("decoder", DECODERS)
def test_whoever_is_no_camera_is_named_and_keeps_nobody_busy(
    tmp_path: Path, clip: Path, decoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_LOGIN", "guard:wrong")
    with ExitStack() as stack:
        gate = stack.enter_context(Camera(clip))
        locked = stack.enter_context(Camera(clip, "--user", "guard", "--password", "right"))
        reasons = {"locked": "a login is wanted, found one that is not accepted", "headless": NO_PICTURE}
        sources: dict[str, dict[str, object]] = {"locked": {"source": locked.url, "login": "env:WRONG_LOGIN"}}
        for name, stranger in STRANGERS.items():
            if reason := str(getattr(stranger, decoder)):
                reasons[name] = reason
                sources[name] = {"source": f"{stranger.scheme}://127.0.0.1:{stack.enter_context(server(stranger.answer))}/live"}
        for name, (url, *said) in NOBODY.items():
            reasons[name] = said[decoder == "gstreamer"]
            sources[name] = {"source": url}
        headless = camera_that_sends(lambda: played(clip, has_key_frames=False))
        sources["headless"] = {"source": f"rtsp://127.0.0.1:{stack.enter_context(server(headless))}/live"}
        cameras = {name: {"decoder": decoder, **source} for name, source in sources.items()}
        site = stack.enter_context(Site(tmp_path, {"gate": {"source": gate.url}, **cameras}))

        def all_is_said(health: Health) -> bool:
            return all(reason in camera_in(health, name).condition.reason for name, reason in reasons.items())

        first = site.until(lambda health: all_is_said(health) and camera_in(health, "gate").condition.state == "ok", 120)
        assert {camera_in(first, name).condition.state for name in reasons} == {"down"}
        last = watched(site, first)
        assert all(camera_in(last, name).frames == 0 for name in reasons)
        assert_nobody_was_busy(first, last, reasons)
        assert_undisturbed(site, first, last, "gate")
        assert site.stop() == 0


def watched(site: Site, first: Health) -> Health:
    """How everything is a few seconds later."""
    return site.until(lambda health: health.time_ns - first.time_ns > WATCHED_S * NS_PER_S)


def assert_nobody_was_busy(first: Health, last: Health, cameras: dict[str, str]) -> None:
    """No process has died, and none of these decoders has run in circles."""
    assert {process.restarts for process in last.processes} == {0}
    spent_ns = {process.name: process.cpu_ns for process in last.processes}
    for process in first.processes:
        if process.name.removeprefix("decode.") in cameras:
            share = (spent_ns[process.name] - process.cpu_ns) / (last.time_ns - first.time_ns)
            assert share < BUSY_SHARE, f"{process.name}: {share:.2f}"


def assert_undisturbed(site: Site, before: Health, after: Health, name: str) -> None:
    """The camera that is well has gone on and counts."""
    assert camera_in(after, name).condition.state == "ok"
    assert camera_in(after, name).frames > camera_in(before, name).frames
    assert_no_notice(before, after, name)
    site.until_counted(name, 1)


LEAPS_S = {"ahead": 3 * 3600.0, "back": -2 * 3600.0, "little": -1.5}


# Every crossing of ten cameras at once is wanted, and a computer that is busy with something else skips pictures.
@pytest.mark.alone
def test_time_stamps_that_leap_or_come_in_another_order_are_counted_on(tmp_path: Path, clip: Path) -> None:
    """The block goes to and fro: whoever leaves a crossing out, or counts one twice, has two alike in a row."""
    reordered = write_video(tmp_path / "reordered.mp4", traffic(4), Encoding(options={"g": "25", "bf": "3"}))
    with ExitStack() as stack:
        bframes = stack.enter_context(Camera(reordered))
        sends_on = says(f"RTSP/1.0 302 Moved\nCSeq: {{number}}\nLocation: {bframes.url}\n\n")
        answers = {name: leaping(clip, leap_s) for name, leap_s in LEAPS_S.items()} | {"sent": sends_on}
        urls = {name: f"rtsp://127.0.0.1:{stack.enter_context(server(answer))}/live" for name, answer in answers.items()}
        cameras: dict[str, dict[str, object]] = {
            f"{name}_{decoder[:2]}": {"source": url, "decoder": decoder}
            for name, url in {"order": bframes.url, **urls}.items()
            for decoder in DECODERS
        }
        site = stack.enter_context(Site(tmp_path, cameras))
        site.until(lambda health: {camera.condition.state for camera in health.cameras} == {"ok"})
        wait_until("all have counted over a leap", lambda: min(map(site.crossings, cameras)) >= 6)
        health = site.health()
        for camera in health.cameras:
            assert (camera.condition.state, camera.connections) == ("ok", 1), camera
        assert {process.restarts for process in health.processes} == {0}
        assert site.stop() == 0
    for name in cameras:
        times_ns, directions = crossings(site.ledger, name)
        assert times_ns == sorted(set(times_ns))
        assert all(one != other for one, other in zip(directions, directions[1:])), (name, directions)


def leaping(clip: Path, leap_s: float) -> Answer:
    """A camera whose time stamps leap by so much every four seconds."""
    return camera_that_sends(lambda: played(clip, leap_s))


def crossings(ledger: Path, camera: str) -> tuple[list[int], list[str]]:
    """Media times and directions, in the order in which they were counted."""
    with closing(sqlite3.connect(ledger)) as connection:
        question = "SELECT pts_ns, direction FROM crossings WHERE camera = ? ORDER BY rowid"
        rows = connection.execute(question, (camera,)).fetchall()
    return [time_ns for time_ns, _ in rows], [direction for _, direction in rows]


def test_pictures_of_any_size_and_rate_harm_nobody(tmp_path: Path, clip: Path) -> None:
    fast = write_video(tmp_path / "fast.mp4", traffic(40, (64, 48)), Encoding(rate=240, options={"g": "60", "bf": "0"}))
    once = np.zeros((48, 64, 3), np.uint8)
    pictures = {
        "tiny": mjpeg(block_picture(0)[:1, :1], 10),
        "huge": mjpeg(np.zeros((4320, 7680, 3), np.uint8), 1),
        "still": mjpeg(once, 0),
    }
    with ExitStack() as stack:
        gate, fast_camera = stack.enter_context(Camera(clip)), stack.enter_context(Camera(fast))
        urls = {name: f"http://127.0.0.1:{stack.enter_context(server(answer))}/" for name, answer in pictures.items()}
        cameras: dict[str, dict[str, object]] = {name: {"source": url} for name, url in urls.items()}
        cameras["huge"]["stall_s"] = 8
        cameras["fast"] = {"source": fast_camera.url}
        site = stack.enter_context(Site(tmp_path, {"gate": {"source": gate.url}, **cameras}))
        site.until(lambda health: all(camera_in(health, name).frames > 0 for name in ("tiny", "huge", "fast", "gate")))
        first = site.until(lambda health: NO_PICTURE in camera_in(health, "still").condition.reason)
        last = watched(site, first)
        assert {camera_in(last, name).condition.state for name in ("tiny", "huge", "fast", "gate")} == {"ok"}
        source = camera_in(last, "fast").source
        assert source is not None
        assert source.frames_per_second == pytest.approx(240, abs=1)
        assert_nobody_was_busy(first, last, {"tiny": "", "still": ""})
        assert camera_in(last, "gate").connections == 1
        site.until_counted("gate", 1)
        assert site.stop() == 0
