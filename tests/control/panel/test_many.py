"""A hundred cameras on one page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.control.panel.browser import DESKTOP, PHONE, asked_for_pictures, needs_chromium, photograph
from tests.control.panel.crowd import Crowd
from tests.control.panel.looks import assert_fits

pytestmark = [needs_chromium]
NUMBER = 100
# There are cameras, but nobody makes pictures of them.
WITHOUT_PICTURES = ("status of 503",)


def test_a_hundred_cameras_can_be_used(chromium: Browser, tmp_path: Path) -> None:
    with Crowd(tmp_path, NUMBER) as crowd:
        for size in (DESKTOP, PHONE):
            with crowd.panel.page(chromium, size, role="viewer", expects=WITHOUT_PICTURES) as page:
                asked = asked_for_pictures(page)
                page.goto("/")
                tiles = page.get_by_role("listitem")
                expect(tiles).to_have_count(NUMBER)
                expect(page.locator(".bar").get_by_role("status")).to_have_text("10 problems")
                assert_fits(page)
                photograph(page, "live-many")
                page.get_by_label("Camera by name").fill("a-04")
                expect(tiles).to_have_count(10)
                page.get_by_label("Only what needs attention (10)").check()
                expect(tiles).to_have_count(1)
                expect(tiles).to_contain_text("camera-047")
                expect(tiles).to_contain_text("the connection is refused")
                page.get_by_label("Camera by name").fill("none")
                expect(page.get_by_text("No camera fits.")).to_be_visible()
                # A picture that does not come is waited for, and meanwhile only one more is asked for.
                assert asked
                assert all("/snapshot.jpg" in url for url in asked)
                page.goto("/health")
                expect(page.get_by_role("rowheader")).to_have_count(NUMBER)
                assert_fits(page)
