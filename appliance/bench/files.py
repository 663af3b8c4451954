"""Results as files: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.counting import is_pipe_or_device
from appliance.errors import Refusal


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name first; into a pipe as it comes."""
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if is_pipe_or_device(path):
            path.write_bytes(content)
            return
        try:
            part.write_bytes(content)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(f"the result cannot be written to {path}: {error.strerror}") from None
