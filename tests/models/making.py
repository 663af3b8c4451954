"""Versions of a store for tests, kept as an import keeps them."""

from __future__ import annotations

from pathlib import Path

from appliance.models.manifest import Lineage, Manifest, Reference
from appliance.models.store import digest_of
from appliance.models.versions import draft_in, keep
from tests.system.models import CLASSES, write_detector

NOBODY = Lineage(source="tiny.onnx", source_sha256="0" * 64, date="2026-11-21T00:00:00Z", who="user test")


def add_kept(
    store: Path, name: str, version: str | None = None, classes: tuple[str, ...] = CLASSES, picture: bytes | None = None
) -> Path:
    """A version; its folder."""
    with draft_in(store) as draft:
        write_detector(draft / "model.onnx", classes=classes)
        reference = None
        if picture is not None:
            (draft / "reference.png").write_bytes(picture)
            reference = Reference(
                picture="reference.png",
                picture_sha256=digest_of(draft / "reference.png"),
                backend="paper",
                shape=(96, 128),
                low_score=0.05,
                overlap=0.5,
                boxes=((1.5, 2.0, 3.0, 4.25, 0.9, 0),),
            )
        manifest = Manifest(
            name=name,
            version="0",
            sha256=digest_of(draft / "model.onnx"),
            classes=classes,
            lineage=NOBODY,
            reference=reference,
            figures={"map50": 0.5},
        )
        return keep(draft, manifest, (store,), version)
