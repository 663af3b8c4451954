"""Where a site's machine runs, and what of it stays whatever the site becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from appliance import pipeline
from appliance.config import SiteSettings
from appliance.supervise.machine import Machine


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site's machine runs, whatever the site becomes."""

    folder: Path
    ledger: Path
    run: str
    models_dir: Path
    gives_up: bool
    classes: tuple[str, ...]
    named: tuple[str, ...]
    """What the detector was started for, and what it was asked whether it knows; later ones reach it with the cameras."""
    is_live: bool = False
    """Whether it was started for live cameras; then it is ready for whatever comes."""
    site_file: Path | None = None
    model: str = ""
    """That it was started with; of another one nobody asks for classes that lines named at the start, and perhaps no more."""
    version: str = ""
    """Which that was then, ``name@version`` where it has one: it stays so though a higher one comes."""

    def running(self, site: SiteSettings) -> SiteSettings:
        """The site with the model that its detector has."""
        if site.detector.model != self.model or not self.version:
            return site
        return site.model_copy(update={"detector": site.detector.model_copy(update={"model": self.version})})

    def machine(self, site: SiteSettings, before: pipeline.Shards | None = None) -> Machine:
        """The machine of a site here; cameras that were there before stay in their shards."""
        machine = pipeline.build(site, self.folder, self.ledger, self.run, self.models_dir, gives_up=self.gives_up, before=before)
        classes = (self.classes, self.named) if site.detector.model == self.model else ((), ())
        here = {
            "detect": pipeline.for_detect(self.running(site), self.models_dir, classes, stays_live=self.is_live),
            "control": pipeline.for_control(site, self.ledger, self.run, self.site_file),
        }
        specs = tuple(replace(spec, settings=here.get(spec.name, spec.settings)) for spec in machine.specs)
        return replace(machine, specs=specs)
