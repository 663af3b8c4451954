"""Looking through cameras before they are added: good ones, wrong ones, and such as do harm."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from appliance.control.looking import Looks, camera_to_try, without
from appliance.errors import Refusal
from tests.cameras import Camera, needs_gstreamer
from tests.control.machines import PATIENCE_S
from tests.fake_servers import A_WEB_SERVER, keeps_silent, server
from tests.publish.brokers import free_port
from tests.system.cli import children_of, run_cli
from tests.system.sites import Site
from tests.system.videos import Encoding, numbered, write_sound, write_video
from tests.waiting import wait_until

PATH = "/api/v1/cameras/try"
PASSWORD = "p@ss:word/1"
# What one sends along.
ADMIN: dict[str, str] = {}


def token(folder: Path, name: str, role: str) -> dict[str, str]:
    made = run_cli("token", "create", name, "--role", role, "--data-dir", str(folder))
    assert made.exit_code == 0, made.stderr
    return {"authorization": f"Bearer {made.stdout.strip()}"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An operator at a machine without cameras, who may ask an administrator."""
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    site = Site(folder, {})
    site.tree["control"] = {"port": port}
    with site, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        ADMIN.update(token(site.ledger.parent, "admin", "admin"))
        client.headers.update(token(site.ledger.parent, "operator", "operator"))
        wait_until("it is ready", lambda: is_ready(client), PATIENCE_S)
        yield client
        assert site.stop() == 0
    assert PASSWORD not in site.stderr


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Larger than the picture that is shown."""
    encoding = Encoding(options={"g": "10", "bf": "0"})
    return write_video(tmp_path_factory.mktemp("clips") / "a.mp4", numbered(50, (1280, 720)), encoding)


def seen(answer: httpx.Response) -> tuple[int, int]:
    """The size that was told, after a look at the picture that came with it."""
    assert answer.status_code == 200, answer.text
    told = answer.json()
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(told["picture"]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape[:2]) == min(640, max(told["width"], told["height"]))
    assert (told["frames_per_second"], told["decoder"].split()[0]) == (25, "PyAV")
    return told["width"], told["height"]


def problem(answer: httpx.Response, status: int = 422) -> str:
    """The sentence."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert PASSWORD not in answer.text
    return str(answer.json()["detail"])


@needs_gstreamer
def test_a_camera_shows_its_first_picture_size_and_rate(client: httpx.Client, video: Path) -> None:
    with Camera(video) as camera:
        assert seen(client.post(PATH, json={"source": camera.url})) == (1280, 720)


def test_a_file_does_too(client: httpx.Client, video: Path, tmp_path: Path) -> None:
    assert seen(client.post(PATH, json={"source": str(video), "decoder": "pyav"})) == (1280, 720)
    small = write_video(tmp_path / "small.mp4", numbered(10))
    assert seen(client.post(PATH, json={"source": str(small)})) == (128, 72)


@needs_gstreamer
def test_a_locked_camera_opens_for_its_login_alone(client: httpx.Client, video: Path, tmp_path: Path) -> None:
    kept = tmp_path / "gate.login"
    kept.write_text(f"me:{PASSWORD}\n")
    with Camera(video, "--user", "me", "--password", PASSWORD) as camera:
        body = {"source": camera.url}
        assert seen(client.post(PATH, json={**body, "user": "me", "password": PASSWORD})) == (1280, 720)
        assert seen(client.post(PATH, json={**body, "login": f"file:{kept}"}, headers=ADMIN)) == (1280, 720)
        assert "a login is wanted, found none" in problem(client.post(PATH, json=body))
        wrong = problem(client.post(PATH, json={**body, "user": "me", "password": f"{PASSWORD}x"}))
        assert "a login is wanted, found one that is not accepted" in wrong


def test_why_nothing_can_be_seen_is_said_in_a_sentence(client: httpx.Client, tmp_path: Path) -> None:
    words = tmp_path / "words.mp4"
    words.write_text("no video at all\n" * 100)
    sound = write_sound(tmp_path / "sound.mp4")
    for source, sentence in {
        "rtsp://127.0.0.1:9/live": "rtsp://127.0.0.1:9/live: the connection is refused",
        "rtsp://nowhere.invalid/live": "the host nowhere.invalid is not known",
        str(words): "must be a video, found something that cannot be read as one",
        str(sound): "must contain video, found only audio",
        f"{tmp_path}/gone.mp4": "gone.mp4 does not exist",
        f"{tmp_path}": "is not a file",
        "99": "webcam 99 must be a video",
        "\0": "a video file is wanted",
    }.items():
        assert sentence in problem(client.post(PATH, json={"source": source}))


