"""Clients that want too much, say it badly, or do not say it: an answer in the 400s or a closed connection, and others go on."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from appliance.access.roles import Role
from appliance.control.headers import FOR_MACHINES, FOR_PAGES
from appliance.control.patience import HEAD_S, REST_S
from appliance.control.places import MOST
from appliance.control.sizes import MOST_BODY_BYTES, MOST_HEAD_BYTES
from tests.control.machines import Machine, running

CAMERA = {"name": "gate", "source": "rtsp://127.0.0.1:9/live"}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("site"), Role.VIEWER, Role.OPERATOR, Role.ADMIN) as running_one:
        added = running_one.client.post("/api/v1/cameras", json=CAMERA, headers=changing(running_one))
        assert added.status_code == 201, added.text
        yield running_one


def changing(machine: Machine, **more: str) -> dict[str, str]:
    """What an operator sends along with a change."""
    return {**machine.bearer("operator"), "if-match": "*", **more}


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status and the sentence of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    shown = answer.json()
    assert shown["status"] == answer.status_code
    return answer.status_code, shown["detail"]


def connect(machine: Machine) -> socket.socket:
    return socket.create_connection(("127.0.0.1", machine.port), 30)


def rest_of(wire: socket.socket, deadline_s: float) -> bytes:
    """What is still said until the other side hangs up; fails where it does not in time."""
    end_s, said = time.monotonic() + deadline_s, b""
    while True:
        wire.settimeout(max(0.01, end_s - time.monotonic()))
        try:
            piece = wire.recv(65536)
        except ConnectionResetError:
            return said
        if not piece:
            return said
        said += piece


def test_every_answer_tells_browsers_what_they_may(machine: Machine) -> None:
    api = machine.client.get("/api/v1/status", headers=machine.bearer("viewer")).headers
    assert (api["content-security-policy"], api["cache-control"]) == (FOR_MACHINES, "no-store")
    page = machine.client.get("/login").headers
    assert page["content-security-policy"] == FOR_PAGES
    for headers in (api, page, machine.client.get("/nowhere").headers, machine.client.get("/api/v1/status").headers):
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert "strict-transport-security" not in headers
        assert "server" not in headers


def test_other_sites_pages_may_read_nothing(machine: Machine) -> None:
    asked = {**machine.bearer("viewer"), "origin": "http://evil.example", "access-control-request-method": "GET"}
    for answer in (
        machine.client.get("/api/v1/status", headers=asked),
        machine.client.options("/api/v1/status", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_what_a_proxy_says_of_others_is_not_believed(machine: Machine) -> None:
    forwarded = {"x-forwarded-for": "192.0.2.66", "forwarded": "for=192.0.2.66", "x-forwarded-proto": "https"}
    made = machine.client.post(
        "/api/v1/tokens", json={"name": "proxied", "role": "viewer"}, headers={**machine.bearer("admin"), **forwarded}
    )
    assert (made.status_code, "strict-transport-security" in made.headers) == (201, False)
    [entry] = machine.client.get("/api/v1/audit", params={"limit": 1}, headers=machine.bearer("admin")).json()["entries"]
    assert entry["address"] == "127.0.0.1"


@pytest.mark.parametrize("path", ["/api/v1/cameras", "/api/v1/session", "/login", "/nowhere"])
def test_a_body_that_is_too_large_is_not_read(machine: Machine, path: str) -> None:
    status, sentence = told(machine.client.post(path, content=b"x" * (MOST_BODY_BYTES + 1), headers=changing(machine)))
    assert (status, f"at most {MOST_BODY_BYTES} bytes" in sentence) == (413, True)


def test_nor_one_whose_size_nobody_has_told(machine: Machine) -> None:
    pieces = (b"x" * 65536 for _ in range(40))
    assert told(machine.client.post("/api/v1/cameras", content=pieces, headers=changing(machine)))[0] == 413


def test_pictures_may_be_larger(machine: Machine) -> None:
    answer = machine.client.post("/api/v1/infer", content=b"x" * 3_000_000, headers=machine.bearer("viewer"))
    assert answer.status_code != 413
    large = machine.client.post("/api/v1/infer", content=b"x" * 20_000_001, headers=machine.bearer("viewer"))
    assert told(large)[0] == 413


def test_addresses_and_headers_have_an_end(machine: Machine) -> None:
    long = machine.client.get("/api/v1/status", params={"x": "y" * 9000}, headers=machine.bearer("viewer"))
    assert (told(long)[0], "an address of at most" in long.json()["detail"]) == (414, True)
    heads = {f"x-{number}": "y" * 1000 for number in range(20)}
    refused = machine.client.get("/api/v1/status", headers=heads)
    assert told(refused)[0] in (400, 431)


BODIES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "application/json"),
    "no text": (b"\xff\xfe\x00", "application/json"),
    "another kind": (b"<camera/>", "application/xml"),
    "a list": (b"[]", "application/json"),
    "nothing": (b"", "application/json"),
    "not a number": (b'{"name": "x", "from": [NaN, 0], "to": [1, 1]}', "application/json"),
    "infinite": (b'{"name": "x", "from": [Infinity, 0], "to": [-1e999, 1]}', "application/json"),
    "too large": (b'{"name": "x", "from": [1e308, 0], "to": [1, 1]}', "application/json"),
    "a text for a point": (b'{"name": "x", "from": "left", "to": "right"}', "application/json"),
    "an object for a name": (b'{"name": {"a": 1}, "from": [0, 0], "to": [1, 1]}', "application/json"),
    "deep": (b'{"name": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "application/json"),
    "an endless number": (b'{"name": ' + b"9" * 5000 + b"}", "application/json"),
    "half a letter": (b'{"name": "\\ud800", "from": [0, 0], "to": [1, 1]}', "application/json"),
    "nothing in a name": (b'{"name": "\\u0000", "from": [0, 0], "to": [1, 1]}', "application/json"),
    "markup for a name": (b'{"name": "<script>", "from": [0, 0], "to": [1, 1]}', "application/json"),
    "a path for a name": (b'{"name": "../../etc", "from": [0, 0], "to": [1, 1]}', "application/json"),
    "something unknown": (b'{"name": "x", "from": [0, 0], "to": [1, 1], "shape": "round"}', "application/json"),
}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES.keys())
def test_what_is_no_line_is_refused_and_nothing_changes(machine: Machine, body: bytes, kind: str) -> None:
    before = machine.client.get("/api/v1/config", headers=machine.bearer("viewer")).text
    headers = changing(machine, **{"content-type": kind})
    answer = machine.client.post("/api/v1/cameras/gate/lines", content=body, headers=headers)
    status, sentence = told(answer)
    assert status in (400, 415, 422), answer.text
    assert sentence
    assert machine.client.get("/api/v1/config", headers=machine.bearer("viewer")).text == before


PATHS = ("/api/v1/cameras/..", "/api/v1/cameras/%2e%2e", "/api/v1/cameras/..%2f..%2fetc%2fpasswd", "/api/v1/cameras/%00")


@pytest.mark.parametrize("path", [*PATHS, "/static/../../../etc/passwd", "/_nicegui/../../etc/passwd", "//etc/passwd"])
def test_paths_lead_nowhere_else(machine: Machine, path: str) -> None:
    # As it stands there: a client would tidy it up.
    with connect(machine) as wire:
        token = machine.tokens["admin"]
        wire.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n".encode())
        said = rest_of(wire, 30)
    assert said.split(b" ")[1] in (b"303", b"401", b"404", b"405", b"422"), said
    assert b"root:" not in said


def test_a_name_is_its_own_and_not_a_way_into_the_file(machine: Machine) -> None:
    for path in ("/api/v1/cameras/gate.source", "/api/v1/cameras/0", "/api/v1/cameras/gate/lines/0"):
        answer = machine.client.delete(path, headers=changing(machine))
        assert told(answer)[0] in (404, 422), answer.text


@pytest.mark.parametrize("kind", ["lines", "zones"])
def test_ten_thousand_lines_are_refused_at_once(machine: Machine, kind: str) -> None:
    where: dict[str, dict[str, object]] = {
        "lines": {"from": [0, 0], "to": [1, 1]},
        "zones": {"points": [[0, 0], [1, 0], [1, 1]]},
    }
    many = {**CAMERA, kind: [{"name": f"n{number}", **where[kind]} for number in range(10_000)]}
    began_s = time.monotonic()
    status, sentence = told(machine.client.put("/api/v1/cameras/gate", json=many, headers=changing(machine)))
    assert (status, "at most 64" in sentence) == (422, True)
    # As a file, too.
    text = json.dumps({"cameras": [many], "detector": {"model": "demo"}})
    headers = {**machine.bearer("admin"), "if-match": "*", "content-type": "application/yaml"}
    assert told(machine.client.put("/api/v1/config", content=text, headers=headers))[0] == 422
    # Before a client gives up.
    assert time.monotonic() - began_s < 20


def test_a_camera_has_64_lines_and_zones_at_most(machine: Machine) -> None:
    line, zone = {"from": [0, 0], "to": [1, 1]}, {"points": [[0, 0], [1, 0], [1, 1]]}
    lines = [{"name": f"l{number}", **line} for number in range(40)]
    zones = [{"name": f"z{number}", **zone} for number in range(25)]
    answer = machine.client.put(
        "/api/v1/cameras/gate", json={**CAMERA, "lines": lines, "zones": zones}, headers=changing(machine)
    )
    assert (told(answer)[0], "found 65" in answer.json()["detail"]) == (422, True)


def test_of_two_operators_one_is_told_to_look_again(machine: Machine) -> None:
    client = machine.client
    known = client.get("/api/v1/config", headers=machine.bearer("operator")).headers["etag"]
    mine, theirs = ({"name": name, "from": [0.1, 0.1], "to": [0.9, 0.9]} for name in ("mine", "theirs"))
    both = [
        client.post("/api/v1/cameras/gate/lines", json=line, headers={**machine.bearer("operator"), "if-match": known})
        for line in (mine, theirs)
    ]
    assert [answer.status_code for answer in both] == [201, 412]
    assert "read it again" in both[1].json()["detail"]
    text = client.get("/api/v1/config", headers=machine.bearer("operator")).text
    assert ("mine" in text, "theirs" in text) == (True, False)


def test_who_does_not_end_his_head_is_left(machine: Machine) -> None:
    with connect(machine) as silent, connect(machine) as slow, connect(machine) as quick:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
        quick.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert quick.recv(65536).startswith(b"HTTP/1.1 200")
        said = rest_of(slow, HEAD_S + 30)
        assert (said[:12], b"has not come in time" in said) == (b"HTTP/1.1 408", True)
        assert rest_of(silent, 30) == b""


def test_a_body_that_nobody_waits_for_is_not_waited_for(machine: Machine) -> None:
    with connect(machine) as wire:
        wire.sendall(b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\norigin: http://evil\r\ncontent-length: 900000\r\n\r\n{")
        wire.sendall(b"POST")
        # Its answer was known from its head: 413 for the size that it tells of, or what the route says.
        assert rest_of(wire, REST_S + 30)[:10] in (b"", b"HTTP/1.1 4")


def test_what_is_no_http_is_told_so(machine: Machine) -> None:
    with connect(machine) as wire:
        wire.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n")
        said = rest_of(wire, 30)
    assert (said[:12], f"at most {MOST_HEAD_BYTES} bytes".encode() in said) == (b"HTTP/1.1 400", True)


def test_who_fills_all_places_keeps_nobody_out(machine: Machine) -> None:
    crowd = [connect(machine) for _ in range(MOST + 20)]
    try:
        for wire in crowd:
            wire.send(b"GET /healthz HTTP/1.1\r\nx: ")
        for _ in range(5):
            with httpx.Client(base_url=machine.client.base_url, timeout=60) as visitor:
                assert visitor.get("/api/v1/status", headers=machine.bearer("viewer")).status_code == 200
    finally:
        for wire in crowd:
            wire.close()
