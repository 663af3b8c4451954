"""What the counts page shows, as a value: it is made from the address of the page and is written into it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal, get_args

from appliance.clock import NS_PER_S
from appliance.errors import Refusal
from appliance.ledger.buckets import EARLIEST_NS, LATEST_NS, SHORTEST_NS, BucketLength
from appliance.ledger.choice import Attribute, Choice
from appliance.ledger.queries import Span

RangeName = Literal["today", "yesterday", "7days", "30days", "year", "custom"]
Compared = Literal["direction", "class", "line", "camera", "nothing"]
Shown = Literal["crossings", "zones"]
ChartKind = Literal["bars", "lines"]

RANGES: dict[RangeName, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7days": "7 days",
    "30days": "30 days",
    "year": "12 months",
    "custom": "From … to …",
}
BUCKETS: dict[BucketLength, str] = {
    "minute": "Minute",
    "quarter": "15 minutes",
    "hour": "Hour",
    "day": "Day",
    "week": "Week",
    "month": "Month",
    "year": "Year",
}
COMPARED: dict[Compared, str] = {
    "direction": "Direction",
    "class": "Class",
    "line": "Line",
    "camera": "Camera",
    "nothing": "Nothing",
}
USUAL: dict[RangeName, BucketLength] = {
    "today": "hour",
    "yesterday": "hour",
    "7days": "day",
    "30days": "day",
    "year": "month",
}
# A picture and a table of more than a day of minutes tell nobody anything.
MOST_BARS = 1500
# A custom time that names no bucket is shown in the shortest that gives about as many bars as a month has days.
USUAL_BARS = 40
# Of one kind of name in an address.
MOST_NAMES = 100
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class CountView:
    """Everything that can be chosen on the page."""

    range: RangeName = "today"
    start: str = ""
    """Of a custom time: as the browser writes it, 2026-11-21T07:30, in the time zone of the site."""
    end: str = ""
    bucket: BucketLength | None = None
    """None: what suits the time."""
    choice: Choice = Choice()
    compare: Compared = "direction"
    chart: ChartKind = "bars"
    shown: Shown = "crossings"


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when, wall clock, and in which buckets that can be shown."""

    from_ns: int
    to_ns: int
    buckets: tuple[BucketLength, ...]
    """Those that make sense for this time."""
    bucket: BucketLength

    def span(self, zone: tzinfo | None) -> Span:
        """For the ledger."""
        return Span(self.from_ns, self.to_ns, self.bucket, zone)


def view_of(query: Mapping[str, Iterable[str]]) -> CountView:
    """The view that an address names; what cannot be is left at what is usual."""
    words = {name: tuple(value[:LONGEST_NAME] for value in values)[:MOST_NAMES] for name, values in query.items()}

    def one(name: str, known: Iterable[str], otherwise: str) -> str:
        return next((value for value in words.get(name, ()) if value in known), otherwise)

    bucket = one("bucket", BUCKETS, "")
    return CountView(
        range=next(name for name in RANGES if name == one("range", RANGES, "today")),
        start=next(iter(words.get("from", ())), ""),
        end=next(iter(words.get("to", ())), ""),
        bucket=next((length for length in BUCKETS if length == bucket), None),
        choice=Choice(*(tuple(dict.fromkeys(words.get(name, ()))) for name in ("camera", "line", "direction", "class"))),
        compare=next(name for name in COMPARED if name == one("by", COMPARED, "direction")),
        chart="lines" if one("chart", get_args(ChartKind), "bars") == "lines" else "bars",
        shown="zones" if one("show", get_args(Shown), "crossings") == "zones" else "crossings",
    )


