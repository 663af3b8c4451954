"""One camera in a real browser: lines and zones are drawn, moved, named, deleted, taken back; the ledger counts at them."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from ruamel.yaml import YAML

from tests.cameras import Camera, needs_gstreamer
from tests.control.panel.browser import (
    DESKTOP,
    PHONE,
    STARTS_WITHIN_S,
    Panel,
    needs_chromium,
    photograph,
    press_while_it_is_there,
    running_panel,
)
from tests.control.panel.drawing import drag, drag_with_finger, draw_line, on_picture, open_line, press, save
from tests.system.cli import run_cli
from tests.system.sites import MIDDLE, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = [needs_chromium, needs_gstreamer]
COUNTS_WITHIN_S = 60.0
GATE = {"lines": [{**MIDDLE, "directions": {"forward": "eastbound", "backward": "westbound"}}]}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A machine whose camera sees a block that crosses the middle once a second."""
    folder = tmp_path_factory.mktemp("camera")
    clip = write_video(folder / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    roles = ("admin", "operator", "viewer")
    with Camera(clip) as gate, running_panel(folder, {"gate": {"source": gate.url, **GATE}}, roles) as panel:
        panel.site.until(state_of("gate", "ok"), STARTS_WITHIN_S)
        panel.site.until_counted("gate", 2)
        yield panel


@contextmanager
def camera_page(
    panel: Panel, chromium: Browser, size: ViewportSize = DESKTOP, role: str = "operator", **more: Any
) -> Iterator[Page]:
    """At the camera, with its picture."""
    with panel.page(chromium, size, role, **more) as page:
        page.goto("/camera/gate", wait_until="commit")
        expect(page.locator(".editor svg")).to_be_visible()
        expect(page.locator(".editor .waiting")).to_have_count(0)
        yield page


def in_file(panel: Panel, kind: str = "lines") -> dict[str, dict[str, Any]]:
    """What stands in the site's file, by its name."""
    tree = YAML(typ="safe").load(Path(panel.site.ledger.parents[1] / "site.json").read_text())
    return {item["name"]: item for item in tree["cameras"][0].get(kind, ())}


def counted(panel: Panel, line: str) -> list[str]:
    """The directions in which the ledger has crossings of a line, oldest first."""
    with closing(sqlite3.connect(panel.site.ledger)) as connection:
        rows = connection.execute("SELECT direction FROM crossings WHERE line = ? ORDER BY sequence", (line,)).fetchall()
    return [direction for (direction,) in rows]


def until_counted(panel: Panel, line: str, more: int = 1) -> None:
    before = len(counted(panel, line))
    wait_until(f"{line} counts", lambda: len(counted(panel, line)) >= before + more, COUNTS_WITHIN_S)


def test_a_line_drawn_with_the_mouse_counts(busy: Panel, chromium: Browser, record_property: Any) -> None:
    with camera_page(busy, chromium) as page:
        photograph(page, "camera")
        draw_line(page, "left", (0.3, 0.95), (0.3, 0.05))
        expect(page.locator(".trial")).to_contain_text("What it would have counted")
        expect(page.locator(".trial .sums li").first).to_contain_text(re.compile(r"→ ?forward [1-9]"))
        expect(page.locator(".draft .way.forward text")).to_have_text("forward")
        photograph(page, "camera-drawn")
        begun_s = time.monotonic()
        save(page, "left is saved.")
        wait_until("it counts", lambda: counted(busy, "left"), COUNTS_WITHIN_S)
        record_property("from the click to the first crossing, s", round(time.monotonic() - begun_s, 2))
        [start, end] = in_file(busy)["left"]["from"], in_file(busy)["left"]["to"]
        assert start == pytest.approx([0.3, 0.95], abs=0.01)
        assert end == pytest.approx([0.3, 0.05], abs=0.01)
        expect(page.locator(".crossings")).to_contain_text("left")
        expect(page.locator(".one-line", has_text="left").locator("b").first).not_to_have_text("0")


def test_it_is_moved_and_its_counts_go_on(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium) as page:
        page.mouse.click(*on_picture(page, (0.5, 0.2)))
        expect(page.get_by_role("heading", name="Edit line")).to_be_visible()
        drag(page, (0.5, 1.0), (0.6, 0.9))
        save(page, "middle is saved.")
        before = len(counted(busy, "middle"))
        assert in_file(busy)["middle"]["from"] == pytest.approx([0.6, 0.9], abs=0.01)
        assert in_file(busy)["middle"]["to"] == [0.5, 0]
        until_counted(busy, "middle")
        assert before > 0
        # One more corner, out of the middle, and the whole of it elsewhere.
        open_line(page, "middle")
        drag(page, (0.55, 0.45), (0.6, 0.4))
        drag(page, (0.575, 0.3), (0.525, 0.3))
        save(page, "middle is saved.")
        # What was said of the first time may still stand there.
        wait_until("it is saved", lambda: "points" in in_file(busy)["middle"], COUNTS_WITHIN_S)
        bent = in_file(busy)["middle"]["points"]
        assert [len(point) for point in bent] == [2, 2, 2]
        assert bent[1] == pytest.approx([0.55, 0.4], abs=0.02)
        expect(page.get_by_role("heading", name="Edit line")).to_have_count(0)
        press(page, "Undo")
        expect(page.locator(".notice")).to_contain_text("as it was before")
        assert "points" not in in_file(busy)["middle"]


def test_directions_are_swapped_and_named(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium) as page:
        draw_line(page, "swapped", (0.7, 0.9), (0.7, 0.1))
        page.get_by_label("Along the blue arrow").fill("to-the-gate")
        press(page, "Swap directions")
        save(page, "swapped is saved.")
        line = in_file(busy)["swapped"]
        assert (line["from"][1] < line["to"][1], line["directions"]["forward"]) == (True, "to-the-gate")
        until_counted(busy, "swapped", 2)
        assert set(counted(busy, "swapped")) == {"to-the-gate", "backward"}


def test_it_is_renamed_deleted_and_taken_back(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium) as page:
        draw_line(page, "short-lived", (0.4, 0.9), (0.4, 0.1))
        save(page, "short-lived is saved.")
        until_counted(busy, "short-lived")
        open_line(page, "short-lived")
        page.get_by_label("Name").fill("longer-lived")
        save(page, "short-lived is called longer-lived now.")
        assert {"longer-lived"} == {name for name in in_file(busy) if "lived" in name}
        open_line(page, "longer-lived")
        press(page, "Delete")
        dialog = page.get_by_role("alertdialog")
        expect(dialog).to_contain_text("What was counted at longer-lived stays.")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
        press(page, "Delete")
        dialog.get_by_role("button", name="Delete").click()
        expect(page.locator(".notice")).to_contain_text("longer-lived is deleted.")
        assert not any("lived" in name for name in in_file(busy))
        assert counted(busy, "short-lived")
        press(page, "Undo")
        expect(page.locator(".one-line", has_text="longer-lived")).to_be_visible()
        assert "longer-lived" in in_file(busy)


def test_a_zone_is_drawn_with_keys_and_clicks(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium) as page:
        press(page, "Draw a zone")
        expect(page.locator(".editor.drawing")).to_be_visible()
        for spot in ((0.3, 0.1), (0.7, 0.1), (0.7, 0.9), (0.3, 0.9)):
            page.mouse.click(*on_picture(page, spot))
        page.mouse.click(*on_picture(page, (0.3, 0.1)))
        expect(page.get_by_role("heading", name="New zone")).to_be_visible()
        expect(page.locator(".corner")).to_have_count(4)
        save(page, "zone-1 is saved.")
        assert len(in_file(busy, "zones")["zone-1"]["points"]) == 4
        until_counted(busy, "zone-1", 2)
        assert set(counted(busy, "zone-1")) == {"enter", "exit"}


def test_keys_alone_are_enough(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium) as page:
        page.get_by_role("button", name="Draw a line").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".editor svg")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-corner='0']")).to_be_focused()
        for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowDown"):
            page.keyboard.press(key)
        expect(page.locator(".spoken").first).to_have_text("Point 1 of 2: 29.0 % from the left, 54.5 % from the top")
        page.keyboard.press("Insert")
        expect(page.locator(".corner")).to_have_count(3)
        page.keyboard.press("Delete")
        expect(page.locator(".corner")).to_have_count(2)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Save")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".notice")).to_contain_text("line-1 is saved.")
        assert in_file(busy)["line-1"] == {"name": "line-1", "from": [0.29, 0.545], "to": [0.7, 0.5]}
        # Escape leaves what was not changed without a question, and asks before it loses anything.
        page.locator(".shape[data-name='line-1']").focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-corner='0']")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Escape")
        page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
        expect(page.locator(".corner")).to_have_count(0)
        page.locator(".shape[data-name='line-1']").focus()
        page.keyboard.press("Delete")
        page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
        expect(page.locator(".notice")).to_contain_text("line-1 is deleted.")


