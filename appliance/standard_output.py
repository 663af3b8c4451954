"""Standard output: kept for one result where that is wanted there, and left without a word where its reader has left."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

# How a result is sent there, instead of into a file.
STANDARD_OUTPUT = Path("-")
STDOUT, STDERR = 1, 2
# As a shell tells that SIGPIPE has ended a program. Dying of it would leave processes behind; and systemd would take it for an
# end in good order.
READER_LEFT_EXIT = 128 + signal.SIGPIPE

_kept: list[int] = []


@contextmanager
def kept_for_a_result() -> Iterator[None]:
    """Inside, all that is printed, also by processes that are started, goes to stderr; only ``write`` reaches standard output."""
    _flush()
    _kept.append(os.dup(STDOUT))
    os.dup2(STDERR, STDOUT)
    try:
        yield
    finally:
        _flush()
        os.dup2(_kept[-1], STDOUT)
        os.close(_kept.pop())


def write(content: bytes) -> None:
    """A result, whole; raises ``OSError``."""
    _flush()
    with open(_kept[-1] if _kept else STDOUT, "wb", closefd=False) as out:
        out.write(content)


@contextmanager
def ending_with_its_reader() -> Iterator[None]:
    """Who reads no further, as ``head``, has what he wants: the program ends as others do then, and says nothing."""
    try:
        try:
            yield
        finally:
            _flush()
    except BrokenPipeError:
        _leave()
    except SystemExit as end:
        # Typer and Rich take it for a failure.
        if isinstance(end.__context__, BrokenPipeError):
            _leave()
        raise


def _flush() -> None:
    # It may have been closed before the program began.
    if sys.stdout is not None:
        sys.stdout.flush()


def _leave() -> NoReturn:
    # What could not be written would be tried again, and complained of, at the very end.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.dup2(nowhere, STDERR)
    sys.exit(READER_LEFT_EXIT)
