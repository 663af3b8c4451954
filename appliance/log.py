"""One line per event on stderr: time, process, level, text."""

from __future__ import annotations

import logging
import sys


def set_up(process: str, level: str) -> None:
    """Send this process's log to stderr, lines of ``level`` and above."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {process} %(levelname)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
