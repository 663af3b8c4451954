"""One camera's counter in one epoch: from tracked frames to what is written in the ledger."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from appliance.clock import NS_PER_S, wall_ns
from appliance.config import CameraSettings
from appliance.config import CounterSettings as Wanted
from appliance.count.bridge import BridgeSettings
from appliance.count.counter import CountedLine, Counter, CounterSettings, CounterState, Decision
from appliance.count.coverage import SET_BACK_NS, Coverage
from appliance.count.diary import Diary
from appliance.count.line import Line
from appliance.count.reasons import NO_PICTURES
from appliance.count.towed import TowingSettings
from appliance.count.trajectory import Passage
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord, TracksRecord
from appliance.messages.frames import NO_SLOT, FrameTicket, TrackedFrame
from appliance.messages.message import Unpacker, pack
from appliance.messages.orders import Begin, Checkpoint

# Of media time; with every decision as well.
CHECKPOINT_INTERVAL_NS = 2 * NS_PER_S


class CameraState(msgspec.Struct, frozen=True):
    """The counter's state, and the size of the frames that its pixels are of."""

    frame_size: tuple[int, int]
    wall_offset_ns: int
    counter: CounterState
    lines: tuple[str, ...]
    """The settings of each line and zone, JSON, in the order in which the trajectories know them."""
    clock: str = "arrival"


STATES: Unpacker[CameraState] = Unpacker(CameraState)


class CountedCamera:
    """Counts, and writes the checkpoint with everything that it decided."""

    def __init__(
        self,
        camera: CameraSettings,
        wanted: Wanted,
        order: Begin,
        checkpoint: Checkpoint,
        ledger: Ledger,
        diary: Diary,
    ) -> None:
        self.epoch = order.epoch
        self._camera, self._ledger, self._diary = camera, ledger, diary
        self._coverage: Coverage | None = None
        self._interrupted = ""
        """Why there is a gap before the first frame, if there is one."""
        if camera.keeps_time:
            self._interrupted = diary.begin(camera, wall_ns())
            self._coverage = Coverage(round(camera.blind_s * NS_PER_S), ledger.seen_until(camera.name)[0])
        self.names, self._wanted = order.model.names, wanted
        self._settings = counter_settings(wanted, self.names)
        self._record_tracks = wanted.record_tracks
        self._checkpoint = self._newest = checkpoint
        self._recorded: list[TracksRecord] = []
        self._frame_size, self._wall_offset_ns, self._clock = (0, 0), 0, "arrival"
        self._counter: Counter | None = None
        if checkpoint.counter:
            state = STATES.decode(checkpoint.counter)
            self._resize(state.frame_size, on_lines(state.counter, state.lines, line_texts(camera)))
            self._wall_offset_ns, self._clock = state.wall_offset_ns, state.clock

    def count(self, message: TrackedFrame) -> None:
        """Take in the next frame."""
        ticket = message.ticket
        frame_size = (ticket.source_width, ticket.source_height)
        if self._counter is None or frame_size != self._frame_size:
            self._counter = self._resize(frame_size)
        decisions = self._counter.update(message.tracks, ticket.frame, ticket.pts_ns)
        self._look(ticket, self._counter)
        if self._record_tracks:
            self._recorded.append(TracksRecord(ticket.frame, pack(message.tracks)))
        self._newest = Checkpoint(ticket.frame, ticket.pts_ns, message.state)
        if decisions or ticket.pts_ns - self._checkpoint.pts_ns >= CHECKPOINT_INTERVAL_NS:
            self._commit(self._records(decisions, str(ticket.frame)))

    def learn(self, names: tuple[str, ...]) -> None:
        """These are the classes now; those that were known have kept their numbers. What is under way goes on."""
        self.names, self._settings = names, counter_settings(self._wanted, names)
        if self._counter is not None:
            self._resize(self._frame_size, self._counter.state)

    def skip(self, ticket: FrameTicket) -> None:
        """A frame will not come."""
        if self._coverage is not None:
            self._coverage.skip(ticket.capture_ns, 1 + ticket.skipped)

    def _look(self, ticket: FrameTicket, counter: Counter) -> None:
        """What this frame says about the coverage."""
        wall_offset_ns = ticket.capture_ns - ticket.pts_ns
        if self._coverage is not None:
            inside = {zone.name: counter.inside(len(self._camera.lines) + n) for n, zone in enumerate(self._camera.zones)}
            self._coverage.look(ticket.capture_ns, ticket.skipped, inside, self._why(ticket, wall_offset_ns))
        self._wall_offset_ns, self._clock = wall_offset_ns, ticket.clock

    def _why(self, ticket: FrameTicket, wall_offset_ns: int) -> Callable[[int], str]:
        """What tells why nothing was seen before this frame."""
        if self._camera.is_live and self._wall_offset_ns and abs(wall_offset_ns - self._wall_offset_ns) > SET_BACK_NS:
            return lambda since_ns: "the clock of this computer was set"
        busy = f"the machine was too busy: {ticket.skipped} frames were not looked at" if ticket.skipped else NO_PICTURES
        otherwise = self._interrupted or busy
        if ticket.slot != NO_SLOT:
            self._interrupted = ""
        return lambda since_ns: self._diary.why(self._camera.name, since_ns, otherwise)

    def finish(self, problem: str) -> None:
        """Decide what is open: no more frames will come."""
        decisions = [] if self._counter is None else self._counter.finish()
        self._commit(self._records(decisions, "end"), problem)

    def leave(self) -> None:
        """No more frames come for now; what is open stays open."""
        if self._newest.frame > self._checkpoint.frame:
            self._commit([])

    def _resize(self, frame_size: tuple[int, int], state: CounterState | None = None) -> Counter:
        """A counter for frames of this size; where the size changes, objects begin anew."""
        self._frame_size = frame_size
        self._counter = Counter(counted_lines(self._camera, self.names, frame_size), self._settings, state)
        return self._counter

    def _commit(self, records: list[CrossingRecord], end: str | None = None) -> None:
        counter = CounterState() if self._counter is None else self._counter.state
        state = CameraState(self._frame_size, self._wall_offset_ns, counter, line_texts(self._camera), self._clock)
        checkpoint = msgspec.structs.replace(self._newest, counter=pack(state))
        seen = None if self._coverage is None else self._coverage.take()
        self._ledger.commit(self._camera.name, checkpoint, records, self._recorded, end, seen)
        self._checkpoint = checkpoint
        self._recorded = []

    def _records(self, decisions: list[Decision], when: str) -> list[CrossingRecord]:
        return [self._record(decision, f"{when}.{ordinal}") for ordinal, decision in enumerate(decisions)]

    def _record(self, decision: Decision, when: str) -> CrossingRecord:
        line = self._camera.counted[decision.line]
        capture_ns = decision.time_ns + self._wall_offset_ns
        return CrossingRecord(
            event_id=f"{self._ledger.run}.{self._camera.name}.{line.name}.{when}",
            camera=self._camera.name,
            line=line.name,
            direction=line.directions.forward if decision.net > 0 else line.directions.backward,
            class_name=self.names[decision.class_id],
            frame=round(decision.frame),
            pts_ns=decision.time_ns,
            capture_ns=capture_ns,
            track_id=decision.track_id,
            confidence=round(decision.confidence, 4),
            x=decision.x,
            y=decision.y,
            reason=decision.reason.value,
            clock=self._clock,
            minute_ns=0 if self._coverage is None else self._diary.minute_ns(self._camera.name, line.name, capture_ns),
            counted=decision.counted,
        )


