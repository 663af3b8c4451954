"""What the page of models shows: what runs, what the machine has told of it, and what else is in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.config import DetectorSettings
from appliance.control.house import House
from appliance.control.panel.site_view import settings_of
from appliance.errors import Refusal
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.store import MANIFEST, all_versions, find_model, stores_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A version in the store; without a manifest, and with a sentence, where that cannot be read."""

    folder: Path
    manifest: Manifest | None
    problem: str = ""
    is_wanted: bool = False
    """Whether it is the one that the configuration names."""


@dataclass(frozen=True, slots=True)
class Models:
    """All of it."""

    detector: DetectorSettings | None
    """What the configuration asks for; None where it cannot be read."""
    path: Path | None
    """The file that stands for it."""
    manifest: Manifest | None
    problem: str
    """Why there is no such file; empty where there is."""
    stored: tuple[Stored, ...]


def models_of(house: House) -> Models:
    """Reads files, and a model whole, to see that it is the one of its manifest: not for the event loop."""
    settings, stores = settings_of(house), stores_of(house.ledger.parent)
    if settings is None:
        return Models(None, None, None, "", tuple(stored_in(stores, None)))
    try:
        found = find_model(settings.detector.model, *stores)
    except Refusal as refusal:
        return Models(settings.detector, None, None, refusal.sentence, tuple(stored_in(stores, None)))
    return Models(settings.detector, found.path, found.manifest, "", tuple(stored_in(stores, found.path.parent)))


def stored_in(stores: Iterable[Path], wanted: Path | None) -> list[Stored]:
    """Every version, by name; those of the site first."""
    models = []
    for folder in (folder for store in stores for folder in sorted(all_versions(store))):
        is_wanted = wanted is not None and folder.resolve() == wanted.resolve()
        try:
            models.append(Stored(folder, read_manifest(folder / MANIFEST), is_wanted=is_wanted))
        except Refusal as refusal:
            models.append(Stored(folder, None, refusal.sentence, is_wanted))
    return models


FIGURES = {"map50": "mAP at IoU 0.5", "map50_95": "mAP at IoU 0.5 to 0.95"}
SHARES = frozenset(FIGURES)


def figure_of(name: str, value: float) -> tuple[str, str]:
    """A measured figure for people."""
    return FIGURES.get(name, name.replace("_", " ")), f"{100 * value:.1f} %" if name in SHARES else f"{value:g}"
