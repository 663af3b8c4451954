"""What a draft would have counted, told a moment after each change of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import background_tasks

from appliance.config import CameraSettings, CounterSettings
from appliance.control.house import House
from appliance.control.live.trial import Trial, item_of, recall, try_out
from appliance.control.panel.editor.draft import Draft, faults_of
from appliance.control.panel.editor.trial_words import NOT_YET, UNKNOWN
from appliance.errors import Refusal

# After the last change, so that a drag asks once.
PAUSE_S = 0.3

Told = Callable[[Trial | str, tuple[str, ...]], None]
"""Hears what came of it, or a sentence why nothing did, and the classes that the model knows."""


class Trials:
    """Of one camera; only the newest is told of."""

    def __init__(self, house: House, told: Told) -> None:
        self._house, self._told = house, told
        self._number = 0

    def stop(self) -> None:
        """What is under way is of no use any more."""
        self._number += 1

    def begin(self, draft: Draft, camera: CameraSettings) -> None:
        """Soon."""
        self.stop()
        background_tasks.create(self._try(self._number, draft, camera), name="trial")

    async def _try(self, number: int, draft: Draft, camera: CameraSettings) -> None:
        await asyncio.sleep(PAUSE_S)
        if number != self._number:
            return
        if faults_of(draft, camera):
            self._told(NOT_YET, ())
            return
        try:
            trial, names = await asyncio.to_thread(count_again, self._house, camera.name, draft, self._house.counter)
        except Refusal as refusal:
            trial, names = refusal.sentence[:1].upper() + refusal.sentence[1:], ()
        if number == self._number:
            self._told(trial, names)


def count_again(house: House, camera: str, draft: Draft, wanted: CounterSettings) -> tuple[Trial | str, tuple[str, ...]]:
    """For a thread: thousands of frames are counted once more."""
    recalled = recall(house.folder, camera)
    trial = try_out(recalled, item_of(f"{draft.kind}s", draft.item), wanted)
    return trial if trial.frames else UNKNOWN, recalled.names
