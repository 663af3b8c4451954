"""Who works with a model: what is used is not deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.config import home_expanded
from appliance.errors import Refusal
from appliance.models.store import find_model, stores_of
from appliance.site_file import load_site

SITE_FILE = "site.yaml"


def site_files(named: Path | None, data_dir: Path) -> list[Path]:
    """The sites that may work with the models of a data_dir: the named one, that of the working directory, its own."""
    candidates = [Path(SITE_FILE), home_expanded(data_dir) / SITE_FILE]
    return ([] if named is None else [named]) + [path for path in candidates if path.is_file()]


def refuse_used(folder: Path, sites: Iterable[Path]) -> None:
    """Raise ``Refusal`` where a site names this version, or its name while this is the highest version."""
    for path, used in _models_of(sites):
        if used.resolve() == folder.resolve():
            raise Refusal(f"a model that no site works with is wanted, but {path} names {folder.parent.name}, which is this one")


def _models_of(sites: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    for path in sites:
        try:
            site = load_site(path)
            yield path, find_model(site.detector.model, *stores_of(site.data_dir)).path.parent
        except Refusal:
            # A site that cannot be read, or whose model is not there, runs with nothing.
            continue
