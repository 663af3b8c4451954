"""Chromium in front of a real machine, for tests of the panel.

    with running_panel(folder, {"gate": {"source": camera.url}}) as panel, panel.page(chromium, PHONE) as page:
        page.goto("/counts")

``panel.page`` is logged in, and fails the test in the end where the browser complained of anything, or asked another host.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from tests.publish.brokers import free_port
from tests.system.cli import run_cli
from tests.system.sites import Site
from tests.waiting import wait_until

CHROMIUM = Path("/usr/bin/chromium")
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
DESKTOP, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
# A browser, a machine and their pictures on two cores have their time.
PATIENCE_MS, STARTS_WITHIN_S = 60_000, 120.0
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="a real browser is needed: scripts/install --system")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser; the fixture ``chromium`` is one for all tests."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        # It may not ask its maker for anything, and has no sandbox for root.
        switches = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Panel:
    """The panel of a machine that runs."""

    url: str
    tokens: dict[str, str] = field(repr=False)
    """By role."""
    running: Site | None = None

    @property
    def site(self) -> Site:
        """The machine, seen from outside."""
        assert self.running is not None, "there is a control process only"
        return self.running

    @contextmanager
    def page(
        self,
        browser: Browser,
        size: ViewportSize = DESKTOP,
        role: str | None = "admin",
        *,
        expects: tuple[str, ...] = (),
        **more: Any,
    ) -> Iterator[Page]:
        """A page of this size, logged in unless the role is None; complaints with one of the ``expects`` in them are fine."""
        is_phone = size["width"] < 600
        context = browser.new_context(base_url=self.url, viewport=size, has_touch=is_phone, is_mobile=is_phone, **more)
        context.set_default_timeout(PATIENCE_MS)
        faults: list[str] = []
        try:
            if role is not None:
                log_in(context, self.tokens[role])
            page = context.new_page()
            _listen(page, self.url, faults)
            yield page
        finally:
            context.close()
        found = [fault for fault in faults if not any(expected in fault for expected in expects)]
        assert found == [], found


@contextmanager
def running_panel(
    folder: Path, cameras: dict[str, dict[str, object]], roles: tuple[str, ...] = ("admin", "viewer"), **tree: object
) -> Iterator[Panel]:
    """A machine with these cameras, and with a token for each role; what else is named goes into the site's file."""
    port, data = free_port(), folder / "data"
    tokens = {role: make_token(role, data) for role in roles}
    site = Site(folder, cameras)
    site.tree |= {"control": {"port": port}, **tree}
    with site:
        url = f"http://127.0.0.1:{port}"
        wait_until("the panel answers", lambda: _is_there(url), STARTS_WITHIN_S)
        yield Panel(url, tokens, site)


def log_in(context: BrowserContext, token: str) -> None:
    """As the login page does it."""
    answer = context.request.post("/api/v1/session", data={"token": token})
    assert answer.ok, answer.text()


def press_while_it_is_there(button: Locator) -> None:
    """The page may be on its way to the login by itself."""
    with suppress(PlaywrightError):
        button.click(timeout=2000)


def asked_for_pictures(page: Page) -> list[str]:
    """Fills with the addresses of pictures as the page asks for them."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/v1/cameras/" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


def photograph(page: Page, name: str) -> None:
    """Into ``tests/artifacts``, for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size is not None
    page.screenshot(path=ARTIFACTS / f"{name}-{size['width']}.png", full_page=True)


def make_token(role: str, data: Path) -> str:
    """By the command line; the data folder need not be there yet."""
    made = run_cli("token", "create", f"the-{role}", "--role", role, "--data-dir", str(data))
    assert made.exit_code == 0, made.stderr
    return made.stdout.strip()


def _is_there(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


def _listen(page: Page, url: str, faults: list[str]) -> None:
    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(f"{message.type} in the console: {message.text} ({message.location['url']})")

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(url).netloc:
            faults.append(f"another host was asked: {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"a script failed: {error}"))
    page.on("request", asked)
