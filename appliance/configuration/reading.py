"""A site's text, read: its values, where each of them stands, and what is wrong with it, with line and column."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from appliance.config import UNKNOWN, SiteSettings, first_fault
from appliance.configuration.places import Node, nodes_of
from appliance.configuration.refusals import Fault, Faulty
from appliance.yaml_tree import MOST_BYTES, read_yaml

MOST_FAULTS = 100
Tree = dict[str, Any]
"""Values as YAML or JSON give them."""


@dataclass(frozen=True, slots=True)
class SiteText:
    """A text that holds a site."""

    text: str
    tree: Tree
    root: Node
    settings: SiteSettings


def etag_of(content: bytes) -> str:
    """Changes with every byte."""
    return hashlib.sha256(content).hexdigest()[:32]


def read_site(content: bytes, origin: str) -> SiteText:
    """The site in a file's bytes; raises ``Faulty`` for what is none."""
    if len(content) > MOST_BYTES:
        raise Faulty(origin, (Fault("", f"at most {MOST_BYTES} bytes are wanted, found {len(content)}"),))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise Faulty(origin, (Fault("", f"text in UTF-8 is wanted, found {content[error.start]:#04x}", line, column),)) from None
    tree, root = read_tree(text, origin)
    return SiteText(text, tree, root, validated(tree, origin, text, root))


def read_tree(text: str, origin: str) -> tuple[Tree, Node]:
    """The names and values of a YAML text, and where they stand."""
    try:
        tree, events = read_yaml(text)
    except (YAMLError, ValueError, TypeError) as error:  # ruamel lets some of Python's own through
        raise Faulty(origin, (_yaml_fault(error),)) from None
    if not isinstance(tree, dict):
        found = "nothing" if tree is None else type(tree).__name__
        raise Faulty(origin, (Fault("", f"names and values are wanted, found {found}", 1, 1),))
    return tree, nodes_of(text, events)


def validated(tree: Tree, origin: str, text: str = "", root: Node | None = None) -> SiteSettings:
    """The settings in a tree; raises ``Faulty`` with all that is wrong, where there is a text with lines and columns."""
    try:
        return SiteSettings.model_validate(tree)
    except ValidationError as error:
        # A key that is misspelt is missing as well; only what stands there tells why.
        found = sorted(error.errors(), key=lambda details: details["type"] != UNKNOWN)[:MOST_FAULTS]
        faults = tuple(_fault(details, text, root) for details in found)
        raise Faulty(origin, faults) from None


def _yaml_fault(error: Exception) -> Fault:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        # The library adds advice about its own use.
        reason = " ".join(part for part in (error.context, error.problem) if part).partition("\n")[0]
        return Fault("", f"YAML is wanted, found a fault: {reason}", *((mark.line + 1, mark.column + 1) if mark else ()))
    return Fault("", f"YAML is wanted, found a fault: {' '.join(str(error).split())}")


def _fault(details: ErrorDetails, text: str, root: Node | None) -> Fault:
    place = details["loc"]
    given = InitErrorDetails(type=details["type"], loc=place, input=details["input"], ctx=details.get("ctx", {}))
    reason = first_fault(ValidationError.from_exception_data(SiteSettings.__name__, [given]))
    line, column = (0, 0) if root is None else _line_and_column(text, root, place)
    return Fault(".".join(str(part) for part in place), reason, line, column)


def _line_and_column(text: str, root: Node, place: Sequence[str | int]) -> tuple[int, int]:
    """Where the last part of a place that is in the text begins; from 1."""
    node = spot = root
    for name in place:
        below = node.child(name)
        if below is None:
            break
        spot, node = node.key(name) or below, below
    return text.count("\n", 0, spot.start) + 1, spot.start - (text.rfind("\n", 0, spot.start) + 1) + 1
