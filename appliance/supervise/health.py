"""How every process and every camera is, from what the supervisor has heard."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.clock import wall_ns
from appliance.latency import quantile_ns
from appliance.messages.health import CameraHealth, Health, ProcessHealth
from appliance.messages.reports import CameraCondition, Condition, DriftHealth
from appliance.supervise.child import Child
from appliance.supervise.recovery import CameraStream, Stage

OK, STARTING = Condition("ok"), Condition("starting")
# A process that has died so often in a row does not recover by itself.
CRASH_LOOP = 3


class HealthWatch:
    """Remembers since when everything has been as it is."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[Condition, int]] = {}
        self._worked: dict[str, tuple[int, int]] = {}
        """How many frames had come to each process, and when that became more."""
        self.drifts: dict[str, DriftHealth] = {}
        """As the detector has told."""

    def health(self, children: dict[str, Child], streams: Iterable[CameraStream], cameras: dict[str, CameraCondition]) -> Health:
        """The whole machine, now."""
        now_ns = wall_ns()
        conditions = {name: of_process(child) for name, child in children.items()}
        return Health(
            now_ns,
            tuple(self._process(child, conditions[name], now_ns) for name, child in children.items()),
            tuple(self._camera(stream, children, conditions, cameras.get(stream.camera), now_ns) for stream in streams),
        )

    def _process(self, child: Child, condition: Condition, now_ns: int) -> ProcessHealth:
        work = child.work
        return ProcessHealth(
            child.spec.name,
            condition,
            self._since_ns(f"process {child.spec.name}", condition, now_ns),
            child.pid,
            child.restarts,
            work.frames,
            quantile_ns(work.latencies, 0.5),
            quantile_ns(work.latencies, 0.99),
            work.peak_memory_bytes,
            work.cpu_ns,
            work.waiting,
            self._worked_ns(child.spec.name, work.frames + work.skipped + work.stale, now_ns),
            work,
        )

    def _camera(
        self,
        stream: CameraStream,
        children: dict[str, Child],
        processes: dict[str, Condition],
        told: CameraCondition | None,
        now_ns: int,
    ) -> CameraHealth:
        condition = of_camera(stream, processes, told)
        work = children[stream.processes[0]].work
        return CameraHealth(
            stream.camera,
            condition,
            self._since_ns(f"camera {stream.camera}", condition, now_ns),
            stream.source if told is None else told.source,
            0 if told is None else told.connections,
            work.frames,
            work.skipped,
            work.stale,
            work.damaged,
            self.drifts.get(stream.camera),
        )

    def _worked_ns(self, name: str, frames: int, now_ns: int) -> int:
        """A process that is another one under the same name begins at nothing, and has not worked by that."""
        known, worked_ns = self._worked.get(name, (0, 0))
        self._worked[name] = (frames, now_ns if frames > known else worked_ns)
        return self._worked[name][1]

    def _since_ns(self, what: str, condition: Condition, now_ns: int) -> int:
        """A new reason is no new state."""
        known = self._since.get(what)
        since_ns = known[1] if known is not None and known[0].state == condition.state else now_ns
        self._since[what] = (condition, since_ns)
        return since_ns


def of_process(child: Child) -> Condition:
    """How a process is."""
    if child.complaint:
        # However often: it will not work before somebody changes what it complains of.
        return Condition("down", f"{child.complaint}; is started again")
    if child.deaths_in_a_row >= CRASH_LOOP and not child.is_calm:
        return Condition("degraded", f"has ended {child.deaths_in_a_row} times in a row; the last time it {child.last_words}")
    if child.is_ready:
        return child.told or OK
    return Condition("down", f"{child.last_words}; is started again") if child.restarts else STARTING


def of_camera(stream: CameraStream, processes: dict[str, Condition], told: CameraCondition | None) -> Condition:
    """How a camera is: as its decoder says, and whether what it sends is counted."""
    if stream.stage is Stage.FINISHED:
        return Condition("degraded", stream.problem) if stream.problem else Condition("ok", "finished")
    decoder, *others = stream.processes
    if processes[decoder].state in ("down", "degraded"):
        return Condition("down", f"its decoder {processes[decoder].reason}")
    for name in others:
        if processes[name].state in ("down", "degraded"):
            return Condition("degraded", f"its pictures are not counted: {name} {processes[name].reason}")
    if stream.stage is not Stage.PLAYING:
        return STARTING
    return OK if told is None else told.condition
