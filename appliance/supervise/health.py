"""How every process and every camera is, from what the supervisor has heard."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from appliance.clock import wall_ns
from appliance.latency import quantile_ns
from appliance.messages.health import CameraHealth, Health, ProcessHealth
from appliance.messages.reports import CameraCondition, CameraDrift, Condition, DriftHealth, ProcessCondition
from appliance.supervise.child import Child
from appliance.supervise.recovery import CameraStream, Stage

OK, STARTING = Condition("ok"), Condition("starting")
# A process that has died so often in a row does not recover by itself.
CRASH_LOOP = 3
BAD = ("down", "degraded")

logger = logging.getLogger(__name__)


class HealthWatch:
    """Remembers what cameras have told, and since when everything has been as it is."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[Condition, int]] = {}
        self._worked: dict[str, tuple[int, int]] = {}
        """How many frames had come to each process, and when that became more."""
        self._cameras: dict[str, CameraCondition] = {}
        """As their decoders have told."""
        self._drifts: dict[str, DriftHealth] = {}
        """As the detector has told."""

    def hear_process(self, child: Child, report: ProcessCondition) -> None:
        """Take in how a process is, and tell the log."""
        child.told = report.condition
        is_bad = report.condition.state in BAD
        _log(child.spec.name, report.condition.state, report.condition.reason * is_bad, is_bad=is_bad)

    def hear_camera(self, report: CameraCondition) -> None:
        """Take in how a camera is, and tell the log where that is new."""
        before, now = self._cameras.get(report.camera), report.condition
        self._cameras[report.camera] = report
        if before is None or before.condition != now:
            _log(report.camera, now.state, now.reason, is_bad=now.state in BAD)

    def hear_drift(self, report: CameraDrift) -> None:
        """Take in how far a camera's scene is from what it was, and tell the log where that has changed."""
        before, drift = self._drifts.get(report.camera), report.drift
        self._drifts[report.camera] = drift
        if before is not None and before.state != drift.state:
            _log(report.camera, drift.state, drift.sentence, is_bad=bool(drift.sentence))

    def forget_drift(self, camera: str) -> None:
        """It is told again, where there is one."""
        self._drifts.pop(camera, None)

    def forget(self, camera: str) -> None:
        """It is gone."""
        self._cameras.pop(camera, None)
        self.forget_drift(camera)

    def health(self, children: dict[str, Child], streams: Iterable[CameraStream]) -> Health:
        """The whole machine, now."""
        now_ns = wall_ns()
        conditions = {name: of_process(child) for name, child in children.items()}
        return Health(
            now_ns,
            tuple(self._process(child, conditions[name], now_ns) for name, child in children.items()),
            tuple(self._camera(stream, children, conditions, now_ns) for stream in streams),
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
        now_ns: int,
    ) -> CameraHealth:
        told = self._cameras.get(stream.camera)
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
            self._drifts.get(stream.camera),
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


def _log(who: str, state: str, why: str, *, is_bad: bool) -> None:
    logger.log(logging.WARNING if is_bad else logging.INFO, "%s is %s%s", who, state, f": {why}" if why else "")
