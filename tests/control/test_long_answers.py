"""Answers that are too long to be in memory: made while they are sent, and few of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Response

from appliance.control.long_answers import MOST_WHOLE_BYTES, LongAnswers, begin


def numbered(number: int) -> Iterator[bytes]:
    return (b"%09d\n" % one for one in range(number))


def test_what_is_short_is_whole() -> None:
    assert (begin(numbered(3)).body, begin(numbered(3)).rest) == (b"".join(numbered(3)), None)
    begun = begin(numbered(MOST_WHOLE_BYTES // 10 + 10_000))
    assert begun.rest is not None
    assert begun.body + b"".join(begun.rest) == b"".join(numbered(MOST_WHOLE_BYTES // 10 + 10_000))


def test_few_are_sent_at_once_and_each_ends() -> None:
    answers, app, number = LongAnswers(most=1), FastAPI(), MOST_WHOLE_BYTES // 5
    refused: list[HTTPException] = []

    def while_it_is_sent() -> Iterator[bytes]:
        yield from numbered(number)
        # Its beginning is out: it counts.
        with pytest.raises(HTTPException, match="at most 1 answers as long as this one") as refusal:
            answers.response(begin(numbered(number)), "text/plain")
        refused.append(refusal.value)

    @app.get("/")
    def read() -> Response:
        return answers.response(begin(while_it_is_sent()), "text/plain")

    async def play() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            for _ in range(2):
                assert (await client.get("/")).content == b"".join(numbered(number))
                assert answers.here == 0

    asyncio.run(play())
    assert [(one.status_code, one.headers) for one in refused] == [(503, {"Retry-After": "10"})] * 2
