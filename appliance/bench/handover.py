"""Part ``handover``: a frame from one process to another, one way, against a bare copy of its bytes and against a pickle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.bench.bench import Bench
from appliance.bench.handover_ways import OVERTAKEN, QueueWay, RingWay
from appliance.bench.row import Measure, Row, Target
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels

PART = "handover"
SHAPES = ((384, 640), (720, 1280))  # (height, width) of the frames, three bytes a pixel
FRAMES, PACE_HZ = 1000, 100
QUICK_FRAMES, QUICK_PACE_HZ = 100, 200
# Frames: the first touch of each slot and each page is not what is measured.
WARM_UP = 10
PICTURES = 4
OVER_COPY = Target(most=150)

# Microseconds, one per frame.
Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pace:
    """So many frames, so many per second: gentle, so that every queue is empty when the next frame comes."""

    frames: int
    hz: float

    def ticks(self) -> Iterator[int]:
        """The number of each frame, when it is due."""
        began_ns = monotonic_ns()
        for number in range(self.frames + WARM_UP):
            wait_ns = began_ns + round(number * NS_PER_S / self.hz) - monotonic_ns()
            if wait_ns > 0:
                time.sleep(wait_ns / NS_PER_S)
            yield number


def measure(bench: Bench) -> Iterator[Row]:
    """Two rows for each shape."""
    pace = Pace(QUICK_FRAMES, QUICK_PACE_HZ) if bench.is_quick else Pace(FRAMES, PACE_HZ)
    for shape in SHAPES:
        bench.say(f"{shape[1]}x{shape[0]}: copy, ring, queue")
        pictures = pictures_of(shape)
        copy = copy_times(pictures, pace)
        with RingWay(bench.folder, shape) as ring:
            ours = times_of(ring.send, ring.received_ns, pictures, pace)
        with QueueWay() as queue:
            pickled = times_of(queue.send, queue.received_ns, pictures, pace)
        yield from rows_of(shape, copy, ours, pickled)


def pictures_of(shape: tuple[int, int]) -> list[Pixels]:
    """Noise to hand over; several, so that none lies in the first cache when its turn comes."""
    chance = np.random.default_rng(3)
    return [chance.integers(0, 256, (*shape, 3), np.uint8) for _ in range(PICTURES)]


def copy_times(pictures: list[Pixels], pace: Pace) -> Times:
    """How long a bare copy of the same bytes takes, into as many places as a ring has slots, at the same pace."""
    places = np.ones((RingWay.SLOTS, *pictures[0].shape), np.uint8)
    took_ns = []
    for number in pace.ticks():
        began_ns = monotonic_ns()
        np.copyto(places[number % RingWay.SLOTS], pictures[number % PICTURES])
        took_ns.append(monotonic_ns() - began_ns)
    return np.array(took_ns[WARM_UP:]) / 1e3


def times_of(
    send: Callable[[int, Pixels], None], received_ns: Callable[[], list[int]], pictures: list[Pixels], pace: Pace
) -> Times:
    """From the moment when a frame lies ready until the reader has a view of it."""
    sent_ns = []
    for number in pace.ticks():
        sent_ns.append(monotonic_ns())
        send(number, pictures[number % PICTURES])
    came_ns = np.array(received_ns())
    times: Times = (came_ns - np.array(sent_ns))[came_ns != OVERTAKEN][WARM_UP:] / 1e3
    if not len(times):
        raise Refusal("every frame was overwritten before it was seen: the machine is too busy")
    return times


def rows_of(shape: tuple[int, int], copy: Times, ours: Times, pickled: Times) -> Iterator[Row]:
    """What the way costs beyond the copy, and how much longer a pickle takes."""
    what = f"one frame of {shape[1]}x{shape[0]}x3"
    yield Row(
        part=PART,
        what=what,
        ours=times_in(ours),
        other=times_in(copy),
        against="a bare copy of the bytes",
        figure=float(np.median(ours) - np.median(copy)),
        unit="µs over the copy",
        target=OVER_COPY,
        is_gated=False,
    )
    yield Row(
        part=PART,
        what=what,
        ours=times_in(ours),
        other=times_in(pickled),
        against="multiprocessing.Queue",
        figure=float(np.median(pickled) / np.median(ours)),
        is_gated=False,
    )


def times_in(times: Times) -> Measure:
    """Median and p99."""
    return Measure(float(np.median(times)), "µs", float(np.percentile(times, 99)), "p99")
