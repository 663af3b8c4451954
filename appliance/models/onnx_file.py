"""Whether a file is an ONNX model at all, found out without anything that could run or choke on it.

An ONNX file is one protobuf message, a row of fields: a number that names the field and says how its content is stored, then the
content. Its graph is field 7. Only the outermost fields are looked at, so a model of any size takes a few reads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

GRAPH_FIELD = 7
MOST_FIELDS = 10_000
# How a field's content is stored.
VARINT, EIGHT_BYTES, WITH_LENGTH, FOUR_BYTES = 0, 1, 2, 5
LONGEST_VARINT = 10


def holds_graph(path: Path) -> bool:
    """Whether the file is a whole ONNX model: fields up to its last byte, and a graph among them."""
    with path.open("rb") as file:
        size, has_graph = os.fstat(file.fileno()).st_size, False
        for _ in range(MOST_FIELDS):
            if file.tell() == size:
                return has_graph
            tag = _varint(file)
            if tag is None or not _skip(file, tag & 7) or file.tell() > size:
                return False
            has_graph = has_graph or tag == GRAPH_FIELD << 3 | WITH_LENGTH
    return False


def _skip(file: BinaryIO, storage: int) -> bool:
    """Go past a field's content; False where there is no such storage."""
    if storage == VARINT:
        return _varint(file) is not None
    length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(storage) if storage != WITH_LENGTH else _varint(file)
    if length is None:
        return False
    file.seek(length, os.SEEK_CUR)
    return True


def _varint(file: BinaryIO) -> int | None:
    """A number in bytes of seven bits, the lowest first; None where there is none."""
    number = 0
    for position in range(LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            return None
        number |= (byte[0] & 0x7F) << (7 * position)
        if byte[0] < 0x80:
            return number
    return None
