"""The same request twice: with a key of the client's, the second one changes nothing and hears what the first one would have."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from appliance.access.roles import Role
from appliance.control.answers import FILE, KEPT_NS, Answers, Claim, KeptAnswer, Trouble
from tests.control.machines import PATIENCE_S, Machine, running
from tests.system.sites import pid_of
from tests.waiting import wait_until

CAMERA = {"name": "gate", "source": "rtsp://127.0.0.1:9/live"}
SAID = KeptAnswer(201, "{}", b"done")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("site"), Role.OPERATOR, Role.ADMIN) as running_one:
        added = add(running_one, "cameras", CAMERA, "the first camera")
        assert added.status_code == 201, added.text
        yield running_one


def add(machine: Machine, path: str, item: object, key: str, role: str = "operator") -> httpx.Response:
    headers = {**machine.bearer(role), "if-match": "*", "idempotency-key": key}
    return machine.client.post(f"/api/v1/{path}", json=item, headers=headers)


def line(name: str) -> dict[str, object]:
    return {"name": name, "from": [0.1, 0.1], "to": [0.9, 0.9]}


def revisions(machine: Machine) -> int:
    [newest, *_] = machine.client.get("/api/v1/config/revisions", headers=machine.bearer("operator")).json()
    return int(newest["number"])


def test_who_asks_again_hears_the_same_and_nothing_is_done(machine: Machine) -> None:
    first = add(machine, "cameras/gate/lines", line("twice"), "a")
    again = add(machine, "cameras/gate/lines", line("twice"), "a")
    assert first.status_code == 201, first.text
    assert (again.status_code, again.json(), again.headers["content-type"]) == (201, first.json(), first.headers["content-type"])
    assert revisions(machine) == first.json()["revision"]


def test_without_a_key_the_name_is_taken(machine: Machine) -> None:
    headers = {**machine.bearer("operator"), "if-match": "*"}
    answers = [machine.client.post("/api/v1/cameras/gate/lines", json=line("plain"), headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]


def test_a_key_is_for_one_request(machine: Machine) -> None:
    assert add(machine, "cameras/gate/lines", line("one"), "b").status_code == 201
    before = revisions(machine)
    for path, item in (("cameras/gate/lines", line("two")), ("cameras/gate/zones", line("one")), ("cameras", line("one"))):
        other = add(machine, path, item, "b")
        assert (other.status_code, "another request was sent" in other.json()["detail"]) == (422, True)
    assert revisions(machine) == before


def test_a_key_is_its_callers_own(machine: Machine) -> None:
    assert add(machine, "cameras/gate/lines", line("mine"), "c").status_code == 201
    assert add(machine, "cameras/gate/lines", line("yours"), "c", "admin").status_code == 201


def test_what_was_refused_may_be_sent_again(machine: Machine) -> None:
    assert add(machine, "cameras/roof/lines", line("late"), "d").status_code == 404
    assert add(machine, "cameras/gate/lines", line("late"), "d").status_code == 201


def test_many_at_once_are_one(machine: Machine) -> None:
    before = revisions(machine)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: add(machine, "cameras/gate/lines", line("crowd"), "e"), range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert any(answer.status_code == 201 for answer in answers)
    assert all("still being carried out" in answer.json()["detail"] for answer in answers if answer.status_code == 409)
    assert revisions(machine) == before + 1


def test_it_is_known_after_the_process_was_killed(machine: Machine) -> None:
    first = add(machine, "cameras/gate/lines", line("lasting"), "f")
    os.kill(pid_of(machine.site.health(), "control"), signal.SIGKILL)

    def again() -> httpx.Response | None:
        try:
            answer = add(machine, "cameras/gate/lines", line("lasting"), "f")
        except httpx.TransportError:
            return None
        return answer

    answer = wait_until("it answers again", again, PATIENCE_S)
    assert (answer.status_code, answer.json()) == (201, first.json())


def test_a_roll_back_happens_once(machine: Machine) -> None:
    number = revisions(machine)
    add(machine, "cameras/gate/lines", line("unwanted"), "g")
    first, again = (add(machine, f"config/revisions/{number}/rollback", None, "h", "admin") for _ in range(2))
    assert (first.status_code, again.json()) == (200, first.json())
    assert revisions(machine) == first.json()["revision"]


def test_a_key_has_an_end(machine: Machine) -> None:
    answer = add(machine, "cameras/gate/lines", line("long"), "k" * 256)
    assert (answer.status_code, answer.json()["faults"][0]["place"]) == (422, "header.idempotency-key")


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[Answers]:
    opened = Answers(tmp_path)
    yield opened
    opened.close()


def claim(key: str = "a", asked: bytes = b"this", caller: str = "me") -> Claim:
    return Claim(caller, key, asked)


def test_a_key_is_claimed_kept_and_told(answers: Answers) -> None:
    assert answers.claim(claim(), 0) is None
    assert answers.claim(claim(), 1) is Trouble.UNDER_WAY
    answers.keep(claim(), SAID)
    answers.release(claim())
    assert answers.claim(claim(), 2) == SAID
    assert answers.claim(claim(asked=b"that"), 3) is Trouble.OTHER
    assert answers.claim(claim(caller="you"), 4) is None


def test_what_was_broken_off_is_not_begun_again(answers: Answers, tmp_path: Path) -> None:
    assert answers.claim(claim(), 0) is None
    answers.close()
    later = Answers(tmp_path)
    assert later.claim(claim(), 1) is Trouble.UNKNOWN
    later.close()


def test_after_a_day_a_key_is_new(answers: Answers) -> None:
    answers.claim(claim(), 0)
    answers.keep(claim(), SAID)
    assert answers.claim(claim(), KEPT_NS - 1) == SAID
    assert answers.claim(claim(), KEPT_NS) is None


def test_only_the_newest_are_kept_and_for_their_owner(tmp_path: Path) -> None:
    answers = Answers(tmp_path, most=5)
    for number in range(8):
        answers.claim(claim(str(number)), number)
        answers.keep(claim(str(number)), SAID)
    assert [answers.claim(claim(str(number)), 8) for number in (3, 7)] == [SAID, SAID]
    assert answers.claim(claim("2"), 8) is None
    answers.close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
