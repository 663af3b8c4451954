"""Building an engine of a kept model, and taking it up once it has been through the gates."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.building.request import BuildRequest, Calculates, Doing, EngineMade, built
from appliance.catalogue.picture import paint_reference
from appliance.config import SiteSettings, named_classes
from appliance.detect.acceptance import AcceptanceRequest, Verdict, start_acceptance
from appliance.detect.looking import LookRequest, look_into
from appliance.errors import Refusal
from appliance.models.built import BuiltAs, built_folder, prune, take_up
from appliance.models.engine_file import EngineFile
from appliance.models.manifest import names_in
from appliance.models.store import ModelFile, digest_of, find_model
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


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a model from which an engine is built."""

    model: ModelFile
    sha256: str
    classes: tuple[str, ...]
    head: str
    """A name of ``Head``, in small letters."""
    largest_px: int
    """The longer side of the input in which it is asked what it sees in its reference picture."""

    @staticmethod
    def again(model: ModelFile, before: EngineFile) -> Facts:
        """As they were for another engine of it."""
        as_before = BuiltAs.of(before)
        return Facts(model, sha256_of(model), names_in(before.metadata) or (), as_before.head, as_before.largest_px)


def facts_of(model: ModelFile) -> Facts:
    """As its manifest has them, or as it is found by looking into the model, which takes a while."""
    manifest = model.manifest
    classes = () if manifest is None else manifest.classes
    if manifest is not None and manifest.head and manifest.reference is not None:
        return Facts(model, sha256_of(model), classes, manifest.head, max(manifest.reference.shape))
    with tempfile.TemporaryDirectory(prefix="appliance-build-") as folder:
        picture = Path(folder) / "reference.png"
        paint_reference(picture)
        found = look_into(LookRequest(model=model.path, picture=picture, classes=classes))
    return Facts(model, sha256_of(model), classes or found.names, found.head, max(found.shape))


def sha256_of(model: ModelFile) -> str:
    """Of the file."""
    return (model.manifest.sha256 if model.manifest else "") or digest_of(model.path)


def build_engine(wish: BuildWish, stores: tuple[Path, ...]) -> EngineMade:
    """Build it, prove it, and only then put it where a detector finds it. Raises ``Refusal`` where any of that fails."""
    facts, folder = facts_of(find_model(wish.label, *stores)), built_folder(wish.site.data_dir)
    with draft_in(folder) as draft:
        made = built(request_for(wish, facts, draft), wish.tell, limit_mb=wish.memory_mb)
        _prove(wish, facts.model, made, draft)
        take_up(draft / made.file, folder)
        prune(folder / made.file, facts.sha256)
    return made


def request_for(wish: BuildWish, facts: Facts, out: Path) -> BuildRequest:
    """What the process is asked."""
    manifest = facts.model.manifest
    return BuildRequest(
        model=facts.model.path,
        model_sha256=facts.sha256,
        label=wish.label,
        classes=facts.classes,
        head=facts.head,
        calculates=wish.calculates,
        input_px=wish.site.detector.input_px or (None if manifest is None else manifest.input_px),
        largest_px=facts.largest_px,
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
