"""A table of text and numbers, of many rows; drawn by ``data_table.js``."""

from __future__ import annotations

from dataclasses import dataclass

from nicegui import ui


@dataclass(frozen=True, slots=True)
class TableCell:
    """``words`` stand in the place of a number that there is not, and look like it; ``seeing``: it tells of the coverage."""

    text: str = ""
    words: str = ""
    seeing: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row; ``kind`` is a class of the style sheet."""

    key: str
    label: str
    cells: tuple[TableCell, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class TableContent:
    """What a table shows. The first column names the rows."""

    caption: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    """Which columns hold numbers, which stand at the right."""
    rows: tuple[TableRow, ...]
    totals: tuple[str, ...] = ()
    """The last row; empty for none."""


class DataTable(ui.element, component="data_table.js"):
    """The table."""

    def __init__(self, content: TableContent) -> None:
        super().__init__()
        self.show(content)

    def show(self, content: TableContent) -> None:
        """Another content in its place."""
        self._props["caption"], self._props["columns"] = content.caption, list(content.columns)
        self._props["numeric"], self._props["totals"] = list(content.numeric), list(content.totals)
        self._props["rows"] = [
            {
                "key": row.key,
                "label": row.label,
                "kind": row.kind,
                "cells": [{"text": cell.text, "words": cell.words, "seeing": cell.seeing} for cell in row.cells],
            }
            for row in content.rows
        ]
        self.update()
