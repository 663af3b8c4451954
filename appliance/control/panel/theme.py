"""How the panel looks: its style sheet and scripts, all of them from this package, and what NiceGUI is told of colours."""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nicegui import app as nicegui_app
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
STATIC_PATH = "/panel-static"
FOR_GOOD = "public, max-age=31536000, immutable"
# A line, and what crosses it.
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0b5cb8"/>'
    '<path d="M16 6v20M6 16h20m-6-5 6 5-6 5" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>'
)
# White text can be read on all of them, and they on white.
COLOURS = {
    "primary": "#0b5cb8",
    "secondary": "#4a5568",
    "accent": "#0b5cb8",
    "positive": "#18794e",
    "negative": "#b3261e",
    "warning": "#8a5300",
    "info": "#0b5cb8",
    "dark": "#181f27",
    "dark_page": "#0f1419",
}
# NiceGUI follows the system; what was chosen in this browser comes before.
CHOSEN = "setDark(window.panelTheme ? window.panelTheme.isDark() : None);"


class Assets(StaticFiles):
    """The files of the panel; their addresses change with them, see ``asset``."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        """One of them."""
        response = super().file_response(*args, **more)
        response.headers["Cache-Control"] = FOR_GOOD
        return response


def set_up() -> None:
    """Tell NiceGUI; once is enough, and more do no harm."""
    nicegui_app.colors(**COLOURS)
    config = nicegui_app.config
    if CHOSEN not in config.vue_config_script:
        config.vue_config_script += CHOSEN


def favicon() -> str:
    """As an address that holds it."""
    return f"data:image/svg+xml,{quote(FAVICON)}"


def asset(name: str) -> str:
    """The address of a file of the panel; another one whenever the file changes, so that browsers may keep it for good."""
    return f"{STATIC_PATH}/{name}?{_digest(name)}"


def head(csrf: str = "") -> str:
    """What every page has in its head; the theme's script comes before anything is painted."""
    meta = f'<meta name="csrf" content="{escape(csrf)}">' if csrf else ""
    return (
        f'{meta}<meta name="theme-color" content="#0f1419"><script src="{asset("theme.js")}"></script>'
        f'<link rel="stylesheet" href="{asset("panel.css")}"><script defer src="{asset("panel.js")}"></script>'
    )


_digests: dict[str, str] = {}


def _digest(name: str) -> str:
    if name not in _digests:
        _digests[name] = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return _digests[name]
