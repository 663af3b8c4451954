"""What Home Assistant is told: only what it documents, and templates that render what was counted.

The tables below are of its documentation: https://www.home-assistant.io/integrations/mqtt/ ("Device discovery
payload", "Using availability topics") and https://www.home-assistant.io/integrations/sensor.mqtt/ ("Configuration variables").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jinja2
import jinja2.sandbox
import pytest

from appliance.errors import Refusal
from appliance.publish import making
from appliance.publish.home_assistant import DiscoveredCamera, DiscoveredLine, discovery, steps
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payload_examples import AWAY, SEEN
from appliance.publish.payloads import Payload, encoded

Check = Callable[[Any], bool]
Table = dict[str, Check]


def one_of(*values: str) -> Check:
    return lambda value: value in values


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_topic(value: Any) -> bool:
    return is_text(value) and not set(value) & set("+#")


def is_template(value: Any) -> bool:
    return is_text(value) and bool(jinja2.Environment(autoescape=True).parse(value).body)


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_text(item) for item in value)


ROOT: dict[str, bool] = {  # whether it is required
    "device": True,
    "origin": True,
    "components": True,
    "availability": False,
    "qos": False,
}
DEVICE: Table = {"identifiers": is_texts, "name": is_text, "manufacturer": is_text, "model": is_text, "sw_version": is_text}
ORIGIN: Table = {"name": is_text, "sw_version": is_text}
AVAILABILITY: Table = {
    "topic": is_topic,
    "value_template": is_template,
    "payload_available": is_text,
    "payload_not_available": is_text,
}
SENSOR: Table = {
    "platform": one_of("sensor"),
    "name": is_text,
    "unique_id": is_text,
    "state_topic": is_topic,
    "value_template": is_template,
    "state_class": one_of("measurement", "total", "total_increasing"),
    "device_class": one_of("enum"),
    "options": is_texts,
    "unit_of_measurement": is_text,
    "suggested_display_precision": lambda value: isinstance(value, int) and value >= 0,
    "entity_category": one_of("diagnostic"),
    "json_attributes_topic": is_topic,
    "json_attributes_template": is_template,
}
STRANGE = 'o"d }}\\ \U0001f69a'
TOPICS = Topics.of_site("junction")
GATE = DiscoveredLine("north", "gate", ("inbound", "outbound"), ("car", "traffic light", STRANGE))
# Names of methods of a dictionary are names like others.
ODD = DiscoveredLine("north", "items", ("get", "values"), ("copy", "keys"))
CAMERAS = (DiscoveredCamera("north", (GATE, ODD)), DiscoveredCamera("straße"))


def found(cameras: tuple[DiscoveredCamera, ...] = CAMERAS, site: str = "junction") -> dict[str, Any]:
    message: dict[str, Any] = json.loads(discovery(site, cameras, Topics.of_site(site))[1])
    return message


def component(name: str) -> dict[str, Any]:
    """The one that people see by this name."""
    (one,) = [each for each in found()["components"].values() if each["name"] == name]
    assert isinstance(one, dict)
    return one


def rendered(template: str, payload: Payload) -> str:
    """As Home Assistant does it: Jinja in a sandbox, and the message as ``value_json``."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment()
    return environment.from_string(template).render(value_json=json.loads(encoded(payload)))


def refuse_strangers(part: dict[str, Any], table: Table) -> None:
    for key, value in part.items():
        assert key in table, f"{key} is not documented"
        assert table[key](value), f"{key}: {value!r}"


def test_every_key_is_documented_and_every_value_allowed() -> None:
    message = found()
    assert set(message) <= set(ROOT)
    assert {key for key, required in ROOT.items() if required} <= set(message)
    assert message["qos"] in (0, 1, 2)
    refuse_strangers(message["device"], DEVICE)
    refuse_strangers(message["origin"], ORIGIN)
    for availability in message["availability"]:
        refuse_strangers(availability, AVAILABILITY)
    for sensor in message["components"].values():
        refuse_strangers(sensor, SENSOR)
        assert {"platform", "unique_id", "state_topic"} <= set(sensor)
        assert ("options" in sensor) == (sensor.get("device_class") == "enum"), "they need each other"
        assert not ("options" in sensor and "state_class" in sensor), "they exclude each other"


def test_there_is_a_sensor_for_all_that_is_counted() -> None:
    names = {sensor["name"] for sensor in found()["components"].values()}
    assert names >= {"north state", "north frame rate", "straße state", "straße frame rate"}
    for direction in GATE.directions:
        assert names >= {f"north gate {direction}", *(f"north gate {direction} {name}" for name in GATE.classes)}
    assert len(names) == 4 + 2 * 4 + 2 * 3


@pytest.mark.parametrize("site", ["junction", "Straße_7", "a-b"])
def test_the_topic_is_one_that_home_assistant_listens_to(site: str) -> None:
    topic, _ = discovery(site, CAMERAS, Topics.of_site(site))
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", topic)
    other, _ = discovery(site, CAMERAS, Topics.of_site(site), "homes/ours")
    assert other.startswith("homes/ours/device/")
    with pytest.raises(Refusal, match="no '#'"):
        discovery(site, CAMERAS, Topics.of_site(site), "homes/#")


