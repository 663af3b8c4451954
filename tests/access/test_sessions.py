"""Sessions: how long they last, what ends them, and what belongs to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.guard import Guard
from appliance.access.sessions import IDLE_NS, LONGEST_NS, MOST_PER_TOKEN, Cookie, cookie, csrf_of, is_csrf
from appliance.clock import NS_PER_MINUTE
from appliance.errors import Refusal
from tests.access.keeping import ADMIN, DAY_NS, NOW_NS, make

HOUR_NS = 60 * NS_PER_MINUTE


def lasts(guard: Guard, session_id: str, *times_ns: int) -> list[bool]:
    """Whether it is good at each of these times after ``NOW_NS``."""
    return [guard.check_session(session_id, NOW_NS + ns) is not None for ns in times_ns]


def test_a_session_is_its_tokens(guard: Guard) -> None:
    made = make(guard)
    begun = guard.sessions.begin(made.token, NOW_NS)
    found = guard.check_session(begun.id, NOW_NS)
    assert found == begun.session
    assert (found.token, found.expires_ns) == (made.token, NOW_NS + IDLE_NS)


def test_it_ends_after_twelve_idle_hours(guard: Guard) -> None:
    begun = guard.sessions.begin(make(guard).token, NOW_NS)
    assert lasts(guard, begun.id, IDLE_NS - 1, 2 * IDLE_NS - 2 * NS_PER_MINUTE) == [True, True]
    assert lasts(guard, begun.id, 3 * IDLE_NS) == [False]


def test_it_ends_after_seven_days_however_busy(guard: Guard) -> None:
    begun = guard.sessions.begin(make(guard).token, NOW_NS)
    hours = range(0, LONGEST_NS, 6 * HOUR_NS)
    assert all(lasts(guard, begun.id, *hours))
    assert lasts(guard, begun.id, LONGEST_NS - 1, LONGEST_NS) == [True, False]


def test_it_ends_with_its_token(guard: Guard) -> None:
    short, gone = make(guard, "short", expires_ns=NOW_NS + HOUR_NS), make(guard, "gone")
    of_short, of_gone = guard.sessions.begin(short.token, NOW_NS), guard.sessions.begin(gone.token, NOW_NS)
    assert lasts(guard, of_short.id, HOUR_NS - 1, HOUR_NS) == [True, False]
    guard.tokens.revoke("gone", ADMIN, NOW_NS)
    assert lasts(guard, of_gone.id, 0) == [False]
    with guard._database.reading() as connection:
        assert connection.execute("SELECT token_id FROM sessions").fetchall() == [(short.token.id,)]
    with pytest.raises(Refusal, match="a session needs a token, but gone was revoked"):
        guard.sessions.begin(gone.token, NOW_NS)


def test_it_ends_when_somebody_logs_out_and_only_it(guard: Guard) -> None:
    token = make(guard).token
    one, other = guard.sessions.begin(token, NOW_NS), guard.sessions.begin(token, NOW_NS)
    guard.sessions.end(one.id)
    guard.sessions.end(one.id)
    assert lasts(guard, one.id, 0) == [False]
    assert lasts(guard, other.id, 0) == [True]


def test_it_outlives_the_service(guard: Guard) -> None:
    begun = guard.sessions.begin(make(guard).token, NOW_NS)
    with Guard(guard._database.path.parent) as other:
        assert lasts(other, begun.id, 1) == [True]


def test_of_one_token_only_the_newest_are_kept_and_none_that_is_over(guard: Guard) -> None:
    token, other = make(guard, "a").token, make(guard, "b").token
    of_other = guard.sessions.begin(other, NOW_NS)
    ids = [guard.sessions.begin(token, NOW_NS + number).id for number in range(MOST_PER_TOKEN + 3)]
    assert [lasts(guard, session_id, 200)[0] for session_id in ids] == [False] * 3 + [True] * MOST_PER_TOKEN
    assert lasts(guard, of_other.id, 200) == [True]
    guard.sessions.begin(token, NOW_NS + DAY_NS)
    with guard._database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM sessions").fetchone() == (1,)


def test_using_it_uses_its_token(guard: Guard) -> None:
    begun = guard.sessions.begin(make(guard).token, NOW_NS)
    guard.check_session(begun.id, NOW_NS + 5 * NS_PER_MINUTE + 7)
    assert guard.tokens.listed()[0].last_used_ns == NOW_NS + 5 * NS_PER_MINUTE


@pytest.mark.parametrize(
    "session_id", ["", "a" * 43, "a" * 44, "ä" * 43, "a" * 42 + "\n", "\ud800" * 43, "' OR 1=1 --"], ids=ascii
)
def test_an_id_that_nobody_was_given_is_nobody(guard: Guard, session_id: str) -> None:
    guard.sessions.begin(make(guard).token, NOW_NS)
    assert guard.check_session(session_id, NOW_NS) is None
    guard.sessions.end(session_id)


@given(st.text(), st.text())
def test_a_change_must_come_from_a_page_of_the_session(one: str, value: str) -> None:
    assert is_csrf("A" * 43, csrf_of("A" * 43))
    assert not is_csrf("A" * 43, csrf_of("B" * 43))
    assert not is_csrf("A" * 43, value)
    assert csrf_of(one) != one


def test_the_cookie() -> None:
    assert cookie(8080, tls=False) == Cookie("appliance-8080", secure=False, http_only=True, same_site="strict", path="/")
    assert cookie(8443, tls=True) == Cookie("__Host-appliance-8443", secure=True, http_only=True, same_site="strict", path="/")
