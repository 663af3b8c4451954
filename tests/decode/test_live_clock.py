"""When frames of a live camera were taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.decode.live_clock import LiveClock, Placed

FRAME_NS = 40 * NS_PER_MS


def played(clock: LiveClock, frames: int, *, pts_ns: int, now_ns: int, step_ns: int = FRAME_NS) -> list[Placed]:
    """Even frames, each as it is taken; their time stamps run with ``step_ns``."""
    return [clock.place(pts_ns + n * step_ns, now_ns + n * FRAME_NS) for n in range(frames)]


def test_even_frames_are_even_and_fresh() -> None:
    placed = played(LiveClock(0), 10, pts_ns=7 * NS_PER_S, now_ns=100 * NS_PER_S)
    assert [one.media_ns for one in placed] == [100 * NS_PER_S + n * FRAME_NS for n in range(10)]
    assert {one.age_ns for one in placed} == {0}


def test_what_is_held_up_on_its_way_keeps_its_time_and_tells_its_age() -> None:
    clock = LiveClock(0)
    played(clock, 10, pts_ns=0, now_ns=100 * NS_PER_S)
    late = clock.place(10 * FRAME_NS, 100 * NS_PER_S + 10 * FRAME_NS + 700 * NS_PER_MS)
    assert late == Placed(100 * NS_PER_S + 10 * FRAME_NS, 700 * NS_PER_MS)


def test_a_burst_at_the_start_does_not_make_later_frames_early_for_ever() -> None:
    clock = LiveClock(0)
    for n in range(10):
        assert clock.place(n * FRAME_NS, 100 * NS_PER_S).media_ns >= 100 * NS_PER_S
    placed = played(clock, 5000, pts_ns=10 * FRAME_NS, now_ns=100 * NS_PER_S + FRAME_NS)
    assert abs(placed[-1].media_ns - (100 * NS_PER_S + 5000 * FRAME_NS)) < 2 * NS_PER_MS
    assert placed[-1].age_ns == 0


def test_a_camera_whose_clock_drifts_stays_with_ours() -> None:
    clock = LiveClock(0)
    fast = played(clock, 50_000, pts_ns=0, now_ns=100 * NS_PER_S, step_ns=FRAME_NS + 4_000)
    assert abs(fast[-1].media_ns - (100 * NS_PER_S + 49_999 * FRAME_NS)) < NS_PER_S // 10
    slow = played(LiveClock(0), 50_000, pts_ns=0, now_ns=100 * NS_PER_S, step_ns=FRAME_NS - 4_000)
    assert slow[-1].age_ns < NS_PER_S // 50


def test_time_stamps_that_leap_by_hours_move_nothing() -> None:
    for leap_ns in (3 * 3600 * NS_PER_S, -2 * 3600 * NS_PER_S, -NS_PER_S * 11):
        clock = LiveClock(0)
        before = played(clock, 10, pts_ns=0, now_ns=100 * NS_PER_S)[-1]
        after = clock.place(leap_ns + 10 * FRAME_NS, 100 * NS_PER_S + 10 * FRAME_NS)
        assert after == Placed(before.media_ns + FRAME_NS, 0)


def test_time_stamps_that_step_back_a_little_do_not_make_every_frame_stale_for_long() -> None:
    clock = LiveClock(0)
    before = played(clock, 100, pts_ns=5 * NS_PER_S, now_ns=100 * NS_PER_S)[-1]
    stepped = played(clock, 200, pts_ns=5 * NS_PER_S + 100 * FRAME_NS - 3 * NS_PER_S // 2, now_ns=100 * NS_PER_S + 100 * FRAME_NS)
    assert stepped[0].age_ns == 3 * NS_PER_S // 2, "at first it may be a hold-up"
    assert {placed.age_ns for placed in stepped[80:]} == {0}
    assert abs(stepped[-1].media_ns - before.media_ns - 200 * FRAME_NS) < NS_PER_S // 10


def test_time_stamps_at_the_wrong_speed_are_no_reason_to_look_away() -> None:
    placed = played(LiveClock(0), 3000, pts_ns=0, now_ns=100 * NS_PER_S, step_ns=FRAME_NS * 3 // 5)
    assert sum(one.age_ns > NS_PER_S for one in placed) < 0.7 * len(placed)


def test_a_new_connection_begins_where_the_clock_is() -> None:
    clock = LiveClock(0)
    played(clock, 10, pts_ns=5 * NS_PER_S, now_ns=100 * NS_PER_S)
    clock.reconnected()
    assert clock.place(0, 130 * NS_PER_S) == Placed(130 * NS_PER_S, 0)


def test_media_time_goes_on_behind_what_is_written_down_though_the_machine_was_started_anew() -> None:
    assert LiveClock(5000 * NS_PER_S).place(0, 3 * NS_PER_S).media_ns > 5000 * NS_PER_S


@given(st.lists(st.tuples(st.integers(-(10**14), 10**14), st.integers(0, 10**12)), min_size=1, max_size=60))
def test_media_time_always_grows_and_nobody_is_younger_than_now(frames: list[tuple[int, int]]) -> None:
    clock, now_ns, last_ns = LiveClock(0), 0, 0
    for pts_ns, passed_ns in frames:
        now_ns += passed_ns
        placed = clock.place(pts_ns, now_ns)
        assert placed.media_ns > last_ns
        assert placed.age_ns >= 0
        last_ns = placed.media_ns
