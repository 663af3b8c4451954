"""The page of settings in a real browser: the file, its revisions, tokens and the log; and what a viewer may not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.control.panel.browser import (
    DESKTOP,
    PHONE,
    STARTS_WITHIN_S,
    Panel,
    log_in,
    needs_chromium,
    photograph,
    press_while_it_is_there,
    running_panel,
)
from tests.waiting import wait_until

pytestmark = [needs_chromium]
TEXT = """\
# The yard of the depot.
site: depot
time_zone: Europe/Berlin
cameras:
  - name: gate            # at the north side
    source: rtsp://127.0.0.1:9/gate
    stall_s: 1.5
    stale_s: 1.0
    lines:
      - {name: middle, from: [0.5, 1], to: [0.5, 0]}
"""
GATE: dict[str, object] = {"source": "rtsp://127.0.0.1:9/gate"}
ODD = "unheard-of"


class Place:
    """A machine with a panel, its file, and the API beside the page."""

    def __init__(self, panel: Panel, folder: Path) -> None:
        self.panel, self.file = panel, folder / "site.json"
        self.api = httpx.Client(
            base_url=f"{panel.url}/api/v1", headers={"authorization": f"Bearer {panel.tokens['admin']}"}, timeout=60
        )
        tree = json.loads(self.file.read_text())
        kept = {name: tree[name] for name in ("detector", "control", "data_dir")}
        self.first = TEXT + "".join(f"{name}: {json.dumps(value)}\n" for name, value in kept.items())

    def put(self, text: str) -> None:
        """As another operator, or a program, does it."""
        answer = self.api.put("/config", content=text.encode(), headers={"if-match": "*", "content-type": "application/yaml"})
        assert answer.status_code == 200, answer.text

    def newest(self) -> int:
        return int(self.api.get("/config/revisions").json()[0]["number"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("site")
    with running_panel(folder, {"gate": GATE}, site="depot", time_zone="Europe/Berlin") as panel:
        panel.site.until(lambda health: all(process.condition.state == "ok" for process in health.processes), STARTS_WITHIN_S)
        place = Place(panel, folder)
        with place.api:
            yield place


@pytest.fixture(scope="module")
def page(place: Place, chromium: Browser) -> Iterator[Page]:
    """One for all, so that a browser loads the panel's scripts once; leaving an edit behind is asked about, and allowed."""
    with place.panel.page(chromium) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        yield page


def open_file(place: Place, page: Page, path: str = "/settings") -> None:
    """The editor with the first text."""
    if place.file.read_text() != place.first:
        place.put(place.first)
    page.goto(path)
    expect(page.locator(".cm-content")).to_contain_text("The yard of the depot")


