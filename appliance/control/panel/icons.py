"""Small pictures of the panel, drawn with lines on a field of 24 by 24."""

from __future__ import annotations

from nicegui import ui

PATHS = {
    "live": "M4 6h11v12H4z M15 10l5-3v10l-5-3",
    "counts": "M4 20V10 M10 20V4 M16 20v-7 M22 20H2",
    "models": "M12 3l8 4.5v9L12 21l-8-4.5v-9z M12 12l8-4.5 M12 12v9 M12 12L4 7.5",
    "health": "M3 12h4l3-7 4 14 3-7h4",
    "settings": "M4 7h9 M17 7h3 M4 17h3 M11 17h9 M15 4.5v5 M9 14.5v5",
    "theme": "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    "leave": "M14 4h5v16h-5 M10 8l-4 4 4 4 M6 12h9",
}


def icon(name: str) -> ui.element:
    """One of them; it says nothing that words beside it, or the label around it, do not say."""
    with ui.element("svg").props('viewBox="0 0 24 24" aria-hidden="true" focusable="false"').classes("icon") as picture:
        ui.element("path").props(f'd="{PATHS[name]}"')
    return picture
