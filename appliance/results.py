"""Results as files: refused at the beginning or written at the end, and whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance import standard_output
from appliance.errors import Refusal
from appliance.standard_output import STANDARD_OUTPUT


def refuse_targets(targets: dict[str, Path | None], taken: dict[str, str]) -> None:
    """Refuse to begin where a result (by option) could not be written in the end, or would overwrite what is ``taken``."""
    users = {os.path.realpath(path): what for path, what in taken.items()}
    for option, path in targets.items():
        if path is None or is_pipe_or_device(path):
            # Takes whatever comes.
            continue
        place = os.path.realpath(path)
        if place in users:
            raise Refusal(f"{option} wants a file of its own, but {path} is {users[place]}", usage=True)
        users[place] = f"that of {option}"
        if path == STANDARD_OUTPUT:
            continue
        try:
            was_there = path.exists()
            path.open("ab").close()
            if not was_there:
                path.unlink()
        except OSError as error:
            raise Refusal(f"{option} wants a file that can be written, but {path} cannot: {error.strerror}", usage=True) from None


def is_pipe_or_device(path: Path) -> bool:
    """Whether what is written there goes somewhere else."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a result under another name first; into a pipe as it comes. Raises ``Refusal`` where it cannot be written, and
    ``BrokenPipeError`` where nobody reads any further.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path == STANDARD_OUTPUT:
            standard_output.write(data)
        elif is_pipe_or_device(path):
            path.write_bytes(data)
        else:
            with _part_of(path) as part:
                part.write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        place = "standard output" if path == STANDARD_OUTPUT else path
        raise Refusal(f"the result cannot be written to {place}: {error.strerror}") from None


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its place when it is whole, and is gone otherwise."""
    if os.path.isdir(path):
        raise Refusal(f"a file that can be written is wanted, but {path} is a folder", usage=True)
    if path == STANDARD_OUTPUT:
        raise Refusal(f"a file that can be written is wanted, found '{path}': this does not go to standard output", usage=True)
    try:
        with _part_of(path) as part:
            yield part
    except OSError as error:
        raise Refusal(f"a file that can be written is wanted, but {path} cannot: {error.strerror}", usage=True) from None


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.touch()
    try:
        yield part
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
