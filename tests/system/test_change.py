"""Cameras and lines that come, go and change while the machine runs."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.messages.health import Health
from tests.cameras import Camera, needs_gstreamer
from tests.system.cli import run_cli
from tests.system.sites import MIDDLE, Site, assert_no_notice, camera_in, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer
LEFT = {"name": "left", "from": [0.3, 1], "to": [0.3, 0]}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A camera that several may watch: a block crosses the middle once a second."""
    clip = write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip) as camera:
        yield camera.url


def lives(health: Health) -> dict[str, int]:
    return {process.name: process.pid for process in health.processes}


def test_a_camera_comes_and_goes_and_the_other_one_does_not_notice(tmp_path: Path, url: str) -> None:
    gate: dict[str, dict[str, object]] = {"gate": {"source": url}}
    with Site(tmp_path, gate) as site:
        site.until(state_of("gate", "ok"))
        site.until_counted("gate", 1)
        before = site.health()
        site.change({"yard": {"source": url}, **gate})
        site.until(lambda health: len(health.cameras) == 2 and state_of("yard", "ok")(health))
        site.until_counted("yard", 2)
        both = site.health()
        assert_no_notice(before, both, "gate")
        assert lives(both).items() >= lives(before).items()
        site.change(gate)
        site.until(lambda health: len(health.cameras) == 1)
        # The counter hears of it a moment later, and before it counts anything else.
        site.until_counted("gate", 1)
        gone = site.crossings("yard")
        site.until_counted("gate", 2)
        after = site.health()
        assert lives(after) == lives(before)
        assert_no_notice(before, after, "gate")
        assert site.crossings("yard") == gone
        # It comes back where it was.
        site.change({**gate, "yard": {"source": url}})
        site.until(lambda health: len(health.cameras) == 2 and state_of("yard", "ok")(health))
        site.until_counted("yard", 1)
        assert {process.restarts for process in site.health().processes} == {0}
        assert site.stop() == 0


def test_another_class_reaches_the_detector_while_it_runs(tmp_path: Path, url: str) -> None:
    gate: dict[str, object] = {"source": url, "lines": [{**MIDDLE, "classes": ["person"]}]}
    with Site(tmp_path, {"gate": gate, "yard": gate}) as site:
        site.until(lambda health: all(camera.condition.state == "ok" for camera in health.cameras))
        before = site.health()
        site.change({"gate": {"source": url, "lines": [{**MIDDLE, "classes": ["car"]}]}, "yard": gate})
        site.until_counted("gate", 2)
        after = site.health()
        assert lives(after) == lives(before)
        assert_no_notice(before, after, "yard")
        assert site.crossings("yard") == 0
        assert site.stop() == 0


def test_another_source_replaces_one_decoder(tmp_path: Path, url: str) -> None:
    with Site(tmp_path, {"gate": {"source": "rtsp://127.0.0.1:9/live"}, "yard": {"source": url}}) as site:
        site.until(lambda health: state_of("yard", "ok")(health) and state_of("gate", "down")(health))
        before = site.health()
        site.change({"gate": {"source": url}, "yard": {"source": url}})
        site.until(state_of("gate", "ok"))
        site.until_counted("gate", 1)
        after = site.health()
        assert {name for name, pid in lives(after).items() if pid != lives(before)[name]} == {"decode.gate"}
        assert_no_notice(before, after, "yard")
        assert site.stop() == 0


def lines_counted(site: Site, camera: str) -> Counter[str]:
    with closing(sqlite3.connect(site.ledger)) as connection:
        return Counter(line for (line,) in connection.execute("SELECT line FROM crossings WHERE camera = ?", (camera,)))


def is_only_left(site: Site) -> bool:
    """Whether all who pass cross that line, and none the other."""
    before = lines_counted(site, "gate")
    site.until(lambda health: lines_counted(site, "gate")["left"] >= before["left"] + 3)
    return lines_counted(site, "gate")["middle"] == before["middle"]


def test_a_line_comes_and_goes_and_the_others_count_on(tmp_path: Path, url: str) -> None:
    with Site(tmp_path, {"gate": {"source": url}, "yard": {"source": url}}) as site:
        site.until(lambda health: all(camera.condition.state == "ok" for camera in health.cameras))
        site.until_counted("gate", 2)
        before = site.health()
        site.change({"gate": {"source": url, "lines": [LEFT, MIDDLE]}, "yard": {"source": url}})
        alone = lines_counted(site, "gate")["middle"]
        site.until(lambda health: lines_counted(site, "gate")["left"] >= 2 and lines_counted(site, "gate")["middle"] > alone)
        site.change({"gate": {"source": url, "lines": [LEFT]}, "yard": {"source": url}})
        wait_until("it has gone", lambda: is_only_left(site), 60)
        after = site.health()
        assert lives(after) == lives(before)
        assert_no_notice(before, after, "yard")
        assert camera_in(after, "gate").connections == 1, "the camera itself is not called again"
        assert site.stop() == 0


def test_who_asks_for_a_change_is_answered(tmp_path: Path, url: str) -> None:
    environment = {"TMPDIR": str(tmp_path)}
    with Site(tmp_path, {"gate": {"source": url}}) as site:
        site.until(state_of("gate", "ok"))
        site.write({"gate": {"source": url}, "yard": {"source": url}})
        trial = run_cli("reload", "--trial", environment=environment)
        assert (trial.exit_code, "new: yard" in trial.stdout) == (0, True)
        assert len(site.health().cameras) == 1
        done = run_cli("reload", environment=environment)
        assert (done.exit_code, "new: yard" in done.stdout) == (0, True)
        site.until(lambda health: len(health.cameras) == 2 and state_of("yard", "ok")(health))
        site.write({"gate": {"source": url, "lines": [{**MIDDLE, "classes": ["ufo"]}]}})
        refused = run_cli("reload", environment=environment)
        assert (refused.exit_code, "stays as it was: 'ufo' is wanted" in refused.stderr) == (1, True)
        assert len(site.health().cameras) == 2
        assert site.stop() == 0
    gone = run_cli("reload", environment=environment)
    assert (gone.exit_code, "no machine of this user runs" in gone.stderr) == (1, True)


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "a class that the model does not know": ({"lines": [{**MIDDLE, "classes": ["ufo"]}]}, "'ufo' is wanted, but the model knows"),
    "no such setting": ({"colour": "red"}, "'cameras.0.colour' is not a known setting"),
    "a password in the address": ({"source": "rtsp://me:secret@127.0.0.1/"}, "a password does not belong into the address"),
}


def until_read(site: Site) -> None:
    """Between two times that it tells its health, a machine looks whether its file is to be read."""
    for _ in range(2):
        site.health()


def test_what_cannot_be_is_refused_and_nothing_changes(tmp_path: Path, url: str) -> None:
    with Site(tmp_path, {"gate": {"source": url}}) as site:
        site.until(state_of("gate", "ok"))
        before = site.health()
        for own, _ in WRONG.values():
            site.change({"gate": {"source": url, **own}})
            until_read(site)
            site.until_counted("gate", 1)
        site.tree["tracker"] = {"lost_s": 3}
        site.change({"gate": {"source": url}})
        until_read(site)
        site.until_counted("gate", 1)
        after = site.health()
        assert lives(after) == lives(before)
        assert_no_notice(before, after, "gate")
        assert site.stop() == 0
    for _, sentence in WRONG.values():
        assert sentence in site.stderr
    assert "only cameras and lines may change while the machine runs, found another 'tracker'" in site.stderr
    assert "secret" not in site.stderr
