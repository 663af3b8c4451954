"""The HTTP application: routes, errors, documentation. Sockets and threads are in ``process``."""

from __future__ import annotations

from fastapi import FastAPI

import appliance
from appliance.access.guard import Guard
from appliance.control.answers import Answers
from appliance.control.document import name_of, serve_document
from appliance.control.door import Door
from appliance.control.house import House
from appliance.control.memory import Memory
from appliance.control.panel.mount import mount as mount_panel
from appliance.control.problems import tell_problems
from appliance.control.rooms import Rooms
from appliance.control.routes import (
    access,
    configuration,
    counts,
    drift,
    events,
    health,
    importing,
    infer,
    live,
    models,
    reading,
    status,
    trials,
    trying,
)

ABOUT = "What crosses which line, when, and in which direction; and whether anybody was looking."


def create_app(house: House, guard: Guard) -> FastAPI:
    """For one machine."""
    app = FastAPI(
        title="appliance",
        version=appliance.__version__,
        description=ABOUT,
        # See ``document``.
        openapi_url=None,
        generate_unique_id_function=name_of,
        # Their pages fetch what they need from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.house, app.state.door = house, Door(guard)
    app.state.rooms, app.state.memory, app.state.answers = Rooms(), Memory(), Answers(house.ledger.parent)
    tell_problems(app)
    app.include_router(health.router)
    app.include_router(status.router, prefix="/api/v1")
    app.include_router(drift.router, prefix="/api/v1")
    app.include_router(counts.router, prefix="/api/v1")
    app.include_router(configuration.router, prefix="/api/v1")
    app.include_router(reading.router, prefix="/api/v1")
    for router in (
        access.router,
        models.router,
        importing.router,
        live.router,
        trials.router,
        infer.router,
        events.router,
        trying.router,
    ):
        app.include_router(router, prefix="/api/v1")
    serve_document(app)
    mount_panel(app, house, guard)
    return app
