"""A chart over time; how it is drawn stands in ``count_chart.js``, which follows the colours of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import nicegui.elements.echart
from nicegui import ui

# Importing it makes its scripts, which are in NiceGUI's package, known to pages.
ECHARTS = nicegui.elements.echart.__name__


@dataclass(frozen=True, slots=True)
class Series:
    """A colour of the chart. A value is None where there is none to tell."""

    name: str
    values: tuple[float | None, ...]
    total: str = ""
    """Beside its name."""


@dataclass(frozen=True, slots=True)
class ChartContent:
    """What a chart shows; everything but the series is by bucket."""

    labels: tuple[str, ...]
    marks: tuple[str, ...]
    """Shorter, for the axis."""
    series: tuple[Series, ...]
    sights: tuple[str, ...]
    """As in ``coverage_words``."""
    words: tuple[str, ...]
    """Of the coverage."""
    kind: Literal["bars", "lines"]
    unit: str
    """What the numbers are."""
    description: str
    """For those who do not see it."""


class CountChart(ui.element, component="count_chart.js"):
    """The chart."""

    def __init__(self, content: ChartContent) -> None:
        super().__init__()
        self.show(content)

    def show(self, content: ChartContent) -> None:
        """Another content in its place."""
        self._props["labels"], self._props["marks"] = list(content.labels), list(content.marks)
        self._props["sights"], self._props["words"] = list(content.sights), list(content.words)
        self._props["kind"], self._props["unit"] = content.kind, content.unit
        self._props["description"] = content.description
        self._props["series"] = [{"name": one.name, "values": list(one.values), "total": one.total} for one in content.series]
        self.update()
