"""Models that are sent over HTTP to a machine that runs."""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from appliance.access.roles import Role
from tests.control.machines import Machine, running
from tests.detect.bad_models import write_crashing_on_load, write_large
from tests.disks import disk_at
from tests.system.cli import run_cli
from tests.system.models import CLASSES, DETECTOR, write_detector, write_model
from tests.system.sites import pid_of
from tests.waiting import wait_until

PATH = "/api/v1/models/import"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("machine"), *Role) as machine:
        yield machine


def send(machine: Machine, content: bytes, role: str = "operator", **words: str) -> httpx.Response:
    head = {**machine.bearer(role), "content-type": "application/octet-stream"}
    return machine.client.post(PATH, params={"name": "yard", **words}, content=content, headers=head)


def stored(machine: Machine) -> list[str]:
    models = machine.client.get("/api/v1/models", headers=machine.bearer("viewer")).json()["stored"]
    return [model["model"] for model in models]


def left_behind(machine: Machine) -> list[str]:
    return [path.name for path in (machine.data_dir / "engines").iterdir() if path.name.startswith(".")]


def test_a_model_that_is_sent_is_kept_and_can_go_again(machine: Machine, tmp_path: Path) -> None:
    content = write_detector(tmp_path / "yard.onnx").read_bytes()
    answer = send(machine, content, file_name="yard.onnx")
    assert (answer.status_code, answer.json()["model"], answer.json()["classes"]) == (201, "yard@1", list(CLASSES)), answer.text
    again = send(machine, content)
    assert (again.status_code, "as yard@1" in again.json()["detail"]) == (422, True)
    assert stored(machine).count("yard@1") == 1
    away = machine.client.delete("/api/v1/models/yard/1", headers=machine.bearer("operator"))
    assert away.status_code == 204, away.text
    assert "yard@1" not in stored(machine)
    assert machine.client.delete("/api/v1/models/yard/1", headers=machine.bearer("operator")).status_code == 404
    assert machine.client.delete("/api/v1/models/demo/1", headers=machine.bearer("operator")).status_code == 409
    assert left_behind(machine) == []


def test_an_archive_of_another_machine_is_taken(machine: Machine, tmp_path: Path) -> None:
    there, archive = tmp_path / "there", tmp_path / "model.zip"
    model = write_detector(tmp_path / "other.onnx", classes=("car", "bus"))
    assert run_cli("models", "import", str(model), "--name", "other", "--set", f"data_dir={there}").exit_code == 0
    assert run_cli("models", "export", "other", "--to", str(archive), "--set", f"data_dir={there}").exit_code == 0
    answer = send(machine, archive.read_bytes(), name="carried")
    assert (answer.status_code, answer.json()["model"]) == (201, "carried@1"), answer.text


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "(0 bytes) is none"),
        (b"not a model", "is none"),
        (b"\x80\x02}q\x00.", "a PyTorch checkpoint"),
        (b"PK\x03\x04" + bytes(200), "checkpoint"),
    ],
    ids=["nothing", "words", "a pickle", "a zip"],
)
def test_what_is_no_model_is_refused_and_nothing_is_left(machine: Machine, content: bytes, wanted: str) -> None:
    answer = send(machine, content)
    assert (answer.status_code, wanted in answer.json()["detail"]) == (422, True), answer.text
    assert left_behind(machine) == []


def test_a_model_that_answers_with_no_numbers_is_refused(machine: Machine, tmp_path: Path) -> None:
    text = DETECTOR.format(batch="N", height="H", width="W", channels=4 + len(CLASSES), other_classes=", nothing")
    broken = write_model(tmp_path / "nan.onnx", text.replace("score = {0.9}", "score = {nan}"), CLASSES)
    answer = send(machine, broken.read_bytes(), name="nan")
    assert (answer.status_code, "must answer with numbers" in answer.json()["detail"]) == (422, True), answer.text


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere a division ends nobody")
def test_a_model_that_ends_whoever_loads_it_is_refused_and_nobody_ends(machine: Machine, tmp_path: Path) -> None:
    before = machine.site.health()
    answer = send(machine, write_crashing_on_load(tmp_path / "crash.onnx").read_bytes(), name="crash")
    assert (answer.status_code, "ended by SIGFPE" in answer.json()["detail"]) == (422, True), answer.text
    assert left_behind(machine) == []
    assert pid_of(machine.site.health(), "control") == pid_of(before, "control")


@pytest.mark.parametrize(
    ("size_kb", "says"),
    [(64, "the model cannot be kept: No space left"), (160, "cannot be changed: No space left")],
    ids=["while it comes in", "while it is kept"],
)
def test_a_disk_that_is_full_is_a_problem_and_leaves_nothing(machine: Machine, tmp_path: Path, size_kb: int, says: str) -> None:
    content = write_large(tmp_path / "large.onnx", 100_000).read_bytes()
    with disk_at(machine.data_dir / "engines", size_kb) as disk:
        answer = send(machine, content, name="large")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), answer.text
        assert says in answer.json()["detail"]
        assert list(disk.iterdir()) == []
    assert "large@1" not in stored(machine)


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "x" * 65])
def test_a_name_is_no_path(machine: Machine, name: str) -> None:
    assert send(machine, b"x", name=name).status_code == 422


def test_who_only_looks_sends_nothing(machine: Machine) -> None:
    assert send(machine, b"x" * 100_000, role="viewer").status_code == 403
    stranger = machine.client.post(PATH, params={"name": "yard"}, content=b"x" * 100_000)
    assert stranger.status_code == 401


def test_what_is_cut_off_leaves_nothing(machine: Machine) -> None:
    head = [f"POST {PATH}?name=cut HTTP/1.1", "host: 127.0.0.1", "content-length: 50000000"]
    head += [f"{name}: {value}" for name, value in machine.bearer("operator").items()]
    with socket.create_connection(("127.0.0.1", machine.port)) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + b"x" * 1_000_000)
        wait_until("it comes in", lambda: left_behind(machine) != [])
    wait_until("nothing is left", lambda: left_behind(machine) == [])
    assert "cut@1" not in stored(machine)
