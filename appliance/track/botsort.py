"""BoT-SORT over whole arrays of tracks.

Aharon, Orfaig and Bobrovsky, BoT-SORT: Robust Associations Multi-Pedestrian Tracking (2022), on the two-stage association of
Zhang et al., ByteTrack (ECCV 2022); without appearance. Where it differs, the reason stands beside the setting or the
function: boxes are compared by distance-IoU, nobody is born inside a neighbour of his class, a track is confirmed by evidence
and not by its second sighting alone, and ``leaps`` follows objects that move further than their own size from frame to
frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import (
    Detections,
    Floats,
    Integers,
    Mask,
    Tracks,
    areas,
    cxcywh_to_xyxy,
    intersections,
    overlapping_pairs,
    paired_diou,
)
from appliance.track import kalman
from appliance.track.leaps import sure_leaps
from appliance.track.matching import NO_PAIRS, Pairs, assign, joined
from appliance.track.tracks import EMPTY, LOST, TENTATIVE, TRACKED, TrackTable, measurements

NS_PER_STEP = 1e9 / kalman.STEPS_PER_SECOND
# Two frames with one time stamp.
SHORTEST_STEPS = 1e-3
# Of the box's width or height: about three standard deviations of a new filter's belief to stand still.
MOST_SURPRISE = 0.25
# 12 frames per second and less.
FAR_APART_STEPS = 2.5
# Of the growth of a box, per step unseen: perspective goes on, an occluded box's last twitch does not.
GROWTH_KEPT = 0.95


@dataclass(frozen=True, slots=True)
class BotSortSettings:
    """Thresholds; scores in 0..1, likeness is distance-IoU (times the score of the detection where that is said)."""

    high_score: float = 0.25
    """Detections from here up take part in the first association and start tracks."""
    low_score: float = 0.1
    """Detections from here up may continue a track, but neither start nor revive one."""
    least_alike: float = 0.2
    """For a confirmed track and a high score; times the score."""
    least_alike_low: float = 0.5
    """For a confirmed track and a low score."""
    least_alike_tentative: float = 0.3
    """For a tentative track and a high score; times the score."""
    confirm_evidence: float = 1.5
    """The sum of scores that confirms a track: two good sightings, or more weak ones."""
    crowded: float = 0.6
    """Nobody is born where a tracked box of the same class covers more than this share of the smaller of the two."""
    lost_s: float = 1.0
    """How long an unseen track waits to be seen again."""
    leap_sizes: float = 4.0
    """How far a new object may move from its first sighting to its second, in its own sizes."""
    swerve_sizes: float = 0.2
    """How far a known object may be from its prediction without overlapping it, in its own sizes, per step; one size at most."""
    leap_ambiguity: float = 2.0
    """How many times as far the second candidate for a leap must be."""


@dataclass(frozen=True, slots=True)
class TrackerState:
    """All that a tracker remembers between two frames."""

    tracks: TrackTable
    next_id: int
    time_ns: int | None


START = TrackerState(EMPTY, 1, None)


class BotSort:
    """One camera's tracker: feed it every frame's detections in order of time, empty ones too."""

    def __init__(self, settings: BotSortSettings, state: TrackerState = START) -> None:
        self._settings = settings
        self.state = state

    def update(self, detections: Detections, time_ns: int, motion: NDArray[np.float64] | None = None) -> Tracks:
        """The tracks seen in this frame, with the boxes of their filters.

        ``time_ns`` is media time and must not go back; ``motion`` (2, 3) maps the previous frame's pixels to this frame's where
        the camera has moved. The steps:

        1. predict every track to now, 2. match confirmed tracks with high scores, 3. those left and seen in the frame before
        with low scores, 4. tentative tracks with what is left of the high scores, 5. leaps, 6. take the detections in and
        drop the long lost, 7. give birth.
        """
        before = self.state
        steps = SHORTEST_STEPS if before.time_ns is None else max((time_ns - before.time_ns) / NS_PER_STEP, SHORTEST_STEPS)
        tracks = before.tracks
        _predict(tracks, steps, motion)
        found, leaps = _associated(tracks, detections, steps, self._settings)
        unclaimed = detections.scores >= self._settings.high_score
        unclaimed[found.columns] = False
        unclaimed[leaps.columns] = False
        tracks = _sighted(tracks, found, leaps, detections, time_ns, steps, self._settings)
        newborn = _newborn(tracks, detections.take(unclaimed.nonzero()[0]), before.next_id, time_ns, self._settings)
        if before.time_ns is None:
            newborn.life[:] = TRACKED
        self.state = TrackerState(tracks.joined(newborn), before.next_id + len(newborn), time_ns)
        return _seen(self.state.tracks, time_ns)


def _predict(tracks: TrackTable, steps: float, motion: NDArray[np.float64] | None) -> None:
    unseen = tracks.life == LOST
    if unseen.any():
        tracks.filters[1, unseen, 2:] *= GROWTH_KEPT**steps
    tracks.filters = kalman.predict(tracks.filters, steps)
    if motion is not None:
        tracks.filters = kalman.warp(tracks.filters, motion)


def _associated(tracks: TrackTable, detections: Detections, steps: float, settings: BotSortSettings) -> tuple[Pairs, Pairs]:
    """Steps 2 to 5: what was found by overlap, and what by a leap."""
    if len(tracks) == 0 or len(detections) == 0:
        return NO_PAIRS, NO_PAIRS
    boxes = _boxes_of(tracks.filters[0])
    touching = Pairs(*overlapping_pairs(boxes, detections.boxes))
    alike = paired_diou(boxes.take(touching.rows, axis=0), detections.boxes.take(touching.columns, axis=0))
    fused = alike * detections.scores.take(touching.columns)
    high = detections.scores >= settings.high_score
    tentative = tracks.life == TENTATIVE

    first = _chosen(touching, fused - settings.least_alike, ~tentative, high)
    low = ~high & (detections.scores >= settings.low_score)
    missed = tracks.life == TRACKED
    missed[first.rows] = False
    second = _chosen(touching, alike - settings.least_alike_low, missed, low)
    missed[second.rows] = False
    high[first.columns] = False
    third = _chosen(touching, fused - settings.least_alike_tentative, tentative, high)
    tentative[third.rows] = False
    high[third.columns] = False
    leaps = _leaps(tracks, (tentative | missed).nonzero()[0], detections, high.nonzero()[0], steps, settings)
    return joined(first, second, third), leaps


def _chosen(pairs: Pairs, gain: Floats, rows: Mask, columns: Mask) -> Pairs:
    """The best assignment among the pairs whose track is in ``rows`` (N,) and whose detection is in ``columns`` (M,)."""
    if not (rows.any() and columns.any()):
        return NO_PAIRS
    allowed = (rows.take(pairs.rows) & columns.take(pairs.columns)).nonzero()[0]
    return assign(Pairs(pairs.rows.take(allowed), pairs.columns.take(allowed)), gain.take(allowed))


def _leaps(
    tracks: TrackTable, rows: Integers, detections: Detections, columns: Integers, steps: float, settings: BotSortSettings
) -> Pairs:
    """Match what overlaps nothing by its place alone.

    A track seen once has no velocity yet and may be up to ``leap_sizes`` away from where it was; any other must be near where
    it is predicted, the nearer the shorter ago that was.
    """
    if len(rows) == 0 or len(columns) == 0:
        return NO_PAIRS
    reach = np.where(tracks.life[rows] == TENTATIVE, 1.0, min(1.0, settings.swerve_sizes * steps))
    reach[tracks.hits[rows] == 1] = settings.leap_sizes
    pairs = sure_leaps(tracks.filters[0, rows], measurements(detections.boxes[columns]), reach, settings.leap_ambiguity)
    return Pairs(rows[pairs.rows], columns[pairs.columns])


def _sighted(
    tracks: TrackTable, found: Pairs, leaps: Pairs, detections: Detections, time_ns: int, steps: float, settings: BotSortSettings
) -> TrackTable:
    """The tracks after their matched detections are taken in, in place, without the tentative unseen and the long lost."""
    both = joined(found, leaps)
    rows, seen = both.rows, detections.take(both.columns)
    tracks.filters[:, rows] = _filters_after(tracks, rows, seen, steps)
    tracks.boxes[rows] = seen.boxes
    tracks.scores[rows] = seen.scores
    tracks.classes[rows] = seen.classes
    tracks.seen_ns[rows] = time_ns
    tracks.hits[rows] += 1
    tracks.evidence[rows] += seen.scores
    life = tracks.life
    confirmed = life.take(rows) != TENTATIVE
    if not confirmed.all():
        hits_needed = np.repeat((2, 3), (len(found), len(leaps)))
        confirmed |= (tracks.evidence[rows] >= settings.confirm_evidence) & (tracks.hits[rows] >= hits_needed)
    life[life == TRACKED] = LOST
    life[rows[confirmed]] = TRACKED
    unseen_ns = time_ns - tracks.seen_ns
    keep = (unseen_ns == 0) | ((life == LOST) & (unseen_ns <= settings.lost_s * 1e9))
    return tracks if keep.all() else tracks.take(keep.nonzero()[0])


def _filters_after(tracks: TrackTable, rows: Integers, seen: Detections, steps: float) -> kalman.Filters:
    """The filters of ``rows`` after each has seen its detection.

    Where the detection is far from the prediction the velocity is set anew from the last two sightings: for a new track,
    which was believed to stand still, and between frames so long apart that perspective alone changes a velocity by a lot.
    """
    measured = measurements(seen.boxes)
    believed = tracks.filters.take(rows, axis=1)
    updated = kalman.update(believed, measured)
    # Its last sighting is longer ago than ``steps``.
    doubtful = tracks.life.take(rows) != LOST
    if steps < FAR_APART_STEPS:
        doubtful &= tracks.hits.take(rows) == 1
    if doubtful.any():
        away = np.abs(measured[:, :2] - believed[0, :, :2]) / believed[0, :, 2:]
        moved = (doubtful & (away > MOST_SURPRISE).any(axis=1)).nonzero()[0]
        updated[:, moved] = kalman.from_two(measurements(tracks.boxes[rows[moved]]), measured[moved], steps)
    return updated


def _newborn(tracks: TrackTable, detections: Detections, first_id: int, time_ns: int, settings: BotSortSettings) -> TrackTable:
    """New tracks for detections that belong to nobody, but not for a second box on somebody who is tracked already.

    Detectors see parts (a cab, a torso) as objects of their own, with too little overlap for suppression.
    """
    if len(detections) == 0:
        return EMPTY
    seen = (tracks.seen_ns == time_ns).nonzero()[0]
    if len(seen):
        shared = intersections(detections.boxes, tracks.boxes[seen])
        smaller = np.minimum(areas(detections.boxes)[:, None], areas(tracks.boxes[seen])[None, :])
        inside = (shared > settings.crowded * smaller) & (detections.classes[:, None] == tracks.classes[seen][None, :])
        detections = detections.take((~inside.any(axis=1)).nonzero()[0])
    return TrackTable.newborn(detections, first_id, time_ns)


def _seen(tracks: TrackTable, time_ns: int) -> Tracks:
    rows = (tracks.seen_ns == time_ns).nonzero()[0]
    boxes = _boxes_of(tracks.filters[0].take(rows, axis=0))
    return Tracks(
        tracks.ids.take(rows), boxes, tracks.scores.take(rows), tracks.classes.take(rows), tracks.life.take(rows) != TENTATIVE
    )


def _boxes_of(position: kalman.Measurements) -> Floats:
    return cxcywh_to_xyxy(position.astype(np.float32))
