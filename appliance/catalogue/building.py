"""Building an engine of a kept model, and taking it up once it has been through the gates."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.building.request import BuildRequest, Calculates, Doing, EngineMade, built
from appliance.config import SiteSettings, named_classes
from appliance.detect.acceptance import AcceptanceRequest, Verdict, start_acceptance
from appliance.errors import Refusal
from appliance.models.built import BuiltAs, built_folder
from appliance.models.manifest import Manifest
from appliance.models.store import ModelFile, digest_of, find_model
from appliance.models.strikes import Strikes
from appliance.models.versions import draft_in

TIMINGS = "timings"


@dataclass(frozen=True, slots=True)
class BuildWish:
    """What is wanted."""

    label: str
    """``name@version``, or a name."""
    calculates: Calculates
    site: SiteSettings
    max_batch: int = 8
    best_anchors: int = 0
    workspace_mb: float | None = None
    memory_mb: float | None = None
    """That the process may take, beside what its libraries do."""
    level: int = 3
    tell: Callable[[Doing], None] = lambda doing: None
    judged: Callable[[Verdict], None] = lambda verdict: None
    """Hears what every gate says."""

    @staticmethod
    def again(label: str, before: BuiltAs, site: SiteSettings) -> BuildWish:
        """The same as another engine."""
        return BuildWish(label, Calculates(before.calculates), site, before.max_batch, before.best_anchors, level=before.level)


def build_engine(wish: BuildWish, stores: tuple[Path, ...]) -> EngineMade:
    """Build it, prove it, and only then put it where a detector finds it. Raises ``Refusal`` where any of that fails."""
    model = find_model(wish.label, *stores)
    if model.manifest is None or not model.manifest.head:
        raise Refusal(f"a kept model is wanted, found {wish.label}; 'appliance models import' keeps it", usage=True)
    folder = built_folder(wish.site.data_dir)
    with draft_in(folder) as draft:
        made = built(request_for(wish, model, model.manifest, draft), wish.tell, limit_mb=wish.memory_mb)
        _prove(wish, model, made, draft)
        take_up(draft / made.file, folder)
    return made


def take_up(engine: Path, folder: Path) -> None:
    """From now on it is found."""
    os.replace(engine, folder / engine.name)
    Strikes(folder / engine.name).forgive()


def request_for(wish: BuildWish, model: ModelFile, manifest: Manifest, out: Path) -> BuildRequest:
    """What the process is asked."""
    return BuildRequest(
        model=model.path,
        model_sha256=manifest.sha256 or digest_of(model.path),
        label=manifest.label,
        classes=manifest.classes,
        head=manifest.head,
        calculates=wish.calculates,
        input_px=wish.site.detector.input_px or manifest.input_px,
        # In which it is asked what it sees in its reference picture.
        largest_px=0 if manifest.reference is None else max(manifest.reference.shape),
        max_batch=wish.max_batch,
        best_anchors=wish.best_anchors,
        workspace_mb=wish.workspace_mb,
        level=wish.level,
        out=out,
        timings=built_folder(wish.site.data_dir) / TIMINGS,
    )


def acceptance_for(wish: BuildWish, model: ModelFile, draft: Path) -> AcceptanceRequest:
    """What an engine in a folder has to go through."""
    return AcceptanceRequest(
        model=model.path,
        settings=wish.site.detector.model_copy(update={"backend": "tensorrt", "max_batch": wish.max_batch}),
        named=named_classes(wish.site.cameras),
        built=draft,
    )


def _prove(wish: BuildWish, model: ModelFile, made: EngineMade, draft: Path) -> None:
    acceptance = start_acceptance(acceptance_for(wish, model, draft))
    verdict = acceptance.wait()
    for passed in acceptance.verdicts:
        wish.judged(passed)
    if not verdict.is_good:
        raise Refusal(f"the engine of {wish.label}, {made.backend}, may not be used: {verdict.gate}: {verdict.sentence}")
