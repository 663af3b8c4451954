"""The image, really built and really run."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from appliance.scene.clip import write_scene
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth
from tests.docker.containers import USER, Container, Image, built, can_build
from tests.docker.files import DOCKER
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not can_build(), reason="an image is built by root on Debian, who may mount and make namespaces")
MOST_BYTES = 900_000_000
# A minute on a computer that is busy with other things; it is its own work that is held against this.
FIRST_COUNT_S = 15.0
READY = ("python", "-m", "appliance.readiness")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built() as made:
        yield made


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """A painted street in H.264, and what is true of it."""
    path = tmp_path_factory.mktemp("clip") / "street.mp4"
    return path, write_scene(SceneSettings(seed=82, seconds=12), path, None, lambda done, total: None)


def street(folder: Path, clip: tuple[Path, Truth], cameras: int = 1) -> dict[str, Path]:
    """What is mounted: the street, and a site that watches it, with every camera the same one."""
    path, truth = clip
    lines = [line.as_settings() for line in truth.lines]
    one: dict[str, Any] = {"source": "/etc/appliance/street.mp4", "pace": "played", "lines": lines}
    tree = {
        "cameras": [{"name": f"street-{number}", **one} for number in range(cameras)],
        "detector": {"model": "demo"},
        "control": {"port": 8088},
        "data_dir": "/var/lib/appliance",
    }
    site = folder / "site.yaml"
    site.write_text(json.dumps(tree))
    return {"/etc/appliance/site.yaml": site, "/etc/appliance/street.mp4": path}


def crossings(volume: Path) -> int:
    """How many the ledger in the volume has."""
    try:
        with closing(sqlite3.connect(f"{(volume / 'ledger.sqlite').as_uri()}?mode=ro", uri=True)) as ledger:
            return int(ledger.execute("SELECT COUNT(*) FROM crossings").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def told_of(container: Container) -> dict[int, tuple[int, bytes]]:
    """Whose each process in it is, and its words; those that have gone meanwhile are passed over, and the dead have no words."""
    found = {}
    for pid in container.pids():
        with suppress(OSError):
            user = os.stat(f"/proc/{pid}").st_uid
            if words := Path(f"/proc/{pid}/cmdline").read_bytes():
                found[pid] = (user, words)
    return found


def detectors_in(container: Container) -> set[int]:
    return {pid for pid, (_, words) in told_of(container).items() if b"supervise.entry\0detect" in words}


def test_it_is_small_and_says_what_it_is(image: Image) -> None:
    assert 0 < image.size <= MOST_BYTES
    config = image.config
    assert (config["User"], config["StopSignal"]) == (f"{USER}:{USER}", "SIGTERM")
    assert config["Healthcheck"]["Test"] == ["CMD", *READY]
    assert list(config["Volumes"]) == ["/var/lib/appliance"]
    labels = {name.rpartition(".")[2] for name in config["Labels"] if name.startswith("org.opencontainers.image.")}
    assert {"title", "licenses", "revision"} <= labels


def test_nothing_in_it_that_runs_with_us_is_gpl(image: Image) -> None:
    packages = next((image.root / "opt/appliance/.venv/lib").glob("python3*")) / "site-packages"
    assert {path.name.partition("-")[0] for path in packages.glob("*.dist-info")} >= {"av", "openvino", "amqtt"}
    told = {}
    for path in packages.glob("*.dist-info/METADATA"):
        head = path.read_text().partition("\n\n")[0].splitlines()
        told[path.parent.name] = [line for line in head if line.startswith(("License", "Classifier: License")) and "GPL" in line]
    # Under the lesser one, or under another one, too.
    suspects = {name: lines for name, lines in told.items() if any("LGPL" not in line and "Lesser" not in line for line in lines)}
    assert {name.partition("-")[0] for name in suspects} <= {"docutils"}, suspects
    encoders = list(packages.glob("av.libs/libx26*"))
    assert all(path.stat().st_size < 20_000 for path in encoders), "the encoders are hollow"
    for name in ("pip", "pytest", "scipy", "ultralytics"):
        assert not (packages / name).exists(), "nothing is in it that only developers need"


def test_it_counts_the_demo(image: Image, tmp_path: Path) -> None:
    with Container(image, tmp_path, "demo", "--fast", "--seconds", "12") as container:
        assert container.wait(600) == 0, container.said
    assert "crossings counted, on every line and in both directions as they truly were" in " ".join(container.said.split())


def test_it_counts_live_and_ends_when_it_is_told_to(image: Image, clip: tuple[Path, Truth], tmp_path: Path) -> None:
    with Container(image, tmp_path, mounts=street(tmp_path, clip)) as container:
        wait_until("it counts", lambda: crossings(container.volume) > 0, 60)
        assert container.worked_s() <= FIRST_COUNT_S
        # Nobody can look in yet, and the machine says why.
        why = "without a token it is served on loopback only, found '0.0.0.0'; 'appliance token create' makes one"
        wait_until("it says why", lambda: f"control is down: {why}" in container.run(*READY).stderr, 60)
        wait_until("it is in the log", lambda: f"control has died ({why})" in container.said, 60)
        assert container.run("appliance", "token", "create", "me", "--role", "admin").stdout.startswith("apl_")
        wait_until("it is ready", lambda: container.run(*READY).returncode == 0, 60)
        page = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8088/readyz').read().decode(), end='')"
        assert container.run("python", "-c", page).stdout == "ok\n"
        everybody = told_of(container)
        assert {uid for uid, _ in everybody.values()} == {USER}
        [detector] = detectors_in(container)
        os.kill(detector, signal.SIGKILL)
        wait_until("there is another", lambda: detectors_in(container) - {detector})
        wait_until("it is ready again", lambda: container.run(*READY).returncode == 0, 60)
        wait_until("the dead are buried", lambda: "Z" not in container.states())
        container.signal("TERM")
        assert container.wait() == 0
    assert "Site: /var/lib/appliance/site.yaml, begun as /etc/appliance/site.yaml" in container.said


@pytest.mark.long
def test_killed_it_begins_again_with_what_it_had(image: Image, clip: tuple[Path, Truth], tmp_path: Path) -> None:
    mounts = street(tmp_path, clip)
    for _ in range(2):
        with Container(image, tmp_path, mounts=mounts) as container:
            before = crossings(container.volume)
            wait_until("it counts on", lambda: crossings(container.volume) > before, 120)  # noqa: B023
            container.signal("KILL")
            container.wait(15)
    assert "begun as" not in container.said


def test_too_little_shared_memory_is_told_with_the_way_out(image: Image, clip: tuple[Path, Truth], tmp_path: Path) -> None:
    with Container(image, tmp_path, mounts=street(tmp_path, clip, cameras=5)) as container:
        assert container.wait(60) == 1
    [sentence] = [line for line in container.said.splitlines() if "too small" in line]
    assert "(a container is started with --shm-size=" in sentence
    wanted_mb = int(sentence.rpartition("=")[2].partition("m")[0])
    with Container(image, tmp_path, mounts=street(tmp_path, clip, cameras=5), shm_mb=wanted_mb) as container:
        wait_until("it counts", lambda: crossings(container.volume) > 0, 120)


def test_a_volume_of_somebody_else_is_told(image: Image, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    with Container(image, tmp_path) as container:
        assert container.wait(60) == 2
    assert f"belongs to user 0 and not to user {USER}: 'chown -R {USER}:{USER}' its folder" in container.said
    with Container(image, tmp_path, "token", "list", user=0) as container:
        assert container.wait(60) == 0
    assert "there are no tokens" in container.said


def test_what_the_build_had_from_this_computer_is_not_in_it(image: Image) -> None:
    pip = subprocess.run(
        ["python3", "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    places = [line.partition("=")[2].strip("' \n") for line in pip.splitlines() if "index-url" in line]
    assert not (image.root / "etc/pip.conf").exists()
    assert not list((image.root / "run").glob("secrets/*"))
    for folder in ("etc", "opt/appliance/docker", "home", "root"):
        for path in (image.root / folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert all(place.encode() not in path.read_bytes() for place in places), path
    assert (DOCKER / "start").read_bytes() == (image.root / "opt/appliance/docker/start").read_bytes()
