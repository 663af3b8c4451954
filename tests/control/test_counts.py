"""Counts, occupancy and crossings over HTTP, from a ledger whose content is known."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO

import httpx
import pytest

from appliance.access.roles import Role
from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.control.asked import MOST_TOLD
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import Minute, Presence, Seen
from tests.control.machines import Machine, running
from tests.ledger.asking import a_crossing, at, begin, keep

NOON_NS = at("2026-05-04 12:00")
DAY = {"from": "2026-05-04", "to": "2026-05-05"}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "data").mkdir()
    with closing(Ledger(folder / "data" / "ledger.sqlite", "run1")) as ledger:
        begin(ledger, NOON_NS)
        ledger.line_since_ns("yard", "island", ("enter", "exit"), NOON_NS)
        each = range(NOON_NS, NOON_NS + 30 * NS_PER_MINUTE, NS_PER_MINUTE)
        presences = {("island", NOON_NS + minute * NS_PER_MINUTE): Presence(2 * 60 * NS_PER_S, 3) for minute in range(15)}
        minutes = {minute_ns: Minute(NS_PER_MINUTE, 1499, 1) for minute_ns in each}
        ledger.see("yard", Seen(each.stop, minutes, presences=presences))
        keep(
            ledger,
            *(a_crossing(NOON_NS + number * NS_PER_S, class_name=name) for number, name in enumerate(("car", "car", "=bus"))),
        )
    # As long as there is such a camera, it is missed when it shows nothing.
    yard = {"name": "yard", "source": "rtsp://127.0.0.1:9/live"}
    tree: dict[str, object] = {"retention": {"days": 36_500}, "time_zone": "Europe/Berlin", "cameras": [yard]}
    with running(folder, Role.VIEWER, tree=tree) as running_one:
        yield running_one


Word = str | list[str]


def ask(machine: Machine, path: str, accept: str = "application/json", words: dict[str, Word] | None = None) -> httpx.Response:
    params: dict[str, Word] = {**DAY, **(words or {})}
    return machine.client.get(f"/api/v1/{path}", params=params, headers={**machine.bearer("viewer"), "accept": accept})


def test_hours_of_the_site_with_their_coverage(machine: Machine) -> None:
    hours = ask(machine, "counts", words={"group_by": "class"}).json()
    assert (len(hours), hours[0]["start"]) == (24, "2026-05-03T22:00:00.000Z")
    [busy] = [hour for hour in hours if hour["total"]]
    assert (busy["start"], busy["total"]) == ("2026-05-04T10:00:00.000Z", 3)
    assert busy["groups"] == [{"group": {"class": "=bus"}, "number": 1}, {"group": {"class": "car"}, "number": 2}]
    assert busy["coverage"] == {"yard": {"covered_s": 1800.0, "possible_s": 3600.0, "frames_seen": 44970, "frames_skipped": 30}}


def test_zones_tell_how_full_they_were(machine: Machine) -> None:
    hours = ask(machine, "occupancy", words={"zone_name": "island"}).json()
    [busy] = [hour for hour in hours if hour["zones"] and hour["zones"][0]["most"]]
    assert busy["zones"] == [{"camera": "yard", "zone": "island", "mean": 1.0, "most": 3}]
    hour: dict[str, Word] = {"bucket": "quarter", "from": "2026-05-04T10:00:00Z", "to": "2026-05-04T11:00:00Z"}
    quarters = ask(machine, "occupancy", words=hour).json()
    assert [zone["mean"] for quarter in quarters for zone in quarter["zones"]] == [2.0, 0.0, None, None]
    assert ask(machine, "occupancy", words={"zone_name": "nowhere"}).json()[12]["zones"] == []


@pytest.mark.parametrize("path", ["counts", "occupancy", "crossings"])
def test_as_a_sheet_no_name_is_a_formula(machine: Machine, path: str) -> None:
    answer = ask(machine, path, "text/csv", {"group_by": "class"} if path == "counts" else {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
    assert len(rows) == {"counts": 1 + 2 * 24, "occupancy": 1 + 24, "crossings": 1 + 3}[path]


def test_crossings_of_a_time(machine: Machine) -> None:
    words: dict[str, Word] = {"from": "2026-05-04T10:00:01Z", "to": "2026-05-04T10:00:02Z"}
    assert [one["class"] for one in ask(machine, "crossings", words=words).json()["crossings"]] == ["car"]
    assert ask(machine, "crossings", words={"from": "", "to": "", "line": "gate"}).json()["crossings"][0]["class"] == "=bus"


MANY = {"minute": ("2026-05-01", "2026-05-09"), "hour": ("2020-01-01", "2022-01-01")}


@pytest.mark.parametrize("bucket", MANY)
@pytest.mark.parametrize("path", ["counts", "occupancy"])
def test_nobody_reads_more_buckets_than_that(machine: Machine, path: str, bucket: str) -> None:
    start, end = MANY[bucket]
    answer = ask(machine, path, words={"bucket": bucket, "from": start, "to": end})
    assert (answer.status_code, f"at most {MOST_TOLD} buckets" in answer.json()["detail"]) == (422, True)
    week: dict[str, Word] = {"bucket": "minute", "from": "2026-05-01", "to": "2026-05-08"}
    assert len(ask(machine, path, words=week).json()) == MOST_TOLD


WRONG: dict[str, dict[str, Word]] = {
    "no time": {"from": "yesterday"},
    "backwards": {"from": "2026-05-06"},
    "long ago": {"from": "0001-01-01"},
    "far away": {"to": "9999-12-31T23:59:59-23:59"},
    "not a number": {"from": "NaN"},
    "no bucket": {"bucket": "eon"},
    "no zone": {"zone": "Mars/Olympus"},
    "a path for a zone": {"zone": "../../../etc/passwd"},
    "a folder for a zone": {"zone": "Europe"},
    "nothing to group by": {"group_by": "shoe"},
    "too many names": {"camera": ["x"] * 101},
    "a long name": {"line": "x" * 65},
}


ONLY = {"bucket": ("counts", "occupancy"), "group_by": ("counts",), "line": ("counts", "crossings")}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_asked_is_refused(machine: Machine, words: dict[str, Word]) -> None:
    [word] = words
    paths = ONLY.get(word, ("counts", "occupancy") if words[word] == "2026-05-06" else ("counts", "occupancy", "crossings"))
    for path in paths:
        answer = ask(machine, path, words=words)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text


def test_a_wall_of_screens_is_answered(machine: Machine) -> None:
    words: dict[str, Word] = {"bucket": "minute"}

    def look(number: int) -> int:
        # Half of them ask for what has been told just now.
        return ask(machine, "counts", words={**words, "group_by": ["line"] * (number % 2)}).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(look, range(40)))
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 32
