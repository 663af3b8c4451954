"""The supervisor: starts the machine's processes, watches them, starts them again, and leaves nothing behind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from types import TracebackType

import msgspec

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.channel import Broadcaster, wait
from appliance.ipc.command import CommandPost
from appliance.messages.health import DeviceHealth, SwapHealth
from appliance.messages.orders import Begin, Describe, Drain, Forget, ModelInfo, Order, Rescale
from appliance.messages.reports import (
    Beat,
    Began,
    CameraCondition,
    CameraDrift,
    Drained,
    Finished,
    ProcessCondition,
    Ready,
    Refused,
    Report,
    Swapping,
)
from appliance.supervise.child import STOP_S, Child, part_from
from appliance.supervise.entry import REFUSED_EXIT
from appliance.supervise.health import HealthWatch
from appliance.supervise.machine import Machine
from appliance.supervise.recovery import Stage
from appliance.supervise.rings import Rings
from appliance.supervise.spec import ProcessSpec
from appliance.topics import HEALTH

TICK_S = 0.05
HELD_UP_NS = NS_PER_S // 2
# For the reason of a process that has refused to work.
LAST_WORDS_S = 1.0
MOST_DEATHS_WITHOUT_PROGRESS = 5
HEALTH_INTERVAL_NS = NS_PER_S

logger = logging.getLogger(__name__)


class Supervisor:
    """Use as a context: whatever happens inside, no process outlives it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._post = CommandPost(machine.folder)
        self._broadcaster = Broadcaster(machine.folder, HEALTH, "machine")
        self._watch_health = HealthWatch()
        self._health_due_ns = 0
        self._has_worked = False
        self.children = {
            spec.name: Child(spec, machine.folder, machine.log_level, is_job=machine.gives_up) for spec in machine.specs
        }
        self.streams = {stream.camera: stream for stream in machine.streams}
        self.health = self._watch_health.health(self.children, self.streams.values())
        """How everything is, as of a second ago at most."""
        self.model: ModelInfo | None = None
        """As the machine speaks of it: with the classes of all models that it has had."""
        self.model_name = ""
        self.swap: SwapHealth | None = None
        self.hear_swap: Callable[[str, Swapping | Ready | Refused], None] = lambda process, report: None
        """Whoever swaps models hears of what concerns him here."""
        self.devices: Callable[[], tuple[DeviceHealth, ...]] = tuple
        """What it runs on, from whoever watches that."""
        self._rings = Rings(str(machine.shm_dir))
        self._leaving: list[Child] = []
        self._last_epochs: dict[str, int] = {}
        self._deaths: Counter[str] = Counter()
        self._progress: tuple[int, ...] = ()
        self._drained: set[str] = set()

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop all: ask, wait, kill."""
        everybody = (*self.children.values(), *self._leaving)
        for child in everybody:
            child.ask_to_stop()
        deadline_ns = monotonic_ns() + round(STOP_S * NS_PER_S)
        for child in everybody:
            child.stop(deadline_ns)
        self._hear_last_words()
        self._rings.close()
        self._post.close()
        self._broadcaster.close()

    def run(self, keep_on: Callable[[], bool]) -> None:
        """Until all streams are finished, or ``keep_on`` says no; raises ``Refusal`` where the machine cannot work."""
        looked_ns = monotonic_ns()
        while keep_on() and not self._is_finished():
            wait((self._post,), TICK_S)
            looked_ns, before_ns = monotonic_ns(), looked_ns
            if looked_ns - before_ns > HELD_UP_NS:
                self._excuse_silence()
            self._hear_all()
            for child in tuple(self.children.values()):
                self._watch(child)
            self._leaving = [child for child in self._leaving if not self._has_left(child)]
            self._begin_streams()
            self._tell_health()

    def _tell_health(self) -> None:
        now_ns = monotonic_ns()
        if now_ns >= self._health_due_ns:
            self._health_due_ns = now_ns + HEALTH_INTERVAL_NS
            health = self._watch_health.health(self.children, self.streams.values())
            self.health = msgspec.structs.replace(
                health,
                model=self.model,
                model_name=self.model_name,
                swap=self.swap,
                data_dir=str(self._machine.data_dir),
                devices=self.devices(),
            )
            self._broadcaster.send(self.health)

    def order(self, process: str, order: Order) -> bool:
        """Give an order to a process; whether it is there to hear it."""
        child = self.children.get(process)
        if child is None or not child.is_ready:
            return False
        self._post.order(process, child.pid, order)
        return True

    def begin_passing(self, spec: ProcessSpec) -> None:
        """Start a process that belongs to no camera, and is not started again."""
        self.children[spec.name] = Child(spec, self._machine.folder, self._machine.log_level)

    def end_passing(self, name: str) -> None:
        """It is wanted no more."""
        if (child := self.children.pop(name, None)) is not None:
            child.ask_to_stop()
            self._leaving.append(child)

    def rescale(self, model: ModelInfo) -> None:
        """Have all pictures made for this model; raises ``Refusal``, and changes nothing, where they have no room."""
        self._rings.enlarge(self._machine.ring_size(model))
        self.model = model
        for stream in self.streams.values():
            stream.ring = self._rings.path(stream.camera)
            self.order(stream.processes[0], Rescale(stream.camera, model.rule, stream.ring))

    def shards(self) -> dict[str, tuple[str, ...]]:
        """The track processes and their cameras, now."""
        names = dict.fromkeys(stream.shard for stream in self.streams.values())
        return {name: tuple(stream.camera for stream in self.streams.values() if stream.shard == name) for name in names}

    def refuse(self, machine: Machine) -> None:
        """Raise ``Refusal`` where ``change`` would, and change nothing."""
        if self.model is not None:
            self._rings.refuse({stream.camera for stream in machine.streams} - set(self.streams), machine.ring_size(self.model))

    def change(self, machine: Machine) -> None:
        """Become this machine without touching what is the same in it; raises ``Refusal``, and stays as it is, where that cannot
        be.

        A camera whose settings have changed begins a new epoch, as after a death; one that is gone is written down and
        forgotten. Processes whose own settings have changed are replaced.
        """
        wanted = {stream.camera: stream for stream in machine.streams}
        added = [camera for camera in wanted if camera not in self.streams]
        # What can fail comes first.
        if self.model is not None:
            self._rings.add(added, machine.ring_size(self.model))
        for camera in [camera for camera in self.streams if camera not in wanted]:
            self._forget(camera)
        self._replace_children(machine)
        for camera, stream in wanted.items():
            if camera in added:
                self.streams[camera] = stream
                # What is still under way of an earlier one of that name is older.
                stream.epoch = self._last_epochs.get(camera, 0)
                stream.ring = self._rings.path(camera)
            elif self.streams[camera].settings != stream.settings:
                self.streams[camera].settings = stream.settings
                self.streams[camera].tear()
                # Told again, unless it is a file now.
                self._watch_health.forget_drift(camera)
        self._machine = machine
        # It began long ago: from here on a process that refuses to work is a fault to be told, and no reason to end all others.
        self._has_worked = True
        for child in self.children.values():
            self._describe(child)

    def _tellers(self) -> list[Child]:
        return [child for child in self.children.values() if child.spec.tells_others]

    def _describe(self, child: Child) -> None:
        """Tell it of the cameras, and whether there is no more to come of them."""
        if child.is_ready and (child.spec.is_told or child.spec.tells_others):
            settings = tuple(stream.settings for stream in self.streams.values())
            self._post.order(child.spec.name, child.pid, Describe(settings))
            if child.spec.tells_others and self._machine.gives_up and self._are_streams_finished():
                self._post.order(child.spec.name, child.pid, Drain())

    def _forget(self, camera: str) -> None:
        stream = self.streams.pop(camera)
        self._last_epochs[camera] = stream.epoch
        for name in stream.processes[1:]:
            if self.children[name].is_ready:
                self._post.order(name, self.children[name].pid, Forget(camera))
        self._watch_health.forget(camera)
        self._rings.drop(camera)

    def _replace_children(self, machine: Machine) -> None:
        wanted = {spec.name: spec for spec in machine.specs}
        for name, child in list(self.children.items()):
            if wanted.get(name) != child.spec and not child.spec.is_passing:
                child.ask_to_stop()
                self._leaving.append(self.children.pop(name))
                for stream in self.streams.values():
                    if name in stream.processes:
                        stream.tear()
        for name, spec in wanted.items():
            if name not in self.children:
                self.children[name] = Child(spec, machine.folder, machine.log_level, is_job=machine.gives_up)

    def _excuse_silence(self) -> None:
        """The supervisor itself was held up, and perhaps the whole computer: who was silent meanwhile need not hang."""
        for child in self.children.values():
            child.hear()

    def _is_finished(self) -> bool:
        return self._machine.gives_up and self._are_streams_finished() and self._drained >= {c.spec.name for c in self._tellers()}

    def _are_streams_finished(self) -> bool:
        return all(stream.stage is Stage.FINISHED for stream in self.streams.values())

    def _watch(self, child: Child) -> None:
        if self.children.get(child.spec.name) is not child:
            # The end of another one was its end, too.
            return
        if child.has_died():
            self._hear_all()
            exit_code = child.bury()
            if exit_code == REFUSED_EXIT and not self._is_finished():
                wait((self._post,), LAST_WORDS_S)
                self._hear_all()
            if self._is_finished():
                return
            if child.spec.is_passing:
                logger.warning("%s has ended: %s", child.spec.name, child.last_end)
                # Whoever has heard its last word may have ended it already.
                self.children.pop(child.spec.name, None)
                return
            why = (child.complaint if exit_code == REFUSED_EXIT else "") or child.last_end
            logger.warning("%s has died (%s) and is started again", child.spec.name, why)
            part_from(child, self.children.values())
            # Told at once: in a second all may be well again, and a gap without its reason.
            self._health_due_ns = 0
            for stream in self.streams.values():
                if child.spec.name in stream.processes:
                    stream.tear()
            self._check_progress(child)
        # Two of one name would bind the same addresses.
        if child.may_start() and all(leaving.spec.name != child.spec.name for leaving in self._leaving):
            child.start()

    def _has_left(self, child: Child) -> bool:
        if not child.has_left():
            return False
        part_from(child, self.children.values())
        return True

    def _check_progress(self, child: Child) -> None:
        progress = tuple(stream.checkpoint.frame for stream in self.streams.values())
        if progress != self._progress:
            self._progress = progress
            self._deaths.clear()
        self._deaths[child.spec.name] += 1
        deaths = self._deaths[child.spec.name]
        if self._machine.gives_up and deaths > MOST_DEATHS_WITHOUT_PROGRESS:
            sentence = f"{child.spec.name} has died {deaths} times in a row without getting any further"
            self._give_up(f"{sentence}, the last time with {child.last_end}")

    def _give_up(self, sentence: str, *, usage: bool = False) -> None:
        """Refuse to go on. A job that has begun to count ends here instead, so that what it has counted is its result."""
        if not self._machine.gives_up or all(stream.source is None for stream in self.streams.values()):
            raise Refusal(sentence, usage=usage)
        # Nobody is waited for any more.
        self._drained |= {child.spec.name for child in self._tellers()}
        for stream in self.streams.values():
            stream.problem = stream.problem or sentence
            if stream.stage is not Stage.FINISHED:
                stream.finish(stream.epoch, sentence)

    def _hear_all(self) -> None:
        while (message := self._post.take()) is not None:
            self._hear(*message)

    def _hear_last_words(self) -> None:
        """What the stopped processes have done; nothing else matters any more. What they sent may take a moment to arrive."""
        wait((self._post,), TICK_S)
        while (message := self._post.take()) is not None:
            process, report = message
            child = self.children.get(process)
            if isinstance(report, Beat) and child is not None and report.pid == child.pid:
                child.hear(report)
            wait((self._post,), TICK_S)

    def _hear(self, process: str, report: Report) -> None:
        child = self.children.get(process)
        if child is None:
            # It is leaving.
            return
        if report.pid != child.pid and not (isinstance(report, Refused) and report.pid == child.buried_pid):
            # From an earlier life; only why it has ended is of interest still.
            return
        if isinstance(report, Swapping) or (child.spec.is_passing and isinstance(report, Ready | Refused)):
            child.is_ready = True
            child.hear()
            self.hear_swap(process, report)
            return
        if isinstance(report, Refused):
            if self._machine.gives_up or (not self._has_worked and (child.spec.is_vital or report.usage)):
                self._give_up(report.sentence, usage=report.usage)
            child.complaint = report.sentence
            return
        child.hear(report if isinstance(report, Beat) else None)
        if isinstance(report, Ready):
            self._on_ready(child, report)
        elif isinstance(report, ProcessCondition):
            self._watch_health.hear_process(child, report)
        elif isinstance(report, Drained):
            self._drained.add(process)
        elif isinstance(report, Began | CameraCondition | CameraDrift | Finished) and report.camera in self.streams:
            self._on_stream(child, report)

    def _on_stream(self, child: Child, report: Began | CameraCondition | CameraDrift | Finished) -> None:
        if isinstance(report, Began):
            self._on_began(child, report)
        elif isinstance(report, CameraCondition):
            self._watch_health.hear_camera(report)
        elif isinstance(report, CameraDrift):
            self._watch_health.hear_drift(report)
        else:
            self.streams[report.camera].finish(report.epoch, report.problem)
            if self._are_streams_finished():
                for teller in self._tellers():
                    self._describe(teller)

    def _on_ready(self, child: Child, report: Ready) -> None:
        child.is_ready, child.complaint = True, ""
        if child.restarts:
            logger.info("%s is ready again, %.2f s after its death", child.spec.name, child.since_death_s)
        self._describe(child)
        if report.model is not None and self.model is None:
            self.model = report.model
            self._rings.add(self.streams, self._machine.ring_size(report.model))
            for camera, stream in self.streams.items():
                stream.ring = self._rings.path(camera)
        elif report.model is not None and self.model is not None and child.spec.name == "detect":
            # Another backend may have to do, as where a GPU was lost.
            found = report.model
            self.model = msgspec.structs.replace(self.model, backend=found.backend, is_outdated=found.is_outdated)

    def _on_began(self, child: Child, report: Began) -> None:
        # Nothing begins before the model is known.
        assert self.model is not None
        stream = self.streams[report.camera]
        self._order(stream.began(child.spec.name, report, self.model))
        if stream.stage is Stage.PLAYING:
            self._has_worked = True
            logger.info("%s plays in epoch %d after frame %d", stream.camera, stream.epoch, stream.checkpoint.frame)

    def _begin_streams(self) -> None:
        if self.model is None:
            return
        for stream in self.streams.values():
            if all(self.children[name].is_ready for name in stream.processes):
                self._order(stream.begin(self.model))

    def _order(self, order: tuple[str, Begin] | None) -> None:
        if order is not None:
            process, begin = order
            self._post.order(process, self.children[process].pid, begin)
