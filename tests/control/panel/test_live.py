"""The first page: what it shows, what it costs, and how it looks."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from prometheus_client.parser import text_string_to_metric_families

from tests.cameras import needs_gstreamer
from tests.control.panel.browser import (
    DESKTOP,
    PATIENCE_MS,
    PHONE,
    Panel,
    asked_for_pictures,
    needs_chromium,
    photograph,
    running_panel,
)
from tests.control.panel.conftest import MARKUP
from tests.control.panel.looks import assert_fits, assert_reachable, assert_readable
from tests.system.sites import pid_of
from tests.waiting import wait_until

pytestmark = [needs_chromium, needs_gstreamer]
# What the browser says while the machine is away.
AWAY = ("net::ERR_", "WebSocket connection")
HAS_PICTURE = "() => document.querySelector('.tile img.shown')?.naturalWidth > 0"


def viewers(panel: Panel) -> float:
    """As the machine knows them."""
    answer = httpx.get(f"{panel.url}/metrics", headers={"authorization": f"Bearer {panel.tokens['viewer']}"}, timeout=60)
    return next(
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "appliance_viewers"
    )


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_shows_every_camera_with_its_picture_state_and_counts(panel: Panel, chromium: Browser, size: ViewportSize) -> None:
    with panel.page(chromium, size, role="viewer") as page:
        page.goto("/")
        expect(page).to_have_title("Live · north-gate")
        gate, gone = tile(page, "gate"), tile(page, "gone")
        expect(gate).to_contain_text("OK since")
        expect(gate).to_contain_text(re.compile(r"\d fps"))
        expect(gate).to_contain_text(re.compile(r"middle\s*forward\s*\d+\s*backward\s*\d+"))
        page.wait_for_function(HAS_PICTURE)
        expect(gone).to_contain_text("Down since")
        expect(gone.locator("img")).to_have_count(0)
        assert_fits(page)
        photograph(page, "live")
        assert_reachable(page)
        assert_readable(page)


def test_what_others_say_is_text_and_never_markup(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        for path in ("/", "/health"):
            page.goto(path)
            expect(page.get_by_text(MARKUP).first).to_be_visible()
            assert page.locator("img[src=x]").count() == 0


def test_counts_rise_while_one_looks(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/")
        numbers = tile(page, "gate").locator("dd strong")
        expect(numbers.first).not_to_have_text("0")
        before = numbers.all_inner_texts()
        panel.site.until_counted("gate", 2)
        expect(numbers.first).not_to_have_text(before[0])


def test_a_tile_leads_to_its_camera(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/")
        tile(page, "gate").get_by_role("link").click()
        expect(page).to_have_url(f"{panel.url}/camera/gate")


def test_nobody_makes_pictures_that_nobody_sees(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        asked = asked_for_pictures(page)
        page.goto("/")
        page.wait_for_function(HAS_PICTURE)
        assert [url.partition("?")[0] for url in asked] == [f"{panel.url}/api/v1/cameras/gate/stream"]
        # Whoever has just left may still be known.
        wait_until("one watches", lambda: viewers(panel) == 1, PATIENCE_MS / 1000)
        page.evaluate("document.querySelector('.tiles').style.marginTop = '5000px'")
        wait_until("nobody watches", lambda: viewers(panel) == 0, PATIENCE_MS / 1000)
        page.evaluate("document.querySelector('.tiles').style.marginTop = ''")
        page.wait_for_function(HAS_PICTURE)


def test_a_phone_gets_single_pictures(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, PHONE) as page:
        asked = asked_for_pictures(page)
        page.goto("/")
        page.wait_for_function(HAS_PICTURE)
        assert {url.partition("?")[0] for url in asked} == {f"{panel.url}/api/v1/cameras/gate/snapshot.jpg"}


def test_dark_and_light_follow_the_system_until_one_is_chosen_and_that_is_kept(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, color_scheme="dark") as page:
        page.goto("/")
        root, body = page.locator("html"), page.locator("body")
        expect(root).to_have_attribute("data-theme", "dark")
        expect(body).to_have_class(re.compile("body--dark"))
        page.emulate_media(color_scheme="light")
        expect(root).to_have_attribute("data-theme", "light")
        expect(body).to_have_class(re.compile("body--light"))
        page.get_by_role("button", name="Dark or light").click()
        expect(body).to_have_class(re.compile("body--dark"))
        for path in ("/health", "/login"):
            page.goto(path)
            expect(root).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Dark or light").click()
        expect(root).to_have_attribute("data-theme", "light")
        page.emulate_media(color_scheme="dark")
        expect(root).to_have_attribute("data-theme", "dark")


def test_the_skip_link_leads_past_the_navigation(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/")
        expect(tile(page, "gate")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(tile(page, "gate").get_by_role("link")).to_be_focused()
        for landmark in (page.get_by_role("banner"), page.get_by_role("main"), page.get_by_role("navigation")):
            expect(landmark).to_have_count(1)


def test_a_page_comes_back_by_itself_when_the_machine_does(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, expects=AWAY) as page:
        page.goto("/")
        page.wait_for_function(HAS_PICTURE)
        page.evaluate("window.isOld = true")
        os.kill(pid_of(panel.site.health(), "control"), signal.SIGKILL)
        page.wait_for_function("() => !window.isOld", timeout=60_000)
        expect(tile(page, "gate")).to_contain_text("OK since")
        page.wait_for_function(HAS_PICTURE)


def test_an_empty_site_shows_how_to_begin(chromium: Browser, tmp_path: Path) -> None:
    with running_panel(tmp_path, {}) as panel:
        with panel.page(chromium) as page:
            page.goto("/")
            expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
            assert_fits(page)
            photograph(page, "live-empty")
            assert_readable(page)
            page.get_by_role("button", name="Add a camera").click()
            expect(page.get_by_role("dialog")).to_be_visible()
        with panel.page(chromium, role="viewer") as page:
            page.goto("/")
            expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
            expect(page.get_by_role("button", name="Add a camera")).to_have_count(0)
