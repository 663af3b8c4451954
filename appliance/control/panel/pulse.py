"""The one loop that keeps all pages up to date: what they show is computed once a second, and not at all without a viewer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from nicegui import Client, background_tasks

from appliance.access.roles import Permission
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.control.house import House
from appliance.control.panel.sight import Eye, Sight
from appliance.control.panel.visitor import Visitor
from appliance.errors import Refusal

PERIOD_S = 1.0
FRESH_NS = 2 * NS_PER_S
Show = Callable[[Sight], None]


@dataclass(frozen=True, slots=True)
class _Viewer:
    client: Client
    visitor: Visitor
    shows: list[Show]


class Pulse:
    """Of one machine, on one event loop."""

    def __init__(self, house: House) -> None:
        self._eye = Eye(house)
        self._viewers: dict[str, _Viewer] = {}
        self._is_running = False
        self._sight: Sight | None = None
        self._looked_ns = 0

    def watch(self, client: Client, visitor: Visitor, show: Show) -> None:
        """Have a page show everything now, and then once a second for as long as it is there and its visitor is logged in."""
        if client.id not in self._viewers:
            self._viewers[client.id] = _Viewer(client, visitor, [])
            client.on_delete(lambda: self._viewers.pop(client.id, None))
        self._viewers[client.id].shows.append(show)
        show(self._latest())
        if not self._is_running:
            self._is_running = True
            background_tasks.create(self._run(), name="pulse of the panel")

    def _latest(self) -> Sight:
        """What was seen last; a page that is built waits for no ledger."""
        if self._sight is None or monotonic_ns() - self._looked_ns > FRESH_NS:
            self._sight, self._looked_ns = self._eye.look(with_counts=False), monotonic_ns()
        return self._sight

    async def _run(self) -> None:
        try:
            while self._viewers:
                self._sight = await asyncio.to_thread(self._eye.look)
                self._looked_ns = monotonic_ns()
                for viewer in list(self._viewers.values()):
                    self._show(viewer, self._sight)
                await asyncio.sleep(PERIOD_S)
        finally:
            self._is_running = False

    def _show(self, viewer: _Viewer, sight: Sight) -> None:
        with viewer.client:
            try:
                viewer.visitor.caller(Permission.LOOK)
            except Refusal:
                # The page is on its way to the login.
                self._viewers.pop(viewer.client.id, None)
                return
            for show in viewer.shows:
                show(sight)
