"""Real cameras that come and go, and what answers in their place."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns, wall_ns
from appliance.config import CameraSettings
from appliance.decode.choice import live_source
from appliance.decode.demand import Demand
from appliance.decode.live_source import LiveSource
from appliance.decode.opencv_source import CvPicture
from appliance.decode.source import NoAnswer, Picture, Source
from appliance.errors import Refusal
from appliance.letterbox import InputRule
from appliance.messages.orders import SourceInfo
from appliance.messages.reports import Condition
from tests.cameras import Camera, needs_gstreamer
from tests.decode.pictures import number_of
from tests.system.videos import Encoding, numbered, numbered_picture, write_video

# Pictures are counted as they come.
pytestmark = pytest.mark.alone


def camera_at(url: str, **settings: object) -> CameraSettings:
    return CameraSettings.model_validate({"name": "yard", "source": url, "stall_s": 1.5, **settings})


@contextmanager
def connected(camera: CameraSettings) -> Iterator[LiveSource]:
    source = live_source(camera)
    assert source is not None
    yield source
    source.close()


def read_until(source: LiveSource, condition: Callable[[Picture | None], bool], deadline_s: float = 40.0) -> None:
    """Read until something is so."""
    began_s = time.monotonic()
    while not condition(source.read()):
        assert time.monotonic() - began_s < deadline_s, source.condition


def a_picture(picture: Picture | None) -> bool:
    return picture is not None


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two seconds each, every frame with its number."""
    folder = tmp_path_factory.mktemp("clips")
    hevc = Encoding("libx265", options={"x265-params": "log-level=none:keyint=10:bframes=0"})
    return {
        "h264": write_video(folder / "h264.mp4", numbered(50)),
        "hevc": write_video(folder / "hevc.mp4", numbered(50), hevc),
        "larger": write_video(folder / "larger.mp4", numbered(20, (192, 160)), Encoding(rate=10, options={"g": "5", "bf": "2"})),
    }


by_each_decoder = pytest.mark.parametrize("decoder", ["pyav", "gstreamer"])


@needs_gstreamer
@by_each_decoder
@pytest.mark.parametrize(("clip", "transport"), [("h264", "tcp"), ("h264", "udp"), ("hevc", "tcp")])
def test_pictures_come_soon_whole_and_in_order(clips: dict[str, Path], clip: str, transport: str, decoder: str) -> None:
    with Camera(clips[clip]) as camera, connected(camera_at(camera.url, transport=transport, decoder=decoder)) as source:
        assert source.condition == Condition("starting")
        numbers, times_ns, in_a_row = list[int](), list[int](), 0
        # Whoever has just come, or was slow, has to run after the newest; from then on none is missing.
        while in_a_row < 55:
            picture = source.read()
            assert picture is not None, source.condition
            numbers.append(number_of(picture))
            times_ns.append(picture.pts_ns)
            in_a_row = in_a_row + 1 if numbers[-1] == (numbers[-2:][0] + 1) % 50 else 0
            assert len(numbers) < 500, numbers
        assert times_ns == sorted(set(times_ns))
        assert (source.condition, source.connections) == (Condition("ok"), 1)
        assert source.info is not None
        assert (source.info.width, source.info.height) == (128, 72)


@needs_gstreamer
@by_each_decoder
def test_the_cameras_own_clock_is_told(clips: dict[str, Path], decoder: str) -> None:
    with Camera(clips["h264"]) as camera, connected(camera_at(camera.url, decoder=decoder)) as source:
        found, began_ns = list[Picture](), wall_ns()

        def tells(picture: Picture | None) -> bool:
            found[:] = [picture] if picture is not None else []
            return picture is not None and picture.sent_ns is not None

        read_until(source, tells)
        assert found[0].sent_ns is not None
        # Since it was called, or what it had sent just before; it may have been on its way for long.
        assert began_ns - 2 * NS_PER_S < found[0].sent_ns < wall_ns() + 2 * NS_PER_S


@needs_gstreamer
@by_each_decoder
def test_a_camera_that_falls_silent_is_noticed_and_called_again(clips: dict[str, Path], decoder: str) -> None:
    with Camera(clips["h264"]) as camera, connected(camera_at(camera.url, decoder=decoder)) as source:
        read_until(source, a_picture)
        camera.tell("stall")
        read_until(source, lambda picture: source.condition.state == "down")
        assert "has sent no picture for" in source.condition.reason
        camera.tell("go")
        read_until(source, a_picture)
        assert (source.condition, source.connections) == (Condition("ok"), 2)