def test_who_is_silent_or_no_camera_is_told_so(client: httpx.Client) -> None:
    with server(keeps_silent) as silent, server(A_WEB_SERVER) as web:
        assert "nobody answers" in problem(client.post(PATH, json={"source": f"rtsp://127.0.0.1:{silent}/live"}))
        assert "must speak RTSP" in problem(client.post(PATH, json={"source": f"rtsp://127.0.0.1:{web}/live"}))


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "nothing": ({}, "source"),
    "an empty source": ({"source": ""}, "source"),
    "no such setting": ({"source": "0", "colour": "red"}, "colour"),
    "no such decoder": ({"source": "0", "decoder": "vlc"}, "decoder"),
    "a password in the address": ({"source": f"rtsp://me:{PASSWORD}@gate/1"}, "a password does not belong into the address"),
    "a password without a user": ({"source": "rtsp://gate/1", "password": PASSWORD}, "a password needs a user"),
    "a user of two words": ({"source": "rtsp://gate/1", "user": "a:b", "password": PASSWORD}, "a user without ':'"),
    "two logins": ({"source": "rtsp://gate/1", "user": "me", "login": "env:GATE"}, "found both"),
    "a login that is not there": ({"source": "rtsp://127.0.0.1:9/1", "login": "env:NOT_SET"}, "NOT_SET, found nothing"),
    "a login for a file": ({"source": "a.mp4", "user": "me", "password": PASSWORD}, "a login is for a camera with an address"),
}


@pytest.mark.parametrize(("body", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_a_camera_is_refused(client: httpx.Client, body: dict[str, object], says: str) -> None:
    assert says in problem(client.post(PATH, json=body, headers=ADMIN))


def test_an_operator_runs_no_programs_and_sends_no_logins_of_the_machine(client: httpx.Client, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    with server(keeps_silent) as spy:
        for body, says in (
            ({"source": f"gst:videotestsrc num-buffers=1 ! filesink location={proof}"}, "an administrator has to set"),
            ({"source": f"http://127.0.0.1:{spy}/", "login": "env:PATH"}, "has to be named by an administrator"),
            ({"source": f"http://127.0.0.1:{spy}/", "login": "file:/etc/passwd"}, "has to be named by an administrator"),
        ):
            assert says in problem(client.post(PATH, json=body), 403)
    assert not proof.exists()


def test_two_at_once_are_enough(client: httpx.Client) -> None:
    with server(keeps_silent) as silent, ThreadPoolExecutor(3) as pool:
        body = {"source": f"rtsp://127.0.0.1:{silent}/live"}
        answers = list(pool.map(lambda _: client.post(PATH, json=body), range(3)))
    [busy] = [answer for answer in answers if answer.status_code != 422]
    assert "at most 2 cameras are tried at once" in problem(busy, 429)
    assert int(busy.headers["retry-after"]) > 0
    # And when they are done, it is open again.
    assert "refused" in problem(client.post(PATH, json={"source": "rtsp://127.0.0.1:9/1"}))


def test_who_may_not_add_cameras_may_not_try_them(client: httpx.Client) -> None:
    assert client.post(PATH, json={"source": "0"}, headers={"authorization": ""}).status_code == 401
    document = client.get("/api/v1/openapi.json").json()["paths"][PATH]["post"]
    assert {"200", "401", "403", "422", "429"} <= set(document["responses"])


def lookers() -> list[int]:
    """The processes that look, of this one."""
    return [pid for pid in children_of(os.getpid()) if is_looker(Path(f"/proc/{pid}/cmdline"))]


def is_looker(words: Path) -> bool:
    try:
        return b"appliance.decode.trial" in words.read_bytes()
    except OSError:
        # Gone meanwhile.
        return False


async def a_looker() -> int:
    """The first of them, as soon as there is one."""
    while not (found := lookers()):
        await asyncio.sleep(0)
    return found[0]


def test_a_decoder_that_hangs_is_ended(video: Path) -> None:
    async def look(port: int) -> None:
        looks = Looks()
        with pytest.raises(Refusal, match="has shown no picture within 1 s"):
            await looks.look(camera_to_try(f"rtsp://127.0.0.1:{port}/live"), deadline_s=1)
        assert (lookers(), looks.under_way) == ([], 0)
        assert (await looks.look(camera_to_try(str(video)))).width == 1280

    with server(keeps_silent) as port:
        asyncio.run(look(port))


def test_a_decoder_that_crashes_harms_nobody(video: Path) -> None:
    async def look(port: int) -> None:
        looks = Looks()
        trying = asyncio.create_task(looks.look(camera_to_try(f"rtsp://127.0.0.1:{port}/live")))
        os.kill(await a_looker(), signal.SIGSEGV)
        with pytest.raises(Refusal, match="has ended its decoder .signal 11."):
            await trying
        assert (await looks.look(camera_to_try(str(video)))).height == 720

    with server(keeps_silent) as port:
        asyncio.run(look(port))


def test_who_goes_away_ends_the_look() -> None:
    async def look(port: int) -> None:
        looks = Looks()
        trying = asyncio.create_task(looks.look(camera_to_try(f"rtsp://127.0.0.1:{port}/live")))
        await a_looker()
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying
        assert (lookers(), looks.under_way) == ([], 0)

    with server(keeps_silent) as port:
        asyncio.run(look(port))


def test_a_login_is_never_part_of_a_sentence() -> None:
    assert without("me:a/b", "rtsp://me:a/b@gate and rtsp://me:a%2Fb@gate") == "rtsp://***@gate and rtsp://***@gate"
    assert without(None, "as it is") == "as it is"
