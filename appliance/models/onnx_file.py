"""What an ONNX file is, found out without anything that could run or choke on it.

An ONNX file is one protobuf message, a row of fields: a number that names the field and says how its content is stored, then the
content. Its graph is field 7, a message itself. Weights are skipped, so a model of any size takes a few reads.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

# Of a model.
PRODUCER_FIELD, PRODUCER_VERSION_FIELD, GRAPH_FIELD, OPERATORS_FIELD = 2, 3, 7, 8
# Of a graph,
NODE_FIELD, WEIGHT_FIELD = 1, 5
# of one of its nodes,
OPERATION_FIELD = 4
# of one of its weights,
KIND_FIELD, PLACE_FIELD = 2, 14
# and of a set of operators.
SET_NAME_FIELD, SET_VERSION_FIELD = 1, 2
ELSEWHERE = 1
FLOAT16 = 10
MOST_FIELDS = 10_000
MOST_PARTS = 200_000
# How a field's content is stored.
VARINT, EIGHT_BYTES, WITH_LENGTH, FOUR_BYTES = 0, 1, 2, 5
LONGEST_VARINT = 10
LONGEST_WORD = 200


@dataclass(frozen=True, slots=True)
class OnnxSummary:
    """What the outside of a model tells."""

    producer: str
    operator_set: int
    """Version of ONNX's own operators; 0 where it says nothing."""
    operations: frozenset[str]
    precision: str
    """f32, f16 or int8, of the weights."""
    weights_elsewhere: bool
    """Whether some weights are in other files."""


@dataclass(slots=True)
class _Seen:
    operations: Counter[str] = field(default_factory=Counter)
    bytes_of_kind: Counter[int] = field(default_factory=Counter)
    weights_elsewhere: bool = False


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


def summary_of(path: Path) -> OnnxSummary:
    """What the outside of a whole model tells; of one that is odd inside, what could be read."""
    producer, version, operator_set, seen = "", "", 0, _Seen()
    with path.open("rb") as file:
        for number, start, end in _parts(file, 0, os.fstat(file.fileno()).st_size):
            if number == PRODUCER_FIELD:
                producer = _word(file, start, end)
            elif number == PRODUCER_VERSION_FIELD:
                version = _word(file, start, end)
            elif number == OPERATORS_FIELD:
                operator_set = operator_set or _own_operators(file, start, end)
            elif number == GRAPH_FIELD:
                _look_into(file, start, end, seen)
    names = {name.rpartition("::")[2] for name in seen.operations}
    halves = seen.bytes_of_kind[FLOAT16] * 2 > seen.bytes_of_kind.total()
    precision = "int8" if "DequantizeLinear" in names or "ConvInteger" in names or "QLinearConv" in names else ""
    return OnnxSummary(
        f"{producer} {version}".strip(),
        operator_set,
        frozenset(names),
        precision or ("f16" if halves else "f32"),
        seen.weights_elsewhere,
    )


def _look_into(file: BinaryIO, start: int, end: int, seen: _Seen) -> None:
    for number, inner_start, inner_end in _parts(file, start, end):
        if number == NODE_FIELD:
            for inner, word_start, word_end in _parts(file, inner_start, inner_end):
                if inner == OPERATION_FIELD:
                    seen.operations[_word(file, word_start, word_end)] += 1
                    break
        elif number == WEIGHT_FIELD:
            numbers = dict(_numbers(file, inner_start, inner_end))
            seen.bytes_of_kind[numbers.get(KIND_FIELD, 0)] += inner_end - inner_start
            seen.weights_elsewhere |= numbers.get(PLACE_FIELD) == ELSEWHERE


def _own_operators(file: BinaryIO, start: int, end: int) -> int:
    """The version of a set of operators, if it is ONNX's own, which has no name."""
    names = [_word(file, a, b) for number, a, b in _parts(file, start, end) if number == SET_NAME_FIELD]
    return 0 if any(names) else dict(_numbers(file, start, end)).get(SET_VERSION_FIELD, 0)


def _parts(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields with a length between two places: each field's number, and where its content begins and ends.

    Meanwhile the file may be read anywhere.
    """
    file.seek(start)
    for _ in range(MOST_PARTS):
        if file.tell() >= end:
            return
        tag = _varint(file)
        if tag is None:
            return
        if tag & 7 != WITH_LENGTH:
            if not _skip(file, tag & 7):
                return
            continue
        length = _varint(file)
        if length is None or file.tell() + length > end:
            return
        first = file.tell()
        yield tag >> 3, first, first + length
        file.seek(first + length)


def _numbers(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The fields between two places that are plain numbers."""
    file.seek(start)
    while file.tell() < end:
        tag = _varint(file)
        if tag is None:
            return
        if tag & 7 == VARINT:
            number = _varint(file)
            if number is None:
                return
            yield tag >> 3, number
        elif not _skip(file, tag & 7):
            return


def _word(file: BinaryIO, start: int, end: int) -> str:
    file.seek(start)
    return file.read(min(end - start, LONGEST_WORD)).decode("utf-8", "replace")


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
