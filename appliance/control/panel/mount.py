"""The panel on the application: every page has its route here."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from nicegui import Client, ui
from nicegui import app as nicegui_app

from appliance.access.guard import Guard
from appliance.configuration.refusals import Missing
from appliance.control.house import House
from appliance.control.panel import theme, visitor
from appliance.control.panel.gate import Gate, Rooms
from appliance.control.panel.layout import frame
from appliance.control.panel.pages import camera, counts, health, live, login, models, settings
from appliance.control.panel.pulse import Pulse
from appliance.control.panel.words import capital
from appliance.errors import Refusal

MISSING, UNAVAILABLE = 404, 503
PATHS = frozenset({"/", "/camera", "/counts", "/models", "/health", "/settings"})
# A phone that was in a pocket for a moment finds its page as it was.
RECONNECT_S = 10.0


def mount(app: FastAPI, house: House, guard: Guard) -> None:
    """Add the panel; after all other routes. There is one NiceGUI in a process, so the last one that was mounted is served."""
    theme.set_up()
    login.add_route(app, house, guard)
    app.mount(theme.STATIC_PATH, theme.Assets(directory=theme.STATIC), name="panel-static")
    _add_pages(house, guard)
    _begin_anew()
    ui.run_with(
        app,
        title="appliance",
        favicon=theme.favicon(),
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
    )
    # In the place of NiceGUI's own mount, which would take every path and answer even those that only the API knows.
    app.router.routes.pop()
    app.router.routes.append(Rooms(Gate(nicegui_app, guard), PATHS))


def _begin_anew() -> None:
    nicegui_app.user_middleware.clear()
    nicegui_app.middleware_stack = None


def _add_pages(house: House, guard: Guard) -> None:
    pulse = Pulse(house)

    def show(client: Client, title: str, here: str, build: Callable[[visitor.Visitor], None]) -> None:
        who = visitor.of_page(client, house, guard)
        with frame(client, who, pulse, title, here):
            try:
                build(who)
            except Refusal as refusal:
                client.status_code = MISSING if isinstance(refusal, Missing) else UNAVAILABLE
                with ui.element("section").classes("card"):
                    ui.label(capital(refusal.sentence)).props('role="alert"')

    @ui.page("/")
    def _live(client: Client) -> None:
        show(client, "Live", "/", lambda who: live.build(who, client, pulse))

    @ui.page("/camera/{name}")
    def _camera(client: Client, name: str) -> None:
        show(client, name, "/", lambda who: camera.build(who, name))

    @ui.page("/counts")
    def _counts(client: Client) -> None:
        show(client, "Counts", "/counts", counts.build)

    @ui.page("/models")
    def _models(client: Client) -> None:
        show(client, "Models", "/models", models.build)

    @ui.page("/health")
    def _health(client: Client) -> None:
        show(client, "Health", "/health", lambda who: health.build(who, client, pulse))

    @ui.page("/settings")
    def _settings(client: Client) -> None:
        show(client, "Settings", "/settings", settings.build)
