"""A site's machine from start to stop: its folder, its ledger, its signals, and what it did."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from appliance import pipeline
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import SiteSettings
from appliance.device.watching import Watching, reader_of
from appliance.errors import Refusal
from appliance.ledger.alone import alone_with
from appliance.ledger.ledger import Ledger
from appliance.messages.orders import ModelInfo, SourceInfo
from appliance.messages.reports import Beat
from appliance.models.store import full_name, own_store, store_folder
from appliance.place import Place
from appliance.readiness import FOLDER_PREFIX
from appliance.reloading import Reloader
from appliance.supervise.preflight import check_memory, check_port, is_alive, is_another, runtime_parent, sweep
from appliance.supervise.service import ServiceManager
from appliance.supervise.supervisor import Supervisor
from appliance.swap.booting import kept_at_last
from appliance.swap.saving import Kept

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a machine did. ``work`` is by process, ``sources`` and ``problems`` by camera; ``seconds`` from the first order on."""

    ledger: Path
    run: str
    model: ModelInfo | None
    sources: dict[str, SourceInfo]
    problems: dict[str, str]
    work: dict[str, Beat]
    restarts: int
    seconds: float
    stopped: bool
    """Told to stop before it was finished."""


class Stopper:
    """Becomes true with the first SIGINT or SIGTERM; SIGHUP is remembered apart."""

    def __init__(self) -> None:
        self.is_set = False
        self._is_hungup = False

    def __call__(self, signal_number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        del frame
        if signal_number == signal.SIGHUP:
            self._is_hungup = True
        else:
            self.is_set = True

    def takes_hangup(self) -> bool:
        """Whether SIGHUP has come since this was last asked."""
        hangup, self._is_hungup = self._is_hungup, False
        return hangup


@contextmanager
def stopping_on_signals(*more: signal.Signals) -> Iterator[Stopper]:
    """Inside, SIGINT and SIGTERM ask for an orderly stop instead of breaking off; ``more`` signals are taken, too."""
    stopper = Stopper()
    before = {number: signal.signal(number, stopper) for number in (signal.SIGINT, signal.SIGTERM, *more)}
    try:
        yield stopper
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def new_run_id() -> str:
    """Names one start of a machine; in every event id of the ledger."""
    return uuid.uuid4().hex[:12]


def run_site(
    site: SiteSettings,
    ledger: Path,
    *,
    until_finished: bool,
    watch: Callable[[Supervisor], None] = lambda supervisor: None,
    run: str = "",
    read_again: Callable[[str | None], SiteSettings] | None = None,
    site_file: Path | None = None,
) -> Work:
    """Run a site's machine until its files are finished, or until a signal; ``watch`` is called a few times per second.

    ``run`` names it for those who want to read the ledger meanwhile. With SIGHUP, or on request, it becomes the site that
    ``read_again`` gives: of the site's file, or of a text that may come to stand in it.
    """
    run = run or new_run_id()
    signals = () if read_again is None else (signal.SIGHUP,)
    with stopping_on_signals(*signals) as stopper, alone_with(ledger), _folder(site) as folder:
        _refuse_what_cannot_be(site, is_job=until_finished)
        # What cannot be written is refused now, and a stop before the first frame finds a ledger.
        Ledger(ledger, run).close()
        site, unwritten = _with_kept_model(site, ledger, site_file)
        place = _place_of(site, folder, ledger, run, gives_up=until_finished, site_file=site_file)
        manager = ServiceManager()
        with Supervisor(place.machine(site)) as supervisor, ExitStack() as parts:
            clock, supervisor.model_name = _WorkClock(), place.version

            reloader = None
            if read_again is not None:
                reloader = parts.enter_context(Reloader(supervisor, place, site, read_again, unwritten))
            if not until_finished:
                supervisor.devices = parts.enter_context(Watching(reader_of())).devices

            def keep_on() -> bool:
                if reloader is not None:
                    reloader.look(is_hungup=stopper.takes_hangup())
                clock.look(supervisor)
                manager.look(supervisor.health)
                watch(supervisor)
                return not stopper.is_set

            supervisor.run(keep_on)
            clock.stop()
            manager.stopping()
        return _work_of(supervisor, ledger, run, clock.seconds, was_stopped=stopper.is_set)


def _work_of(supervisor: Supervisor, ledger: Path, run: str, seconds: float, *, was_stopped: bool) -> Work:
    return Work(
        ledger,
        run,
        supervisor.model,
        {name: stream.source for name, stream in supervisor.streams.items() if stream.source is not None},
        {name: stream.problem for name, stream in supervisor.streams.items() if stream.problem},
        {name: child.work for name, child in supervisor.children.items()},
        sum(child.restarts for child in supervisor.children.values()),
        seconds,
        was_stopped,
    )


def _with_kept_model(site: SiteSettings, ledger: Path, site_file: Path | None) -> tuple[SiteSettings, Kept | None]:
    """The site with the model that was kept last, where the power went before its file named that; and what it has still to name.

    Another model that a start names by itself counts.
    """
    try:
        kept = None if site_file is None else kept_at_last(site_file, ledger.parent)
    except Refusal as refusal:
        # No reason not to count.
        logger.error("%s", refusal.sentence)
        return site, None
    if kept is None or site.detector.model not in kept.instead_of:
        return site, kept
    logger.warning("the model %s was kept, and counts, though %s does not name it yet", kept.model, site_file)
    return site.model_copy(update={"detector": site.detector.model_copy(update={"model": kept.model})}), kept


def _place_of(site: SiteSettings, folder: Path, ledger: Path, run: str, *, gives_up: bool, site_file: Path | None) -> Place:
    """Where it begins, with the model that its name means at this moment."""
    classes, named = pipeline.classes_of(site)
    is_live, model = pipeline.is_live(site), site.detector.model
    version = full_name(model, own_store(site.data_dir), models_dir())
    return Place(folder, ledger, run, models_dir(), gives_up, classes, named, is_live, site_file, model, version)


def _refuse_what_cannot_be(site: SiteSettings, *, is_job: bool) -> None:
    if is_job and not site.cameras:
        raise Refusal("'cameras': something to count in is wanted, found none", usage=True)
    check_memory(site.shm_dir, pipeline.ring_size(site).total_bytes * len(site.cameras))
    if site.control.port is not None:
        check_port("the control plane", site.control.bind, site.control.port, "control.port")
    if site.mqtt.broker == "embedded":
        check_port("the embedded broker", site.mqtt.bind, site.mqtt.port, "mqtt.port")


class _WorkClock:
    """Measures from the moment when the model is loaded: before that, processes start and nothing is counted."""

    def __init__(self) -> None:
        self._began_ns = 0
        self.seconds = 0.0

    def look(self, supervisor: Supervisor) -> None:
        if supervisor.model is not None and self._began_ns == 0:
            self._began_ns = monotonic_ns()

    def stop(self) -> None:
        self.seconds = (monotonic_ns() - self._began_ns) / NS_PER_S if self._began_ns else 0.0


@contextmanager
def _folder(site: SiteSettings) -> Iterator[Path]:
    """A folder for the sockets, for this user only; those of dead machines are removed on the way."""
    longest = max(len(os.fsencode(name)) for name in ("track.9999", *(camera.name for camera in site.cameras)))
    parent = runtime_parent(len(f"/{FOLDER_PREFIX}{os.getpid()}-12345678/credits.") + longest)
    sweep(parent, FOLDER_PREFIX, is_another)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A folder for files that nobody keeps; those that killed programs have left are removed on the way."""
    sweep(Path(tempfile.gettempdir()), prefix, is_alive)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-") as name:
        yield Path(name)


def models_dir() -> Path:
    """The model store of this machine."""
    return store_folder()
