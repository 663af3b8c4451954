"""The JSON Schema of a site, with what the settings' docstrings say."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from appliance import config, counted
from appliance.config import SiteSettings
from appliance.counted import Settings


def json_schema() -> dict[str, Any]:
    """For editors, panels and programs that write a site's file."""
    schema = SiteSettings.model_json_schema()
    told = {**_docstrings(inspect.getsource(counted)), **_docstrings(inspect.getsource(config))}
    for name, definition in {**schema["$defs"], SiteSettings.__name__: schema}.items():
        for field, sentence in _sentences(name, told).items():
            definition["properties"][field]["description"] = sentence
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _sentences(name: str, told: dict[tuple[str, str], str]) -> dict[str, str]:
    """By the field's name in the file."""
    kind = getattr(config, name, None) or getattr(counted, name)
    if not (isinstance(kind, type) and issubclass(kind, Settings)):
        return {}
    sentences = {}
    for field, info in kind.model_fields.items():
        owner = next(base for base in kind.__mro__ if field in inspect.get_annotations(base))
        if (owner.__name__, field) in told:
            sentences[info.alias or field] = told[owner.__name__, field]
    return sentences


def _docstrings(source: str) -> dict[tuple[str, str], str]:
    """The text below each attribute of each class."""
    found = {}
    for part in ast.parse(source).body:
        if isinstance(part, ast.ClassDef):
            for field, below in zip(part.body, part.body[1:]):
                if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr)):
                    continue
                if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
                    found[part.name, field.target.id] = " ".join(below.value.value.split())
    return found
