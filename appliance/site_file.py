"""A site's settings out of its YAML file, or out of a command, with overrides by dotted name.

By itself because only the supervisor reads files: what the processes are handed has been checked already.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.error import YAMLError

from appliance.config import SiteSettings, first_fault
from appliance.errors import Refusal
from appliance.yaml_tree import MOST_BYTES, read_yaml


def load_site(path: Path, overrides: Iterable[str] = (), instead: str | None = None) -> SiteSettings:
    """The site in a YAML file, with ``NAME=VALUE`` overrides by dotted name; or in a text that may come to stand there."""
    try:
        content = path.read_bytes() if instead is None else instead.encode()
        if len(content) > MOST_BYTES:
            raise Refusal(f"the configuration {path}: at most {MOST_BYTES} bytes are wanted, found {len(content)}", usage=True)
        text = content.decode("utf-8")
    except OSError as error:
        raise Refusal(f"the configuration {path} cannot be read: {error.strerror}", usage=True) from None
    except UnicodeDecodeError as error:
        raise Refusal(
            f"the configuration {path} must be text in UTF-8, found {error.object[error.start]:#04x}", usage=True
        ) from None
    tree = _read_yaml(text, f"the configuration {path}")
    if not isinstance(tree, dict):
        found = "nothing" if tree is None else type(tree).__name__
        raise Refusal(f"the configuration {path} must hold names and values, found {found}", usage=True)
    return parse_site(tree, overrides, str(path))


def parse_site(tree: dict[str, Any], overrides: Iterable[str] = (), origin: str = "the settings") -> SiteSettings:
    """The site in a tree of plain values, as YAML or JSON give it."""
    for override in overrides:
        _override(tree, override)
    try:
        return SiteSettings.model_validate(tree)
    except ValidationError as error:
        raise Refusal(f"{origin}: {first_fault(error)}", usage=True) from None


def _read_yaml(text: str, origin: str) -> Any:
    try:
        return read_yaml(text)[0]
    except (YAMLError, ValueError, TypeError) as error:  # ruamel lets some of Python's own through
        reason = " ".join(str(error).split())
        raise Refusal(f"{origin} must be YAML, found a fault: {reason}", usage=True) from None


def _override(tree: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    if not equals or not all(dotted.split(".")):
        raise Refusal(f"--set wants NAME=VALUE, found '{override}'", usage=True)
    *parents, last = dotted.split(".")
    here: Any = tree
    for name in parents:
        here = _inside(here, name, dotted)
    value = _read_yaml(text, f"--set {dotted}: the value")
    if isinstance(here, list):
        here[_position(here, last, dotted)] = value
    else:
        here[last] = value


def _inside(here: Any, name: str, dotted: str) -> Any:
    """The branch ``name``: of a list, by position or by the name of its items; of names and values, made if it is missing."""
    if isinstance(here, list):
        branch = here[_position(here, name, dotted)]
    else:
        branch = here.setdefault(name, {})
        if branch is None:
            branch = here[name] = {}
    if not isinstance(branch, (dict, list)):
        raise Refusal(f"--set {dotted}: '{name}' is a value and has nothing below it", usage=True)
    return branch


def _position(items: list[Any], name: str, dotted: str) -> int:
    for position, item in enumerate(items):
        if name == str(position) or (isinstance(item, dict) and item.get("name") == name):
            return position
    raise Refusal(f"--set {dotted}: there is no '{name}' among the {len(items)} items there", usage=True)
