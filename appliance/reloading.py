"""Becoming another site while the machine runs: cameras and lines come, go and change; all else needs a new start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance import pipeline
from appliance.config import SiteSettings, wanted_classes
from appliance.errors import Refusal
from appliance.supervise.supervisor import Machine, Supervisor

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site's machine runs, whatever the site becomes."""

    folder: Path
    ledger: Path
    run: str
    models_dir: Path
    gives_up: bool

    def machine(self, site: SiteSettings, before: pipeline.Shards | None = None) -> Machine:
        """The machine of a site here; cameras that were there before stay in their shards."""
        return pipeline.build(site, self.folder, self.ledger, self.run, self.models_dir, gives_up=self.gives_up, before=before)


def changed(supervisor: Supervisor, place: Place, site: SiteSettings, read_again: Callable[[], SiteSettings]) -> SiteSettings:
    """Have the machine become the site as it is now; where that cannot be, it stays as it is, and the log says why."""
    try:
        wanted = read_again()
        refuse_other_changes(site, wanted)
        if supervisor.model is not None:
            refuse_unknown_classes(wanted, supervisor.model.names)
        supervisor.change(place.machine(wanted, supervisor.shards()))
    except Refusal as refusal:
        logger.error("the site stays as it was: %s", refusal.sentence)
        return site
    logger.warning("the site has changed: cameras %s", ", ".join(camera.name for camera in wanted.cameras))
    return wanted


def refuse_other_changes(before: SiteSettings, now: SiteSettings) -> None:
    """Raise ``Refusal`` where more than cameras and lines has changed."""
    for name in SiteSettings.model_fields:
        if name != "cameras" and getattr(before, name) != getattr(now, name):
            raise Refusal(f"only cameras and lines may change while the machine runs, found another '{name}'; start it anew")


def refuse_unknown_classes(site: SiteSettings, known: tuple[str, ...]) -> None:
    """Raise ``Refusal`` for a class that the model, which stays, does not know."""
    for name in wanted_classes(site.cameras):
        if name not in known:
            raise Refusal(f"'{name}' is wanted, but the model knows no such class; it knows {', '.join(known[:20])}")
