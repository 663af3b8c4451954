"""Routes whose POST may be sent twice: with an Idempotency-Key, the second one gets the answer of the first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from appliance.clock import wall_ns
from appliance.control.answers import Answers, Claim, KeptAnswer, Trouble
from appliance.control.door import door_of
from appliance.errors import Refusal

HEADER = "idempotency-key"
MOST_LETTERS = 255
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
STATUSES = {Trouble.OTHER: 422, Trouble.UNDER_WAY: 409, Trouble.UNKNOWN: 409}


def _document(
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=MOST_LETTERS,
            description="Of the client's choice, new for every change: whoever hears no answer sends it again, within a day,"
            " and nothing is done twice.",
            examples=["6b1f0c1e-7d1b-4f0e-9a55-0d0f6a2e9c11"],
        ),
    ] = None,
) -> None:
    del idempotency_key


WITH_KEY = Depends(_document)


class Unsettled(HTTPException):
    """It may still be done, or not: the key stays taken, and nobody does it a second time by asking again."""


class Repeatable(APIRoute):
    """A route that looks at the key before anything else is done."""

    def get_route_handler(self) -> Handler:
        """What answers a request."""
        answer = super().get_route_handler()

        async def answer_once(request: Request) -> Response:
            key = request.headers.get(HEADER, "")
            if request.method != "POST" or not 1 <= len(key) <= MOST_LETTERS:
                return await answer(request)
            caller = await run_in_threadpool(door_of(request).caller_of, request)
            claim = Claim(caller.token_id, key, _digest(request, await request.body()))
            return await _once(request.app.state.answers, claim, answer, request)

        return answer_once


async def _once(answers: Answers, claim: Claim, answer: Handler, request: Request) -> Response:
    known = await run_in_threadpool(answers.claim, claim, wall_ns())
    if isinstance(known, Trouble):
        raise HTTPException(STATUSES[known], known.value)
    if known is not None:
        return Response(known.body, known.status, json.loads(known.headers))
    try:
        response = await answer(request)
        kept = KeptAnswer(response.status_code, json.dumps(dict(response.headers)), bytes(response.body))
        await run_in_threadpool(answers.keep, claim, kept)
    except Unsettled:
        raise
    except (HTTPException, RequestValidationError, Refusal):
        # Whatever else goes wrong leaves the claim, because nobody knows what was done.
        await run_in_threadpool(answers.forget, claim)
        raise
    finally:
        answers.release(claim)
    return response


def _digest(request: Request, body: bytes) -> bytes:
    """Of what is asked: where, how, and with what."""
    digest = hashlib.sha256()
    for part in (request.url.path.encode(), request.url.query.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
