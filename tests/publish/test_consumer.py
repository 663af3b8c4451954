"""The consumer in ``scripts/``: whatever is delivered however often and in whatever order, each event is counted once."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from appliance.clock import NS_PER_S
from appliance.publish import making
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payload_examples import CROSSING, PLACE, START_NS
from appliance.publish.payloads import Payload, encoded
from tests.shared_data import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))

from consume_counts import NotUnderstood, Numbers, Seen, Totals, table_of  # a script, of no package

TOPICS = Topics.of_site("junction")
TOPIC = TOPICS.crossing("north", "stop-line")


def a_crossing(sequence: int, *, run: str = "first", replayed: bool = False, class_name: str = "car") -> bytes:
    """As our publisher sends it; every event has a sequence number of its own, of whatever run."""
    changes = {"sequence": sequence, "event_id": f"{run}.{sequence}", "run": run, "class_name": class_name}
    return encoded(making.crossing(msgspec.structs.replace(CROSSING, **changes), "junction", replayed=replayed))


def an_interval(minute: int, minutes: int, covered_s: int) -> tuple[str, bytes]:
    start_ns = START_NS + minute * 60 * NS_PER_S
    watch = making.Watch(covered_s * NS_PER_S, 1, 0)
    payload = making.interval(PLACE, start_ns, start_ns + minutes * 60 * NS_PER_S, (), watch)
    return TOPICS.interval("north", "stop-line"), encoded(payload)


def changed(payload: Payload | bytes, **fields: object) -> bytes:
    """As another version of the appliance might send it."""
    content = payload if isinstance(payload, bytes) else encoded(payload)
    return json.dumps(json.loads(content) | fields).encode()


def test_each_event_is_counted_once_by_all_that_it_is() -> None:
    totals = Totals()
    assert totals.take(TOPIC, a_crossing(1))
    assert totals.take(TOPIC, a_crossing(2, class_name="bus"))
    assert not totals.take(TOPIC, a_crossing(1))
    assert totals.take(TOPIC, a_crossing(3))
    assert totals.counts == {("north", "stop-line", "inbound", "car"): 2, ("north", "stop-line", "inbound", "bus"): 1}
    assert totals.duplicates == 1


def test_a_replay_fills_gaps_and_repeats_nothing() -> None:
    totals = Totals()
    missed = set(range(40, 60))
    for sequence in range(1, 101):
        if sequence not in missed:
            totals.take(TOPIC, a_crossing(sequence))
    for sequence in range(1, 101):
        assert totals.take(TOPIC, a_crossing(sequence, replayed=True)) == (sequence in missed)
    assert totals.counts.total() == 100


def test_what_is_longer_ago_than_the_newest_events_is_known_by_its_sequence() -> None:
    totals = Totals(Seen(newest=10))
    for sequence in (*range(1, 200), *range(201, 301)):
        assert totals.take(TOPIC, a_crossing(sequence))
    assert [sequence for sequence in range(1, 301) if totals.take(TOPIC, a_crossing(sequence, replayed=True))] == [200]


def test_a_new_ledger_begins_at_one_again_and_is_counted() -> None:
    totals = Totals(Seen(newest=2))
    for run in ("first", "second"):
        for sequence in range(1, 51):
            assert totals.take(TOPIC, a_crossing(sequence, run=run))
    assert totals.counts.total() == 100
    assert not totals.take(TOPIC, a_crossing(7, run="first"))


def test_any_delivery_gives_the_same_totals() -> None:
    chance = random.Random(5)
    events = [(sequence, "first" if sequence < 300 else "second", chance.choice(("car", "bus"))) for sequence in range(1, 601)]
    delivered = [*events, *chance.choices(events, k=900)]
    chance.shuffle(delivered)
    totals = Totals(Seen(newest=64))
    for sequence, run, class_name in delivered:
        totals.take(TOPIC, a_crossing(sequence, run=run, class_name=class_name))
    expected = Counter(("north", "stop-line", "inbound", class_name) for _, _, class_name in events)
    assert totals.counts == expected
    assert totals.duplicates == 900


def test_memory_is_bounded() -> None:
    seen = Seen(newest=3, runs=2)
    for run in ("a", "b", "c", "d"):
        for sequence in range(1, 101):
            assert seen.is_new(f"{run}.{sequence}", run, sequence)
    assert not seen.is_new("d.50", "d", 50)
    assert not seen.is_new("c.50", "c", 50)
    assert seen.is_new("a.50", "a", 50), "forgotten: it was too many runs ago"


def test_fields_that_are_added_later_do_no_harm() -> None:
    totals = Totals()
    assert totals.take(TOPIC, changed(a_crossing(1), speed={"km_h": 48.5}, confidence="high"))
    assert not totals.take(TOPIC, a_crossing(1)), "the same event"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (changed(a_crossing(1), schema=2), "schema 1 is wanted, found 2"),
        (b'{"schema":7,"event":["all","is","different"]}', "schema 1 is wanted, found 7"),
        (b'{"schema":1,"event_id":"a"}', "missing required field"),
        (b'{"schema":"1"}', "Expected `int`"),
        (b"{}", "missing required field `schema`"),
        (b"[1]", "Expected `object`"),
        (b"", "truncated"),
        (b"\xff\x00", "malformed"),
        (changed(a_crossing(1), sequence="7"), "Expected `int`"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_sentence_and_told(payload: bytes, why: str) -> None:
    totals = Totals()
    with pytest.raises(NotUnderstood, match=why) as problem:
        totals.take(TOPIC, payload)
    assert str(problem.value).startswith(f"a message on {TOPIC} was not counted: ")
    assert totals.take(TOPIC, a_crossing(1)), "and the next one is counted"
    assert totals.not_understood == 1
    assert "1 not understood: the counts are too low" in str(table_of(totals).caption)


def test_another_topic_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="neither a crossing nor an interval"):
        Totals().take(TOPICS.site(), encoded(making.offline("0.1.0")))


def test_the_share_of_the_time_that_was_watched_is_that_of_the_shortest_intervals() -> None:
    totals = Totals()
    assert totals.covered_share("north", "stop-line") is None
    for topic, payload in (an_interval(0, 1, 60), an_interval(1, 1, 0), an_interval(2, 1, 30), an_interval(0, 15, 90)):
        assert totals.take(topic, payload)
        assert not totals.take(topic, payload)
    assert totals.covered_share("north", "stop-line") == 0.5
    assert totals.duplicates == 4


def test_the_table_tells_it_all() -> None:
    totals = Totals()
    for _ in range(2):
        totals.take(TOPIC, a_crossing(1))
    totals.take(*an_interval(0, 1, 45))
    console = Console(width=100, record=True)
    console.print(table_of(totals))
    text = console.export_text()
    for word in ("north", "stop-line", "inbound", "car", "75.0%", "1 crossings, 1 messages came again"):
        assert word in text
    assert "not understood" not in text


@given(st.lists(st.integers(0, 30)))
def test_ranges_are_a_set_of_numbers(numbers: list[int]) -> None:
    ranges, model = Numbers(), set[int]()
    for number in numbers:
        assert (number in ranges) == (number in model)
        ranges.add(number)
        model.add(number)
    assert {number for number in range(-1, 32) if number in ranges} == model
