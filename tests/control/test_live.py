"""Pictures, news and trials of a real machine that counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.sync.client import connect

from tests.cameras import Camera, needs_gstreamer
from tests.control.machines import PATIENCE_S, answers, states
from tests.publish.brokers import free_port
from tests.system.sites import Site, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer


class Place:
    """A machine that runs, and a client that asks it."""

    def __init__(self, site: Site, port: int, client: httpx.Client) -> None:
        self.site, self.port, self.client = site, port, client

    def picture(self, overlay: str) -> NDArray[np.uint8]:
        """The next of the camera that works, as soon as one comes in time."""

        def taken() -> httpx.Response | None:
            answer = self.client.get("/api/v1/cameras/gate/snapshot.jpg", params={"overlay": overlay})
            return answer if answer.status_code != 503 else None

        answer = wait_until("a picture comes", taken)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), answer.text
        image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return np.asarray(image, np.uint8)

    def tried(self, kind: str, item: dict[str, object]) -> dict[str, Any]:
        """What a line or zone would have counted, as soon as the counter has time for the question."""

        def answered() -> httpx.Response | None:
            answer = self.client.post(f"/api/v1/cameras/gate/{kind}/trial", json=item)
            return answer if answer.status_code != 503 else None

        answer = wait_until("the counter answers", answered)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    clip = write_video(folder / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip) as gate:
        # On a busy computer a camera may be silent for a while.
        cameras: dict[str, dict[str, object]] = {
            "gate": {"source": gate.url, "stall_s": 30},
            "gone": {"source": "rtsp://127.0.0.1:9/live"},
        }
        site = Site(folder, cameras)
        site.tree["control"] = {"port": port}
        with site, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            site.until(state_of("gate", "ok"))
            site.until_counted("gate", 2)
            wait_until("the control plane answers", lambda: answers(site, client), PATIENCE_S)
            wait_until("it knows its cameras", lambda: states(client) == {"gate": "ok", "gone": "down"}, PATIENCE_S)
            yield Place(site, port, client)
            assert site.stop() == 0


def pictures_in(response: httpx.Response) -> Iterator[bytes]:
    """Those of a stream, as they come."""
    content = b""
    for piece in response.iter_bytes():
        content += piece
        while (end := content.find(b"\r\n--picture", 10)) >= 0:
            head, _, picture = content[:end].partition(b"\r\n\r\n")
            assert b"Content-Type: image/jpeg" in head
            content = content[end + 2 :]
            yield picture
    raise AssertionError("the stream has ended")


def test_a_snapshot_is_the_picture_with_what_was_asked_for(place: Place) -> None:
    bare, drawn = place.picture("none"), place.picture("lines")
    assert bare.shape == drawn.shape == (72, 128, 3)
    # The line in the middle has a colour of its own, and the clip has none.
    assert spread(bare[:30, 60:68]) < 40 < spread(drawn[:30, 60:68])


def spread(image: NDArray[np.uint8]) -> int:
    """How far the most colourful pixel is from grey."""
    values = image.astype(np.int64)
    return int((values.max(axis=2) - values.min(axis=2)).max())


def test_a_camera_without_pictures_is_told_so(place: Place) -> None:
    answer = place.client.get("/api/v1/cameras/gone/snapshot.jpg")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("no picture came from gone within 2 s: rtsp://127.0.0.1:9/live")
    assert place.client.get("/api/v1/cameras/roof/snapshot.jpg").status_code == 404
    assert place.client.get("/api/v1/cameras/roof/stream").status_code == 404
    wrong = place.client.get("/api/v1/cameras/gate/stream", params={"overlay": "boxes,people"})
    assert (wrong.status_code, "found 'people'" in wrong.json()["detail"]) == (422, True)


def test_a_stream_goes_on_for_several_viewers(place: Place) -> None:
    # Each is shown every frame, or the two might be shown different ones by turns.
    wanted: dict[str, str | int] = {"overlay": "boxes,ids,trails,counts", "fps": 60}
    with (
        place.client.stream("GET", "/api/v1/cameras/gate/stream", params=wanted) as one,
        place.client.stream("GET", "/api/v1/cameras/gate/stream", params=wanted) as other,
    ):
        mine = pictures_in(one)
        first = set(islice(mine, 8))
        assert len(first) > 4
        # Made once for both, from when the second one came.
        theirs = set(islice(pictures_in(other), 8))
        assert first & theirs or any(picture in theirs for picture in islice(mine, 500))


def test_more_viewers_than_there_is_room_for_are_told_to_come_later(place: Place) -> None:
    with httpx.Client(base_url=place.client.base_url, timeout=60, limits=httpx.Limits(max_connections=200)) as client:
        streams = [client.stream("GET", "/api/v1/cameras/gate/stream") for _ in range(70)]
        try:
            statuses = [stream.__enter__().status_code for stream in streams]
        finally:
            for stream in streams:
                stream.__exit__(None, None, None)
        assert set(statuses) <= {200, 503, 429}
        assert statuses[0] == 200
        assert statuses[-1] != 200
    wait_until("they have gone", lambda: place.client.get("/api/v1/cameras/gate/snapshot.jpg").status_code == 200)


def test_crossings_are_told_as_they_come_and_again_from_anywhere(place: Place) -> None:
    address = f"ws://127.0.0.1:{place.port}/api/v1/events"
    with connect(address, open_timeout=60) as socket:
        kinds: dict[str, list[dict[str, Any]]] = {"crossing": [], "status": [], "counts": []}
        # The sums are told before the crossings that they are of, or after them.
        while len(kinds["crossing"]) < 3 or not kinds["counts"] or counted(kinds["counts"][-1]) < 3:
            message = json.loads(socket.recv(timeout=60))
            kinds[message["type"]].append(message)
    sequences = [int(str(one["sequence"])) for one in kinds["crossing"]]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    states = {camera["name"]: camera["state"] for camera in kinds["status"][0]["cameras"]}
    assert states == {"gate": "ok", "gone": "down"}
    with connect(f"{address}?after=0", open_timeout=60) as socket:
        again: list[int] = []
        while len(again) < sequences[-1]:
            message = json.loads(socket.recv(timeout=60))
            if message["type"] == "crossing":
                again.append(message["sequence"])
    assert again == list(range(1, sequences[-1] + 1))


def counted(message: dict[str, Any]) -> int:
    """At the line of the camera that works, as it is told."""
    return sum(sum(line["counts"].values()) for line in message["counts"] if line["camera"] == "gate")


def test_who_never_reads_harms_nobody(place: Place) -> None:
    address = f"ws://127.0.0.1:{place.port}/api/v1/events?after=0"
    deaf: dict[str, Any] = {"max_queue": 1, "open_timeout": 60, "close_timeout": 0.1}
    with connect(address, **deaf), connect(address, **deaf):
        place.site.until_counted("gate", 2)
        assert place.client.get("/api/v1/status").status_code == 200


def test_a_line_is_tried_on_what_was_seen(place: Place) -> None:
    line: dict[str, object] = {
        "name": "draft",
        "from": [0.4, 0],
        "to": [0.4, 1],
        "directions": {"forward": "west", "backward": "east"},
    }
    wait_until("enough is remembered", lambda: len(place.tried("lines", line)["crossings"]) >= 3)
    tried = place.tried("lines", line)
    assert set(tried["counts"]) <= {"west", "east"}
    assert sum(sum(numbers.values()) for numbers in tried["counts"].values()) == len(tried["crossings"])
    assert tried["start"] < tried["crossings"][0]["time"] <= tried["end"]
    # The other way round, it is the other way round; the oldest may have been forgotten meanwhile.
    turned = place.tried("lines", {**line, "from": [0.4, 1], "to": [0.4, 0]})
    before, after = ({one["time"]: one["direction"] for one in each["crossings"]} for each in (tried, turned))
    assert before.keys() & after.keys()
    assert all({before[time], after[time]} == {"west", "east"} for time in before.keys() & after.keys())
    nobody = place.tried("lines", {**line, "from": [0, 0.01], "to": [0.01, 0.02]})
    assert nobody["crossings"] == []
    zone: dict[str, object] = {"name": "draft", "points": [[0.4, 0], [0.6, 0], [0.6, 1], [0.4, 1]]}
    assert set(place.tried("zones", zone)["counts"]) == {"enter", "exit"}


def test_a_trial_says_what_is_wrong(place: Place) -> None:
    route = "/api/v1/cameras/gate/lines/trial"
    assert place.client.post(route, json={"name": "draft"}).status_code == 422
    classes = {"name": "draft", "from": [0, 0], "to": [1, 1], "classes": ["ghost"]}
    answer = place.client.post(route, json=classes)
    assert (answer.status_code, "no such class" in answer.json()["detail"]) == (422, True)
    assert place.client.post("/api/v1/cameras/roof/lines/trial", json={**classes, "classes": []}).status_code == 404
    silent = place.client.post("/api/v1/cameras/gone/lines/trial", json={**classes, "classes": []}).json()
    assert (silent["start"], silent["frames"], silent["crossings"]) == (None, 0, [])


def test_the_live_model_looks_at_a_picture_of_ones_own(place: Place) -> None:
    # As large as one of the camera's, but doubled.
    image = cv2.resize(place.picture("none"), (256, 192))
    for kind in (".jpg", ".png"):
        content = cv2.imencode(kind, image)[1].tobytes()
        answer = place.client.post("/api/v1/infer", content=content, headers={"content-type": f"image/{kind[1:]}"})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["width"], found["height"]) == (256, 192)
        for box in found["boxes"]:
            left, top, right, bottom = box["box"]
            assert 0 <= left < right <= 256
            assert 0 <= top < bottom <= 192


BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0" + b"\0" * 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a JPEG or PNG is wanted"),
        (b"GIF89a", "a JPEG or PNG is wanted"),
        (b"\xff\xd8\xff\xe0", "one without a size"),
        (BOMB, "at most 25 million pixels are wanted, found 65535 x 65535"),
        (b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff", "at most 25 million pixels are wanted"),
        (b"\xff\xd8\xff\xc0\0\x11\x08\0\x10\0\x10\x03" + b"\0" * 20, "one that cannot be read"),
    ],
)
def test_what_is_no_picture_is_told_so(place: Place, content: bytes, words: str) -> None:
    answer = place.client.post("/api/v1/infer", content=content, headers={"content-type": "image/jpeg"})
    assert (answer.status_code, words in answer.json()["detail"]) == (422, True), answer.text


def test_a_picture_that_is_too_large_is_not_taken_in(place: Place) -> None:
    answer = place.client.post("/api/v1/infer", content=b"\xff\xd8" + bytes(20_000_001), headers={"content-type": "image/jpeg"})
    assert answer.status_code == 413
