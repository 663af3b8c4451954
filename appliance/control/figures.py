"""What /metrics reads from the disk at every scrape."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from appliance.clock import wall_ns
from appliance.errors import Refusal
from appliance.ledger.watching import Watching
from appliance.observe.metrics import MOST_TOTALS, Figures


def figures_of(ledger: Path) -> Figures | None:
    """None while there is no ledger, or one that cannot be read: then what it holds is unknown, and not nothing."""
    try:
        reader = Watching(ledger)
    except Refusal:
        return None
    try:
        watched = reader.look(wall_ns(), MOST_TOTALS)
    except sqlite3.Error:
        return None
    finally:
        reader.close()
    disk = shutil.disk_usage(ledger.parent)
    return Figures(watched.totals, watched.left_out, watched.lost, watched.coverage, ledger_bytes(ledger), disk.free, disk.total)


def ledger_bytes(ledger: Path) -> int:
    """Of the file and its log, which may go at any moment."""
    total = 0
    for path in ledger.parent.glob(f"{ledger.name}*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
