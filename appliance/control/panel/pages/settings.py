"""The page of settings: the site's file, its revisions, tokens, the audit log and facts, each under an address of its own."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from appliance.access.roles import Permission
from appliance.control.panel.parts.controls import use_style, words
from appliance.control.panel.settings.about import About
from appliance.control.panel.settings.audit import AuditLog
from appliance.control.panel.settings.editor import Editor
from appliance.control.panel.settings.revisions import Revisions
from appliance.control.panel.settings.tokens import Tokens
from appliance.control.panel.visitor import Visitor

# What each is called, what makes it, and what it needs.
TABS: dict[str, tuple[str, Callable[[Visitor], object], Permission]] = {
    "file": ("Configuration", Editor, Permission.LOOK),
    "revisions": ("Revisions", Revisions, Permission.LOOK),
    "tokens": ("Tokens", Tokens, Permission.TOKENS),
    "audit": ("Audit log", AuditLog, Permission.TOKENS),
    "about": ("About", About, Permission.LOOK),
}
# Of a machine that was started without a file there is nothing to tell in them.
OF_A_FILE = ("file", "revisions")


def build(visitor: Visitor) -> None:
    """The page."""
    use_style()
    has_file = visitor.house.site_file is not None
    allowed = [tab for tab, (_, _, needed) in TABS.items() if visitor.may(needed) and (has_file or tab not in OF_A_FILE)]
    asked = ui.context.client.request.query_params.get("tab", "")
    here = asked if asked in allowed else allowed[0]
    with ui.element("nav").classes("tabs").props('aria-label="Settings"'):
        for tab in allowed:
            link = words(TABS[tab][0], "a", "tab").props(f'href="/settings?tab={tab}"')
            if tab == here:
                link.props["aria-current"] = "page"
    TABS[here][1](visitor)