def query_of(view: CountView) -> list[tuple[str, str]]:
    """The words of an address that names this view; what is usual is left out."""
    usual = CountView()
    words: list[tuple[str, str]] = [("range", view.range)]
    if view.range == "custom":
        words += [("from", view.start), ("to", view.end)]
    if view.bucket is not None:
        words.append(("bucket", view.bucket))
    for name, values in zip(("camera", "line", "direction", "class"), choice_of(view.choice)):
        words += [(name, value) for value in values]
    if view.compare != usual.compare:
        words.append(("by", view.compare))
    if view.chart != usual.chart:
        words.append(("chart", view.chart))
    if view.shown != usual.shown:
        words.append(("show", view.shown))
    return words


def choice_of(choice: Choice) -> tuple[tuple[str, ...], ...]:
    """Cameras, lines, directions and classes, in this order."""
    return choice.cameras, choice.lines, choice.directions, choice.classes


def groups_of(compare: Compared) -> tuple[Attribute, ...]:
    """What the ledger groups by; two lines of one name at two cameras are two lines."""
    by: dict[Compared, tuple[Attribute, ...]] = {
        "direction": ("direction",),
        "class": ("class",),
        "line": ("camera", "line"),
        "camera": ("camera",),
        "nothing": (),
    }
    return by[compare]


def period_of(view: CountView, now_ns: int, zone: tzinfo | None) -> Period:
    """The time of a view; raises ``Refusal`` for a custom one that is none."""
    from_ns, to_ns = _custom(view, zone) if view.range == "custom" else _named(view.range, now_ns, zone)
    buckets = sensible(from_ns, to_ns)
    if view.bucket in buckets:
        return Period(from_ns, to_ns, buckets, view.bucket)
    usual = USUAL.get(view.range)
    if usual not in buckets:
        few = [length for length in buckets if (to_ns - from_ns) / SHORTEST_NS[length] <= USUAL_BARS]
        usual = few[0] if few else buckets[-1]
    return Period(from_ns, to_ns, buckets, usual)


def sensible(from_ns: int, to_ns: int) -> tuple[BucketLength, ...]:
    """The buckets of which a time has some, but not too many."""
    duration_ns = to_ns - from_ns
    fitting = tuple(length for length in BUCKETS if SHORTEST_NS[length] <= duration_ns <= MOST_BARS * SHORTEST_NS[length])
    return fitting or (("minute",) if duration_ns < SHORTEST_NS["quarter"] else ("year",))


def _named(name: RangeName, now_ns: int, zone: tzinfo | None) -> tuple[int, int]:
    """Up to the end of today, so that the picture does not move while the day goes on."""
    today = _local(now_ns, zone).date()
    tomorrow = today + timedelta(days=1)
    first, last = {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "7days": (tomorrow - timedelta(days=7), tomorrow),
        "30days": (tomorrow - timedelta(days=30), tomorrow),
        "year": (_months_before(today.replace(day=1), 11), tomorrow),
    }[name]
    return _midnight_ns(first, zone), _midnight_ns(last, zone)


def _custom(view: CountView, zone: tzinfo | None) -> tuple[int, int]:
    from_ns, to_ns = moment_ns(view.start, zone), moment_ns(view.end, zone)
    if from_ns is None or to_ns is None:
        raise Refusal("Choose when the time begins and when it ends.", usage=True)
    if not EARLIEST_NS <= from_ns < to_ns <= LATEST_NS:
        raise Refusal("The end has to come after the beginning, and both between 1970 and 2200.", usage=True)
    return from_ns, to_ns


def moment_ns(text: str, zone: tzinfo | None) -> int | None:
    """What a field for a date and a time holds, wall clock; None where that is nothing."""
    try:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()) * NS_PER_S
    except (ValueError, OverflowError, OSError):
        return None


def field_text(time_ns: int, zone: tzinfo | None) -> str:
    """A moment as such a field wants it."""
    return f"{_local(time_ns, zone):%Y-%m-%dT%H:%M}"


def _local(time_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(time_ns // NS_PER_S, timezone.utc).astimezone(zone)


def _midnight_ns(day: date, zone: tzinfo | None) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * NS_PER_S


def _months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
