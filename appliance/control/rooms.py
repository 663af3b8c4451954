"""Work that takes long, kept apart: so much of it at once, so much in line, and everything else goes on beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, HTTPException, Request

from appliance.control.long_answers import LongAnswers

T = TypeVar("T")
RETRY_S = 2


class Room:
    """For one kind of work. Used by one loop."""

    def __init__(self, what: str, at_once: int, in_line: int) -> None:
        self._what, self._most = what, at_once + in_line
        self._places = CapacityLimiter(at_once)
        self._here = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Do it in a thread as soon as there is one free; raises 503 where too many wait."""
        with self._line():
            return await to_thread.run_sync(work, limiter=self._places)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """For what is more than a thread can do at once; raises 503 where too many wait."""
        with self._line():
            async with self._places:
                yield

    @contextmanager
    def _line(self) -> Iterator[None]:
        if self._here >= self._most:
            sentence = f"at most {self._most} {self._what} are taken at once; try again in {RETRY_S} s"
            raise HTTPException(503, sentence, {"Retry-After": str(RETRY_S)})
        self._here += 1
        try:
            yield
        finally:
            self._here -= 1


class Rooms:
    """Of one application."""

    def __init__(self) -> None:
        self.counting = Room("questions about counts", at_once=2, in_line=30)
        self.long = LongAnswers(most=2)
        # One file, one writer.
        self.changing = Room("changes of the configuration", at_once=1, in_line=20)
        # Who looks up what was changed waits for who changes something.
        self.history = Room("looks into what was changed", at_once=2, in_line=20)
        # All these wait for the machine, which has cameras to look at first.
        self.pictures = Room("pictures", at_once=3, in_line=8)
        self.trials = Room("trials of lines and zones", at_once=2, in_line=10)
        self.imports = Room("models", at_once=2, in_line=0)
        self.swaps = Room("requests for another model", at_once=2, in_line=10)


def rooms_of(request: Request) -> Rooms:
    """Of the application that is asked."""
    rooms: Rooms = request.app.state.rooms
    return rooms


async def _asked(request: Request) -> Rooms:
    # Not a plain function: FastAPI would have it wait for a thread.
    return rooms_of(request)


InRooms = Annotated[Rooms, Depends(_asked)]