def test_names_of_components_fit_a_topic_and_are_those_of_unique_ids() -> None:
    for name, sensor in found()["components"].items():
        assert re.fullmatch(r"[a-zA-Z0-9._~%-]+", name), "Home Assistant splits such names at spaces"
        assert sensor["unique_id"] == name


def test_unique_ids_are_different_for_all_that_is_different() -> None:
    gate, state = DiscoveredLine("a", "b", ("c", "state"), ("d", "d.e", "c")), DiscoveredLine("a", "state", ("c", "d"))
    cameras = (
        DiscoveredCamera("a", (gate, state)),
        DiscoveredCamera("a-b", (DiscoveredLine("a-b", "c", ("d", "e")),)),
        DiscoveredCamera("state", ()),
    )
    ids = [sensor["unique_id"] for site in ("s", "s-a") for sensor in found(cameras, site)["components"].values()]
    assert len(ids) == len(set(ids)) == 2 * (2 * 4 + 2 + 2 + 3 * 2)


def test_the_same_site_is_the_same_message() -> None:
    assert discovery("junction", CAMERAS, TOPICS) == discovery("junction", tuple(CAMERAS), Topics("appliance/junction"))
    assert set(found(CAMERAS[:1])["components"]) < set(found()["components"]), "others keep their names"


def test_templates_render_what_was_counted() -> None:
    place = making.Place("junction", "north", "gate", GATE.directions)
    tallies = (("inbound", "car", 11), ("inbound", STRANGE, 3), ("inbound", "bus", 1))
    payload = making.count(place, tallies, sequence=15, time_ns=0, since_ns=None)
    expected = {
        "inbound": "15",
        "inbound car": "11",
        "inbound traffic light": "0",
        f"inbound {STRANGE}": "3",
        "outbound": "0",
        "outbound car": "0",
    }
    for name, number in expected.items():
        sensor = component(f"north gate {name}")
        assert sensor["state_topic"] == TOPICS.count("north", "gate")
        assert sensor["state_class"] == "total_increasing"
        assert rendered(sensor["value_template"], payload) == number, name


def test_templates_are_not_misled_by_names_of_methods() -> None:
    place = making.Place("junction", "north", "items", ODD.directions)
    payload = making.count(place, [("get", "keys", 2)], sequence=2, time_ns=0, since_ns=None)
    for name, number in {"get": "2", "get keys": "2", "get copy": "0", "values": "0", "values keys": "0"}.items():
        assert rendered(component(f"north items {name}")["value_template"], payload) == number, name


def test_a_direction_that_is_not_told_of_is_an_error_and_not_zero() -> None:
    place = making.Place("junction", "north", "gate", ("others", "outbound"))
    payload = making.count(place, (), sequence=0, time_ns=0, since_ns=None)
    for name in ("north gate inbound", "north gate inbound car"):
        with pytest.raises(jinja2.UndefinedError):
            rendered(component(name)["value_template"], payload)


def test_camera_sensors_render_state_reason_and_rate() -> None:
    state, rate = component("north state"), component("north frame rate")
    assert state["state_topic"] == rate["state_topic"] == state["json_attributes_topic"] == TOPICS.camera("north")
    assert set(state["options"]) == {"starting", "ok", "degraded", "down"}
    seen, away = making.camera_of(SEEN), making.camera_of(AWAY)
    assert [rendered(state["value_template"], payload) for payload in (seen, away)] == ["ok", "down"]
    assert rendered(rate["value_template"], seen) == "25.0"
    assert rendered(rate["value_template"], away) == "None", "what Home Assistant takes for: not known"
    attributes = json.loads(rendered(state["json_attributes_template"], away))
    assert attributes == {"reason": away.reason, "since": away.since}


def test_the_last_will_makes_everything_unavailable() -> None:
    (availability,) = found()["availability"]
    assert availability["topic"] == TOPICS.site()
    assert rendered(availability["value_template"], making.offline("0.1.0")) == availability["payload_not_available"]
    assert rendered(availability["value_template"], making.online("run", 0, "0.1.0")) == availability["payload_available"]


def test_what_vanishes_is_removed_first_and_then_left_out() -> None:
    topic, former = discovery("junction", CAMERAS, TOPICS)
    same_topic, wanted = discovery("junction", (DiscoveredCamera("north", (GATE,)),), TOPICS)
    removal, last = steps(former, wanted)
    assert topic == same_topic
    assert last == wanted
    before, between, after = (json.loads(message)["components"] for message in (former, removal, last))
    gone = set(before) - set(after)
    assert {before[name]["name"] for name in gone} >= {"straße state", "north items get copy"}
    assert all(between[name] == {"platform": "sensor"} for name in gone)
    assert {name: sensor for name, sensor in between.items() if name not in gone} == after


def test_nothing_is_sent_twice_and_a_first_message_needs_no_step() -> None:
    _, wanted = discovery("junction", CAMERAS, TOPICS)
    assert steps(wanted, wanted) == ()
    for former in (b"", b"\xff", b"[]", b'{"components": 3}', b'{"device": {}}'):
        assert steps(former, wanted) == (wanted,), former
    _, less = discovery("junction", CAMERAS[:1], TOPICS)
    assert steps(less, wanted) == (wanted,), "what is new needs no step either"