def write(page: Page, text: str) -> None:
    """In the place of all that stands in the editor."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def editor_text(page: Page) -> str:
    return "\n".join(line if line != "\n" else "" for line in page.locator(".cm-line").all_inner_texts())


def test_a_fault_is_told_with_line_and_column_while_typing(place: Place, page: Page) -> None:
    open_file(place, page)
    write(page, place.first.replace("stall_s: 1.5", "stall_s: soon"))
    expect(page.get_by_text("This cannot be saved: one fault.")).to_be_visible()
    fault = page.get_by_role("button", name=re.compile("^Line 7, column 5: 'cameras.0.stall_s'"))
    expect(fault).to_be_visible()
    expect(page.locator(".cm-line.is-faulty")).to_contain_text("stall_s: soon")
    expect(page.get_by_role("button", name="Review and save …")).to_be_disabled()
    photograph(page, "settings-fault")
    fault.click()
    write(page, place.first.replace("cameras:", "cameras: [", 1))
    expect(page.get_by_role("button", name=re.compile(r"^Line \d+, column \d+: YAML is wanted"))).to_be_visible()
    write(page, place.first)
    expect(page.get_by_text("This cannot be saved")).to_have_count(0)
    assert place.file.read_text() == place.first


def test_a_change_is_shown_before_it_is_saved_and_comments_stay(place: Place, page: Page) -> None:
    open_file(place, page)
    wanted = place.first.replace("stall_s: 1.5", "stall_s: 2.5   # it is far away")
    write(page, wanted)
    expect(page.get_by_text("It would change: camera gate: stall_s")).to_be_visible()
    page.get_by_role("button", name="Review and save …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".row-of.added")).to_contain_text("stall_s: 2.5   # it is far away")
    expect(dialog.locator(".row-of.removed")).to_contain_text("stall_s: 1.5")
    assert place.file.read_text() == place.first
    photograph(page, "settings-review")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile(r"^Saved as revision \d+: camera gate: stall_s"))).to_be_visible()
    assert place.file.read_text() == wanted
    assert place.api.get("/config/revisions").json()[0]["author"] == "the-admin"


def test_what_the_machine_refuses_is_not_saved_and_not_lost(place: Place, page: Page) -> None:
    open_file(place, page)
    wanted = place.first.replace("site: depot", "site: harbour")
    write(page, wanted)
    expect(page.get_by_text("It would change: site")).to_be_visible()
    page.get_by_role("button", name="Review and save …").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("only cameras and lines may change while the machine runs")).to_be_visible()
    assert place.file.read_text() == place.first
    assert editor_text(page).rstrip("\n") == wanted.rstrip("\n")
    expect(page.get_by_role("button", name="Review and save …")).to_be_enabled()


def test_two_who_edit_at_once_lose_nothing(place: Place, page: Page) -> None:
    open_file(place, page)
    mine = place.first.replace("stall_s: 1.5", "stall_s: 3.5")
    theirs = place.first.replace("stale_s: 1.0", "stale_s: 0.8")
    write(page, mine)
    expect(page.get_by_text("It would change: camera gate: stall_s")).to_be_visible()
    page.get_by_role("button", name="Review and save …").click()
    place.put(theirs)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Somebody has changed the file while you were editing it.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"by the-admin, .*: camera gate: stale_s$"))).to_be_visible()
    photograph(page, "settings-conflict")
    assert place.file.read_text() == theirs
    page.get_by_role("button", name="Load theirs").click()
    expect(page.locator(".cm-content")).to_contain_text("stale_s: 0.8")
    page.get_by_role("button", name="Bring mine back").click()
    expect(page.locator(".cm-content")).to_contain_text("stall_s: 3.5")
    assert editor_text(page).rstrip("\n") == mine.rstrip("\n")


def test_what_is_kept_of_mine_is_compared_with_theirs(place: Place, page: Page) -> None:
    open_file(place, page)
    write(page, place.first.replace("stall_s: 1.5", "stall_s: 3.5"))
    expect(page.get_by_text("It would change: camera gate: stall_s")).to_be_visible()
    place.put(place.first.replace("stale_s: 1.0", "stale_s: 0.8"))
    page.get_by_role("button", name="Keep mine, and compare it with theirs").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".row-of.removed").filter(has_text="stale_s: 0.8")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("^Saved as revision"))).to_be_visible()
    assert "stale_s: 1.0" in place.file.read_text()
    assert "stall_s: 3.5" in place.file.read_text()


def test_what_somebody_else_saves_is_there_at_once(place: Place, page: Page) -> None:
    open_file(place, page)
    place.put(place.first.replace("at the north side", "at the south side"))
    expect(page.locator(".cm-content")).to_contain_text("at the south side")


def test_a_file_that_was_broken_by_hand_can_be_mended(place: Place, page: Page) -> None:
    open_file(place, page)
    place.file.write_text(place.first.replace("site: depot", "site: [depot"))
    page.goto("/settings")
    expect(page.get_by_text("The file is faulty: somebody has edited it by hand.")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("site: [depot")
    write(page, place.first)
    page.get_by_role("button", name="Review and save …").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("^Saved as revision"))).to_be_visible()
    assert place.file.read_text() == place.first


def test_a_revision_can_be_looked_at_and_taken_back(place: Place, page: Page) -> None:
    open_file(place, page)
    number = place.newest()
    place.put(place.first.replace("stall_s: 1.5", "stall_s: 9"))
    page.goto("/settings?tab=revisions")
    expect(page.get_by_role("row").filter(has_text="in force")).to_contain_text("camera gate: stall_s")
    page.get_by_role("button", name=f"Show revision {number}", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Revision {number}")
    page.get_by_role("button", name="Roll back to this …").click()
    dialog = page.get_by_role("dialog").filter(has_text=f"Roll back to revision {number}?")
    expect(dialog.locator(".row-of.added")).to_contain_text("stall_s: 1.5")
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("row").filter(has_text="in force")).to_contain_text(f"back to revision {number}")
    assert place.file.read_text() == place.first
    photograph(page, "settings-revisions")


def test_what_is_being_typed_stays_whatever_changes_around_it(place: Place, page: Page) -> None:
    page.goto("/settings?tab=tokens")
    ask = page.locator("button", has_text="New token …")
    ask.click()
    field = page.locator(".dialog").first.get_by_label("Name: of a person or a program")
    field.fill("half a na")
    # Without leaving the field, as if something else came up by itself.
    ask.dispatch_event("click")
    expect(page.locator(".dialog")).to_have_count(2)
    expect(field).to_have_value("half a na")


def test_a_token_is_shown_once_and_its_session_ends_with_it(place: Place, page: Page, chromium: Browser) -> None:
    page.goto("/settings?tab=tokens")
    page.get_by_role("button", name="New token …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name: of a person or a program").fill("no spaces")
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("1 to 64 letters")
    dialog.get_by_label("Name: of a person or a program").fill(ODD)
    dialog.get_by_label("Role").select_option(label="Viewer: may look")
    dialog.get_by_role("button", name="Make it").click()
    secret = dialog.locator(".secret").inner_text()
    assert re.fullmatch(r"apl_[\w-]+", secret)
    photograph(page, "settings-token")
    dialog.get_by_role("button", name="Done").click()
    row = page.get_by_role("row").filter(has_text=ODD)
    expect(row).to_contain_text("viewer")
    expect(page.locator(".secret")).to_have_count(0)
    assert secret not in page.content()
    with place.panel.page(chromium, role=None, expects=("401", "403", "WebSocket")) as other:
        log_in(other.context, secret)
        other.goto("/settings?tab=about")
        expect(other.get_by_text("Europe/Berlin")).to_be_visible()
        page.get_by_role("button", name=f"Revoke {ODD}").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(row).to_have_count(0)
        other.wait_for_url(re.compile("/login"))
    assert (
        httpx.get(f"{place.panel.url}/api/v1/status", headers={"authorization": f"Bearer {secret}"}, timeout=60).status_code
        == 401
    )


def test_the_last_administrator_stays(page: Page) -> None:
    page.goto("/settings?tab=tokens")
    page.get_by_role("button", name="Revoke the-admin").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It is yours: you will be logged out.")).to_be_visible()
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The last token of an administrator stays")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="the-admin")).to_be_visible()
    photograph(page, "settings-tokens")


def test_the_log_tells_who_did_what(place: Place, page: Page) -> None:
    open_file(place, page)
    place.put(place.first.replace("stall_s: 1.5", "stall_s: 4"))
    page.goto("/settings?tab=audit")
    entry = page.get_by_role("row").nth(1)
    expect(entry).to_contain_text("the-admin")
    entry.get_by_text("change: config").click()
    expect(entry.locator(".row-of.added")).to_contain_text("stall_s: 4")
    photograph(page, "settings-audit")


def test_facts_are_there_for_who_asks_for_help(place: Place, page: Page) -> None:
    page.goto("/settings?tab=about")
    expect(page.get_by_text(str(place.panel.site.ledger.parent), exact=True)).to_be_visible()
    expect(page.get_by_text("400 days, 2000 MB at most", exact=False)).to_be_visible()


def test_a_viewer_may_read_the_file_and_nothing_else(place: Place, page: Page, chromium: Browser) -> None:
    open_file(place, page)
    with place.panel.page(chromium, role="viewer") as viewer:
        viewer.goto("/settings?tab=tokens")
        expect(viewer.get_by_text("Changing it needs the token of an administrator.")).to_be_visible()
        expect(viewer.locator(".cm-content")).to_contain_text("The yard of the depot")
        assert viewer.locator(".cm-content").get_attribute("contenteditable") == "false"
        tabs = viewer.get_by_role("navigation", name="Settings").get_by_role("link").all_inner_texts()
        assert tabs == ["Configuration", "Revisions", "About"]
        assert viewer.get_by_role("button", name="Review and save …").count() == 0
        viewer.goto("/settings?tab=revisions")
        viewer.get_by_role("button", name=re.compile("^Show revision")).nth(1).click()
        expect(viewer.get_by_role("dialog").get_by_role("button", name="Close")).to_be_visible()
        assert viewer.get_by_role("button", name="Roll back to this …").count() == 0


def test_what_a_lost_session_tries_to_save_is_not_saved(place: Place, page: Page, chromium: Browser) -> None:
    open_file(place, page)
    made = place.api.post("/tokens", json={"name": "passing", "role": "admin"}).json()
    with place.panel.page(chromium, role=None, expects=("401", "403", "WebSocket")) as other:
        other.on("dialog", lambda dialog: dialog.accept())
        log_in(other.context, made["token"])
        other.goto("/settings")
        expect(other.locator(".cm-content")).to_contain_text("The yard of the depot")
        write(other, place.first.replace("stall_s: 1.5", "stall_s: 8"))
        other.get_by_role("button", name="Review and save …").click()
        save = other.get_by_role("dialog").get_by_role("button", name="Save")
        expect(save).to_be_visible()
        assert place.api.delete(f"/tokens/{made['id']}").status_code == 204
        press_while_it_is_there(save)
        other.wait_for_url(re.compile("/login"))
    assert wait_until("it is as it was", lambda: place.file.read_text() == place.first)


def test_it_fits_on_a_phone_and_in_the_dark(place: Place, page: Page, chromium: Browser) -> None:
    open_file(place, page)
    for size, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
        with place.panel.page(chromium, size, color_scheme=scheme) as other:
            for tab in ("file", "revisions", "tokens", "audit", "about"):
                other.goto(f"/settings?tab={tab}")
                expect(other.locator(".cm-line, tbody tr, dl").first).to_be_visible()
                assert other.evaluate("document.documentElement.scrollWidth <= innerWidth"), (tab, size)
                photograph(other, f"settings-{tab}-{scheme}")