@needs_gstreamer
@by_each_decoder
def test_a_camera_that_goes_is_back_when_it_comes_back_though_with_another_picture(clips: dict[str, Path], decoder: str) -> None:
    with Camera(clips["h264"]) as camera, connected(camera_at(camera.url, decoder=decoder)) as source:
        read_until(source, a_picture)
        camera.kill()
        read_until(source, lambda picture: source.condition.state == "down")
        gone_s = time.monotonic()
        # It is called in vain for a while.
        read_until(source, lambda picture: time.monotonic() - gone_s > 4)
        assert {"pyav": "the connection is refused", "gstreamer": "nobody answers"}[decoder] in source.condition.reason
        camera.start(clips["larger"])
        sizes: list[tuple[int, int]] = []

        def notes_size(picture: Picture | None) -> bool:
            sizes.extend([(picture.width, picture.height)] if picture is not None else [])
            return picture is not None

        # A server that has just begun may take a call and leave it without pictures; then it is called anew.
        read_until(source, notes_size, 40)
        assert sizes == [(192, 160)]
        assert source.condition == Condition("ok")


LOGINS = {
    "the right one": ("guard:se cret@/1", "ok", ""),
    "a wrong one": ("guard:se-cret-2", "down", "a login is wanted, found one that is not accepted"),
    "none": ("", "down", "a login is wanted, found none"),
}


