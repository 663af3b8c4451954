"""The site's file over HTTP, at a real machine: what it would refuse, what harms nobody, and what a killed writer has left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from appliance.access.roles import Role
from appliance.configuration.reading import etag_of
from appliance.configuration.revisions import Revision, Revisions
from appliance.configuration.store import FILE_NAME
from tests.control.machines import PATIENCE_S, Machine, running
from tests.system.sites import pid_of
from tests.waiting import wait_until

SECRET = "hunter2"
GATE = {"name": "gate", "source": f"rtsp://127.0.0.1:9/live?user=me&password={SECRET}"}
LINE = {"name": "middle", "from": [0.5, 1], "to": [0.5, 0]}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("site"), Role.VIEWER, Role.OPERATOR, Role.ADMIN) as machine:
        added = send(machine, "POST", "cameras", GATE)
        assert (added.status_code, SECRET in added.text) == (201, True), added.text
        machine.site.until(lambda health: [camera.name for camera in health.cameras] == ["gate"])
        yield machine
    assert SECRET not in machine.site.stderr


def send(machine: Machine, method: str, path: str, item: object, role: str = "operator", **query: Any) -> httpx.Response:
    headers = {**machine.bearer(role), "if-match": "*"}
    return machine.client.request(method, f"/api/v1/{path}", json=item, headers=headers, params=query)


def file_of(machine: Machine, role: str = "admin") -> str:
    return machine.client.get("/api/v1/config", headers=machine.bearer(role)).text


DRY: dict[str, tuple[str, str, object, int, str]] = {
    "a line": ("POST", "cameras/gate/lines", LINE, 200, "line middle new"),
    "a camera": ("POST", "cameras", {"name": "yard", "source": "0"}, 200, "camera yard new"),
    "another source": ("PUT", "cameras/gate", {**GATE, "source": "1"}, 200, "camera gate: source"),
    "a class that nobody knows": ("POST", "cameras/gate/lines", {**LINE, "classes": ["ufo"]}, 409, "'ufo' is wanted"),
    "a login that is not there": ("POST", "cameras", {**GATE, "name": "a", "login": "env:NOT_SET"}, 409, "NOT_SET"),
    "a login without end": ("POST", "cameras", {**GATE, "name": "a", "login": "file:/dev/zero"}, 409, "which is no file"),
    "larger pictures": ("PUT", "cameras/gate", {**GATE, "preview_px": 1280}, 409, "larger pictures need other rings"),
}


@pytest.mark.parametrize(("method", "path", "item", "status", "says"), DRY.values(), ids=DRY.keys())
def test_a_dry_run_says_what_the_machine_would(
    machine: Machine, method: str, path: str, item: object, status: int, says: str
) -> None:
    before = file_of(machine)
    dry = send(machine, method, path, item, "admin", dry_run=True)
    assert (dry.status_code, says in dry.text) == (status, True), dry.text
    assert file_of(machine) == before
    cameras = machine.client.get("/api/v1/cameras", headers=machine.bearer("viewer")).json()
    assert [camera["name"] for camera in cameras] == ["gate"]
    if status != 200:
        assert send(machine, method, path, item, "admin").json() == dry.json(), "and so it does"


OTHER: dict[str, tuple[str, int, str]] = {
    "another setting": ('"tracker": {"lost_s": 3}', 409, "only cameras and lines may change"),
    "half a character": ('"time_zone": "\\ud800"', 422, "written as UTF-8 is wanted"),
    "half a name": ('"\\ud800": 1', 422, "written as UTF-8 is wanted"),
}


@pytest.mark.parametrize(("more", "status", "says"), OTHER.values(), ids=OTHER.keys())
@pytest.mark.parametrize("is_dry", [True, False], ids=["dry", "meant"])
def test_another_file_that_cannot_be_is_refused(machine: Machine, more: str, status: int, says: str, is_dry: bool) -> None:
    before = file_of(machine)
    # It is JSON, of one line.
    content = f"{before.rstrip().removesuffix('}')}, {more}}}"
    headers = {**machine.bearer("admin"), "if-match": "*", "content-type": "application/yaml"}
    answer = machine.client.put("/api/v1/config", content=content, headers=headers, params={"dry_run": is_dry})
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert file_of(machine) == before


@pytest.mark.parametrize(
    "body", [b'{"name": "a", "from": [0, 0], "to": [1, 1], "classes": ["\\ud800"]}', b'{"\\ud800": "\\udfff"}']
)
def test_half_a_character_is_refused(machine: Machine, body: bytes) -> None:
    headers = {**machine.bearer("operator"), "if-match": "*", "content-type": "application/json"}
    for path in ("cameras/gate/lines", "cameras/gate/lines/trial", "cameras", "cameras/try"):
        answer = machine.client.post(f"/api/v1/{path}", content=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), (path, answer.text)


def test_an_operator_reaches_no_further_than_cameras(machine: Machine) -> None:
    before = file_of(machine)
    for item in ({"name": "a", "source": "gst:videotestsrc"}, {**GATE, "name": "a", "login": "env:PATH"}):
        refused = send(machine, "POST", "cameras", item)
        assert (refused.status_code, "administrator" in refused.json()["detail"]) == (403, True), refused.text
    assert file_of(machine) == before


def test_a_viewer_reads_the_file_without_passwords(machine: Machine) -> None:
    assert SECRET in file_of(machine, "operator")
    told = file_of(machine, "viewer")
    assert (SECRET in told, "rtsp://127.0.0.1:9/live?user=me&password=***" in told) == (False, True), told
    machine.site.until(lambda health: bool(health.cameras[0].condition.reason))
    assert SECRET not in machine.client.get("/api/v1/status", headers=machine.bearer("viewer")).text


def test_what_a_killed_control_plane_has_left_is_finished(machine: Machine) -> None:
    """It was killed when the file was written, and before the machine was asked."""
    path = machine.data_dir.parent / "site.json"
    former = path.read_bytes()
    content = former.replace(b'"gate"', b'"port"').replace(b": gate", b": port")
    assert content != former
    with Revisions(machine.data_dir / FILE_NAME, path) as revisions:
        number = revisions.next_number()
        revisions.announce(Revision(number, 0, "anna", "camera port", etag_of(content)), former, content)
    path.write_bytes(content)

    def newest() -> int:
        try:
            found = machine.client.get("/api/v1/config/revisions", headers=machine.bearer("viewer"), params={"limit": 1})
        except httpx.TransportError:
            return 0
        return int(found.json()[0]["number"]) if found.status_code == 200 else 0

    assert newest() == number - 1
    assert [camera.name for camera in machine.site.health().cameras] == ["gate"], "who looks changes nothing"
    os.kill(pid_of(machine.site.health(), "control"), signal.SIGKILL)
    wait_until("it is finished", lambda: newest() == number, PATIENCE_S)
    machine.site.until(lambda health: [camera.name for camera in health.cameras] == ["port"])
