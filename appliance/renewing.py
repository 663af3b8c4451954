"""A new engine for a machine that counts: where TensorRT, the GPU or its driver has changed since one was built.

    waiting ─▶ building ─▶ proving ─▶ loading ─▶ watched ─▶ done

waiting      the detector says that there is an engine of its model which fitted once; another backend counts meanwhile
building     in a process of its own, as the other one was built
proving      gate after gate, in another one
loading      the detector has it, too
watched      it counts, with the other backend ready to take over again
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.building.request import Building, EngineMade
from appliance.catalogue.building import BuildWish, Facts, acceptance_for, request_for, sha256_of
from appliance.config import SiteSettings
from appliance.detect.acceptance import Acceptance, start_acceptance
from appliance.detect.looking import Problem
from appliance.errors import Refusal
from appliance.messages.orders import ModelInfo, Return, Switch, Take
from appliance.messages.reports import Ready, Refused, Swapping
from appliance.models.built import BuiltAs, built_folder, last_engine, prune, take_up
from appliance.models.store import ModelFile, find_model
from appliance.models.versions import draft_in
from appliance.process_settings import DetectProcess
from appliance.supervise.supervisor import Supervisor

# Of no swap; those begin with 1.
NUMBER = -1

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Work:
    """What is under way."""

    wish: BuildWish
    model: ModelFile
    draft: Path
    parts: ExitStack
    building: Building | None
    acceptance: Acceptance | None = None
    file: str = ""

    def close(self) -> None:
        """End it, and leave nothing of it."""
        if self.building is not None:
            self.building.close()
        if self.acceptance is not None:
            self.acceptance.close()
        self.parts.close()


class Renewal:
    """Of one machine, once. ``look`` never waits; what goes wrong is told, and the other backend goes on."""

    def __init__(self, supervisor: Supervisor, *, is_live: bool) -> None:
        self._supervisor, self._is_live = supervisor, is_live
        self._is_tried = False
        self._work: Work | None = None
        self._others: Callable[[str, Swapping | Ready | Refused], None] = supervisor.hear_swap
        supervisor.hear_swap = self._hear

    def close(self) -> None:
        """Nothing is renewed any more."""
        if self._work is not None:
            self._work.close()
            self._work = None

    def look(self, site: SiteSettings) -> None:
        """Go on, where there is something to go on with."""
        try:
            if self._work is not None:
                self._go_on(self._work)
            elif self._is_wanted:
                self._is_tried = True
                self._work = self._begun(site)
        except (Refusal, OSError) as error:
            self._end(str(error))

    @property
    def _is_wanted(self) -> bool:
        model, swap = self._supervisor.model, self._supervisor.swap
        is_free = swap is None or swap.is_over
        return self._is_live and not self._is_tried and model is not None and model.is_outdated and is_free

    def _begun(self, site: SiteSettings) -> Work | None:
        settings = DetectProcess.model_validate_json(self._supervisor.children["detect"].spec.settings)
        model = find_model(settings.detector.model, *settings.stores)
        folder = built_folder(site.data_dir)
        before = last_engine(folder, sha256_of(model))
        if before is None:
            return None
        label = settings.detector.model if model.manifest is None else model.manifest.label
        wish = BuildWish.again(label, BuiltAs.of(before), site)
        with ExitStack() as parts:
            draft = parts.enter_context(draft_in(folder))
            building = Building(request_for(wish, Facts.again(model, before), draft), lambda doing: None)
            logger.warning("the engine of %s is built anew; meanwhile another backend counts", label)
            return Work(wish, model, draft, parts.pop_all(), building)

    def _go_on(self, work: Work) -> None:
        if work.building is not None and (made := work.building.poll()) is not None:
            work.building.close()
            work.building = None
            self._prove(work, made)
        elif work.acceptance is not None and (verdict := work.acceptance.poll()) is not None:
            work.acceptance = None
            if not verdict.is_good:
                self._end(f"{verdict.gate}: {verdict.sentence}")
                return
            take_up(work.draft / work.file, built_folder(work.wish.site.data_dir))
            self._supervisor.order("detect", Switch(NUMBER, self._supervisor.children["detect"].spec.settings))

    def _prove(self, work: Work, made: EngineMade | Problem) -> None:
        if isinstance(made, Problem):
            self._end(made.sentence)
            return
        work.file = made.file
        work.acceptance = start_acceptance(acceptance_for(work.wish, work.model, work.draft))

    @staticmethod
    def _place_of(work: Work) -> Path:
        return built_folder(work.wish.site.data_dir) / work.file

    def _hear(self, process: str, report: Swapping | Ready | Refused) -> None:
        work = self._work
        if not isinstance(report, Swapping) or report.number != NUMBER:
            self._others(process, report)
        elif work is not None and self._supervisor.model is not None:
            self._on_step(work, report, self._supervisor.model)

    def _on_step(self, work: Work, report: Swapping, known: ModelInfo) -> None:
        if report.step == "loaded" and report.model is not None and report.model.backend == known.backend:
            # There was no room for it, perhaps, beside what counts: it is as good as it was, and the next start takes it.
            self._supervisor.order("detect", Return(NUMBER))
            self._end(f"it was to be loaded, found that {known.backend} was instead; why stands above")
        elif report.step == "loaded":
            # It is the model that has counted, and has been through all gates: where no pictures come, nobody waits for them.
            gates = work.wish.site.gates.model_dump_json()
            self._supervisor.order("detect", Take(NUMBER, known.names, gates, is_proved=True))
        elif report.step == "taken" and report.model is not None:
            self._tell_model(report.model, known)
        elif report.step == "kept":
            logger.warning("the engine of %s is new, and counts: %s", work.wish.label, known.backend)
            prune(self._place_of(work), sha256_of(work.model))
            self.close()
        elif report.step in ("failed", "returned"):
            # Nor shall the next start take it.
            self._place_of(work).unlink(missing_ok=True)
            self._end(report.sentence)

    def _tell_model(self, model: ModelInfo, known: ModelInfo) -> None:
        try:
            self._supervisor.rescale(msgspec.structs.replace(model, names=known.names))
        except Refusal as refusal:
            logger.error("%s", refusal.sentence)

    def _end(self, sentence: str) -> None:
        logger.error("no new engine is used, another backend goes on: %s", sentence)
        self.close()
