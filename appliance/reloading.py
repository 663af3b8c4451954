"""Becoming another site while the machine runs: cameras and lines come, go and change; all else needs a new start."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType

from appliance import pipeline
from appliance.config import SiteSettings, named_classes
from appliance.errors import Refusal, in_a_sentence
from appliance.ipc.requests import RequestDesk
from appliance.login import login_of
from appliance.messages.orders import LearnAnew
from appliance.messages.questions import Activate, Answer, CallOff, Request
from appliance.place import Place
from appliance.renewing import Renewal
from appliance.supervise.machine import Machine
from appliance.supervise.preflight import LONGEST_SOCKET_PATH, check_memory
from appliance.supervise.supervisor import Supervisor
from appliance.swap.saving import Kept
from appliance.swapping import Swapper
from appliance.topics import CREDITS, REQUESTS, Asked

SAME = "nothing is different"

logger = logging.getLogger(__name__)


class Reloader:
    """Has a machine become another site: with SIGHUP, or when another program asks. Use as a context."""

    def __init__(
        self,
        supervisor: Supervisor,
        place: Place,
        site: SiteSettings,
        read_again: Callable[[str | None], SiteSettings],
        unwritten: Kept | None = None,
    ) -> None:
        """``unwritten`` is what counts already, and what the file does not name yet."""
        self._supervisor, self._place, self._site, self._read_again = supervisor, place, site, read_again
        self._replaced = frozenset() if unwritten is None else unwritten.instead_of
        """Models that have counted here, and that the file may still name; see ``with_live_model``."""
        self._desk = RequestDesk(place.folder, REQUESTS)
        self._swapper = Swapper(supervisor, place, self._keep, unwritten)
        self._renewal = Renewal(supervisor, is_live=place.is_live)

    def __enter__(self) -> Reloader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._renewal.close()
        self._swapper.close()
        self._desk.close()

    def look(self, *, is_hungup: bool) -> None:
        """See whether anybody wants anything."""
        if is_hungup:
            self._become(Request())
        while (request := self._desk.take()) is not None:
            self._desk.answer(self._done(request))
        self._swapper.look()
        self._renewal.look(self._site)

    def _done(self, request: Asked) -> Answer:
        """What came of it; whatever cannot be done, the machine goes on."""
        try:
            if isinstance(request, Activate):
                return self._swapper.activate(request, self._site)
            if isinstance(request, CallOff):
                return self._swapper.call_off(request)
        except (Refusal, OSError) as error:
            answer = Answer(False, in_a_sentence(error))
            logger.error("%s", answer.sentence)
            return answer
        return self._learn_anew(request) if isinstance(request, LearnAnew) else self._become(request)

    def _keep(self, site: SiteSettings) -> None:
        """Another model is part of the site now."""
        self._replaced |= {self._site.detector.model}
        # Cameras may have changed meanwhile.
        self._site = self._site.model_copy(update={"detector": site.detector})
        self._supervisor.model_name = site.detector.model

    def _learn_anew(self, request: LearnAnew) -> Answer:
        """Have the detector take what a camera shows from now on for how it shall be."""
        camera = next((camera for camera in self._site.cameras if camera.name == request.camera), None)
        if camera is None:
            return Answer(False, f"there is no camera '{request.camera}'")
        if not self._site.drift.enabled or not camera.is_live:
            why = "drift.enabled is false" if camera.is_live else "it is a file"
            return Answer(False, f"nobody watches whether {camera.name} drifts: {why}")
        if not self._supervisor.order("detect", request):
            return Answer(False, "there is no detector at this moment")
        logger.warning("%s learns anew what is usual, as %s wishes", camera.name, request.author or "somebody")
        return Answer(True, f"{camera.name} learns anew what is usual")

    def _become(self, request: Request) -> Answer:
        """Become the site as its file is now; where that cannot be, the machine stays as it is."""
        try:
            # What a trial is about need not stand in the file.
            wanted = self._read_again(request.text or None if request.is_trial else None)
            is_told = wanted.detector.model == self._site.detector.model
            wanted = with_live_model(wanted, self._site.detector.model, self._replaced)
            machine = self._machine(wanted)
            (self._supervisor.refuse if request.is_trial else self._supervisor.change)(machine)
        except (Refusal, OSError, ValueError) as error:
            # A ValueError is of settings that cannot be handed on; whatever it is, the machine goes on.
            answer = Answer(False, in_a_sentence(error))
            if not request.is_trial:
                logger.error("the site stays as it was: %s", answer.sentence)
            return answer
        answer = Answer(True, difference(self._site, wanted))
        if not request.is_trial:
            self._site = wanted
            self._swapper.changed(wanted)
            self._replaced = frozenset() if is_told else self._replaced
            logger.log(logging.INFO if answer.sentence == SAME else logging.WARNING, "the site has changed: %s", answer.sentence)
        return answer

    def _machine(self, wanted: SiteSettings) -> Machine:
        refuse_other_changes(self._site, wanted)
        refuse_long_names(wanted, self._place.folder)
        refuse_missing_logins(self._site, wanted)
        if self._supervisor.model is None:
            check_memory(wanted.shm_dir, pipeline.ring_size(wanted).total_bytes * len(wanted.cameras))
        else:
            refuse_unknown_classes(wanted, self._swapper.known)
            self._swapper.refuse_lines(wanted)
        return self._place.machine(wanted, self._supervisor.shards())


def difference(before: SiteSettings, now: SiteSettings) -> str:
    """Which cameras come, go and change, in words."""
    old, new = ({camera.name: camera for camera in site.cameras} for site in (before, now))
    parts = {
        "new": [name for name in new if name not in old],
        "gone": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and new[name] != old[name]],
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names) or SAME


def with_live_model(wanted: SiteSettings, live: str, replaced: Collection[str]) -> SiteSettings:
    """The site with the model that counts where its file still names one before it: until that is written, or for as long as
    it cannot be, or where the command line names the model.
    """
    if wanted.detector.model not in replaced:
        return wanted
    return wanted.model_copy(update={"detector": wanted.detector.model_copy(update={"model": live})})


def refuse_other_changes(before: SiteSettings, now: SiteSettings) -> None:
    """Raise ``Refusal`` where more than cameras and lines has changed."""
    for name in SiteSettings.model_fields:
        if name != "cameras" and getattr(before, name) != getattr(now, name):
            raise Refusal(f"only cameras and lines may change while the machine runs, found another '{name}'; start it anew")


def refuse_long_names(site: SiteSettings, folder: Path) -> None:
    """Raise ``Refusal`` for a camera whose socket the system would not make."""
    for camera in site.cameras:
        if len(os.fsencode(folder / f"{CREDITS.name}.{camera.name}")) > LONGEST_SOCKET_PATH:
            raise Refusal(f"the name '{camera.name}' is too long for a machine that runs; start it anew")


def refuse_missing_logins(before: SiteSettings, now: SiteSettings) -> None:
    """Raise ``Refusal`` for a new or changed camera whose login is not where it says."""
    known = {camera.name: camera.login for camera in before.cameras}
    for camera in now.cameras:
        if camera.login != known.get(camera.name, ""):
            login_of(camera.login)


def refuse_unknown_classes(site: SiteSettings, known: tuple[str, ...]) -> None:
    """Raise ``Refusal`` for a class that the model, which stays, does not know."""
    for name in named_classes(site.cameras):
        if name not in known:
            raise Refusal(f"'{name}' is wanted, but the model knows no such class; it knows {', '.join(known[:20])}")
