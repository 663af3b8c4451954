"""Errors as RFC 9457 has them: ``application/problem+json``, one clear sentence in ``detail``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Route

from appliance.access.tokens import NameTaken
from appliance.configuration.refusals import Faulty, MachineRefused, Missing, NoAnswer, Stale, Taken
from appliance.control.reach import OutOfReach
from appliance.errors import Refusal, encodable

# The first that fits.
STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (Faulty, 422),
    (OutOfReach, 403),
    (Stale, 412),
    (Missing, 404),
    (Taken, 409),
    (NameTaken, 409),
    (NoAnswer, 504),
    (MachineRefused, 409),
)
MEDIA_TYPE = "application/problem+json"
# What each status says here.
MEANINGS = {
    401: "a token is wanted as 'Authorization: Bearer …', or a session; there is none, or it is good no more",
    403: "the token's role may not do that, or not with this source or login, or a page does not show that it means it",
    404: "there is nothing of this name",
    409: "there is something in the way: the name is taken, or the running machine refuses",
    412: "it was changed meanwhile; read it again",
    413: "the body is too large",
    422: "something in the request cannot be as it is; 'faults' says where",
    428: "an If-Match header with the ETag of what is changed is wanted",
    429: "too many wrong tokens, or too much at once; Retry-After says when to try again",
    503: "the machine, or what it needs for this, does not answer now",
    504: "the machine has not answered in time; 'detail' says what became of it",
}


class Fault(BaseModel):
    """One place of a request that cannot be as it is."""

    place: str = Field(description="Where, as in query.bucket or body.lines.0.name.", examples=["query.bucket"])
    sentence: str = Field(description="What is wanted there.", examples=["Input should be 'minute', 'hour' or 'day'"])


class Problem(BaseModel):
    """Why a request was not carried out."""

    type: str = Field(default="about:blank", description="There is one type only; status and detail say it all.")
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="The status.", examples=[404])
    detail: str = Field(description="What was wanted and what was found, as a sentence for people.")
    faults: list[Fault] = Field(default=[], description="Each place of the request that is wrong.")


def problem(status: int, detail: str, faults: list[Fault] | None = None, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response."""
    content = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, faults=faults or [])
    return JSONResponse(content.model_dump(), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for OpenAPI."""
    return {
        status: {
            "description": MEANINGS.get(status, HTTPStatus(status).phrase),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": "about:blank",
                        "title": HTTPStatus(status).phrase,
                        "status": status,
                        "detail": MEANINGS.get(status, HTTPStatus(status).phrase),
                        "faults": [],
                    },
                }
            },
            "model": Problem,
        }
        for status in statuses
    }


def methods_at(app: FastAPI, request: Request) -> set[str]:
    """What may be done at an address."""
    found: set[str] = set()
    for route in app.routes:
        if isinstance(route, Route) and route.path_regex.match(request.scope["path"]):
            found |= route.methods or set()
    return found


def tell_problems(app: FastAPI) -> None:
    """Have the app answer every error so."""

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            # Each route knows of its own methods only.
            headers["Allow"] = ", ".join(sorted(methods_at(app, request)))
            return problem(405, f"{headers['Allow']} is wanted there, found {request.method}", headers=headers)
        if error.status_code == 400:
            # So FastAPI calls what is not even text.
            return problem(422, "a body in JSON, as UTF-8, is wanted, found one that cannot be read", headers=headers)
        return problem(error.status_code, str(error.detail), headers=headers)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, RequestValidationError)
        faults = [
            Fault(place=encodable(".".join(str(part) for part in one["loc"])), sentence=encodable(one["msg"]))
            for one in error.errors()
        ]
        return problem(422, f"{faults[0].place}: {faults[0].sentence}" if faults else "the request cannot be read", faults)

    async def refused(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, Refusal)
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 422 if error.usage else 503)
        faults = [Fault(place=one.place, sentence=str(one)) for one in error.faults] if isinstance(error, Faulty) else []
        return problem(status, error.sentence, faults)

    async def broken(request: Request, error: Exception) -> JSONResponse:
        # What it was stands in the log, and is nobody's business.
        del request, error
        return problem(500, "something is broken here; the log of the machine says what")

    app.add_exception_handler(Exception, broken)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Refusal, refused)
