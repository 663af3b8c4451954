"""What a machine that starts finds of the swaps before: the end of those that were cut off is written down, and a model that was
kept counts, though the power may have gone before the site's file named it.

    the file names                                                      counts
    ──────────────────────────────────────────────────────────────────────────────────────────
    what was kept last                                                  that
    what it named when that swap began, and nothing else since          what was kept
    anything else: somebody has changed it                              what the file names
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from appliance.clock import wall_ns
from appliance.configuration.files import SiteFile
from appliance.configuration.revisions import Revisions
from appliance.configuration.store import FILE_NAME as REVISIONS
from appliance.errors import Refusal
from appliance.swap.journal import FILE_NAME, OVERRULED, WRITTEN, Journal, Step, Unwritten
from appliance.swap.saving import Kept, model_in, model_named

logger = logging.getLogger(__name__)


def kept_at_last(file: Path, data_dir: Path) -> Kept | None:
    """The model that was kept and does not stand in the site's file yet; None where what stands there is right.

    Raises ``Refusal`` where the journal cannot be read.
    """
    if not (data_dir / FILE_NAME).exists():
        return None
    with Journal(data_dir) as journal:
        named = model_in(file)
        unwritten = journal.unwritten()
        kept = None if unwritten is None else _still_wanted(journal, unwritten, named, file, data_dir)
        _close(journal, named if kept is None else kept.model)
    return kept


def _still_wanted(journal: Journal, unwritten: Unwritten, named: str, file: Path, data_dir: Path) -> Kept | None:
    """What was kept, if the file was never made to name it; otherwise it is written down that there is nothing left to do."""
    kept = unwritten.kept
    if named == kept.model:
        _add(journal, Step(kept.swap, wall_ns(), kept.model, WRITTEN, "the site's file names it"))
    elif named not in unwritten.instead_of or _was_written(kept, file, data_dir):
        sentence = f"the site's file names {named or 'no model'} since somebody changed it"
        _add(journal, Step(kept.swap, wall_ns(), kept.model, OVERRULED, sentence))
    else:
        return Kept(kept.model, kept.author, kept.swap, unwritten.instead_of)
    return None


def _was_written(kept: Step, file: Path, data_dir: Path) -> bool:
    """Whether the file has named it since it was kept, and somebody has changed that again."""
    path, site = data_dir / REVISIONS, SiteFile(file)
    if not path.is_file():
        return False
    try:
        with Revisions(path, site.target) as revisions:
            begun = revisions.announced()
            # What was only announced was not written where the file is as it was before.
            texts = [begun] if begun is not None and site.read() != begun.former else []
            later = [revision.number for revision in revisions.listed() if revision.time_ns >= kept.time_ns]
            texts += [found for found in map(revisions.at, later) if found is not None]
    except (Refusal, sqlite3.Error):
        # Nobody can tell; it was kept.
        return False
    return any(model_named(text.content) == kept.model for text in texts)


def _close(journal: Journal, live: str) -> None:
    """What was under way is over."""
    for step in journal.open_swaps():
        sentence = f"the machine has ended at '{step.step}'; {live} counts" if live else f"the machine has ended at '{step.step}'"
        _add(journal, Step(step.swap, wall_ns(), step.model, "cut off", sentence, author=step.author))


def _add(journal: Journal, step: Step) -> None:
    """Write it down; a disk that is full does not change which model counts."""
    try:
        journal.add(step)
    except Refusal as refusal:
        logger.error("%s", refusal.sentence)
