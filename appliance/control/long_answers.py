"""Answers that may be long: what is short is kept as it is, the rest is made while it is sent, and few of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import HTTPException
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

MOST_WHOLE_BYTES = 2_000_000
PIECE_BYTES = 65_536
RETRY_S = 10


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer, or the beginning of one."""

    body: bytes
    rest: Iterator[bytes] | None
    """None where that is all."""


def begin(pieces: Iterable[bytes]) -> Begun:
    """Have as much of it made as is sent at once."""
    larger = _larger(pieces)
    body = bytearray()
    for piece in larger:
        body += piece
        if len(body) > MOST_WHOLE_BYTES:
            return Begun(bytes(body), larger)
    return Begun(bytes(body), None)


def _larger(pieces: Iterable[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for one in pieces:
        piece += one
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


class LongAnswers:
    """Those that are being sent, each with all that it tells of in memory. Used by one loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.here = 0

    def response(self, begun: Begun, media_type: str) -> StreamingResponse:
        """The answer; raises 503 where too many are being sent."""
        if self.here >= self._most:
            sentence = f"at most {self._most} answers as long as this one are sent at once; try again in {RETRY_S} s"
            raise HTTPException(503, sentence, {"Retry-After": str(RETRY_S)})
        return _LongAnswer(self, begun, media_type)


class _LongAnswer(StreamingResponse):
    def __init__(self, answers: LongAnswers, begun: Begun, media_type: str) -> None:
        super().__init__(_all_of(begun), media_type=media_type)
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._answers.here += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answers.here -= 1


def _all_of(begun: Begun) -> Iterator[bytes]:
    yield begun.body
    yield from begun.rest or ()
