"""The tracker in small synthetic worlds whose truth is known."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from appliance.boxes import Boxes, Detections, Tracks
from appliance.track.botsort import BotSort, BotSortSettings
from tests.track.worlds import (
    CAR,
    PERSON,
    TRUCK,
    Affine,
    Place,
    Sighting,
    Thing,
    approaching,
    circling,
    cut_off,
    during,
    every,
    hidden,
    ids,
    nanoseconds,
    seen_at,
    stopping,
    straight,
    uneven,
    watched,
    with_gaps,
)

CROWD = [
    Thing(straight(200 + 140 * column, 200 + 60 * row, vx=(-1) ** row * 90, width=50, height=120))
    for row in range(5)
    for column in range(6)
]
CROSSING = [Thing(straight(100, 300, vx=150, width=50, height=120)), Thing(straight(600, 310, vx=-150, width=50, height=120))]
# Not through the very same point: in a frame in which two boxes coincide nobody can tell which is which.
DIAGONAL = [Thing(straight(100, 100, vx=120, vy=120)), Thing(straight(500, 108, vx=-120, vy=120))]
TRAFFIC = [Thing(straight(100, 100, vx=400)), Thing(straight(1500, 180, vx=-300)), Thing(circling(800, 600, 200, 6))]
LEAP = 100 * 30  # px per second: 100 px from frame to frame, 1.7 of the size of a box of 60 px
LANES = [
    Thing(straight(-LEAP * start, 200 + 90 * lane, vx=LEAP), during(start, start + 0.8))
    for start, lane in ((0.2, 0), (0.5, 1), (0.7, 2), (1.2, 0), (1.3, 1), (1.7, 2), (2.0, 0), (2.3, 1))
]
ROAD = [
    Thing(approaching(lane_m, 85 + 30 * start, 30), during(start, start + 2.5))
    for start, lane_m in ((0.4, -5.0), (1.0, -1.5), (1.6, -5.0), (2.4, 2.0), (3.2, -1.5), (4.0, 2.0), (4.8, -5.0))
]
FLICKER = {0, 12, 15, 18, 21}  # frames
NEWCOMER = Thing(straight(300, 300), during(0.5, 2))
FADING = Thing(straight(300, 300, width=40, height=120), during(1, 2, 0.15, elsewhere=0.9))


def assert_one_id_each(things: Sequence[Thing], seconds: Sequence[float], said: Sequence[Sequence[Sighting]]) -> None:
    """Each thing has one id, its own, in every frame in which it was seen, and is confirmed at its third sighting."""
    for thing, sightings in zip(things, said):
        frames = [frame for frame, second in enumerate(seconds) if thing.score(second) > 0]
        assert len(ids(sightings)) == 1
        assert [sighting.frame for sighting in sightings] == frames
        assert all(sighting.confirmed for sighting in sightings[2:])
    assert len({ids(sightings)[0] for sightings in said}) == len(things)


@pytest.mark.parametrize(
    ("things", "seconds"),
    [
        pytest.param([Thing(straight(300, 300))], every(1 / 30, 3), id="one that stands"),
        pytest.param(CROWD, every(1 / 30, 4), id="a crowd in two directions, row overlapping row"),
        pytest.param(CROSSING, every(1 / 30, 3), id="two that pass through each other"),
        pytest.param(DIAGONAL, every(1 / 30, 3), id="two whose paths cross"),
        pytest.param([Thing(circling(500, 500, 200, 4))], every(1 / 30, 8), id="one that turns"),
        pytest.param([Thing(stopping(100, 300, 600, 1, 2))], every(1 / 30, 3), id="one that brakes"),
        pytest.param(TRAFFIC, every(1 / 60, 3), id="sixty frames per second"),
        pytest.param(TRAFFIC, every(1 / 10, 3), id="ten frames per second"),
        pytest.param(TRAFFIC, uneven(3), id="a varying frame rate"),
        pytest.param(TRAFFIC, with_gaps(3), id="lost frames"),
        pytest.param([Thing(straight(100, 300, vx=200), hidden(1.0, 1.8))], every(1 / 30, 3), id="hidden for a while"),
        pytest.param(
            [CROSSING[0], Thing(CROSSING[1].place, hidden(1.45, 1.9))], every(1 / 30, 3), id="hidden by the one it passes"
        ),
        pytest.param(
            [Thing(straight(100, 300, vx=60), lambda second: 0.9 if round(second * 30) in FLICKER else 0.0)],
            every(1 / 30, 1),
            id="seen in the first frame and then now and again",
        ),
        pytest.param([Thing(straight(0, 300, vx=LEAP))], every(1 / 30, 0.7), id="leaping from the first frame on"),
        pytest.param([Thing(straight(-LEAP, 300, vx=LEAP), during(1, 1.7))], every(1 / 30, 2), id="leaping into the picture"),
        pytest.param(LANES, every(1 / 30, 3.2), id="leaping in three lanes"),
        pytest.param(ROAD, every(1 / 5, 7.4), id="a fast road at five frames per second"),
        pytest.param(
            [Thing(straight(100, 300, vx=200), kind=lambda second: TRUCK if round(second * 30) % 3 == 0 else CAR)],
            every(1 / 30, 2),
            id="a van that is now a car and now a truck",
        ),
        pytest.param(
            [Thing(cut_off(300, 300, 0.8, 1, 100), hidden(1, 1.8))], every(1 / 30, 2.2), id="cut off before it is hidden"
        ),
        pytest.param([FADING], every(1 / 30, 3), id="hardly seen for a second"),
        pytest.param(
            [FADING, Thing(straight(345, 300, width=40, height=120), during(1, 2))],
            every(1 / 6, 2),
            id="a newcomer close beside one hardly seen",
        ),
        pytest.param(
            [NEWCOMER, Thing(straight(420, 300), during(0.53, 2))], every(1 / 30, 2), id="a newcomer beside one seen once"
        ),
        pytest.param(
            [Thing(straight(400, 300), during(0, 0.49)), NEWCOMER], every(1 / 30, 2), id="a newcomer beside one just gone"
        ),
        pytest.param([NEWCOMER, Thing(straight(420, 300), during(0.49, 0.52))], every(1 / 30, 2), id="a ghost beside a newcomer"),
    ],
)
def test_every_thing_keeps_one_id(things: Sequence[Thing], seconds: Sequence[float]) -> None:
    assert_one_id_each(things, seconds, watched(things, seconds))


@pytest.mark.parametrize(
    "starts",
    [
        pytest.param([(-LEAP, 200), (-LEAP, 290), (-LEAP, 380)], id="three abreast"),
        pytest.param([(-LEAP, 200), (-1.9 * LEAP, 260)], id="staggered in two lanes"),
        pytest.param([(-LEAP, 200), (-2.5 * LEAP, 200), (-4 * LEAP, 200)], id="a convoy"),
        pytest.param([(-LEAP, 200), (-LEAP, 290), (-2.5 * LEAP, 200), (-2.5 * LEAP, 290)], id="two rows of two"),
    ],
)
def test_leaping_together_keeps_everybody_apart(starts: list[tuple[float, float]]) -> None:
    """A neighbour less than twice as far as the leap leaves doubt who went where, and only the common way dispels it."""
    together = [Thing(straight(x, y, vx=LEAP), during(1, 1.9)) for x, y in starts]
    said = watched(together, every(1 / 30, 2.2))
    for sightings in said:
        assert len(ids(sightings)) == 1
        assert sightings[-1].confirmed


@pytest.mark.parametrize(
    ("seconds_hidden", "lost_s", "names"),
    [
        pytest.param(0.9, 1.0, 1, id="shorter than the wait"),
        pytest.param(1.2, 1.0, 2, id="longer than the wait"),
        pytest.param(1.2, 2.0, 1, id="a longer wait"),
        pytest.param(0.4, 0.2, 2, id="a shorter wait"),
    ],
)
def test_a_hidden_thing_is_waited_for(seconds_hidden: float, lost_s: float, names: int) -> None:
    thing = Thing(straight(100, 300, vx=120), hidden(1, 1 + seconds_hidden))
    said = watched([thing], every(1 / 30, 4), BotSortSettings(lost_s=lost_s))
    assert len(ids(said[0])) == names


@pytest.mark.parametrize(
    ("score", "sightings"),
    [(0.8, 2), (0.6, 3), (0.4, 4), (0.31, 5), (0.26, 6)],
    ids=["clear", "fair", "faint", "fainter", "faintest"],
)
def test_the_fainter_a_thing_the_more_sightings_confirm_it(score: float, sightings: int) -> None:
    said = watched([Thing(straight(300, 300), during(0.5, 1, score))], every(1 / 30, 1))
    assert [sighting.confirmed for sighting in said[0]].index(True) == sightings - 1


def test_what_stands_in_the_first_frame_is_believed_at_once_and_ever_after() -> None:
    faint = Thing(straight(300, 300), during(0, 0.01, 0.3, elsewhere=0.15))
    assert watched([faint], every(1 / 30, 0.2)) == [[Sighting(frame, 1, True) for frame in range(6)]]


def test_a_ghost_of_one_frame_is_never_confirmed() -> None:
    """Eighty of them, one every other frame, each in a place of its own; and one that leaps to a second frame."""
    ghosts = [
        Thing(straight(100 + 300 * (n % 9), 100 + 300 * (n // 9)), during((2 * n + 0.5) / 30, (2 * n + 1.5) / 30))
        for n in range(80)
    ]
    leaper = Thing(straight(-500, 4000, vx=LEAP), during(0.49, 0.55))
    said = watched([*ghosts, leaper], every(1 / 30, 6))
    assert [len(sightings) for sightings in said] == [1] * 80 + [2]
    assert not any(sighting.confirmed for sightings in said for sighting in sightings)


@pytest.mark.parametrize(
    ("score", "frames"),
    [
        pytest.param(during(0.5, 9, 0.2), [], id="a low score starts nothing"),
        pytest.param(during(0, 0.5, 0.9, 0.2), list(range(60)), id="a low score continues"),
        pytest.param(during(0, 0.5, 0.9, 0.05), list(range(15)), id="too low a score does not"),
        pytest.param(
            lambda second: 0.9 if second < 0.5 else 0.0 if second < 0.7 else 0.2, list(range(15)), id="nor does it revive"
        ),
    ],
)
def test_low_scores(score: Callable[[float], float], frames: list[int]) -> None:
    said = watched([Thing(straight(300, 300, vx=60), score)], every(1 / 30, 2))
    assert [sighting.frame for sighting in said[0]] == frames
    assert len(ids(said[0])) == (1 if frames else 0)


def test_of_two_boxes_on_one_thing_the_clearer_continues_it() -> None:
    """Though the fainter one lies nearer to where it was; and the fainter one starts nothing."""
    clear = Thing(lambda second: (300 if second < 0.5 else 306, 300, 60, 60))
    faint = Thing(straight(300, 300), during(0.5, 1, 0.3))
    said = watched([clear, faint], every(1 / 30, 1))
    assert [len(sightings) for sightings in said] == [30, 0]


@pytest.mark.parametrize(
    ("second_box", "kind", "is_born"),
    [
        pytest.param(straight(350, 310, vx=60, width=70, height=70), CAR, False, id="a cab on its truck"),
        pytest.param(straight(350, 310, vx=60, width=70, height=70), PERSON, True, id="the driver in the cab"),
        pytest.param(straight(320, 300, vx=60, width=600, height=220), CAR, False, id="a box around it"),
        pytest.param(straight(320, 300, vx=60, width=600, height=220), TRUCK, True, id="the load it pulls"),
        pytest.param(straight(380, 340, vx=60, width=140, height=70), CAR, True, id="a neighbour half behind it"),
    ],
)
def test_nobody_is_born_inside_his_own_kind(second_box: Place, kind: int, is_born: bool) -> None:
    first = Thing(straight(300, 300, vx=60, width=240, height=100))
    second = Thing(second_box, during(0.5, 9), lambda second: kind)
    said = watched([first, second], every(1 / 30, 2))
    assert len(ids(said[0])) == 1
    assert len(ids(said[1])) == (1 if is_born else 0)


def pan(shifts: Sequence[float]) -> tuple[list[Thing], list[Affine | None]]:
    """A row of things 30 px wide and 40 px apart under a camera that moves by so many pixels before each frame."""
    moved = np.cumsum(shifts)

    def place(column: int) -> Place:
        return lambda second: (1500 + 40 * column - float(moved[round(second * 30)]), 300.0, 30.0, 60.0)

    motions: list[Affine | None] = [np.array([[1.0, 0.0, -shift], [0.0, 1.0, 0.0]]) for shift in shifts]
    return [Thing(place(column)) for column in range(12)], motions


@pytest.mark.parametrize(
    "shifts", [pytest.param([0] * 10 + [40] * 20, id="a pan"), pytest.param([0] * 10 + [40, -40] * 10, id="a shake")]
)
def test_a_moving_camera_mixes_nobody_up_if_its_motion_is_known(shifts: Sequence[float]) -> None:
    things, motions = pan(shifts)
    seconds = every(1 / 30, len(shifts) / 30)
    assert_one_id_each(things, seconds, watched(things, seconds, motions=motions))
    unaware = watched(things, seconds)
    assert any(len(ids(sightings)) > 1 for sightings in unaware)


@pytest.mark.parametrize("frames", [1, 50])
def test_no_detections_make_no_tracks(frames: int) -> None:
    tracker = BotSort(BotSortSettings())
    for frame in range(frames):
        assert len(tracker.update(Detections.empty(), frame)) == 0
    assert (len(tracker.state.tracks), tracker.state.next_id) == (0, 1)


def test_empty_frames_in_between_lose_nobody() -> None:
    """All are hidden at once, as when the detector fails for a moment."""
    things = [Thing(thing.place, hidden(1, 1.2)) for thing in TRAFFIC]
    seconds = every(1 / 30, 2)
    assert_one_id_each(things, seconds, watched(things, seconds))


def test_an_id_is_never_used_twice() -> None:
    """Sixty things come and go in one place; every new id is higher than all before it."""
    things = [Thing(straight(300, 300), during(start, start + 0.3)) for start in range(60)]
    said = watched(things, every(1 / 10, 60), BotSortSettings(lost_s=0.2))
    names = [name for sightings in said for name in ids(sightings)]
    assert names == sorted(set(names))
    assert len(names) == len(things)


def random_detections(random: np.random.Generator, count: int) -> Detections:
    corners = random.uniform(0, [3800, 2100], (count, 2))
    boxes: Boxes = np.concatenate([corners, corners + random.uniform(10, 40, (count, 2))], axis=1).astype(np.float32)
    return Detections(boxes, random.uniform(0.05, 1, count).astype(np.float32), random.integers(0, 3, count))


def test_a_hundred_thousand_ghosts_leave_little_behind() -> None:
    """What is remembered depends on what was there lately, not on all that ever was."""
    tracker, random = BotSort(BotSortSettings()), np.random.default_rng(1)
    most = 0
    for frame in range(1000):
        tracker.update(random_detections(random, 100), nanoseconds(frame / 30))
        most = max(most, len(tracker.state.tracks))
    assert tracker.state.next_id > 60_000
    assert most < 300


def assert_same(one: Tracks, other: Tracks) -> None:
    for name in ("ids", "boxes", "scores", "classes", "confirmed"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_tracker_rebuilt_from_its_state_goes_on_alike() -> None:
    """Also that the copy is all there is: what one of the two sees does not reach the other."""
    random = np.random.default_rng(9)
    frames = [seen_at([*TRAFFIC, *CROWD], second, random)[1] for second in every(1 / 30, 2)]
    first = BotSort(BotSortSettings())
    for frame, detections in enumerate(frames[:30]):
        first.update(detections, nanoseconds(frame / 30))
    second = BotSort(BotSortSettings(), copy.deepcopy(first.state))
    continued = [first.update(detections, nanoseconds(1 + frame / 30)) for frame, detections in enumerate(frames[30:])]
    for frame, detections in enumerate(frames[30:]):
        assert_same(second.update(detections, nanoseconds(1 + frame / 30)), continued[frame])
    assert max(tracks.ids.max() for tracks in continued) == len(TRAFFIC) + len(CROWD)


def test_two_trackers_do_not_know_of_each_other() -> None:
    alone = watched(TRAFFIC, every(1 / 30, 1))
    watched(CROWD, every(1 / 30, 1))
    assert watched(TRAFFIC, every(1 / 30, 1)) == alone


def test_two_frames_with_one_time_stamp_are_no_trouble() -> None:
    """Every fifth frame has the time of the one before it, as in files with a broken clock."""
    seconds = [(frame - (frame % 5 == 4)) / 30 for frame in range(60)]
    assert_one_id_each(TRAFFIC, seconds, watched(TRAFFIC, seconds))


@pytest.mark.parametrize(
    "flat", [(40, 300, 40, 360), (40, 300, 90, 300), (40, 300, 40, 300)], ids=["no width", "no height", "neither"]
)
def test_a_box_without_area_is_no_trouble(flat: tuple[int, int, int, int]) -> None:
    """The edge of the picture leaves nothing of a box that lies beyond it."""
    tracker = BotSort(BotSortSettings())
    for frame in range(5):
        boxes = np.array([flat, (50 + 100 * frame, 300, 110 + 100 * frame, 360)], np.float32)
        tracks = tracker.update(
            Detections(boxes, np.array([0.9, 0.8], np.float32), np.array([CAR, CAR])), nanoseconds(1 + frame / 30)
        )
    assert np.isfinite(tracks.boxes).all()
    assert tracks.ids[tracks.scores == np.float32(0.8)].tolist() == [2]
