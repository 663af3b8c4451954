"""All that a new user does, in one go: from a site with nothing in it to counts in a sheet."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from ruamel.yaml import YAML

from tests.cameras import Camera, needs_gstreamer
from tests.control.panel.browser import DESKTOP, PHONE, Panel, needs_chromium, photograph, running_panel
from tests.control.panel.drawing import draw_line, on_picture, open_line, press, save
from tests.system.videos import Encoding, traffic, write_video

pytestmark = [needs_chromium, needs_gstreamer]
NUMBER = re.compile(r"^[1-9]\d*$")


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One that sees a block cross its middle once a second."""
    clip = tmp_path_factory.mktemp("clips") / "traffic.mp4"
    with Camera(write_video(clip, traffic(4), Encoding(options={"g": "25", "bf": "0"}))) as camera:
        yield camera


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_nothing_to_counts_in_a_sheet(
    chromium: Browser, camera: Camera, size: ViewportSize, tmp_path: Path, record_property: Any
) -> None:
    with running_panel(tmp_path, {}, roles=()) as panel, panel.page(chromium, size, role=None) as page:
        begun_s = time.monotonic()
        log_in_for_the_first_time(page, panel)
        add(page, camera.url)
        if size is PHONE:
            tap_line(page, "crossing")
        else:
            draw_line(page, "crossing", (0.5, 0.95), (0.5, 0.05))
        save(page, "crossing is saved.")
        expect(page.locator(".one-line", has_text="crossing").locator("b").first).to_have_text(NUMBER)
        record_property("from an empty site to a first count, s", round(time.monotonic() - begun_s, 1))
        counts_rise(page)
        page.goto("/camera/gate")
        rename(page)
        roll_back(page)
        assert [line["name"] for line in lines_of(tmp_path)] == ["crossing"]
        # It goes on counting while the sheet is made.
        before = panel.site.crossings("gate")
        assert counted_in_sheet(page) >= before > 0


def log_in_for_the_first_time(page: Page, panel: Panel) -> None:
    page.goto("/")
    page.get_by_role("button", name="Make the first token").click()
    expect(page.get_by_label("Token")).to_have_value(re.compile("^apl_"))
    page.get_by_role("button", name="I have kept it: log in").click()
    expect(page).to_have_url(f"{panel.url}/")


def add(page: Page, url: str) -> None:
    """The only camera."""
    page.get_by_role("button", name="Add a camera").click()
    page.get_by_label("Address").fill(url)
    page.get_by_label("Name").fill("gate")
    press(page, "Test")
    expect(page.get_by_role("img", name="What gate shows")).to_be_visible()
    press(page, "Add")
    expect(page.get_by_role("heading", name="gate is being watched")).to_be_visible()
    press(page, "Draw a line")
    page.wait_for_url("**/camera/gate")
    expect(page.locator(".editor .waiting")).to_have_count(0)


def tap_line(page: Page, name: str) -> None:
    """With a finger."""
    page.get_by_role("button", name="Draw a line").tap()
    expect(page.locator(".editor.drawing")).to_be_visible()
    for spot in ((0.5, 0.95), (0.5, 0.05)):
        page.touchscreen.tap(*on_picture(page, spot))
    page.get_by_label("Name").fill(name)


def counts_rise(page: Page) -> None:
    """On the first page."""
    page.goto("/")
    number = page.get_by_role("listitem").filter(has_text="crossing").locator("dd strong").first
    expect(number).to_have_text(NUMBER)
    before = number.inner_text()
    expect(number).not_to_have_text(before)
    photograph(page, "tour-live")


def rename(page: Page) -> None:
    open_line(page, "crossing")
    page.get_by_label("Name").fill("high-street")
    save(page, "crossing is called high-street now.")


def roll_back(page: Page) -> None:
    """To the state before the newest."""
    page.goto("/settings?tab=revisions")
    page.get_by_role("button", name=re.compile("^Show revision")).nth(1).click()
    press(page, "Roll back to this …")
    page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="in force")).to_contain_text("back to revision")


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """As they stand in the site's file."""
    [camera] = YAML(typ="safe").load((folder / "site.json").read_text())["cameras"]
    return list(camera["lines"])


def counted_in_sheet(page: Page) -> int:
    """Each crossing of today that was downloaded."""
    page.goto("/counts")
    with page.expect_download() as started:
        press(page, "Download each crossing (CSV)")
    rows = list(csv.DictReader(Path(started.value.path()).read_text("utf-8-sig").splitlines()))
    assert {row["camera"] for row in rows} == {"gate"}
    return len(rows)
