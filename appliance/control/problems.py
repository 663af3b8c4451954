"""Errors as RFC 9457 has them: ``application/problem+json``, one clear sentence in ``detail``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from appliance.configuration.refusals import Faulty, MachineRefused, Missing, NoAnswer, Stale, Taken
from appliance.errors import Refusal

# The first that fits.
STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (Faulty, 422),
    (Stale, 412),
    (Missing, 404),
    (Taken, 409),
    (NoAnswer, 504),
    (MachineRefused, 409),
)
MEDIA_TYPE = "application/problem+json"


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
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "model": Problem,
        }
        for status in statuses
    }


def tell_problems(app: FastAPI) -> None:
    """Have the app answer every error so."""

    async def http(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, RequestValidationError)
        faults = [Fault(place=".".join(str(part) for part in one["loc"]), sentence=one["msg"]) for one in error.errors()]
        return problem(422, f"{faults[0].place}: {faults[0].sentence}" if faults else "the request cannot be read", faults)

    async def refused(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, Refusal)
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 422 if error.usage else 503)
        faults = [Fault(place=one.place, sentence=str(one)) for one in error.faults] if isinstance(error, Faulty) else []
        return problem(status, error.sentence, faults)

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Refusal, refused)
