"""What there is in the stores, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import Refusal
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.store import BETWEEN, MANIFEST, all_versions, order_of


@dataclass(frozen=True, slots=True)
class Listed:
    """A version of a store; without a manifest, and with a sentence, where that cannot be read."""

    folder: Path
    manifest: Manifest | None
    problem: str = ""

    @property
    def label(self) -> str:
        """What it is asked for by."""
        return f"{self.folder.parent.name}{BETWEEN}{self.folder.name}"


def listed(stores: Iterable[Path]) -> list[Listed]:
    """Every version that can be asked for, by store, name and version; what an earlier store has hides those of a later one."""
    found: dict[str, Listed] = {}
    for store in stores:
        here = sorted(all_versions(store), key=lambda folder: (folder.parent.name, order_of(folder.name)))
        for folder in here:
            model = _listed(folder)
            found.setdefault(model.label, model)
    return list(found.values())


def _listed(folder: Path) -> Listed:
    try:
        return Listed(folder, read_manifest(folder / MANIFEST))
    except Refusal as refusal:
        return Listed(folder, None, refusal.sentence)


def as_json(model: Listed) -> dict[str, Any]:
    """One version for machines."""
    manifest = None if model.manifest is None else model.manifest.model_dump(mode="json")
    return {"model": model.label, "folder": str(model.folder), "problem": model.problem, "manifest": manifest}
