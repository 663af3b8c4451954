"""Getting in, being kept out, getting out again."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.control.panel.browser import DESKTOP, PHONE, STARTS_WITHIN_S, Panel, needs_chromium, photograph, running_panel
from tests.control.panel.looks import assert_fits, assert_reachable, assert_readable
from tests.system.cli import run_cli
from tests.waiting import wait_until

pytestmark = needs_chromium
PAGES = ("/", "/camera/gate", "/counts", "/models", "/health", "/settings")
UNAUTHORIZED, TOO_MANY = "status of 401", "status of 429"


def enter(page: Page, token: str) -> None:
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_the_login_and_sees_nothing(panel: Panel, path: str) -> None:
    answer = httpx.get(f"{panel.url}{path}", timeout=60)
    wanted = "/login" if path == "/" else f"/login?from={path}"
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    assert "gate" not in answer.text


def test_a_stranger_gets_nothing_of_what_is_behind_the_pages(panel: Panel) -> None:
    for path in ("/_nicegui/x/static/nicegui.js", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"):
        assert httpx.get(f"{panel.url}{path}", timeout=60).status_code == 401
    forged = {f"appliance-{panel.url.rpartition(':')[2]}": "A" * 43}
    assert httpx.get(f"{panel.url}/health", cookies=forged, timeout=60).status_code == 303


def test_the_page_of_another_site_cannot_open_the_socket(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/health")
        asked = {"Origin": "http://127.0.0.1:1"}
        answer = page.context.request.get("/_nicegui_ws/socket.io/?EIO=4&transport=polling", headers=asked)
        assert answer.status == 403


def test_who_logs_in_comes_to_the_page_that_was_wanted(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, role=None) as page:
        page.goto("/health")
        expect(page).to_have_url(f"{panel.url}/login?from=/health")
        enter(page, panel.tokens["viewer"])
        expect(page).to_have_url(f"{panel.url}/health")
        expect(page.get_by_role("heading", name="Health")).to_be_visible()


@pytest.mark.parametrize(
    "where", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/\t/evil.example", "javascript:alert(1)"]
)
def test_the_login_leads_to_no_other_site(panel: Panel, chromium: Browser, where: str) -> None:
    with panel.page(chromium, role=None) as page:
        page.goto(f"/login?{httpx.QueryParams({'from': where})}")
        enter(page, panel.tokens["viewer"])
        expect(page).to_have_url(f"{panel.url}/")


def test_a_wrong_token_is_told_in_words_and_too_many_have_to_wait(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium, role=None, expects=(UNAUTHORIZED, TOO_MANY)) as page:
        page.goto("/login")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("Enter the token")
        enter(page, panel.tokens["viewer"][:-1] + "~")
        expect(page.get_by_role("alert")).to_contain_text("The token is mistyped")

        def has_to_wait() -> bool:
            with page.expect_response("**/api/v1/session") as answered:
                page.get_by_role("button", name="Log in").click()
            return answered.value.status == 429

        # The first pause is short, and each is longer than the one before: in the end nobody is too slow.
        wait_until("it has to wait", has_to_wait, STARTS_WITHIN_S)
        expect(page.get_by_role("alert")).to_contain_text("Too many wrong tokens came from here. Try again in")
        assert_readable(page)


def test_who_logs_out_is_out(panel: Panel, chromium: Browser) -> None:
    with panel.page(chromium) as page:
        page.goto("/health")
        page.get_by_role("button", name="Log out").click()
        # The page may hear that its session has ended before it is told where to go.
        expect(page).to_have_url(re.compile(r"/login(\?from=/health)?$"))
        page.goto("/health")
        expect(page).to_have_url(f"{panel.url}/login?from=/health")


def test_the_login_is_for_everybody(panel: Panel, chromium: Browser) -> None:
    for size in (DESKTOP, PHONE):
        with panel.page(chromium, size, role=None) as page:
            page.goto("/login")
            assert_fits(page)
            photograph(page, "login")
            assert_reachable(page)
            assert_readable(page)


def test_the_first_token_is_made_in_the_browser_and_a_revoked_one_ends_the_visit(chromium: Browser, tmp_path: Path) -> None:
    gone: dict[str, dict[str, object]] = {"gone": {"source": "rtsp://127.0.0.1:9/live"}}
    with running_panel(tmp_path, gone, roles=()) as panel, panel.page(chromium, role=None) as page:
        page.goto("/")
        expect(page.get_by_text("This appliance has no token yet.")).to_be_visible()
        photograph(page, "first-token")
        assert_readable(page)
        page.get_by_role("button", name="Make the first token").click()
        token = page.get_by_label("Token")
        expect(token).to_have_value(re.compile("^apl_"))
        assert_fits(page)
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("status")).to_have_text("Copied.")
        text = token.input_value()
        page.get_by_role("button", name="I have kept it: log in").click()
        expect(page).to_have_url(f"{panel.url}/")
        assert httpx.get(f"{panel.url}/api/v1/status", headers={"authorization": f"Bearer {text}"}, timeout=60).status_code == 200
        assert "no token yet" not in httpx.get(f"{panel.url}/login", timeout=60).text
        data = panel.site.ledger.parent
        assert run_cli("token", "revoke", "admin", "--data-dir", str(data)).exit_code == 0
        # It notices by itself.
        expect(page).to_have_url(f"{panel.url}/login")
