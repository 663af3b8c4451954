"""Much work of one kind at once: it waits in a room of its own, and everything else goes on beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import cv2
import numpy as np
import pytest
from anyio import to_thread

from appliance.config import CameraSettings
from appliance.control.live import guest, trial
from tests.control.alone import Alone, alone

CROWD = 60
PICTURE = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
LINE = {"name": "draft", "from": [0, 0], "to": [1, 1]}


def test_who_waits_for_the_machine_keeps_nobody_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest, "PATIENCE_S", 0.5)
    monkeypatch.setattr(trial, "ANSWER_S", 0.5)

    async def play(here: Alone) -> None:
        here.house.cameras["gate"] = CameraSettings(name="gate", source="0")
        pictures = [asyncio.ensure_future(here.client.post("/api/v1/infer", content=PICTURE)) for _ in range(CROWD)]
        trials = [asyncio.ensure_future(here.client.post("/api/v1/cameras/gate/lines/trial", json=LINE)) for _ in range(CROWD)]
        others = [await here.client.get(path) for path in ("/healthz", "/api/v1/config", "/api/v1/config/revisions")]
        assert [other.status_code for other in others] == [200, 200, 200]
        assert not all(one.done() for one in pictures + trials)
        for crowd, most in ((pictures, "at most 11 pictures"), (trials, "at most 12 trials")):
            told = [await one for one in crowd]
            assert {one.status_code for one in told} == {503}
            turned_away = [one for one in told if most in one.json()["detail"]]
            assert len(turned_away) > CROWD // 2
            assert {one.headers["retry-after"] for one in turned_away} == {"2"}

    alone(tmp_path, play)


def test_who_watches_over_it_waits_for_no_thread(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        threads = to_thread.current_default_thread_limiter()
        for number in range(int(threads.total_tokens)):
            await threads.acquire_on_behalf_of(number)
        answers = [await asyncio.wait_for(here.client.get(path), 30) for path in ("/healthz", "/readyz")]
        assert [answer.status_code for answer in answers] == [200, 503]

    alone(tmp_path, play)
