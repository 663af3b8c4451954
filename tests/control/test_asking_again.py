"""Changes that are asked for again, because the first answer was lost, late, or could not be written down."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from appliance.access.roles import Role
from appliance.control.routes import models
from appliance.messages.questions import Activate, Answer, Request
from tests.control.alone import SITE, Alone, a_machine, alone, bearer

WANTED = {"model": "yolov8s@1"}
DONE = Answer(True, "the model yolov8s@1 is being brought in")


def test_a_model_is_brought_in_once(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        headers = {**bearer(here, Role.OPERATOR), "idempotency-key": "a"}
        with a_machine(tmp_path, DONE) as asked:
            first, again = [await here.client.post("/api/v1/models/activate", json=WANTED, headers=headers) for _ in range(2)]
            assert (first.status_code, first.json()) == (202, {"sentence": DONE.sentence})
            assert (again.status_code, again.json()) == (202, first.json())
            assert asked == [Activate("yolov8s@1", "operator")]
            headers["idempotency-key"] = "b"
            back = [await here.client.post("/api/v1/models/rollback", headers=headers) for _ in range(2)]
            assert [one.status_code for one in back] == [202, 202]
            assert len(asked) == 2

    alone(tmp_path, play)


def test_what_was_refused_may_be_asked_for_again(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        headers = {**bearer(here, Role.OPERATOR), "idempotency-key": "a"}
        for answer, status in ((Answer(False, "another one is being brought in"), 409), (DONE, 202)):
            with a_machine(tmp_path, answer):
                told = await here.client.post("/api/v1/models/activate", json=WANTED, headers=headers)
                assert told.status_code == status, told.text

    alone(tmp_path, play)


def test_what_may_still_be_done_is_not_asked_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "ANSWER_S", 0.1)

    async def play(here: Alone) -> None:
        headers = {**bearer(here, Role.OPERATOR), "idempotency-key": "a"}
        late = await here.client.post("/api/v1/models/activate", json=WANTED, headers=headers)
        assert (late.status_code, "may do it yet" in late.json()["detail"]) == (504, True)
        with a_machine(tmp_path, DONE) as asked:
            again = await here.client.post("/api/v1/models/activate", json=WANTED, headers=headers)
            assert (again.status_code, "look before you send it anew" in again.json()["detail"]) == (409, True)
            assert asked == []

    alone(tmp_path, play)


def test_what_is_in_force_is_told_so_where_the_log_is_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    async def play(here: Alone) -> None:
        headers = {**bearer(here, Role.ADMIN), "if-match": "*", "idempotency-key": "a", "content-type": "application/yaml"}
        # A disk without room.
        here.guard._database._writer.execute("PRAGMA max_page_count = 1")
        with a_machine(tmp_path, Answer(True, "")) as asked:
            done = await here.client.put("/api/v1/config", content=SITE + "# why\n" * 2000, headers=headers)
            assert (done.status_code, done.json()["revision"]) == (200, 2), done.text
            path = "/api/v1/config/revisions/1/rollback"
            first, again = [await here.client.post(path, headers=headers) for _ in range(2)]
            assert (first.status_code, again.json()) == (200, first.json())
            assert asked == [Request(), Request()]

    alone(tmp_path, play)
    told = [record.getMessage() for record in caplog.records if "is not in the audit log" in record.getMessage()]
    assert ["'change' of 'config' by admin" in one for one in told] == [True, False]
