"""Another model while the machine counts, from the request to the end of its probation.

    staged ─▶ accepted ─▶ agrees ─▶ loaded ─▶ learned ─▶ taken ─▶ switched ─▶ kept
       │          │          │         │          │         │         │
       └──────────┴──────────┴─────────┴──────────┴─────────┴─────────┴─▶ refused, returned, called off, cut off: as it was

staged      the file is what its manifest says
accepted    in a process of its own it loads, and does what it should (``detect.acceptance``)
agrees      in the shadow of the model that counts it sees the same (``swap.candidate``)
loaded      the detector has it, too
learned     the counter knows its classes
taken       the detector asks it, as soon as pictures come that were made for it
switched    it has answered for the first time
kept        its probation is over; the configuration names it as soon as that can be written (``swap.saving``), and also a
            machine that is cut off before that begins with it again (``swap.booting``)
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import msgspec

from appliance import pipeline
from appliance.clock import in_ns, monotonic_ns, wall_ns
from appliance.config import SiteSettings, named_classes
from appliance.detect.acceptance import AcceptanceRequest, start_acceptance
from appliance.errors import Refusal, in_a_sentence
from appliance.ipc.requests import ask
from appliance.messages.health import SwapHealth
from appliance.messages.orders import Learn, ModelInfo, Return, Switch
from appliance.messages.questions import Activate, Answer, CallOff
from appliance.messages.reports import Ready, Refused, Swapping
from appliance.models.built import built_folder
from appliance.models.store import find_model, full_name, stores_of
from appliance.place import Place
from appliance.process_settings import CandidateProcess, DetectProcess
from appliance.supervise.spec import ProcessSpec
from appliance.supervise.supervisor import Supervisor
from appliance.swap.files import as_it_was, digest_in, digest_now
from appliance.swap.journal import Journal, Step
from appliance.swap.saving import Kept, Saving
from appliance.swap.shadow import extended
from appliance.swap.under_way import NO_CAMERA, Swap
from appliance.topics import REQUESTS

CANDIDATE = "candidate"
# For the candidate to load, and to hear of a first frame; for the detector to load; for the counter to answer.
SHADOW_BEGINS_S, LOADING_S, LEARNING_S = 180.0, 180.0, 10.0
MARGIN_S = 30.0
# This machine itself, asked by the thread that saves.
ANSWER_S = 3.0

logger = logging.getLogger(__name__)


class Swapper:
    """Of one machine: at most one swap at a time. ``look`` never waits."""

    def __init__(
        self, supervisor: Supervisor, place: Place, become: Callable[[SiteSettings], None], unwritten: Kept | None = None
    ) -> None:
        """``become`` is told of the site when another model has been kept. ``unwritten`` counts already, and shall stand in the
        site's file.
        """
        self._supervisor, self._place, self._become = supervisor, place, become
        self._journals: list[Journal] = []
        self._saving = Saving(
            place.site_file, place.ledger.parent, lambda request: ask(place.folder, REQUESTS, request, ANSWER_S)
        )
        self._swap: Swap | None = None
        self._names: tuple[str, ...] = ()
        """The classes of the model that counts; the machine may know more."""
        self._digest = digest_now(place.version or place.model, *stores_of(place.ledger.parent))
        """Of the file of the model that counts, when it was loaded."""
        self._unwritten, self._began_ns = unwritten, wall_ns()
        supervisor.hear_swap = self._hear
        if unwritten is not None:
            self._saving.begin(unwritten, monotonic_ns())

    def close(self) -> None:
        """Nothing is swapped any more."""
        swap = self._swap
        if swap is not None and swap.acceptance is not None:
            swap.acceptance.close()
        if swap is not None and not swap.is_over and swap.step != "kept":
            self._note("cut off", "the machine was stopped")
        self._saving.close()
        for journal in self._journals:
            journal.close()

    @property
    def _journal(self) -> Journal:
        """Begun with the first swap."""
        if not self._journals:
            self._journals.append(Journal(self._place.ledger.parent))
        return self._journals[0]

    @property
    def known(self) -> tuple[str, ...]:
        """The classes of the model that counts."""
        return self._names or (self._supervisor.model.names if self._supervisor.model else ())

    def activate(self, wanted: Activate, site: SiteSettings) -> Answer:
        """Begin a swap, or say why not."""
        if self._swap is not None and not self._swap.is_over:
            return Answer(False, f"the model {self._swap.wanted.model} is being brought in; wait, or call that off")
        if self._supervisor.model is None:
            return Answer(False, "the machine has not loaded a model yet")
        is_back, stores = not wanted.model, stores_of(site.data_dir)
        live = self._live_name(site)
        before = self._journal.step_before(live) if is_back else None
        if is_back and before is None:
            return Answer(False, "there was no other model before this one")
        model = full_name(wanted.model if before is None else before.model, *stores)
        if model == live:
            return Answer(False, f"the model {model} counts already")
        wanted = msgspec.structs.replace(wanted, model=model)
        detector = site.detector.model_copy(update={"model": model})
        swap = Swap(self._journal.next_number(), wanted, site.model_copy(update={"detector": detector}), self._supervisor.model)
        self._swap = swap
        self._names = self.known
        try:
            self._stage(swap, site, before)
        except (Refusal, OSError) as error:
            # What has not begun is over: the next one shall not wait for it.
            self._end("refused", in_a_sentence(error))
        if swap.is_over:
            return Answer(False, swap.sentence)
        return Answer(True, f"the model {model} is being brought in")

    def _live_name(self, site: SiteSettings) -> str:
        """The model that counts, with its version: that of the start, though a higher one may have come meanwhile."""
        return self._place.running(site).detector.model

    def _stage(self, swap: Swap, site: SiteSettings, before: Step | None) -> None:
        """Begin with what is to be proved, or with what was kept ``before``; raises ``Refusal`` or ``OSError`` where that cannot
        be.
        """
        stores, swap.is_back = stores_of(site.data_dir), before is not None
        found = find_model(swap.wanted.model, *stores) if before is None else as_it_was(before, *stores)
        swap.digest, swap.in_file = digest_in(found), self._saving.in_file()
        # What to go back to; of no swap.
        self._journal.add(Step(0, wall_ns(), self._live_name(site), "began", digest=self._digest))
        self._note("staged")
        if before is not None:
            # It has been through all that before.
            self._load(swap)
            return
        live = find_model(self._live_name(site), *stores)
        swap.acceptance = start_acceptance(
            AcceptanceRequest(
                model=found.path,
                settings=swap.site.detector,
                is_live=self._place.is_live,
                named=named_classes(site.cameras),
                live=live.path,
                built=built_folder(site.data_dir),
                most_times=site.gates.slowest,
            )
        )

    def call_off(self, wanted: CallOff) -> Answer:
        """Leave or make everything as it was before the swap."""
        swap = self._swap
        if swap is None or swap.is_over:
            return Answer(False, "no model is being brought in")
        if swap.step == "kept":
            return Answer(False, f"the model {swap.wanted.model} has just been kept; roll back to the one before")
        self._take_back("called off", f"by {wanted.author or 'somebody'}")
        return Answer(True, f"the model {swap.wanted.model} is called off")

    def look(self) -> None:
        """Go on, where there is something to go on with."""
        self._look_at_saving()
        self._supervisor.swap = self._health()
        swap = self._swap
        if swap is None or swap.is_over:
            return
        if swap.acceptance is not None and (verdict := swap.acceptance.poll()) is not None:
            swap.acceptance = None
            if not verdict.is_good or not swap.site.cameras:
                self._end("refused", NO_CAMERA if verdict.is_good else verdict.sentence, verdict.figures)
            else:
                self._note("accepted", verdict.sentence, verdict.figures)
                self._begin_shadow(swap)
        elif swap.step == "accepted" and CANDIDATE not in self._supervisor.children:
            self._end("refused", "in the shadow of the other model it has died")
        elif swap.step == "kept":
            # Where the file cannot be written, that goes on, and others may be brought in.
            swap.is_over = not self._saving.is_trying
        elif (end := swap.dead_end(monotonic_ns())) is not None:
            self._take_back(*end)
        elif swap.detect_pid and self._pid("detect") != swap.detect_pid:
            self._take_back("returned", "the detector has died with it")

    def _look_at_saving(self) -> None:
        settled = self._saving.look(monotonic_ns())
        if settled is None:
            return
        kept, swap = settled.kept, self._swap
        if swap is not None and not swap.is_over and swap.number > kept.number:
            # What is kept next takes its place.
            swap.written |= {kept.model}
        self._add(Step(kept.number, wall_ns(), kept.model, settled.step, settled.sentence, author=kept.author))

    def changed(self, site: SiteSettings) -> None:
        """Cameras or lines are others."""
        if self._swap is not None and not self._swap.is_over:
            detector = self._swap.site.detector
            self._swap.site = site.model_copy(update={"detector": detector})

    def refuse_lines(self, site: SiteSettings) -> None:
        """Raise ``Refusal`` for a class that the model which is being brought in does not know."""
        if self._swap is not None and self._swap.step != "kept":
            self._swap.refuse_lines(site)

    def _hear(self, process: str, report: Swapping | Ready | Refused) -> None:
        swap = self._swap
        if swap is None or swap.is_over:
            return
        if isinstance(report, Refused):
            self._end("refused", report.sentence)
        elif isinstance(report, Swapping) and report.number == swap.number:
            self._on_step(swap, report)
        elif isinstance(report, Ready) and process == CANDIDATE:
            gates = swap.site.gates
            swap.deadline_ns = in_ns(gates.shadow_longest_s + SHADOW_BEGINS_S)

    def _on_step(self, swap: Swap, report: Swapping) -> None:
        step = report.step
        if step == "shadowed":
            swap.figures = report.figures
        elif step == "agrees" or (step == "differs" and swap.wanted.is_forced):
            self._note("agrees" if step == "agrees" else "forced", report.sentence, report.figures)
            self._supervisor.end_passing(CANDIDATE)
            self._load(swap)
        elif step == "differs":
            self._end("refused", report.sentence, report.figures)
        elif step == "loaded" and report.model is not None:
            self._on_loaded(swap, report.model)
        elif step == "learned":
            self._note("learned")
            self._take(swap)
        elif step == "taken" and report.model is not None:
            self._on_taken(swap, report.model)
        elif step == "switched":
            self._note("switched", figures=report.figures)
        elif step == "kept":
            self._keep(swap, report)
        elif step in ("failed", "returned") and swap.step != "kept":
            self._take_back("returned" if step == "returned" else "refused", report.sentence, report.figures, by_detector=True)

    def _begin_shadow(self, swap: Swap) -> None:
        site = swap.site
        settings = CandidateProcess(
            number=swap.number,
            detect=DetectProcess.model_validate_json(self._detect_settings(swap.site)),
            gates=site.gates,
            tracker=site.tracker,
            counter=site.counter,
            names=self._model.names,
            live_names=self._names,
            cameras=tuple(stream.settings for stream in self._supervisor.streams.values()),
        )
        spec = ProcessSpec(
            CANDIDATE,
            f"{pipeline.CANDIDATE}:main",
            settings.model_dump_json(),
            pipeline.DETECT_START_S,
            pipeline.DETECT_SILENCE_S,
            is_vital=False,
            is_passing=True,
        )
        self._supervisor.begin_passing(spec)
        swap.deadline_ns = in_ns(SHADOW_BEGINS_S)

    def _load(self, swap: Swap) -> None:
        swap.detect_pid, swap.deadline_ns = self._pid("detect"), in_ns(LOADING_S)
        if not self._supervisor.order("detect", Switch(swap.number, self._detect_settings(swap.site))):
            self._take_back("refused", "there is no detector at this moment")

    def _on_loaded(self, swap: Swap, new: ModelInfo) -> None:
        swap.classes = new.names
        try:
            # Other lines may have come since it was accepted.
            swap.refuse_lines(swap.site)
        except Refusal as refusal:
            self._take_back("refused", refusal.sentence)
        else:
            self._note("loaded")
            self._learn(swap, new)

    def _learn(self, swap: Swap, new: ModelInfo) -> None:
        """Have the counter know the classes; what the machine knew keeps its number."""
        model = self._model
        names = extended(model.names, new.names)
        self._supervisor.model = msgspec.structs.replace(model, names=names)
        swap.deadline_ns = in_ns(LEARNING_S)
        if not self._supervisor.order("count", Learn(swap.number, names)):
            # It learns of them when it begins.
            self._take(swap)

    def _take(self, swap: Swap) -> None:
        swap.deadline_ns = in_ns(LEARNING_S)
        self._supervisor.order("detect", swap.take(self._model.names))

    def _on_taken(self, swap: Swap, model: ModelInfo) -> None:
        self._note("taken")
        swap.deadline_ns = in_ns(swap.site.gates.probation_s + MARGIN_S)
        try:
            self._supervisor.rescale(msgspec.structs.replace(model, names=self._model.names))
        except Refusal as refusal:
            self._take_back("returned", refusal.sentence)

    def _keep(self, swap: Swap, report: Swapping) -> None:
        """It is the one that counts, whatever happens from here on."""
        self._note("kept", report.sentence, report.figures)
        if report.model is not None:
            self._names = report.model.names
        self._digest = swap.digest
        swap.deadline_ns = swap.detect_pid = 0
        child = self._supervisor.children["detect"]
        child.spec = replace(child.spec, settings=self._detect_settings(swap.site))
        self._become(swap.site)
        self._saving.begin(Kept(swap.wanted.model, swap.wanted.author, swap.number, swap.instead_of), monotonic_ns())

    def _take_back(self, step: str, sentence: str, figures: dict[str, float] | None = None, *, by_detector: bool = False) -> None:
        swap = self._swap
        # There is something to be taken back.
        assert swap is not None
        if swap.acceptance is not None:
            swap.acceptance.close()
            swap.acceptance = None
        if swap.detect_pid and not by_detector:
            self._supervisor.order("detect", Return(swap.number))
        self._end(step, sentence, figures)
        if self._model.rule != swap.before.rule:
            # The classes stay known.
            self._supervisor.rescale(msgspec.structs.replace(swap.before, names=self._model.names))

    def _end(self, step: str, sentence: str, figures: dict[str, float] | None = None) -> None:
        """It is over, and the other model counts as before."""
        self._note(step, sentence, figures)
        self._supervisor.end_passing(CANDIDATE)
        if self._swap is not None:
            self._swap.is_over = True

    def _note(self, step: str, sentence: str = "", figures: dict[str, float] | None = None) -> None:
        """Write it down; a journal that cannot be written stops nothing."""
        swap = self._swap
        # Who notes a step has one.
        assert swap is not None
        swap.step, swap.since_ns, swap.sentence, swap.figures = step, wall_ns(), sentence, figures or {}
        level = logging.WARNING if step in ("refused", "returned", "cut off") else logging.INFO
        logger.log(level, "the model %s: %s%s", swap.wanted.model, step, f": {sentence}" if sentence else "")
        self._add(swap.line())

    def _add(self, step: Step) -> None:
        try:
            self._journal.add(step)
        except Refusal as refusal:
            logger.error("%s", refusal.sentence)

    @property
    def _model(self) -> ModelInfo:
        """As the machine speaks of it."""
        # A swap begins with one.
        assert self._supervisor.model is not None
        return self._supervisor.model

    def _health(self) -> SwapHealth | None:
        kept, problem = self._unwritten, self._saving.problem
        if self._swap is not None:
            return self._swap.health(problem)
        if kept is None or not problem:
            return None
        return SwapHealth(kept.number, kept.model, "kept", self._began_ns, True, problem, {})

    def _detect_settings(self, site: SiteSettings) -> str:
        """What the detector is started with, with that site's model."""
        return next(spec.settings for spec in self._place.machine(site).specs if spec.name == "detect")

    def _pid(self, process: str) -> int:
        child = self._supervisor.children.get(process)
        return 0 if child is None else child.pid
