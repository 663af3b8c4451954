"""Adding a camera in a real browser: from nothing to one that counts."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.cameras import Camera, needs_gstreamer
from tests.control.panel.browser import (
    DESKTOP,
    PATIENCE_MS,
    PHONE,
    STARTS_WITHIN_S,
    Panel,
    needs_chromium,
    photograph,
    running_panel,
)
from tests.system.sites import state_of
from tests.system.videos import Encoding, traffic, write_video

pytestmark = [needs_chromium, needs_gstreamer]
PASSWORD = "s3cret:/?#"
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    """One that asks who calls."""
    folder = tmp_path_factory.mktemp("clips")
    clip = write_video(folder / "traffic.mp4", traffic(4, (640, 360)), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip, "--user", "me", "--password", PASSWORD) as camera:
        yield camera


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    with running_panel(tmp_path_factory.mktemp("site"), {}) as panel:
        yield panel
        assert panel.site.stop() == 0
    assert PASSWORD not in panel.site.stderr


def opened(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Add a camera").click()
    expect(page.get_by_role("dialog", name="Add a camera")).to_be_visible()
    # Who opens it can write at once.
    expect(page.get_by_label("Address")).to_be_focused()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_wrong_stands_at_its_field(
    chromium: Browser, panel: Panel, camera: Camera, size: ViewportSize, tmp_path: Path
) -> None:
    with panel.page(chromium, size) as page:
        opened(page)
        address, name, test = page.get_by_label("Address"), page.get_by_label("Name"), page.get_by_role("button", name="Test")
        test.click()
        expect(page.get_by_text("An address, a file or the number of a webcam is wanted")).to_be_visible()
        address.fill("rtsp://127.0.0.1:9/live")
        address.press("Enter")
        expect(page.get_by_text("rtsp://127.0.0.1:9/live: the connection is refused")).to_be_visible()
        name.fill("two words <b>")
        test.click()
        expect(page.get_by_text("A name is 1 to 64 letters, digits, '-' and '_'")).to_be_visible()
        name.fill("gate")
        address.fill(camera.url)
        test.click()
        expect(page.get_by_text("a login is wanted, found none")).to_be_visible()
        words = tmp_path / "words.mp4"
        words.write_text("no video")
        address.fill(str(words))
        test.click()
        expect(page.get_by_text("must be a video")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert panel.site.health().cameras == ()


def test_from_nothing_to_a_picture_by_keyboard_alone(chromium: Browser, panel: Panel, camera: Camera) -> None:
    with panel.page(chromium, PHONE) as page:
        opened(page)
        # With its login, as many a manual has it.
        page.keyboard.type(camera.url.replace("rtsp://", "rtsp://me:s3cret%3A%2F%3F%23@"))
        page.keyboard.press("Tab")
        expect(page.get_by_label("Address")).to_have_value(camera.url)
        expect(page.get_by_label("User")).to_have_value("me")
        expect(page.get_by_label("Name")).to_be_focused()
        page.get_by_label("Name").fill("gate")
        page.keyboard.press("Enter")
        expect(page.get_by_role("img", name="What gate shows")).to_be_visible()
        expect(page.get_by_text("640 × 360, 25 pictures per second")).to_be_visible()
        photograph(page, "add-camera")
        expect(page.get_by_role("button", name="Add", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="gate is being watched")).to_be_visible()
        expect(page.get_by_role("button", name="Draw a line")).to_be_focused()
        panel.site.until(lambda health: bool(health.cameras) and state_of("gate", "ok")(health), STARTS_WITHIN_S)
        page.keyboard.press("Enter")
        page.wait_for_url("**/camera/gate")
    told = (panel.site.ledger.parent.parent / "site.json").read_text()
    kept = panel.site.ledger.parent / "secrets" / "gate.login"
    assert PASSWORD not in told
    assert f"file:{kept}" in told
    assert kept.read_text() == f"me:{PASSWORD}\n"
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)