def test_what_is_wrong_is_told_at_its_field_and_markup_is_text(busy: Panel, chromium: Browser) -> None:
    before = in_file(busy)
    with camera_page(busy, chromium) as page:
        draw_line(page, "<b>x</b>", (0.1, 0.9), (0.1, 0.1))
        page.get_by_label("Along the blue arrow").fill("<img src=x onerror=alert(1)>")
        expect(page.locator(".form")).to_contain_text("a name is 1 to 64 letters, digits, '-' and '_'")
        expect(page.locator(".draft .way.forward text")).to_have_text("<img src=x onerror=alert(1)>")
        press(page, "Save")
        page.get_by_label("Along the blue arrow").fill("in")
        page.get_by_label("Name").fill("middle")
        expect(page.locator(".form")).to_contain_text("there is another 'middle' at this camera")
        photograph(page, "camera-faults")
        assert in_file(busy) == before
        # What only the machine knows is told, too, and the draft stays.
        page.get_by_label("Name").fill("ufos")
        page.get_by_label("Counts", exact=True).fill("ufo")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        press(page, "Save")
        expect(page.get_by_role("alert").filter(has_text="'ufo' is wanted")).to_be_visible()
        expect(page.get_by_label("Name")).to_have_value("ufos")
        assert in_file(busy) == before


