"""The page of health: what it says, that it goes on by itself, and how it looks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.cameras import needs_gstreamer
from tests.control.panel.browser import DESKTOP, PHONE, Panel, needs_chromium, photograph
from tests.control.panel.looks import assert_fits, assert_reachable, assert_readable
from tests.system.sites import state_of

pytestmark = [needs_chromium, needs_gstreamer]
MARK_ALL = "document.querySelectorAll('main *').forEach((one) => (one.isOld = true))"
NEW = "[...document.querySelectorAll('main *')].filter((one) => !one.isOld).map((one) => one.outerHTML)"


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_tells_how_everything_is_and_why(panel: Panel, chromium: Browser, size: ViewportSize) -> None:
    with panel.page(chromium, size) as page:
        page.goto("/health")
        verdict = page.get_by_label("Verdict")
        expect(verdict).to_contain_text(re.compile(r"gone is down since .*: rtsp://127.0.0.1:9/.* the connection is refused\."))
        expect(row(page, "gone")).to_contain_text("Down")
        expect(row(page, "gate")).to_contain_text("128 × 72, 25 fps")
        expect(row(page, "gate")).to_contain_text(re.compile(r"\d fps"))
        for process in ("decode.gate", "detect", "track.0", "count", "control"):
            expect(row(page, process)).to_contain_text("OK")
        expect(row(page, "count")).to_contain_text(re.compile(r"\d ms"))
        for fact in ("Disk free", "Ledger", "MQTT", "Restarts"):
            expect(page.locator(".fact").filter(has=page.get_by_text(fact, exact=True))).to_contain_text(re.compile(r"\d|Off"))
        expect(page.locator(".bar").get_by_role("status")).to_have_text("1 problem")
        assert_fits(page)
        photograph(page, "health")
        assert_reachable(page)
        assert_readable(page)


def test_figures_change_and_nothing_is_built_anew(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/health")
        # CPU is known when it was seen twice.
        expect(row(page, "detect")).to_contain_text("%")
        page.evaluate(MARK_ALL)
        frames = row(page, "count").get_by_role("cell").nth(6)
        for _ in range(3):
            before = frames.inner_text()
            expect(frames).not_to_have_text(before)
        assert page.evaluate(NEW) == []


def test_what_happens_is_told_at_once(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/health")
        expect(row(page, "gate")).to_contain_text("OK")
        site = panel.site
        cameras = site.tree["cameras"]
        assert isinstance(cameras, list)
        gate, gone = cameras
        site.change({"gate": gate})
        expect(page.get_by_label("Verdict")).to_contain_text("All is well since")
        expect(page.locator(".bar").get_by_role("status")).to_have_text("All is well")
        expect(row(page, "gone")).to_have_count(0)
        site.change({"gate": gate, "gone": gone})
        expect(row(page, "gone")).to_contain_text("Down")
        site.until(state_of("gone", "down"))
