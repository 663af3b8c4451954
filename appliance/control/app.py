"""The HTTP application: routes, errors, documentation. Sockets and threads are in ``process``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

import appliance
from appliance.access.guard import Guard
from appliance.control.door import Door
from appliance.control.house import House
from appliance.control.problems import Problem, tell_problems
from appliance.control.routes import configuration, counts, health, status

ABOUT = "What crosses which line, when, and in which direction; and whether anybody was looking."


def create_app(house: House, guard: Guard) -> FastAPI:
    """For one machine."""
    app = FastAPI(
        title="appliance",
        version=appliance.__version__,
        description=ABOUT,
        openapi_url="/api/v1/openapi.json",
        # Their pages fetch what they need from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.house, app.state.door = house, Door(guard)
    tell_problems(app)
    app.include_router(health.router)
    app.include_router(status.router, prefix="/api/v1")
    app.include_router(counts.router, prefix="/api/v1")
    app.include_router(configuration.router, prefix="/api/v1")
    _document_problems(app)
    return app


def _document_problems(app: FastAPI) -> None:
    """Put the schema of a problem where the routes refer to it."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= schema.pop("$defs", {})
        schemas["Problem"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]
