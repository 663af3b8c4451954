"""Which metrics a PromQL expression asks for, and by which labels: enough of its grammar for what is in ``docker/``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<space> \s+ | \#[^\n]* )
  | (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*` )
  | (?P<range> \[ [^\]]* \] )
  | (?P<number> [0-9][\w.]* )
  | (?P<name> [a-zA-Z_:][\w:]* )
  | (?P<sign> =~ | != | !~ | == | >= | <= | [-+*/%^=<>(){},@] )
    """,
    re.VERBOSE,
)
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
OPERATORS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
AGGREGATIONS = {"sum", "min", "max", "avg", "count", "topk", "bottomk", "group", "stddev", "quantile"}


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric, and the labels that it is chosen by."""

    metric: str
    labels: frozenset[str]


def selectors(expression: str) -> list[Selector]:
    """All of them, from left to right; raises ``ValueError`` for what is none of the language."""
    tokens = list(_tokens(expression))
    found = []
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        place += 1
        if kind != "name" or text in OPERATORS or text in AGGREGATIONS:
            continue
        if text in GROUPING:
            place = _behind(tokens, place, ")") if following == "(" else place
        elif following == "{":
            end = _behind(tokens, place, "}")
            found.append(Selector(text, frozenset(name for kind, name in tokens[place:end] if kind == "name")))
            place = end
        elif following != "(":
            found.append(Selector(text, frozenset()))
    return found


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(expression):
        match = TOKEN.match(expression, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"no PromQL: '{expression[place : place + 20]}' in '{expression}'")
        if match.lastgroup != "space":
            yield match.lastgroup, match.group()
        place = match.end()


def _behind(tokens: list[tuple[str, str]], place: int, sign: str) -> int:
    return next(number for number in range(place, len(tokens)) if tokens[number][1] == sign) + 1
