"""Bringing a model: a file of some kind becomes a version of the store, with all that can be told about it.

Nothing of it is trusted. What is ONNX is run in a process that is thrown away; a checkpoint of PyTorch, which is a program, is
opened by ultralytics in a process of its own, and only where the caller says that it may; an engine of TensorRT is kept and not
run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from appliance.catalogue.checkpoint import exported
from appliance.catalogue.picture import paint_reference
from appliance.detect.looking import LookRequest, look_into
from appliance.errors import Refusal
from appliance.models.archive import is_archive, unpack
from appliance.models.engine_file import NOT_RUN, is_engine, read_engine
from appliance.models.manifest import Lineage, Manifest, exporter_in, input_px_in, names_in
from appliance.models.onnx_file import holds_graph, summary_of
from appliance.models.store import digest_of, is_checkpoint
from appliance.models.versions import copied, draft_in, keep, pieces_of

MODEL, ENGINE, PICTURE = "model.onnx", "model.engine", "reference.png"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody brings, and what it shall be."""

    file: Path
    name: str
    """Of the model in the store; an archive has one of its own."""
    who: str
    version: str | None = None
    """None: the next number."""
    classes: tuple[str, ...] = ()
    """In the order of their ids; nothing named: as the file has them."""
    licence: str = ""
    source: str = ""
    """What the file was called where it came from; nothing named: as it is called here."""
    may_run_pickles: bool = False
    """Whether a checkpoint may be opened, which runs as a program with all rights of this user."""
    tell: Callable[[str], None] = lambda sentence: None
    """Hears what is being done."""

    @property
    def source_name(self) -> str:
        """What the file is called in the lineage."""
        return self.source or self.file.name


def import_model(wish: Wish, stores: tuple[Path, ...]) -> Path:
    """Make a version, in the first of the stores, of what somebody brings; its folder. Raises ``Refusal`` where it is no good."""
    _refuse_what_is_no_file(wish.file)
    if len(set(wish.classes)) != len(wish.classes):
        raise Refusal(f"every class of {wish.source_name} needs a name of its own, found one twice in --classes", usage=True)
    with wish.file.open("rb") as file:
        head = file.read(4)
    with draft_in(stores[0]) as draft:
        if is_archive(wish.file):
            manifest = _from_archive(wish, draft)
        elif is_checkpoint(head) or wish.file.suffix == ".pt":
            manifest = _from_checkpoint(wish, draft)
        elif is_engine(wish.file):
            manifest = _from_engine(wish, draft)
        else:
            manifest = from_onnx(wish, draft)
        return keep(draft, manifest, stores, wish.version or (manifest.version if is_archive(wish.file) else None))


def _refuse_what_is_no_file(path: Path) -> None:
    if not os.path.isfile(path):
        found = "is not a file" if os.path.exists(path) else "does not exist"
        raise Refusal(f"a model file is wanted, but {path} {found}", usage=True)
    if not os.access(path, os.R_OK):
        raise Refusal(f"the model {path} cannot be read: Permission denied", usage=True)


def _from_archive(wish: Wish, draft: Path) -> Manifest:
    if wish.classes:
        raise Refusal("--classes are for models that do not name their own; an archive does", usage=True)
    wish.tell("unpacking the archive")
    manifest = unpack(wish.file, draft)
    if manifest.file == MODEL and not holds_graph(draft / MODEL):
        raise Refusal(f"an ONNX model is wanted, but {MODEL} in {wish.file} is none, or only the beginning of one", usage=True)
    return manifest.model_copy(update={"name": wish.name}) if wish.name else manifest


def _from_checkpoint(wish: Wish, draft: Path) -> Manifest:
    if not wish.may_run_pickles:
        raise Refusal(
            f"an ONNX model is wanted, but {wish.source_name} is a PyTorch checkpoint: a pickle, which runs as a program when it "
            "is opened; 'appliance models import' on the command line makes an ONNX model of one that you trust",
            usage=True,
        )
    wish.tell("exporting the checkpoint to ONNX")
    with exported(wish.file) as export:
        wish.tell(export.likeness)
        inner = replace(wish, file=export.model, source=wish.source_name)
        made = from_onnx(inner, draft, export.exporter, digest_of(wish.file))
        return made.model_copy(update={"figures": export.figures})


