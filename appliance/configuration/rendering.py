"""New values as YAML, in the way in which people write a site: points and names in brackets, the rest in lines."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# What cannot be mistaken for something else; all other texts get quotes.
PLAIN = re.compile(r"[A-Za-z/_](?:[A-Za-z0-9/_.@+~=-]|:(?=[A-Za-z0-9/]))*")
RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
STEP = 2


def entry(name: str, value: Any, column: int) -> str:
    """A name with its value, as it stands in a line that begins at ``column``."""
    return f"{scalar(name)}:{after_name(value, column)}"


def after_name(value: Any, column: int) -> str:
    """What follows the colon of a name that stands at ``column``."""
    if is_short(value):
        return f" {in_brackets(value)}"
    return f"\n{' ' * (column + STEP)}{in_lines(value, column + STEP)}"


def in_lines(value: Any, column: int) -> str:
    """A value whose first line begins at ``column`` already."""
    if is_short(value):
        return in_brackets(value)
    if isinstance(value, dict):
        parts = [entry(name, part, column) for name, part in value.items()]
    else:
        parts = [item(part, column) for part in value]
    return f"\n{' ' * column}".join(parts)


def item(value: Any, column: int) -> str:
    """An item of a list, as it stands in a line that begins at ``column``."""
    return f"- {in_lines(value, column + STEP)}"


def in_brackets(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(name)}: {in_brackets(part)}" for name, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(in_brackets(part) for part in value) + "]"
    return scalar(value)


def is_short(value: Any) -> bool:
    """Whether a value stands in one line: all that is no list of things with names, and has none itself."""
    if isinstance(value, dict):
        return not value
    if isinstance(value, (list, tuple)):
        return not any(isinstance(part, dict) or not is_short(part) for part in value)
    return True


def scalar(value: Any) -> str:
    """A single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, (int, float)):
        return repr(value)
    if not isinstance(value, str):
        raise TypeError(f"a value that JSON knows is wanted, found {type(value).__name__}")
    if PLAIN.fullmatch(value) and value.lower() not in RESERVED:
        return value
    return UNPRINTABLE.sub(lambda letter: f"\\u{ord(letter[0]):04x}", json.dumps(value, ensure_ascii=False))