def test_two_operators_at_once_lose_nothing(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium) as mine, camera_page(busy, chromium, role="admin") as theirs:
        draw_line(mine, "mine", (0.2, 0.9), (0.2, 0.1))
        # A change that does not concern this camera is no conflict.
        file = Path(busy.site.ledger.parents[1] / "site.json")
        file.write_text(f"{file.read_text()}\n# by hand\n")
        draw_line(theirs, "theirs", (0.8, 0.9), (0.8, 0.1))
        save(theirs, "theirs is saved.")
        press(mine, "Save")
        expect(mine.get_by_role("alertdialog")).to_contain_text("Someone else has changed this camera meanwhile")
        photograph(mine, "camera-conflict")
        mine.get_by_role("button", name="Keep mine open").click()
        expect(mine.locator(".shape[data-name='theirs']")).to_have_count(1)
        save(mine, "mine is saved.")
        assert {"mine", "theirs"} <= set(in_file(busy))
        # Who only looks has it before long.
        expect(theirs.locator(".one-line", has_text="mine")).to_be_visible()
        draw_line(mine, "too-late", (0.85, 0.9), (0.85, 0.1))
        open_line(theirs, "theirs")
        press(theirs, "Delete")
        theirs.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
        expect(theirs.locator(".notice")).to_contain_text("theirs is deleted.")
        press(mine, "Save")
        mine.get_by_role("button", name="Load theirs").click()
        expect(mine.locator(".one-line", has_text="mine")).to_be_visible()
        assert not {"theirs", "too-late"} & set(in_file(busy))


def test_a_finger_is_enough_on_a_phone(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium, PHONE, color_scheme="dark") as page:
        photograph(page, "camera")
        page.get_by_role("button", name="Draw a line").tap()
        expect(page.locator(".editor.drawing")).to_be_visible()
        page.touchscreen.tap(*on_picture(page, (0.45, 0.9)))
        page.touchscreen.tap(*on_picture(page, (0.45, 0.15)))
        expect(page.get_by_role("heading", name="New line")).to_be_visible()
        drag_with_finger(page, (0.45, 0.9), (0.35, 0.8))
        page.get_by_label("Name").fill("thumb")
        photograph(page, "camera-drawn")
        page.get_by_role("button", name="Save").tap()
        expect(page.locator(".notice")).to_contain_text("thumb is saved.")
        assert in_file(busy)["thumb"]["from"] == pytest.approx([0.35, 0.8], abs=0.03)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_viewer_sees_everything_and_changes_nothing(busy: Panel, chromium: Browser) -> None:
    with camera_page(busy, chromium, role="viewer") as page:
        expect(page.locator(".crossings tr").nth(1)).to_be_visible()
        expect(page.locator(".chart .columns .series-0 b").first).to_be_attached()
        page.mouse.click(*on_picture(page, (0.5, 0.2)))
        expect(page.locator(".shape.chosen")).to_have_count(1)
        for name in ("Draw a line", "Draw a zone", "Save", "Delete"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.locator(".corner")).to_have_count(0)


def test_who_is_logged_out_meanwhile_changes_nothing(busy: Panel, chromium: Browser) -> None:
    data = busy.site.ledger.parent
    made = run_cli("token", "create", "guest", "--role", "operator", "--data-dir", str(data))
    assert made.exit_code == 0, made.stderr
    guest = Panel(busy.url, {"guest": made.stdout.strip()})
    with camera_page(guest, chromium, role="guest", expects=("401", "WebSocket", "socket")) as page:
        draw_line(page, "nobodys", (0.2, 0.9), (0.2, 0.1))
        assert run_cli("token", "revoke", "guest", "--data-dir", str(data)).exit_code == 0
        press_while_it_is_there(page.get_by_role("button", name="Save", exact=True))
        page.wait_for_url("**/login**")
    assert "nobodys" not in in_file(busy)


def test_a_camera_that_there_is_not_is_said_so(busy: Panel, chromium: Browser) -> None:
    with busy.page(chromium, DESKTOP, "viewer") as page:
        page.goto("/camera/<b>roof")
        expect(page.get_by_text("There is no camera '<b>roof' any more")).to_be_visible()
