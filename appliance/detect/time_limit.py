"""A limit for what may never come back: a GPU that hangs answers nobody, and who asked for it cannot go on, nor be told so."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# sysexits.h: something could not be done for now.
LATE_EXIT = 75

logger = logging.getLogger(__name__)


@contextmanager
def ended_after(limit_s: float, what: str) -> Iterator[None]:
    """What is done inside takes no longer, or this process ends. In another thread than the main one nothing is limited: whatever
    the main one does goes on there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_done = threading.Event()

    def watch() -> None:
        if not is_done.wait(limit_s):
            logger.error("%s has taken longer than %g s, so this process ends", what, limit_s)
            # Nothing that has to be asked for politely.
            os._exit(LATE_EXIT)

    threading.Thread(target=watch, name="time limit", daemon=True).start()
    try:
        yield
    finally:
        is_done.set()
