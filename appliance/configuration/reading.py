"""A site's text, read: its values, where each of them stands, and what is wrong with it, with line and column."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, Event, NodeEvent
from ruamel.yaml.parser import Parser, ParserError

from appliance.config import SiteSettings, first_fault
from appliance.configuration.places import Node, nodes_of
from appliance.configuration.refusals import Fault, Faulty

MOST_FAULTS = 100
# A site with a hundred cameras of five lines has a tenth of it; the time to read it grows with it.
MOST_BYTES = 1_000_000
DEEPEST = 50
# In one list; nobody means more, and reading them all before saying so would take seconds.
MOST_ITEMS = 1000
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
    events: list[Event] = []
    # Of each collection that is open, the outermost first.
    items = [0]

    class Recorder(Parser):
        """Keeps what the loader was told, because telling takes most of the time."""

        def get_event(self) -> Any:
            event = super().get_event()
            if isinstance(event, NodeEvent):
                items[-1] += 1
            if isinstance(event, CollectionStartEvent):
                items.append(0)
            elif isinstance(event, CollectionEndEvent):
                items.pop()
            if len(items) - 1 > DEEPEST:
                raise ParserError(None, None, "it is nested too deeply", event.start_mark)
            if items[-1] > MOST_ITEMS:
                raise ParserError(None, None, f"at most {MOST_ITEMS} items are wanted in one list", event.start_mark)
            events.append(event)
            return event

    yaml = YAML(typ="safe", pure=True)
    yaml.Parser = Recorder
    try:
        tree = yaml.load(text)
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
        faults = tuple(_fault(details, text, root) for details in error.errors()[:MOST_FAULTS])
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
    reason = first_fault(ValidationError.from_exception_data("site", [given]))
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
