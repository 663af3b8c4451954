"""Pauses after wrong tokens: of whom, for how long, and of nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.attempts import LONGEST_PAUSE_NS, MOST_ADDRESSES, Attempts, party_of
from appliance.clock import NS_PER_MINUTE, NS_PER_S

HERE, THERE = "192.0.2.1", "192.0.2.2"


def fail(attempts: Attempts, times: int, *, address: str = HERE, every_ns: int = NS_PER_S, now_ns: int = 0) -> int:
    """Fail so many times; returns the time of the last one."""
    for number in range(times):
        attempts.failed(address, now_ns + number * every_ns)
    return now_ns + (times - 1) * every_ns


def test_four_failures_are_free_and_the_fifth_is_not() -> None:
    attempts = Attempts()
    last_ns = fail(attempts, 4)
    assert attempts.pause_ns(HERE, last_ns) == 0
    attempts.failed(HERE, last_ns)
    assert attempts.pause_ns(HERE, last_ns) == NS_PER_S
    assert attempts.pause_ns(HERE, last_ns + NS_PER_S) == 0


def test_pauses_grow_up_to_a_minute() -> None:
    attempts, pauses_s = Attempts(), []
    now_ns = fail(attempts, 4)
    for _ in range(9):
        attempts.failed(HERE, now_ns)
        pause_ns = attempts.pause_ns(HERE, now_ns)
        pauses_s.append(pause_ns / NS_PER_S)
        now_ns += pause_ns
    assert pauses_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_slow_failures_are_free_for_ever() -> None:
    attempts = Attempts()
    last_ns = fail(attempts, 100, every_ns=16 * NS_PER_S)
    assert attempts.pause_ns(HERE, last_ns) == 0


def test_after_ten_quiet_minutes_an_address_begins_anew() -> None:
    attempts = Attempts()
    last_ns = fail(attempts, 12)
    later_ns = last_ns + 11 * NS_PER_MINUTE
    last_ns = fail(attempts, 4, now_ns=later_ns)
    assert attempts.pause_ns(HERE, last_ns) == 0


def test_a_success_clears() -> None:
    attempts = Attempts()
    last_ns = fail(attempts, 12)
    attempts.succeeded(HERE)
    assert attempts.pause_ns(HERE, last_ns) == 0
    assert len(attempts) == 0


@given(st.lists(st.tuples(st.sampled_from([HERE, "2001:db8::1", "nonsense"]), st.integers(0, 30)), max_size=80))
def test_others_are_never_paused_and_nobody_longer_than_a_minute(failures: list[tuple[str, int]]) -> None:
    attempts, now_ns = Attempts(), 0
    for address, gap_s in failures:
        now_ns += gap_s * NS_PER_S
        attempts.failed(address, now_ns)
        assert attempts.pause_ns(address, now_ns) <= LONGEST_PAUSE_NS
        assert attempts.pause_ns(THERE, now_ns) == 0
        assert attempts.pause_ns("2001:db8:0:1::1", now_ns) == 0


def test_memory_is_bounded_and_keeps_the_newest() -> None:
    attempts = Attempts()
    for number in range(MOST_ADDRESSES + 500):
        attempts.failed(f"2001:db8:{number:x}::1", number)
    assert len(attempts) == MOST_ADDRESSES
    newest = f"2001:db8:{MOST_ADDRESSES + 499:x}::1"
    last_ns = fail(attempts, 4, address=newest, now_ns=MOST_ADDRESSES + 500, every_ns=1)
    assert attempts.pause_ns(newest, last_ns) > 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:0:0:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("2001:DB8::1", "2001:db8:0:0:0:0:0:1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("::1", "127.0.0.1", False),
        ("", "unix", False),
    ],
)
def test_whom_an_address_stands_for(one: str, other: str, is_same: bool) -> None:
    assert (party_of(one) == party_of(other)) == is_same


def test_nonsense_is_bounded() -> None:
    assert len(party_of("x" * 100_000)) == 64
