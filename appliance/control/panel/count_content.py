"""Tables of counts and of zones as what a chart and a table in the browser show; pure."""

from __future__ import annotations

from appliance.control.panel.count_table import Cell, CountTable
from appliance.control.panel.count_view import BUCKETS, ChartKind
from appliance.control.panel.parts.count_chart import ChartContent, Series
from appliance.control.panel.parts.data_table import TableCell, TableContent, TableRow
from appliance.control.panel.zone_table import ZoneTable
from appliance.ledger.buckets import BucketLength

SO_FAR = " (so far)"


def counts_chart(table: CountTable, kind: ChartKind, length: BucketLength) -> ChartContent:
    """Bars of what was counted, and room for what comes later."""
    rows, later = table.rows, table.later
    columns = [tuple(row.cells[number].number for row in rows) for number in range(len(table.names))]
    named = list(zip(table.names, columns, table.totals))
    every = tuple(row.total.number for row in rows)
    none_yet = (None,) * len(later)
    series = [Series(name, (*values, *none_yet), f"{total:,}") for name, values, total in named]
    return ChartContent(
        labels=(*(row.label for row in rows), *(label for label, _ in later)),
        marks=(*(row.short for row in rows), *(short for _, short in later)),
        series=tuple(series) or (Series("", (*every, *none_yet)),),
        sights=(*(row.seeing.sight for row in rows), *("future" for _ in later)),
        words=(*(_coverage_words(row.seeing.words, row.seeing.sight) for row in rows), *("" for _ in later)),
        kind=kind,
        unit="crossings",
        description=_description(table, length),
    )


def counts_table(table: CountTable) -> TableContent:
    """A row for each bucket, with its coverage in words."""
    has_sum = len(table.names) > 1
    columns = ("Time", *(table.names or ("Crossings",)), *(("All",) if has_sum else ()), "Seen")
    rows = []
    for row in table.rows:
        cells = [_cell(cell) for cell in (row.cells if table.names else (row.total,))]
        if has_sum:
            cells.append(_cell(row.total))
        label = row.label if row.is_complete else row.label + SO_FAR
        rows.append(TableRow(str(row.start_ns), label, (*cells, TableCell(row.seeing.words, seeing=True)), row.seeing.sight))
    sums = [f"{total:,}" for total in (table.totals if table.names else (table.total,))]
    totals = ("Total", *sums, *((f"{table.total:,}",) if has_sum else ()), table.seeing.words)
    numeric = (False, *(True for _ in columns[1:-1]), False)
    return TableContent("Crossings over time", columns, numeric, tuple(rows), totals)


def zones_chart(table: ZoneTable, kind: ChartKind) -> ChartContent:
    """How many were inside on average."""
    series = [
        Series(name, tuple(_rounded(row.fillings[number].mean) for row in table.rows), f"at most {table.most(number)}")
        for number, name in enumerate(table.names)
    ]
    blind = [bool(row.fillings) and all(filling.mean is None for filling in row.fillings) for row in table.rows]
    return ChartContent(
        labels=tuple(row.label for row in table.rows),
        marks=tuple(row.short for row in table.rows),
        series=tuple(series),
        sights=tuple("none" if is_blind else "seen" for is_blind in blind),
        words=tuple("not seen" if is_blind else "" for is_blind in blind),
        kind=kind,
        unit="inside on average",
        description=f"How many were in {', '.join(table.names)} on average. The table below has all numbers.",
    )


def zones_table(table: ZoneTable) -> TableContent:
    """Mean and most of each zone."""
    columns = ("Time", *(f"{name}, {what}" for name in table.names for what in ("on average", "at most")))
    rows = []
    for row in table.rows:
        cells: list[TableCell] = []
        for filling in row.fillings:
            seen = filling.mean is not None
            cells += [
                TableCell(filling.words) if seen else TableCell(words=filling.words),
                TableCell(str(filling.most)) if seen else TableCell(words="–"),
            ]
        label = row.label if row.is_complete else row.label + SO_FAR
        rows.append(TableRow(str(row.start_ns), label, tuple(cells)))
    return TableContent("Zones over time", columns, (False, *(True for _ in columns[1:])), tuple(rows))


def _cell(cell: Cell) -> TableCell:
    return TableCell(words=cell.words) if cell.number is None else TableCell(f"{cell.number:,}")


def _coverage_words(words: str, sight: str) -> str:
    return f"{words} seen" if sight == "seen" else words


def _rounded(mean: float | None) -> float | None:
    return None if mean is None else round(mean, 2)


def _description(table: CountTable, length: BucketLength) -> str:
    busiest = table.busiest
    most = "" if busiest is None else f" Most, {busiest.total.number:,}, were counted {busiest.label}."
    blind = sum(row.seeing.sight == "none" for row in table.rows)
    unseen = f" {blind} of {len(table.rows)} were not seen." if blind else ""
    return f"Crossings by {BUCKETS[length].lower()}: {table.total:,} in all.{most}{unseen} The table below has all numbers."
