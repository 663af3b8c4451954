"""A version in fewer bits, beside the one that it is made from: made and proven on footage, and kept with what it is worth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.catalogue.importing import MODEL, Wish, from_onnx
from appliance.config import SiteSettings
from appliance.errors import Refusal
from appliance.models.manifest import Calibration, Lineage, Manifest
from appliance.models.store import ModelFile, digest_of, find_model
from appliance.models.versions import draft_in, keep
from appliance.precision.proof import Proof, objection, remarks
from appliance.precision.reduction import Made, Reduced, ReductionRequest, reduced

# More calibration changes nothing that one could measure; fewer frames leave out the rush hour.
PICTURES = 64
# A minute and more of a camera.
PROOF_FRAMES = 1500


@dataclass(frozen=True, slots=True)
class Reduction:
    """What is wanted."""

    label: str
    """``name@version`` of the model in f32, or its name."""
    to: Reduced
    videos: tuple[Path, ...]
    site: SiteSettings
    """How it is used, with one camera and its lines."""
    who: str
    is_forced: bool = False
    """Whether it is kept whatever it is worth."""
    pictures: int = PICTURES
    proof_frames: int = PROOF_FRAMES
    tell: Callable[[str], None] = lambda sentence: None
    """Hears what is being done."""
    judged: Callable[[Proof], None] = lambda proof: None
    """Hears what it is worth, before that is judged."""


def reduce_model(wanted: Reduction, stores: tuple[Path, ...]) -> Path:
    """Make the version, in the first of the stores; its folder. Raises ``Refusal`` where it loses too much, or cannot be made."""
    original, manifest = _original(wanted, stores)
    with tempfile.TemporaryDirectory(prefix="appliance-reduce-") as name, draft_in(stores[0]) as draft:
        request = ReductionRequest(
            model=original.path,
            label=manifest.label,
            classes=manifest.classes,
            to=wanted.to,
            videos=wanted.videos,
            out=Path(name) / MODEL,
            site=_in_its_size(wanted.site, manifest),
            pictures=wanted.pictures,
            proof_frames=wanted.proof_frames,
        )
        made = reduced(request, wanted.tell)
        wanted.judged(made.proof)
        if (why_not := objection(made.proof)) and not wanted.is_forced:
            raise Refusal(
                f"{manifest.label} as {wanted.to.value} must be worth nearly as much, but {why_not}; --force keeps it anyway"
            )
        wish = Wish(request.out, manifest.name, wanted.who, classes=manifest.classes, licence=manifest.licence, tell=wanted.tell)
        described = from_onnx(replace(wish, source=f"{manifest.label}, {wanted.to.value}"), draft, made.by)
        return keep(draft, _with_parent(described, manifest, original, wanted, made), stores, None)


def _original(wanted: Reduction, stores: tuple[Path, ...]) -> tuple[ModelFile, Manifest]:
    model = find_model(wanted.label, *stores)
    if model.manifest is None:
        raise Refusal(f"the name of a kept model is wanted, found {wanted.label}; 'appliance models import' keeps it", usage=True)
    if model.manifest.precision not in ("f32", ""):
        raise Refusal(f"a model in f32 is wanted, but {model.manifest.label} is {model.manifest.precision} already", usage=True)
    if not model.manifest.classes:
        raise Refusal(
            f"a model with named classes is wanted, but {model.manifest.label} has none; import it with --classes", usage=True
        )
    return model, model.manifest


def _in_its_size(site: SiteSettings, manifest: Manifest) -> SiteSettings:
    """The reduced model has no manifest yet that would say for which size it was trained."""
    input_px = site.detector.input_px or manifest.input_px
    return site.model_copy(update={"detector": site.detector.model_copy(update={"input_px": input_px})})


def _with_parent(new: Manifest, parent: Manifest, original: ModelFile, wanted: Reduction, made: Made) -> Manifest:
    # Just described.
    assert new.lineage is not None
    before = parent.lineage
    lineage = Lineage(
        source=parent.file if before is None else before.source,
        source_sha256=digest_of(original.path) if before is None else before.source_sha256,
        exporter=made.by,
        date=new.lineage.date,
        who=wanted.who,
        made_from=parent.label,
        made_from_sha256=digest_of(original.path),
    )
    videos = {digest_of(video): video.name for video in wanted.videos}
    return new.model_copy(
        update={
            "input_px": None if new.input_shape else parent.input_px,
            "lineage": lineage,
            "calibration": Calibration(videos=videos, pictures=made.pictures, proven_on=made.proof.frames),
            "remarks": remarks(made.proof),
            "figures": made.proof.figures(),
        }
    )
