"""Logging in over HTTP: the first token, sessions and their cookies, tokens and the log of who did what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from appliance.access.roles import Role
from tests.control.machines import Machine, running
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with running(tmp_path_factory.mktemp("site"), Role.VIEWER, Role.OPERATOR, Role.ADMIN) as running_one:
        yield running_one


@pytest.fixture
def browser(machine: Machine) -> Iterator[httpx.Client]:
    """Somebody with a jar for cookies."""
    with httpx.Client(base_url=machine.client.base_url, timeout=60) as client:
        yield client


def log_in(machine: Machine, browser: httpx.Client, role: str) -> dict[str, str]:
    """What every change of a page sends along."""
    answer = browser.post("/api/v1/session", json={"token": machine.tokens[role]})
    assert answer.status_code == 200, answer.text
    return {"x-csrf-token": answer.json()["csrf"]}


def test_a_session_is_begun_with_a_token_and_carried_by_a_cookie(machine: Machine, browser: httpx.Client) -> None:
    answer = browser.post("/api/v1/session", json={"token": machine.tokens["operator"]})
    shown = answer.json()
    assert (answer.status_code, shown["name"], shown["role"]) == (200, "operator", "operator")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"appliance-{machine.port}=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert browser.get("/api/v1/session").json() == shown
    assert browser.get("/api/v1/status").status_code == 200


def test_without_a_session_nobody_is_told_of_one(browser: httpx.Client) -> None:
    assert browser.get("/api/v1/session").status_code == 401
    assert browser.delete("/api/v1/session").status_code == 204
    assert browser.get("/api/v1/status").status_code == 401


def test_a_page_has_to_show_that_it_means_a_change(machine: Machine, browser: httpx.Client) -> None:
    proof = log_in(machine, browser, "admin")
    wanted = {"name": "by-page", "role": "viewer"}
    refused = browser.post("/api/v1/tokens", json=wanted)
    assert (refused.status_code, "X-CSRF-Token" in refused.json()["detail"]) == (403, True)
    assert browser.post("/api/v1/tokens", json=wanted, headers={"x-csrf-token": "0" * 64}).status_code == 403
    made = browser.post("/api/v1/tokens", json=wanted, headers=proof)
    assert made.status_code == 201
    assert browser.delete(f"/api/v1/tokens/{made.json()['id']}", headers=proof).status_code == 204


def test_who_logs_out_is_out(machine: Machine, browser: httpx.Client) -> None:
    proof = log_in(machine, browser, "viewer")
    kept = dict(browser.cookies)
    assert browser.delete("/api/v1/session").status_code == 403
    assert browser.delete("/api/v1/session", headers=proof).status_code == 204
    assert not browser.cookies
    browser.cookies.update(kept)
    refused = browser.get("/api/v1/status")
    assert (refused.status_code, "found a session that is over" in refused.json()["detail"]) == (401, True)


def test_a_session_is_over_with_its_token(machine: Machine, browser: httpx.Client) -> None:
    admin = machine.bearer("admin")
    made = machine.client.post("/api/v1/tokens", json={"name": "short", "role": "viewer"}, headers=admin).json()
    assert browser.post("/api/v1/session", json={"token": made["token"]}).status_code == 200
    assert browser.get("/api/v1/status").status_code == 200
    assert machine.client.delete(f"/api/v1/tokens/{made['id']}", headers=admin).status_code == 204
    assert browser.get("/api/v1/status").status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "::"])
def test_another_sites_page_logs_nobody_in(machine: Machine, browser: httpx.Client, origin: str) -> None:
    answer = browser.post("/api/v1/session", json={"token": machine.tokens["viewer"]}, headers={"origin": origin})
    assert (answer.status_code, "a page of" in answer.json()["detail"]) == (403, True)
    assert browser.post("/api/v1/first-token", headers={"origin": origin}).status_code == 403


def test_ones_own_page_does(machine: Machine, browser: httpx.Client) -> None:
    origin = {"origin": f"http://127.0.0.1:{machine.port}"}
    assert browser.post("/api/v1/session", json={"token": machine.tokens["viewer"]}, headers=origin).status_code == 200


def test_tokens_are_listed_without_their_secrets(machine: Machine) -> None:
    answer = machine.client.get("/api/v1/tokens", headers=machine.bearer("admin"))
    listed = {token["name"]: token for token in answer.json()}
    assert {name: token["role"] for name, token in listed.items()} == {role.value: role.value for role in Role}
    assert not any(text[20:40] in answer.text for text in machine.tokens.values())
    assert machine.client.get("/api/v1/tokens", headers=machine.bearer("operator")).status_code == 403


def test_a_token_is_shown_once_and_works_until_it_is_revoked(machine: Machine) -> None:
    client, admin = machine.client, machine.bearer("admin")
    made = client.post("/api/v1/tokens", json={"name": "reporting", "role": "viewer", "days": 90}, headers=admin)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    shown = made.json()
    assert (shown["expired"], shown["last_used"], shown["expires"] > shown["created"]) == (False, None, True)
    own = {"authorization": f"Bearer {shown['token']}"}
    assert client.get("/api/v1/status", headers=own).status_code == 200
    again = client.post("/api/v1/tokens", json={"name": "reporting", "role": "viewer"}, headers=admin)
    assert (again.status_code, "there is a token 'reporting'" in again.json()["detail"]) == (409, True)
    assert client.delete(f"/api/v1/tokens/{shown['id']}", headers=admin).status_code == 204
    assert client.delete(f"/api/v1/tokens/{shown['id']}", headers=admin).status_code == 404
    assert client.get("/api/v1/status", headers=own).status_code == 401
    [revoked, created, *_] = client.get("/api/v1/audit", headers=admin).json()["entries"]
    assert [(one["who"], one["action"], one["subject"]) for one in (revoked, created)] == [
        ("admin", "revoke token", "reporting"),
        ("admin", "create token", "reporting"),
    ]


def test_the_last_token_of_an_administrator_stays(machine: Machine) -> None:
    client, admin = machine.client, machine.bearer("admin")
    [own] = [one["id"] for one in client.get("/api/v1/tokens", headers=admin).json() if one["role"] == "admin"]
    refused = client.delete(f"/api/v1/tokens/{own}", headers=admin)
    assert (refused.status_code, "the last token of an administrator stays" in refused.json()["detail"]) == (409, True)
    second = client.post("/api/v1/tokens", json={"name": "second", "role": "admin"}, headers=admin).json()
    # With another one, even one's own may go.
    bearer = {"authorization": f"Bearer {second['token']}"}
    assert client.delete(f"/api/v1/tokens/{second['id']}", headers=bearer).status_code == 204
    assert client.get("/api/v1/tokens", headers=bearer).status_code == 401


def test_the_log_is_read_page_by_page(machine: Machine) -> None:
    client, admin = machine.client, machine.bearer("admin")
    whole = client.get("/api/v1/audit", params={"limit": 1000}, headers=admin).json()
    assert whole["cursor"] is None
    found, cursor = [], None
    while True:
        asked = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = client.get("/api/v1/audit", params=asked, headers=admin).json()
        found += page["entries"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert found == whole["entries"]
    sequences = [entry["sequence"] for entry in found]
    assert sequences == sorted(sequences, reverse=True)
    assert client.get("/api/v1/audit", headers=machine.bearer("operator")).status_code == 403


NOBODY: dict[str, tuple[str, str]] = {
    "forged": ("Bearer apl_0123456789abAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA00000000", "mistyped"),
    "another kind": ("Basic YTpi", "found 'Basic …'"),
    "nothing": ("Bearer", "found none"),
    "markup": ("Bearer <b>", "mistyped"),
}


@pytest.mark.parametrize(("sent", "says"), NOBODY.values(), ids=NOBODY.keys())
def test_who_shows_no_token_of_ours_is_told_why(machine: Machine, sent: str, says: str) -> None:
    answer = machine.client.get("/api/v1/status", headers={"authorization": sent})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="appliance"')
    assert says in answer.json()["detail"]


def test_the_first_token_is_made_once_by_this_computer_alone_and_guessing_is_slowed_down(tmp_path: Path) -> None:
    with running(tmp_path) as machine:
        client = machine.client
        assert client.get("/api/v1/status").status_code == 200
        assert client.get("/api/v1/status", headers={"host": "evil.example"}).status_code == 401
        assert client.get("/api/v1/config/revisions").status_code == 200
        assert client.delete("/api/v1/cameras/gate", headers={"if-match": "*"}).status_code == 403
        elsewhere = client.post("/api/v1/first-token", headers={"host": "evil.example"})
        assert (elsewhere.status_code, "at the machine itself" in elsewhere.json()["detail"]) == (403, True)
        made = client.post("/api/v1/first-token")
        assert (made.status_code, made.json()["role"], made.headers["cache-control"]) == (201, "admin", "no-store")
        assert client.post("/api/v1/first-token").status_code == 409
        assert client.get("/api/v1/status").status_code == 401
        own = {"authorization": f"Bearer {made.json()['token']}"}
        assert client.get("/api/v1/tokens", headers=own).json()[0]["name"] == "admin"
        for _ in range(5):
            assert client.post("/api/v1/session", json={"token": "apl_wrong"}).status_code == 401

        def refused() -> httpx.Response | None:
            answer = client.post("/api/v1/session", json={"token": "apl_wrong"})
            return answer if answer.status_code != 401 else None

        # The first pause is a second, and each is longer than the one before: in the end nobody is too slow.
        waits = wait_until("it has to wait", refused)
        assert (waits.status_code, int(waits.headers["retry-after"]) >= 1) == (429, True)
        assert client.get("/api/v1/tokens", headers=own).status_code == 200
