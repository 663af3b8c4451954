"""What files of counts and of truth say."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from appliance.config import first_fault
from appliance.counted import DirectionNames
from appliance.errors import Refusal

COLUMNS = ("line", "direction", "class", "frame", "pts_s")
USUAL_DIRECTIONS = {*DirectionNames().model_dump().values()}

Bounded = Annotated[float, Field(ge=0, le=1e9)]
Word = Annotated[str, Field(min_length=1)]


class FileContent(BaseModel):
    """The part of a file that matters here; more in it does no harm."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TrueRow(FileContent):
    """One true crossing."""

    line: Word | None = None
    direction: Word
    class_name: Word = Field(alias="class")
    frame: Bounded
    """From 0; may have a fraction."""
    pts_s: Bounded | None = None


class CountedRow(TrueRow):
    """One counted crossing."""

    line: Word
    pts_s: Bounded


class Truth(FileContent):
    """What really happened: from a synthetic scene, or from somebody who looked."""

    frames: int = Field(gt=0, le=10**9)
    fps: float = Field(ge=0.01, le=1e6)
    lines: dict[Word, Any] = {}
    """By name."""
    crossings: tuple[TrueRow, ...]


class Counted(FileContent):
    """What ``appliance count`` wrote."""

    frames: int | None = None
    """How many were counted; a CSV does not say."""
    lines: dict[Word, dict[str, Any]]
    """By name, and by the names of their directions."""
    crossings: tuple[CountedRow, ...]
    complete: bool = True
    names_every_line: bool = True
    """False for a CSV, which is silent about a line that nobody crossed."""


Content = TypeVar("Content", bound=FileContent)


def read_truth(path: Path) -> Truth:
    """The truth, from JSON."""
    return _checked(path, Truth, _read_json(path))


def read_counted(path: Path) -> Counted:
    """The JSON that ``appliance count`` wrote, or its CSV, told apart by the ending of the name."""
    if path.suffix.lower() != ".csv":
        return _checked(path, Counted, _read_json(path))
    rows = _read_csv(path)
    words: dict[str, set[str]] = {}
    for row in rows:
        words.setdefault(row["line"], set()).add(row["direction"])
    lines = {name: list(USUAL_DIRECTIONS if found <= USUAL_DIRECTIONS else found) for name, found in words.items()}
    with_directions = {name: dict.fromkeys(directions) for name, directions in lines.items()}
    return _checked(path, Counted, {"lines": with_directions, "crossings": rows, "names_every_line": False})


def _read_json(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{path} must be JSON, found a fault: {error}", usage=True) from None
    if not isinstance(tree, dict):
        raise Refusal(f"{path} must be a JSON object, found a {type(tree).__name__}", usage=True)
    return tree


def _read_csv(path: Path) -> list[dict[str, str]]:
    table = csv.DictReader(_text(path).splitlines(), strict=True, restkey="more", restval="")
    try:
        rows = list(table)
    except csv.Error as error:
        raise Refusal(f"{path} must be CSV, found a fault: {error}", usage=True) from None
    names = table.fieldnames or ()
    if not {*COLUMNS} <= {*names}:
        raise Refusal(f"{path} must have the columns {', '.join(COLUMNS)}, found {', '.join(names) or 'none'}", usage=True)
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}", usage=True) from None
    except UnicodeDecodeError:
        raise Refusal(f"{path} must be text, but it is not UTF-8", usage=True) from None


def _checked(path: Path, kind: type[Content], tree: dict[str, Any]) -> Content:
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        raise Refusal(f"{path}: {first_fault(error)}", usage=True) from None
