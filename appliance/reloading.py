"""Becoming another site while the machine runs: cameras and lines come, go and change; all else needs a new start."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from appliance import pipeline
from appliance.config import SiteSettings, wanted_classes
from appliance.errors import Refusal
from appliance.supervise.preflight import LONGEST_SOCKET_PATH, check_memory
from appliance.supervise.supervisor import Machine, Supervisor
from appliance.topics import CREDITS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site's machine runs, whatever the site becomes."""

    folder: Path
    ledger: Path
    run: str
    models_dir: Path
    gives_up: bool
    classes: tuple[str, ...]
    """What the detector was started for; later ones reach it with the cameras."""

    def machine(self, site: SiteSettings, before: pipeline.Shards | None = None) -> Machine:
        """The machine of a site here; cameras that were there before stay in their shards."""
        machine = pipeline.build(site, self.folder, self.ledger, self.run, self.models_dir, gives_up=self.gives_up, before=before)
        detect = pipeline.for_detect(site, self.models_dir, self.classes)
        specs = tuple(replace(spec, settings=detect) if spec.name == "detect" else spec for spec in machine.specs)
        return replace(machine, specs=specs)


def changed(supervisor: Supervisor, place: Place, site: SiteSettings, read_again: Callable[[], SiteSettings]) -> SiteSettings:
    """Have the machine become the site as it is now; where that cannot be, it stays as it is, and the log says why."""
    try:
        wanted = read_again()
        refuse_other_changes(site, wanted)
        refuse_long_names(wanted, place.folder)
        if supervisor.model is None:
            check_memory(wanted.shm_dir, pipeline.ring_size(wanted).total_bytes * len(wanted.cameras))
        else:
            refuse_unknown_classes(wanted, supervisor.model.names)
        supervisor.change(place.machine(wanted, supervisor.shards()))
    except (Refusal, OSError) as error:
        logger.error("the site stays as it was: %s", error.sentence if isinstance(error, Refusal) else error)
        return site
    logger.warning("the site has changed: cameras %s", ", ".join(camera.name for camera in wanted.cameras))
    return wanted


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


def refuse_unknown_classes(site: SiteSettings, known: tuple[str, ...]) -> None:
    """Raise ``Refusal`` for a class that the model, which stays, does not know."""
    for name in wanted_classes(site.cameras):
        if name not in known:
            raise Refusal(f"'{name}' is wanted, but the model knows no such class; it knows {', '.join(known[:20])}")
