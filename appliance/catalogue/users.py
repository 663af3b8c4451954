"""Who works with a model: what is used, or would be gone back to, is not deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.config import SiteSettings, home_expanded
from appliance.errors import Refusal
from appliance.messages.health import Health
from appliance.models.store import find_version, stores_of
from appliance.site_file import load_site
from appliance.swap.journal import FILE_NAME, Journal

SITE_FILE = "site.yaml"


def site_files(named: Path | None, data_dir: Path) -> list[Path]:
    """The sites that may work with the models of a data_dir: the named one, that of the working directory, its own."""
    candidates = [Path(SITE_FILE), home_expanded(data_dir) / SITE_FILE]
    return ([] if named is None else [named]) + [path for path in candidates if path.is_file()]


def refuse_used(folder: Path, sites: Iterable[Path]) -> None:
    """Raise ``Refusal`` where a site names this version, or its name while this is the highest version, or where its journal
    says that it would go back to it, or where a site cannot be read.
    """
    for path in sites:
        try:
            site = load_site(path)
        except Refusal as refusal:
            # A machine may have begun with it before it was spoilt.
            raise Refusal(f"a model that no site works with is wanted, but {path} cannot tell: {refusal.sentence}") from None
        for name, says in _models_of(site):
            if _folder_of(name, site.data_dir) == folder.resolve():
                raise Refusal(f"a model that no site works with is wanted, but {path} {says} {name}, which is this one")


def refuse_at_work(folder: Path, health: Health) -> None:
    """Raise ``Refusal`` where a machine that runs works with this version, is bringing it in, or would go back to it."""
    data_dir, swap = Path(health.data_dir), health.swap
    coming = swap.model if swap is not None and not swap.is_over else ""
    models = ((health.model_name, "counts with"), (coming, "is bringing in"), *_before(health.model_name, data_dir))
    for name, says in models:
        if name and _folder_of(name, data_dir) == folder.resolve():
            raise Refusal(f"a model that no machine works with is wanted, but one that runs {says} {name}, which is this one")


def _models_of(site: SiteSettings) -> Iterator[tuple[str, str]]:
    """The models of a site, each with what it does with it."""
    live = site.detector.model
    yield live, "names"
    yield from _before(live, home_expanded(site.data_dir))


def _before(live: str, data_dir: Path) -> Iterator[tuple[str, str]]:
    """The model that would be gone back to, where there is one, and that."""
    # Looking makes no file.
    if (data_dir / FILE_NAME).exists():
        with Journal(data_dir) as journal:
            if (before := journal.kept_before(live)) is not None:
                yield before, "would go back to"


def _folder_of(name: str, data_dir: Path) -> Path | None:
    """Where the version is that is meant; None where there is none, or it is a file elsewhere."""
    path = Path(name).expanduser()
    if path.exists():
        return (path if path.is_dir() else path.parent).resolve()
    try:
        return find_version(name, *stores_of(data_dir)).resolve()
    except Refusal:
        return None
