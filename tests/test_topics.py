"""The table of wires keeps what it promises: nothing can fill up."""

from __future__ import annotations

import re

import pytest

from appliance import topics
from appliance.config import SiteSettings
from appliance.topics import CREDITS, TOPICS, Topic

MOST_SLOTS = next(rule.le for rule in SiteSettings.model_fields["slots"].metadata if hasattr(rule, "le"))
CAMERAS = 16  # with all the slots that they may have; most have eight


def test_every_wire_of_the_picture_is_in_the_table_and_the_other_way_round() -> None:
    drawn = set(re.findall(r"─([a-z]+)─", topics.__doc__ or ""))
    assert drawn == {topic.name for topic in TOPICS}


def test_names_are_names_of_files_and_tell_wires_apart() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert all(name.isalpha() for name in names)


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.name for topic in TOPICS])
def test_a_wire_holds_more_than_credits_let_through(topic: Topic[object]) -> None:
    cameras = 1 if topic.per == "camera" else CAMERAS
    epochs = 2  # what was sent to a process that died may still lie there when its successor's first messages come
    end = 0 if topic is CREDITS else 1  # the end of a stream needs no credit
    assert topic.depth >= cameras * epochs * (MOST_SLOTS + end)


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.name for topic in TOPICS])
def test_there_is_a_reader_for_each_of_something(topic: Topic[object]) -> None:
    assert topic.per in ("device", "shard", "camera")