@needs_gstreamer
@by_each_decoder
@pytest.mark.parametrize("case", LOGINS)
def test_logins_come_from_secrets_and_are_never_told(
    clips: dict[str, Path],
    case: str,
    decoder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    login, state, reason = LOGINS[case]
    secret = tmp_path / "gate.login"
    secret.write_text(f"{login}\n")
    monkeypatch.setenv("GATE_LOGIN", login)
    with Camera(clips["h264"], "--user", "guard", "--password", "se cret@/1") as camera:
        for place in ("env:GATE_LOGIN", f"file:{secret}") if login else ("",):
            with connected(camera_at(camera.url, login=place, decoder=decoder)) as source:
                # On a busy computer a camera may seem silent at first.
                read_until(source, lambda picture: source.condition.state == state and reason in source.condition.reason)
                assert "cret" not in source.condition.reason
    assert "cret" not in "".join(capfd.readouterr())


def test_a_login_that_is_missing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALF", "guard")
    for place, found in {
        "env:NOT_SET": "a login is wanted as user:password in the environment variable NOT_SET, found nothing",
        "env:HALF": "a login is wanted as user:password in the environment variable HALF, found something else",
        f"file:{tmp_path}/none": f"a login is wanted in the file {tmp_path}/none, which cannot be read: "
        "No such file or directory",
    }.items():
        with pytest.raises(Refusal, match=f"^{re.escape(found)}$") as refusal:
            live_source(camera_at("rtsp://127.0.0.1/", login=place))
        assert refusal.value.usage


Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """The port of a server on loopback that lets ``answer`` speak with everybody who calls."""
    listener = socket.create_server(("127.0.0.1", 0))
    calls: list[socket.socket] = []

    def listen() -> None:
        with suppress(OSError):
            while True:
                call, _ = listener.accept()
                calls.append(call)
                with suppress(OSError):
                    answer(call)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for call in calls:
            with suppress(OSError):
                call.shutdown(socket.SHUT_RDWR)
            call.close()
        thread.join()


def says(text: str) -> Answer:
    """Answers whatever comes with this."""

    def answer(call: socket.socket) -> None:
        while call.recv(4096):
            call.sendall(text.replace("\n", "\r\n").encode())

    return answer


def keeps_silent(call: socket.socket) -> None:
    while call.recv(4096):
        pass


def hangs_up(call: socket.socket) -> None:
    call.close()


def sends_noise(call: socket.socket) -> None:
    call.recv(4096)
    noise = bytes(np.random.default_rng(1).integers(0, 256, 65536, np.uint8))
    for _ in range(64):
        call.sendall(noise)
    call.close()


STRANGERS = {
    "silence": (keeps_silent, "rtsp", "nobody answers"),
    "hangs up": (hangs_up, "rtsp", "must be a video"),
    "a web server": (
        says("HTTP/1.1 400 Bad Request\nContent-Length: 0\n\n"),
        "rtsp",
        "must speak RTSP, found 'HTTP/1.1 400 Bad Request'",
    ),
    "noise": (sends_noise, "rtsp", "must speak RTSP, found noise"),
    "noise over http": (sends_noise, "http", "must speak HTTP, found noise"),
    "redirected for ever": (says("HTTP/1.1 302 Found\nLocation: /again\nContent-Length: 0\n\n"), "http", "redirects for ever"),
    "redirected for ever by rtsp": (says("RTSP/1.0 302 Found\nCSeq: 1\nLocation: rtsp://127.0.0.1:{port}/\n\n"), "rtsp", ""),
    "text": (says("HTTP/1.1 200 OK\nContent-Length: 6\n\nhello!"), "http", "must be a video"),
    "no such thing": (says("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"), "http", "a video is wanted, found"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_whoever_answers_in_a_cameras_place_is_told_from_one(case: str) -> None:
    answer, scheme, reason = STRANGERS[case]
    with server(answer) as port, connected(camera_at(f"{scheme}://127.0.0.1:{port}/live")) as source:
        began_s = time.monotonic()
        assert source.read() is None
        assert source.condition.state == "down"
        assert reason in source.condition.reason
        assert source.idle_s > 0
        assert time.monotonic() - began_s < 30


NOBODY = {
    "rtsp://nowhere.invalid/live": "rtsp://nowhere.invalid/live: the host nowhere.invalid is not known",
    "rtsp://127.0.0.1:9/live": "rtsp://127.0.0.1:9/live: the connection is refused",
    "http://127.0.0.1:9/live": "http://127.0.0.1:9/live: the connection is refused",
    "rtsp://127.0.0.1:554a/live": "rtsp://127.0.0.1:554a/live must be an address, found one that is none: "
    "Port could not be cast to integer value as '554a'",
    "rtsp://127.0.0.1:70000/live": "rtsp://127.0.0.1:70000/live must be an address, found one that is none: "
    "Port out of range 0-65535",
}


@pytest.mark.parametrize("url", NOBODY)
def test_where_nobody_is_the_reason_says_so(url: str) -> None:
    with connected(camera_at(url)) as source:
        assert source.read() is None
        assert source.condition == Condition("down", NOBODY[url])


class Pencil:
    """A source that draws until it is told to stop."""

    info = SourceInfo(4, 4, 25.0, 0, "pencil")
    damaged = 0
    problem = "out of lead"

    def __init__(self) -> None:
        self.is_over = False

    def read(self) -> Picture | None:
        return None if self.is_over else CvPicture(np.zeros((4, 4, 3), np.uint8), 0)

    def serve(self, demand: Demand) -> None:
        self.demand = demand

    def seek(self, pts_ns: int) -> bool:
        return pts_ns < 0

    def restart(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_pauses_grow_and_are_short_again_after_a_good_time() -> None:
    now_ns = 0
    answers: list[Refusal | Source] = []
    asked: list[Demand | None] = []

    def opened(demand: Demand | None) -> Source:
        asked.append(demand)
        answer = answers.pop(0)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    source = LiveSource(opened, lambda: now_ns)
    for kind, longest_s in ((NoAnswer, 4.0), (Refusal, 15.0)):
        pauses = []
        for _ in range(8):
            answers.append(kind("no"))
            assert source.read() is None
            pauses.append(source.idle_s)
            now_ns += round(source.idle_s * NS_PER_S)
        assert max(pauses) == pauses[-1] == longest_s
        assert pauses == sorted(pauses)
    # Pictures for a moment are not yet a good time; for longer they are.
    for lasted_s, pause_s in ((1, 4.0), (6, 0.5)):
        good = Pencil()
        answers.append(good)
        assert source.read() is not None
        now_ns += lasted_s * NS_PER_S
        good.is_over = True
        assert source.read() is None
        assert (source.idle_s, source.condition) == (pause_s, Condition("down", "out of lead"))
        now_ns += round(source.idle_s * NS_PER_S)
    # What the pictures are for is told to the connection that stands, and to those that follow.
    answers += [first := Pencil(), Pencil()]
    assert source.read() is not None
    demand = Demand(InputRule(), 640)
    source.serve(demand)
    assert first.demand == demand
    first.is_over = True
    assert source.read() is None
    now_ns += round(source.idle_s * NS_PER_S)
    assert source.read() is not None
    assert asked[-2:] == [None, demand]


@contextmanager
def mjpeg_server(pictures: list[bytes]) -> Iterator[str]:
    """As simple webcams serve: pictures one after the other, without a word about time."""

    def answer(call: socket.socket) -> None:
        call.recv(4096)
        call.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
        for picture in pictures:
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            call.sendall(head.encode() + picture + b"\r\n")
        keeps_silent(call)

    with server(answer) as port:
        yield f"http://127.0.0.1:{port}/stream"


def test_mjpeg_pictures_are_from_when_they_come() -> None:
    jpegs = [cv2.imencode(".jpg", numbered_picture(n, (320, 180)))[1].tobytes() for n in range(30)]
    with mjpeg_server(jpegs) as url, connected(camera_at(url)) as source:
        began_ns = monotonic_ns()
        numbers, times_ns = list[int](), list[int]()
        while len(numbers) < 25:
            picture = source.read()
            assert picture is not None, source.condition
            numbers.append(number_of(picture))
            times_ns.append(picture.pts_ns)
        assert numbers == list(range(numbers[0], numbers[0] + 25))
        assert times_ns == sorted(set(times_ns))
        # Two never have the same time, however fast they come.
        assert times_ns[-1] - times_ns[0] < monotonic_ns() - began_ns + 25 * NS_PER_MS
        read_until(source, lambda picture: source.condition.state == "down")
