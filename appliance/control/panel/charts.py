"""Bars as HTML that any width shows and a screen reader reads as a table; pure. Names are text, never markup."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from appliance.control.panel.coverage_words import Seeing

# The least height of the axis, so that a single crossing is no tower.
LEAST_TOP = 4
# More than two names are told apart by words alone from here on.
MOST_COLOURS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A bucket of time: a number for each series, and how much of it was seen."""

    label: str
    """Below the axis; empty for most, where there are many."""
    title: str
    numbers: tuple[int, ...]
    seeing: Seeing


def bar_chart(title: str, series: Sequence[str], bars: Sequence[Bar]) -> str:
    """Groups of bars. What nobody has seen is hatched: it is not zero."""
    top = axis_top(max((number for bar in bars for number in bar.numbers), default=0))
    columns = "".join(_column(bar, series, top) for bar in bars)
    return (
        f'<figure class="chart"><figcaption>{_legend(series)}</figcaption>'
        f'<div class="plot" aria-hidden="true"><div class="scale">{_scale(top)}</div>'
        f'<div class="columns">{_unseen(bars)}{columns}</div></div>{_table(title, series, bars)}</figure>'
    )


def axis_top(most: int) -> int:
    """A round number that is no less, and half of which is one, too: 4, 10, 20, 40, 50, 100 …"""
    if most <= LEAST_TOP:
        return LEAST_TOP
    power: int = 10 ** math.floor(math.log10(most))
    return next(top for step in (1, 2, 4, 5, 10) if (top := step * power) >= most and top % 2 == 0)


def _legend(series: Sequence[str]) -> str:
    keys = "".join(f'<li class="{_colour(number)}"><i></i>{escape(name)}</li>' for number, name in enumerate(series))
    return f'<ul class="legend">{keys}<li class="unseen"><i></i>not seen</li></ul>'


def _unseen(bars: Sequence[Bar]) -> str:
    """One field for all neighbours that nobody has seen."""
    fields, number = [], 0
    for blind, group in groupby(bars, is_unseen):
        length = len(list(group))
        if blind:
            fields.append(f'<s style="left:{100 * number / len(bars):.3f}%;width:{100 * length / len(bars):.3f}%"></s>')
        number += length
    return "".join(fields)


def is_unseen(bar: Bar) -> bool:
    """Whether nothing is known of it."""
    return bar.seeing.sight == "none" and not any(bar.numbers)


def _scale(top: int) -> str:
    marks = (top, top // 2, 0)
    return "".join(f'<span style="bottom:{100 * mark / top:.1f}%">{mark:,}</span>' for mark in marks)


def _column(bar: Bar, series: Sequence[str], top: int) -> str:
    blind = is_unseen(bar)
    words = ", ".join(f"{name} {number}" for name, number in zip(series, bar.numbers))
    told = f"{bar.title}: {bar.seeing.words if blind else f'{words} ({bar.seeing.words})'}"
    inside = "" if blind else "".join(_bar(number, place, top) for place, number in enumerate(bar.numbers))
    # Of what was seen in part, the strip below tells how much.
    strip = f'<u style="width:{100 * (1 - bar.seeing.share):.0f}%"></u>' if bar.seeing.sight == "low" else ""
    return (
        f'<div class="column" title="{escape(told)}"><div class="bars">{inside}</div>{strip}'
        f"<span>{escape(bar.label)}</span></div>"
    )


def _bar(number: int, place: int, top: int) -> str:
    if not number:
        return f'<div class="{_colour(place)}"></div>'
    return f'<div class="{_colour(place)}" style="height:max(2px,{100 * number / top:.2f}%)"><b>{number:,}</b></div>'


def _table(title: str, series: Sequence[str], bars: Sequence[Bar]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in series)
    rows = "".join(_row(bar) for bar in bars if bar.seeing.sight != "future")
    return (
        f'<div class="spoken"><table><caption>{escape(title)}</caption><thead><tr><th scope="col">time</th>{head}'
        f'<th scope="col">seen</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(bar: Bar) -> str:
    cells: Iterator[str] = (f"<td>{number}</td>" for number in bar.numbers)
    return f'<tr><th scope="row">{escape(bar.title)}</th>{"".join(cells)}<td>{escape(bar.seeing.words)}</td></tr>'


def _colour(number: int) -> str:
    return f"series-{number % MOST_COLOURS}"
