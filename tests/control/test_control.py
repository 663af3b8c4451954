"""The control plane of a real machine, asked over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cameras import Camera, needs_gstreamer
from tests.control.machines import PATIENCE_S, answers, states
from tests.publish.brokers import free_port
from tests.system.cli import run_cli
from tests.system.sites import Site, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer


class Place:
    """A machine that runs, and a client that asks it."""

    def __init__(self, site: Site, client: httpx.Client) -> None:
        self.site, self.client = site, client


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
            yield Place(site, client)
            assert site.stop() == 0


def test_it_is_alive_and_ready(place: Place) -> None:
    assert place.client.get("/healthz").text == "ok\n"
    wait_until("it is ready", lambda: place.client.get("/readyz").status_code == 200, PATIENCE_S)


def test_status_tells_how_everything_is_and_why(place: Place) -> None:
    status = place.client.get("/api/v1/status").json()
    states = {camera["name"]: (camera["state"], camera["reason"]) for camera in status["cameras"]}
    assert states["gate"] == ("ok", "")
    assert states["gone"] == ("down", "rtsp://127.0.0.1:9/live: the connection is refused")
    assert {"decode.gate", "detect", "track.0", "count", "control"} <= {process["name"] for process in status["processes"]}
    assert status["state"] == "down"
    camera = place.client.get("/api/v1/cameras/gate").json()
    assert (camera["picture"]["width"], camera["connections"]) == (128, 1)


def test_what_is_not_there_is_a_problem_in_words(place: Place) -> None:
    answer = place.client.get("/api/v1/cameras/roof")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "there is no camera 'roof'"
    assert place.client.get("/nowhere").json()["status"] == 404
    assert place.client.post("/healthz").status_code == 405


def test_prometheus_can_read_it(place: Place) -> None:
    text = place.client.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["appliance_up"].samples[0].value == 1
    states = {
        (sample.labels["camera"], sample.labels["state"]): sample.value for sample in families["appliance_camera_state"].samples
    }
    assert (states["gate", "ok"], states["gate", "down"], states["gone", "down"]) == (1, 0, 1)
    assert sum(sample.value for sample in families["appliance_crossings"].samples) >= 2
    assert families["appliance_ledger_bytes"].samples[0].value > 0


def test_its_document_names_every_route(place: Place) -> None:
    document = place.client.get("/api/v1/openapi.json").json()
    assert {"/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/cameras/{name}"} <= set(document["paths"])
    assert "Problem" in document["components"]["schemas"]


def test_counts_come_by_bucket_with_their_coverage(place: Place) -> None:
    words = {"from": "2020-01-01", "to": "2030-01-01", "bucket": "year", "group_by": ["line", "direction"], "zone": "UTC"}
    years = place.client.get("/api/v1/counts", params=words).json()
    assert len(years) == 10
    [busy] = [year for year in years if year["total"]]
    assert busy["total"] == sum(group["number"] for group in busy["groups"])
    assert {group["group"]["line"] for group in busy["groups"]} == {"middle"}
    assert busy["coverage"]["gate"]["covered_s"] > 0
    sheet = place.client.get("/api/v1/counts", params=words, headers={"accept": "text/csv"})
    assert sheet.headers["content-type"].startswith("text/csv")
    assert sheet.text.splitlines()[0].lstrip("\ufeff").startswith("start,end,line,direction,number")
    wrong = place.client.get("/api/v1/counts", params={**words, "from": "yesterday"})
    assert (wrong.status_code, "a time like" in wrong.json()["detail"]) == (422, True)
    assert place.client.get("/api/v1/counts", params={**words, "bucket": "eon"}).json()["faults"][0]["place"] == "query.bucket"


def test_crossings_come_page_by_page(place: Place) -> None:
    place.site.until_counted("gate", 2)
    first = place.client.get("/api/v1/crossings", params={"limit": 2, "oldest_first": True}).json()
    second = place.client.get("/api/v1/crossings", params={"limit": 2, "oldest_first": True, "cursor": first["cursor"]}).json()
    sequences = [one["sequence"] for one in first["crossings"] + second["crossings"]]
    assert sequences == sorted(set(sequences))
    assert first["crossings"][0]["class"] == "person" or first["crossings"][0]["class"]
    assert place.client.get("/api/v1/crossings", params={"line": "nowhere"}).json()["crossings"] == []


def test_a_strange_name_for_this_computer_is_not_believed(place: Place) -> None:
    answer = place.client.get("/api/v1/status", headers={"host": "evil.example"})
    assert answer.status_code == 401


def test_as_soon_as_there_is_a_token_everybody_needs_one(place: Place) -> None:
    folder = place.site.ledger.parent
    made = run_cli("token", "create", "panel", "--role", "viewer", "--data-dir", str(folder))
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip()
    assert place.client.get("/api/v1/status").status_code == 401
    assert place.client.get("/api/v1/status", headers={"authorization": f"Bearer {token}"}).status_code == 200
    refused = place.client.get("/api/v1/status", headers={"authorization": f"Bearer {token[:-1]}x"})
    assert (refused.status_code, "mistyped" in refused.json()["detail"]) == (401, True)
    assert run_cli("token", "revoke", "panel", "--data-dir", str(folder)).exit_code == 0
    assert place.client.get("/healthz").status_code == 200


@pytest.fixture(scope="module")
def admin(place: Place) -> Iterator[dict[str, str]]:
    """What an administrator sends along."""
    folder = str(place.site.ledger.parent)
    made = run_cli("token", "create", "boss", "--role", "admin", "--data-dir", folder)
    assert made.exit_code == 0, made.stderr
    yield {"authorization": f"Bearer {made.stdout.strip()}"}
    assert run_cli("token", "revoke", "boss", "--data-dir", folder).exit_code == 0


def test_a_line_that_is_added_counts_and_can_be_taken_back(place: Place, admin: dict[str, str]) -> None:
    client = place.client
    before = client.get("/api/v1/config", headers=admin)
    match = {**admin, "if-match": before.headers["etag"]}
    left = {"name": "left", "from": [0.3, 1], "to": [0.3, 0]}
    trial = client.post("/api/v1/cameras/gate/lines", json=left, headers=match, params={"dry_run": True})
    assert (trial.status_code, trial.json()["revision"]) == (200, None)
    assert client.get("/api/v1/config", headers=admin).text == before.text
    done = client.post("/api/v1/cameras/gate/lines", json=left, headers=match)
    assert done.status_code == 201, done.text
    wait_until("it counts", lambda: client.get("/api/v1/crossings", params={"line": "left"}, headers=admin).json()["crossings"])
    stale = client.delete("/api/v1/cameras/gate/lines/left", headers=match)
    assert stale.status_code == 412
    [newest, *_] = client.get("/api/v1/config/revisions", headers=admin).json()
    assert (newest["author"], newest["number"]) == ("boss", done.json()["revision"])
    gone = client.delete("/api/v1/cameras/gate/lines/left", headers={**admin, "if-match": f'"{done.json()["etag"]}"'})
    assert gone.status_code == 200
    back = client.post(f"/api/v1/config/revisions/{newest['number']}/rollback", headers={**admin, "if-match": "*"})
    assert (back.status_code, "left" in client.get("/api/v1/config", headers=admin).text) == (200, True)


WRONG: dict[str, tuple[str, str, object, int, str]] = {
    "no line": ("post", "/api/v1/cameras/gate/lines", {"name": "x"}, 422, "either 'from' and 'to', or 'points'"),
    "no camera": ("post", "/api/v1/cameras/roof/lines", {"name": "x"}, 404, "roof"),
    "a name twice": ("post", "/api/v1/cameras", {"name": "gate", "source": "0"}, 409, "gate"),
    "a class that nobody knows": (
        "post",
        "/api/v1/cameras/gate/lines",
        {"name": "ufos", "from": [0, 0], "to": [1, 1], "classes": ["ufo"]},
        409,
        "'ufo' is wanted",
    ),
    "no such line": ("delete", "/api/v1/cameras/gate/lines/nothing", None, 404, "nothing"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_refused_and_nothing_changes(
    place: Place, admin: dict[str, str], method: str, path: str, body: object, status: int, says: str
) -> None:
    before = place.client.get("/api/v1/config", headers=admin).text
    answer = place.client.request(method, path, json=body, headers={**admin, "if-match": "*"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert says in answer.text
    assert place.client.get("/api/v1/config", headers=admin).text == before


def test_who_says_nothing_of_the_state_or_may_not_is_told_so(place: Place, admin: dict[str, str]) -> None:
    line = {"name": "x", "from": [0, 0], "to": [1, 1]}
    assert place.client.post("/api/v1/cameras/gate/lines", json=line, headers=admin).status_code == 428
    made = run_cli("token", "create", "guest", "--role", "viewer", "--data-dir", str(place.site.ledger.parent))
    guest = {"authorization": f"Bearer {made.stdout.strip()}", "if-match": "*"}
    refused = place.client.post("/api/v1/cameras/gate/lines", json=line, headers=guest)
    assert (refused.status_code, "a viewer may not" in refused.json()["detail"]) == (403, True)
    assert run_cli("token", "revoke", "guest", "--data-dir", str(place.site.ledger.parent)).exit_code == 0


def test_killed_it_is_back_and_counting_goes_on(place: Place, admin: dict[str, str]) -> None:
    os.kill(pid_of(place.site.health(), "control"), signal.SIGKILL)
    place.site.until_counted("gate", 1)

    def is_back() -> bool:
        try:
            return place.client.get("/api/v1/status", headers=admin).status_code == 200
        except httpx.TransportError:
            return False

    wait_until("it answers again", is_back, PATIENCE_S)


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        site = tmp_path / "site.json"
        tree = {"cameras": [{"name": "gate", "source": "rtsp://127.0.0.1:9/live"}], "detector": {"model": "demo"}}
        site.write_text(json.dumps({**tree, "data_dir": str(tmp_path / "data"), "control": {"port": port}}))
        done = run_cli("run", "--config", str(site))
    assert done.exit_code == 1
    assert f"wants to listen on 127.0.0.1, port {port}, found: Address already in use" in done.stderr
