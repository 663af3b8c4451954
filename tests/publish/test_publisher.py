"""The publisher and a real broker: what is in the ledger arrives, once and in order, whatever happens between the two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import MqttSettings
from tests.publish.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.publish.publishing import Publishing, a_crossing

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


def mqtt(broker: Mosquitto, **more: object) -> MqttSettings:
    return MqttSettings.model_validate({"broker": broker.address, **more})


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_is_counted_arrives_with_its_totals(tmp_path: Path, broker: Mosquitto, version: str) -> None:
    with Subscriber(broker.port) as ear, Publishing(tmp_path / "machine", mqtt(broker, version=version)) as machine:
        machine.count(*map(a_crossing, range(10)))
        machine.until("all are acknowledged", lambda: len(ear.of("crossing")) == 10 and machine.waiting == 0)
        assert [one["sequence"] for one in ear.of("crossing")] == list(range(1, 11))
        assert {topic for topic, _ in ear.messages} == {f"appliance/junction/yard/{line}/crossing" for line in ("gate", "ramp")}
        machine.until("totals", lambda: ear.retained.get("appliance/junction/yard/gate/count", {}).get("total") == 5)
        assert ear.retained["appliance/junction/status"]["state"] == "online"
        assert machine.condition.state == "ok"
    assert ear.retained["appliance/junction/status"]["state"] == "offline"
