"""Words of the command line that more than one command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from appliance.config import first_fault
from appliance.counted import LineSettings, ZoneSettings
from appliance.errors import Refusal
from appliance.standard_output import STANDARD_OUTPUT, kept_for_a_result

# Above it nobody has only missed the edge of the frame.
LARGEST_SHARE = 2.0


def result_option(name: str, help_text: str) -> Any:
    """An option that names the file for a result, or ``-``: then nothing else comes on standard output."""
    return typer.Option(name, metavar="FILE", help=f"{help_text} '-' is standard output.", callback=_make_room)


def _make_room(context: typer.Context, path: Path | None) -> Path | None:
    if path == STANDARD_OUTPUT:
        context.with_resource(kept_for_a_result())
    return path


def parse_line(text: str, classes: str, anchor: str) -> dict[str, Any]:
    """``NAME=x1,y1,x2,y2`` with any number of points, as a line of the configuration."""
    return _parse("line", LineSettings, text, classes, anchor)


def parse_zone(text: str, classes: str, anchor: str) -> dict[str, Any]:
    """``NAME=x1,y1,x2,y2,x3,y3`` with any number of corners, as a zone of the configuration."""
    return _parse("zone", ZoneSettings, text, classes, anchor)


def _parse(what: str, kind: type[LineSettings] | type[ZoneSettings], text: str, classes: str, anchor: str) -> dict[str, Any]:
    name, equals, numbers = text.partition("=")
    try:
        values = [float(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if not equals or len(values) < 4 or len(values) % 2:
        raise Refusal(f"--{what} wants NAME=x1,y1,x2,y2 in fractions of the frame, found '{text}'", usage=True)
    if any(value > LARGEST_SHARE for value in values):
        raise Refusal(f"--{what} wants fractions of the frame, from 0 to 1, found '{text}': are these pixels?", usage=True)
    points = [[values[i], values[i + 1]] for i in range(0, len(values), 2)]
    wanted = [word.strip() for word in classes.split(",") if word.strip()]
    tree = {"name": name, "points": points, "anchor": anchor, "classes": wanted}
    try:
        kind.model_validate(tree)
    except ValidationError as error:
        raise Refusal(f"--{what} {text}: {first_fault(error)}", usage=True) from None
    return tree
