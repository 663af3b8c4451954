"""Much work of one kind at once: it waits in a room of its own, and everything else goes on beside it."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from anyio import to_thread

from appliance.boxes import Detections
from appliance.config import CameraSettings
from appliance.control.live import guest, trial
from appliance.messages.questions import GuestSeen, Recalled
from appliance.topics import GUESTS, RECALLS
from tests.control.alone import Alone, alone, answering

CROWD = 60
PICTURE = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
NOBODY = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
LINE = {"name": "draft", "from": [0, 0], "to": [1, 1]}


def test_who_waits_for_the_machine_keeps_nobody_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The machine answers when it has been seen that all of them wait.
    monkeypatch.setattr(guest, "PATIENCE_S", 300.0)
    monkeypatch.setattr(trial, "ANSWER_S", 300.0)

    async def play(here: Alone) -> None:
        here.house.cameras["gate"] = CameraSettings(name="gate", source="0")
        pictures = [asyncio.ensure_future(here.client.post("/api/v1/infer", content=PICTURE)) for _ in range(CROWD)]
        trials = [asyncio.ensure_future(here.client.post("/api/v1/cameras/gate/lines/trial", json=LINE)) for _ in range(CROWD)]
        others = [await here.client.get(path) for path in ("/healthz", "/api/v1/config", "/api/v1/config/revisions")]
        assert [other.status_code for other in others] == [200, 200, 200]
        for crowd, most, what in ((pictures, 11, "pictures"), (trials, 12, "trials")):
            turned_away = [await one for one in islice(asyncio.as_completed(crowd), CROWD - most)]
            assert {one.status_code for one in turned_away} == {503}
            assert all(f"at most {most} {what}" in one.json()["detail"] for one in turned_away)
            assert {one.headers["retry-after"] for one in turned_away} == {"2"}
            assert sum(not one.done() for one in crowd) == most
        with answering(tmp_path, GUESTS, GuestSeen(NOBODY, ())), answering(tmp_path, RECALLS, Recalled(0, 0, (), ())):
            assert sorted([(await one).status_code for one in pictures]) == [200] * 11 + [503] * (CROWD - 11)
            assert sorted([(await one).status_code for one in trials]) == [200] * 12 + [503] * (CROWD - 12)

    alone(tmp_path, play)


def test_who_watches_over_it_waits_for_no_thread(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        threads = to_thread.current_default_thread_limiter()
        for number in range(int(threads.total_tokens)):
            await threads.acquire_on_behalf_of(number)
        answers = [await asyncio.wait_for(here.client.get(path), 30) for path in ("/healthz", "/readyz")]
        assert [answer.status_code for answer in answers] == [200, 503]

    alone(tmp_path, play)
