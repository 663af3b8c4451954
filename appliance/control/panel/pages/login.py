"""The login: a plain page with a small script, before anything else of the panel is loaded."""

from __future__ import annotations

from html import escape
from string import Template

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse

from appliance.access.guard import Guard
from appliance.control.house import House
from appliance.control.origin import is_at_home, is_loopback
from appliance.control.panel import theme
from appliance.control.panel.icons import PATHS
from appliance.control.panel.visitor import LOGIN

ENTER = """
<form id="login" novalidate>
<div><label for="token">Token</label>
<input id="token" type="password" autocomplete="current-password" spellcheck="false" autofocus
aria-describedby="wrong help"></div>
<p class="error" id="wrong" role="alert" hidden></p>
<button class="button" id="enter">Log in</button>
<p class="muted" id="help">Whoever runs this appliance makes tokens in its settings, or with
<code>appliance token create</code>.</p>
</form>"""
BEGIN = """
<section id="before">
<p><strong>This appliance has no token yet.</strong> A token is what you log in with. Make the first one here; it may do
everything, also make tokens for others.</p>
<p class="error" id="unmade" role="alert" hidden></p>
<button type="button" class="button" id="make">Make the first token</button>
</section>
<section id="after" hidden>
<p><strong>This is your token. It is shown only now.</strong> Keep it in a password manager: whoever has it may do everything
here. If it gets lost, <code>appliance token create</code> on this computer makes another.</p>
<div><label for="made">Token</label><input id="made" readonly spellcheck="false" autocomplete="off"></div>
<p class="line"><button type="button" class="button quiet" id="copy">Copy</button>
<span id="copied" role="status" hidden></span></p>
<p class="error" id="unentered" role="alert" hidden></p>
<button type="button" class="button" id="go">I have kept it: log in</button>
</section>"""
THEME = f'<svg viewBox="0 0 24 24" aria-hidden="true" class="icon"><path d="{PATHS["theme"]}"/></svg>'


def add_route(app: FastAPI, house: House, guard: Guard) -> None:
    """The login of this machine."""
    page = Template((theme.STATIC / "login.html").read_text(encoding="utf-8"))

    def login(request: Request) -> HTMLResponse:
        content = BEGIN if may_begin(request, guard) else ENTER
        text = page.substitute(
            site=escape(house.site),
            head=theme.head(),
            icon=theme.favicon(),
            style=theme.asset("login.css"),
            script=theme.asset("login.js"),
            theme=THEME,
            content=content,
        )
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})

    app.add_api_route(LOGIN, login, methods=["GET"], include_in_schema=False)


def may_begin(request: Request, guard: Guard) -> bool:
    """Whether this is the computer itself, and nobody has a token yet."""
    address = "" if request.client is None else request.client.host
    return is_loopback(address) and is_at_home(request) and not guard.tokens.listed()
