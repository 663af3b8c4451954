"""Payloads: what they hold for what happened, times, and topics."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.errors import Refusal
from appliance.ledger.reader import Tally
from appliance.messages.reports import Condition
from appliance.publish import making
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payload_examples import AWAY, CROSSING, EXAMPLES, PLACE, SEEN, START_NS
from appliance.publish.payloads import Payload, encoded
from appliance.times import rfc_3339

MINUTE_NS = 60 * NS_PER_S


def sent(payload: Payload) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(encoded(payload))
    return message


def closed(watch: making.Watch, *tallies: Tally) -> dict[str, Any]:
    return sent(making.interval(PLACE, START_NS, START_NS + MINUTE_NS, tallies, watch))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_schema_comes_first_and_all_is_read_back(example: Any) -> None:
    content = encoded(example.payload)
    assert content.startswith(b'{"schema":1,')
    assert msgspec.json.decode(content, type=type(example.payload)) == example.payload
    later = b'{"added_later":{"a":[1]},' + content[1:]
    assert msgspec.json.decode(later, type=type(example.payload)) == example.payload, "unknown fields are no harm"


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (START_NS, "2026-11-20T07:30:00.000Z"),
        (START_NS + 999_999_999, "2026-11-20T07:30:00.999Z"),
        (1_709_164_800 * NS_PER_S, "2024-02-29T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_utc_with_milliseconds(time_ns: int, text: str) -> None:
    assert rfc_3339(time_ns) == text


@given(st.integers(0, 4 * 10**18))
def test_times_are_cut_off_at_the_millisecond(time_ns: int) -> None:
    told = datetime.strptime(rfc_3339(time_ns), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    microseconds = (told - datetime(1970, 1, 1, tzinfo=timezone.utc)) // (told.resolution)
    assert microseconds * 1000 == time_ns // NS_PER_MS * NS_PER_MS


def test_a_crossing_is_what_the_ledger_has() -> None:
    assert sent(making.crossing(CROSSING, "junction")) == {
        "schema": 1,
        "event_id": CROSSING.event_id,
        "sequence": 4711,
        "site": "junction",
        "camera": "north",
        "line": "stop-line",
        "direction": "inbound",
        "class": "car",
        "time": "2026-11-20T07:30:17.480Z",
        "capture_clock": "camera",
        "track_id": 318,
        "confidence": 0.8731,
        "x": 812.5,
        "y": 403.25,
        "run": CROSSING.run,
        "replayed": False,
    }


def test_a_replayed_crossing_is_the_same_event() -> None:
    first, again = (sent(making.crossing(CROSSING, "junction", replayed=replayed)) for replayed in (False, True))
    assert first | {"replayed": True} == again


def test_totals_are_those_of_the_classes_and_both_directions_are_there() -> None:
    tallies = (("outbound", "truck", 1), ("outbound", "bus", 2), ("outbound", "truck", 3))
    payload = sent(making.count(PLACE, tallies, sequence=6, time_ns=START_NS, since_ns=0))
    assert payload["counts"] == {"inbound": {"total": 0}, "outbound": {"total": 6, "bus": 2, "truck": 4}}
    assert list(payload["counts"]["outbound"]) == ["total", "bus", "truck"]
    assert payload["total"] == 6
    assert payload["since"] == "1970-01-01T00:00:00.000Z", "0 is a time, and not never"


def test_a_direction_that_is_no_longer_configured_is_still_counted() -> None:
    payload = sent(making.count(PLACE, [("northbound", "car", 2)], sequence=2, time_ns=0, since_ns=None))
    assert payload["counts"] == {"inbound": {"total": 0}, "outbound": {"total": 0}, "northbound": {"total": 2, "car": 2}}
    assert payload["total"] == 2
    assert payload["since"] is None


def test_a_class_called_total_makes_no_total_wrong() -> None:
    counts = making.counts_of(PLACE, [("inbound", "total", 5), ("inbound", "car", 1)])
    assert counts["inbound"] == {"total": 6, "car": 1}
    assert making.total_of(counts) == 6


def test_an_empty_road_is_not_a_blind_camera() -> None:
    empty = closed(making.Watch(covered_ns=MINUTE_NS, frames_seen=1500, frames_skipped=2))
    blind = closed(making.Watch(0, 0, 0, ((START_NS, START_NS + MINUTE_NS, "no pictures"),)))
    assert empty["total"] == blind["total"] == 0
    assert empty["counts"] == blind["counts"] == {"inbound": {"total": 0}, "outbound": {"total": 0}}
    assert (empty["coverage_s"], empty["gaps"], empty["frames_seen"], empty["frames_skipped"]) == (60.0, [], 1500, 2)
    gap = {"start": "2026-11-20T07:30:00.000Z", "end": "2026-11-20T07:31:00.000Z", "reason": "no pictures"}
    assert (blind["coverage_s"], blind["gaps"], blind["frames_seen"]) == (0.0, [gap], 0)


def test_an_interval_says_which_one_it_is() -> None:
    payload = closed(making.Watch(MINUTE_NS, 1, 0), ("inbound", "car", 3))
    assert payload["interval_id"] == "north.stop-line.2026-11-20T07:30:00.000Z.60"
    assert (payload["start"], payload["end"]) == ("2026-11-20T07:30:00.000Z", "2026-11-20T07:31:00.000Z")
    assert payload["length_s"] == 60
    assert payload["occupancy"] is None


@pytest.mark.parametrize(
    ("covered_ns", "coverage_s"),
    [(MINUTE_NS, 60.0), (MINUTE_NS + 1, 60.0), (MINUTE_NS - 1, 59.999), (1_234_567_890, 1.234)],
)
def test_coverage_is_never_more_than_there_was(covered_ns: int, coverage_s: float) -> None:
    assert closed(making.Watch(covered_ns, 1, 0))["coverage_s"] == coverage_s


def test_occupancy_is_the_mean_over_what_was_covered() -> None:
    half = making.Watch(30 * NS_PER_S, 1, 0, presence_ns=45 * NS_PER_S, most_present=3)
    assert closed(half)["occupancy"] == {"mean": 1.5, "max": 3}
    assert closed(making.Watch(30 * NS_PER_S, 1, 0, presence_ns=0, most_present=0))["occupancy"] == {"mean": 0.0, "max": 0}
    assert closed(making.Watch(0, 0, 0, presence_ns=0, most_present=0))["occupancy"] is None, "not 0: nobody knows"


def test_a_camera_without_a_source_has_no_figures() -> None:
    seen, away = sent(making.camera_of(SEEN)), sent(making.camera_of(AWAY))
    figures = ("frames_per_second", "width", "height", "decoder")
    assert [seen[name] for name in figures] == [25.0, 1280, 720, "pyav"]
    assert [away[name] for name in figures] == [None] * 4
    assert (away["state"], away["reason"]) == ("down", "the camera sends no pictures")


def test_a_state_that_no_consumer_knows_is_not_sent() -> None:
    strange = msgspec.structs.replace(SEEN, condition=Condition("sleepy"))
    with pytest.raises(msgspec.ValidationError, match="sleepy"):
        making.camera_of(strange)


def test_the_last_will_knows_no_time() -> None:
    assert sent(making.offline("0.1.0")) == {"schema": 1, "state": "offline", "since": None, "run": None, "version": "0.1.0"}
    assert sent(making.offline("0.1.0", START_NS))["since"] == "2026-11-20T07:30:00.000Z"


@pytest.mark.parametrize(("number", "words"), [(1, "1 crossing that was never"), (2, "2 crossings that were never")])
def test_a_loss_is_told_with_its_number(number: int, words: str) -> None:
    payload = sent(making.crossings_lost(number, START_NS))
    assert (payload["kind"], payload["count"]) == ("crossings_lost", number)
    assert words in payload["sentence"]


def test_topics_are_below_the_prefix() -> None:
    topics = Topics.of_site("junction")
    assert topics.site() == "appliance/junction/status"
    assert topics.announcement() == "appliance/junction/announcement"
    assert topics.camera("north") == "appliance/junction/north/status"
    assert topics.crossing("north", "gate") == "appliance/junction/north/gate/crossing"
    assert topics.count("north", "gate") == "appliance/junction/north/gate/count"
    assert topics.interval("+", "+") == "appliance/junction/+/+/interval"


@pytest.mark.parametrize("prefix", ["a", "town/north side/box-7", "Straße", "a$b", "a" * 1024])
def test_good_prefixes(prefix: str) -> None:
    assert Topics(prefix).site() == f"{prefix}/status"


@pytest.mark.parametrize(
    ("prefix", "why"),
    [
        ("", "between its slashes"),
        ("/a", "between its slashes"),
        ("a/", "between its slashes"),
        ("a//b", "between its slashes"),
        ("$SYS/a", "must not begin with"),
        ("a/+/b", "no '\\+'"),
        ("a#", "no '#'"),
        ("a\0b", "unprintable"),
        ("a\nb", "unprintable"),
        ("ä" * 513, "at most 1024 bytes, found 1026"),
    ],
)
def test_bad_prefixes_are_refused_with_a_sentence(prefix: str, why: str) -> None:
    with pytest.raises(Refusal, match=why) as refusal:
        Topics(prefix)
    assert refusal.value.usage
