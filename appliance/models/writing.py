"""A manifest as TOML: what the standard library reads and does not write."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from appliance.models.manifest import Manifest


def as_toml(manifest: Manifest) -> str:
    """The manifest's text; what is as it always is, is left out."""
    tree = manifest.model_dump(mode="json", exclude_defaults=True)
    return "\n".join([*_lines(tree), ""])


def _lines(tree: dict[str, Any], inside: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if not isinstance(value, dict):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tree.items():
        if isinstance(value, dict):
            yield ""
            yield f"[{inside}{_key(key)}]"
            yield from _lines(value, f"{inside}{_key(key)}.")


def _key(key: str) -> str:
    return key if key and all(sign.isascii() and (sign.isalnum() or sign in "_-") for sign in key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        # A table of boxes is for people, too.
        apart = ",\n" if value and isinstance(value[0], list) else ", "
        return f"[{apart.join(_value(item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else f"{'-' if value < 0 else ''}inf"
    return repr(value)


def _text(text: str) -> str:
    # A JSON string is one of TOML's, but for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
