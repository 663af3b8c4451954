"""A camera of a real machine goes out of focus while it runs: health says so, in words, also after a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

from appliance.access.roles import Role
from appliance.messages.health import Health
from appliance.messages.reports import DriftHealth
from tests.cameras import Camera, needs_gstreamer
from tests.control.machines import answers, make_tokens
from tests.publish.brokers import free_port
from tests.system.sites import Site, camera_in
from tests.system.videos import Encoding, Image, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer
DRIFT = {"window_s": 2, "learn_h": 10 / 3600, "in_a_row": 2}
SIZE = (256, 144)
ONCE_A_SECOND = Encoding(options={"g": "25", "bf": "0", "crf": "16"})


def street(*, is_sharp: bool) -> Iterator[Image]:
    """A block that goes to and fro before a wall; out of focus the same light is there, and no edge."""
    wall = np.random.default_rng(3).choice([20, 70], (SIZE[1] // 6, SIZE[0] // 8)).repeat(6, axis=0).repeat(8, axis=1)
    for picture in traffic(4, SIZE):
        whole = np.maximum(picture, wall[:, :, None]).astype(np.uint8)
        yield whole if is_sharp else softened(whole)


def softened(picture: Image) -> Image:
    """The mean of nine pixels each way."""
    soft = picture.astype(np.float64)
    for axis in (0, 1):
        around: NDArray[np.float64] = np.stack([np.roll(soft, way, axis) for way in range(-4, 5)])
        soft = around.mean(axis=0)
    return soft.astype(np.uint8)


def told(health: Health) -> DriftHealth:
    drift = camera_in(health, "gate").drift
    return drift if drift is not None else DriftHealth("unknown", 0)


def state(wanted: str) -> Callable[[Health], bool]:
    return lambda health: told(health).state == wanted


def test_a_camera_that_goes_out_of_focus_is_told_of(tmp_path: Path) -> None:
    sharp = write_video(tmp_path / "sharp.mp4", street(is_sharp=True), ONCE_A_SECOND)
    soft = write_video(tmp_path / "soft.mp4", street(is_sharp=False), ONCE_A_SECOND)
    with Camera(sharp) as gate:
        site = Site(tmp_path, {"gate": {"source": gate.url}})
        site.tree["drift"] = DRIFT
        with site:
            assert told(site.until(state("learning"))).sentence == ""
            assert told(site.until(state("steady"), 60)).light == "night"
            gate.kill()
            gate.start(soft)
            drift = told(site.until(state("drifting"), 60))
            assert "the picture is blurred: its sharpness fell from 0." in drift.sentence
            assert drift.levels["sharpness"] >= 1
            assert site.stop() == 0
        digest = hashlib.sha256((tmp_path / "model.onnx").read_bytes()).hexdigest()
        kept = site.ledger.parent / "baselines" / "gate"
        assert {path.name for path in kept.iterdir()} == {"pictures", digest}
        check_the_next_life(site)


def check_the_next_life(site: Site) -> None:
    """It knows what it knew, tells it over HTTP, and learns anew when it is told to."""
    port = free_port()
    site.tree["control"] = {"port": port}
    bearer = {"authorization": f"Bearer {make_tokens(site.ledger.parent, Role.OPERATOR)['operator']}"}
    with site, httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=bearer, timeout=20) as client:
        # Before the first window of this life.
        drift = told(site.until(lambda health: camera_in(health, "gate").drift is not None))
        assert (drift.state, drift.light, "blurred" in drift.sentence) == ("drifting", "", True)
        wait_until("the control plane answers", lambda: answers(site, client), 120)
        shown = wait_until("it tells", lambda: client.get("/api/v1/cameras/gate").json().get("drift"), 60)
        assert (shown["state"], "blurred" in shown["reason"]) == ("drifting", True)
        metrics = client.get("/metrics").text
        assert 'appliance_camera_drift_state{camera="gate",state="drifting"} 1.0' in metrics
        site.until(lambda health: "sharpness" in told(health).levels)
        assert client.post("/api/v1/cameras/roof/baseline").status_code == 404
        answer = client.post("/api/v1/cameras/gate/baseline")
        assert (answer.status_code, answer.json()) == (202, {"sentence": "gate learns anew what is usual"})
        assert told(site.until(state("learning"))).sentence == ""
        assert site.stop() == 0