def from_onnx(wish: Wish, draft: Path, exporter: str = "", source_sha256: str = "") -> Manifest:
    """The manifest, still without a version, of an ONNX model, whose file is in the draft from now on."""
    _refuse_what_is_no_model(wish.file, wish.source or str(wish.file))
    digest = copied(pieces_of(wish.file), draft / MODEL)
    outside = summary_of(draft / MODEL)
    if outside.weights_elsewhere:
        raise Refusal(
            f"the model {wish.source_name} must hold its weights itself, found that some are in other files", usage=True
        )
    wish.tell("painting the reference picture")
    paint_reference(draft / PICTURE)
    wish.tell("looking into the model")
    found = look_into(LookRequest(model=draft / MODEL, picture=draft / PICTURE, classes=wish.classes))
    if not found.is_finite:
        raise Refusal(
            f"the model {wish.source_name} must answer with numbers, found values that are none in its output", usage=True
        )
    words = (exporter_in(found.metadata), outside.producer, f"operator set {outside.operator_set}")
    return Manifest(
        name=wish.name,
        version="0",
        file=MODEL,
        sha256=digest,
        classes=_classes(wish, found.names, found.class_count),
        licence=wish.licence or found.metadata.get("license", ""),
        head=found.head,
        precision=outside.precision,
        input_px=None if found.input_shape else input_px_in(found.metadata),
        input_shape=found.input_shape,
        any_batch=found.any_batch,
        lineage=_lineage(wish, source_sha256 or digest, exporter or ", ".join(word for word in words if word)),
        reference=found.as_reference(PICTURE, digest_of(draft / PICTURE)),
    )


def _from_engine(wish: Wish, draft: Path) -> Manifest:
    engine = read_engine(wish.file)
    task = engine.metadata.get("task", "detect")
    if task != "detect":
        raise Refusal(f"the model {wish.source_name} must be a detector, found one for the task '{task}'", usage=True)
    names = names_in(engine.metadata) or ()
    wish.tell(f"an engine: {NOT_RUN}")
    digest = copied(engine.engine(), draft / ENGINE)
    return Manifest(
        name=wish.name,
        version="0",
        file=ENGINE,
        sha256=digest,
        classes=_classes(wish, names, len(names) or None),
        licence=wish.licence or engine.metadata.get("license", ""),
        input_px=input_px_in(engine.metadata),
        lineage=_lineage(wish, digest_of(wish.file), exporter_in(engine.metadata)),
    )


def _refuse_what_is_no_model(path: Path, called: str) -> None:
    if not holds_graph(path):
        size = os.path.getsize(path)
        raise Refusal(
            f"an ONNX model, a checkpoint, an engine or an archive of a model is wanted, but {called} ({size} bytes) is none, or "
            "only the beginning of one",
            usage=True,
        )


def _classes(wish: Wish, names: tuple[str, ...], class_count: int | None) -> tuple[str, ...]:
    """What was named, or what the file names; as many as the output has room for."""
    classes = wish.classes or names
    if not classes:
        many = "all its classes" if class_count is None else f"its {class_count} classes"
        raise Refusal(
            f"the model {wish.source_name} does not name its classes; --classes with {many}, in order, is wanted", usage=True
        )
    if class_count is not None and len(classes) != class_count:
        raise Refusal(f"the model {wish.source_name} has {class_count} classes, found {len(classes)} names for them", usage=True)
    return classes


def _lineage(wish: Wish, source_sha256: str, exporter: str) -> Lineage:
    date = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Lineage(source=wish.source_name, source_sha256=source_sha256, exporter=exporter, date=date, who=wish.who)
