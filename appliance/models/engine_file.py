"""TensorRT engines as ultralytics writes them: four bytes of length, so much JSON about the model, then the engine itself.

An engine is trusted code for one kind of GPU and one release of TensorRT, and where that GPU fails no other backend can take over
from it: one that somebody brings is recognised and kept, and only what this device has built itself is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import Refusal

# Of a file in the store.
ENDING = ".engine"
NOT_RUN = (
    "it is kept and never run: it is a program of which nobody can tell what it does, for one release of TensorRT and one GPU, "
    "and no other backend could take over from it; import the ONNX model or the checkpoint that it was built from, and "
    "'appliance models build' makes an engine of that on this device"
)
LENGTH_BYTES = 4
LONGEST_HEADER = 1 << 20
# What every engine of TensorRT's begins with.
MAGIC = b"ftrt"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class EngineFile:
    """An engine with a header."""

    path: Path
    metadata: dict[str, str]
    begins_at: int
    """Where the engine itself begins, in bytes."""

    def engine(self) -> Iterator[bytes]:
        """The engine itself, piece by piece."""
        with self.path.open("rb") as file:
            file.seek(self.begins_at)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def is_engine(path: Path) -> bool:
    """Whether it is one, with a header or without."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            return True
    return _header(path) is not None


def read_engine(path: Path) -> EngineFile:
    """The engine of that file; raises ``Refusal`` where there is no header that tells what it is."""
    header = _header(path)
    if header is None:
        raise Refusal(
            f"an engine as ultralytics writes it is wanted, but {path} has no header that tells its classes and its input; "
            "import the ONNX model that it was built from",
            usage=True,
        )
    return header


def write_engine(path: Path, metadata: dict[str, str], engine: bytes) -> None:
    """The same form, whole or not at all."""
    header = json.dumps(metadata).encode()
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(len(header).to_bytes(LENGTH_BYTES, "little") + header)
            file.write(engine)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _header(path: Path) -> EngineFile | None:
    size = os.path.getsize(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        begins_at = LENGTH_BYTES + length
        if not 2 <= length <= LONGEST_HEADER or size <= begins_at:
            return None
        text = file.read(length)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return (
        EngineFile(path, {str(key): _plain(value) for key, value in tree.items()}, begins_at) if isinstance(tree, dict) else None
    )


def _plain(value: Any) -> str:
    """As ultralytics writes it into an ONNX file, whose metadata are words; names have numbers there, which JSON cannot."""
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return str({int(key): item for key, item in value.items()})
    return value if isinstance(value, str) else str(value)
