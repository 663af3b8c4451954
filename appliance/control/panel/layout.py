"""The frame of every page: skip link, header, navigation; the page itself is in ``main``.

For those who build pages: there is no Tailwind here. Use Quasar's classes (row, column, items-center, q-gutter-md, …) or those
of ``static/panel.css``: ``card``, ``stack`` (one below the other), ``line`` (side by side, wraps), ``grid`` (as many columns as
fit), ``muted``, ``number`` (tabular), ``dot ok|degraded|down|starting``, ``wide`` (may scroll sideways inside itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import Client, ui

from appliance.control.panel.icons import icon
from appliance.control.panel.pulse import Pulse
from appliance.control.panel.sight import Sight
from appliance.control.panel.theme import head
from appliance.control.panel.visitor import LoggedOut, Visitor, notify
from appliance.errors import Refusal

ROOMS = (("/", "Live"), ("/counts", "Counts"), ("/models", "Models"), ("/health", "Health"), ("/settings", "Settings"))


@contextmanager
def frame(client: Client, visitor: Visitor, pulse: Pulse, title: str, here: str) -> Iterator[None]:
    """Around a page; ``here`` is its room in the navigation."""
    client.title = f"{title} · {visitor.house.site}"
    ui.add_head_html(head(visitor.csrf))
    with client.layout:
        _skip_link().move(target_index=0)
        _header(client, visitor, pulse).move(target_index=1)
        _navigation(here).move(target_index=2)
    client.on_exception(_tell)
    client.page_container.props('id="content" tabindex="-1"')
    heading(title)
    yield


def _tell(error: Exception) -> None:
    """What a handler did not foresee is in the log, and its page does not just stand still."""
    if not isinstance(error, LoggedOut):
        notify(error.sentence if isinstance(error, Refusal) else "That did not work. The log of the machine says why.")


def heading(title: str) -> None:
    """The first heading of the page."""
    with ui.element("h1").classes("title"):
        ui.label(title).classes("inline")


class StateAtAGlance:
    """In the header of every page; leads to the health."""

    def __init__(self) -> None:
        with ui.element("a").props('href="/health"').classes("glance"):
            self._dot = ui.element("span").classes("dot")
            # Read out whenever it changes.
            self._words = ui.label().props('role="status"')

    def show(self, sight: Sight) -> None:
        """How everything is now."""
        glance = sight.glance
        if self._words.text != glance.brief:
            self._words.text = glance.brief
        self._dot.classes(replace=f"dot {glance.state}")


def _skip_link() -> ui.element:
    with ui.element("a").props('href="#content"').classes("skip") as link:
        ui.label("Skip to the page")
    return link


def _header(client: Client, visitor: Visitor, pulse: Pulse) -> ui.element:
    with ui.element("header").classes("bar") as header:
        with ui.element("a").props('href="/"').classes("site"):
            ui.label(visitor.house.site)
        glance = StateAtAGlance()
        pulse.watch(client, visitor, glance.show)
        ui.element("span").classes("space")
        ui.label(f"{visitor.name}, {visitor.role.value}").classes("who muted")
        _button("theme", "Dark or light", "theme")
        _button("leave", "Log out", "leave")
    return header


def _button(action: str, words: str, picture: str) -> None:
    """Done in the browser, see ``static/panel.js``."""
    with (
        ui.element("button").props(f'type="button" data-action="{action}" aria-label="{words}" title="{words}"').classes("round")
    ):
        icon(picture)


def _navigation(here: str) -> ui.element:
    with ui.element("nav").props('aria-label="Pages"').classes("rooms") as navigation:
        for path, name in ROOMS:
            current = ' aria-current="page"' if path == here else ""
            with ui.element("a").props(f'href="{path}"{current}').classes("room"):
                icon(name.lower())
                ui.label(name)
    return navigation