def line_texts(camera: CameraSettings) -> tuple[str, ...]:
    """What each line and zone is, so that a changed one is told from one that stayed."""
    return tuple(line.model_dump_json() for line in camera.counted)


def on_lines(state: CounterState, before: tuple[str, ...], now: tuple[str, ...]) -> CounterState:
    """The state for other lines: what stayed goes on, to a line that is new everybody has just appeared where he is."""
    for trajectory in state.trajectories if before != now else ():
        known = dict(zip(before, trajectory.passages))
        trajectory.passages = [known.get(line) or Passage(trajectory.last) for line in now]
    return state


def counted_lines(camera: CameraSettings, names: tuple[str, ...], frame_size: tuple[int, int]) -> tuple[CountedLine, ...]:
    """The camera's lines and the boundaries of its zones, in pixels of a frame of ``frame_size`` (width, height)."""
    width, height = frame_size
    return tuple(
        CountedLine(
            Line(tuple((x * width, y * height) for x, y in line.polyline)),
            line.anchor.height_share,
            frozenset(names.index(name) for name in line.classes) if line.classes else None,
        )
        for line in camera.counted
    )


def counter_settings(wanted: Wanted, names: tuple[str, ...]) -> CounterSettings:
    """The counter's settings, with class ids for names; classes that the model does not know tow nothing."""
    towing = frozenset(names.index(name) for name in wanted.towing_classes if name in names)
    return CounterSettings(
        dead_band_share=wanted.dead_band_share,
        memory_s=wanted.bridge_s + 1.0,
        bridge=BridgeSettings(longest_s=wanted.bridge_s),
        towing=TowingSettings(class_ids=towing),
    )
