"""The publisher and a real broker: what is in the ledger arrives, once and in order, whatever happens between the two."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from appliance.clock import NS_PER_MINUTE, NS_PER_S, wall_ns
from appliance.config import MqttSettings
from appliance.count.diary import Diary
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import Minute, Seen
from appliance.messages.health import CameraHealth, Health
from appliance.messages.orders import Checkpoint
from appliance.messages.reports import Condition
from appliance.publish.days import midnight_ns, zone_of
from appliance.times import rfc_3339
from tests.publish.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.publish.mqtt_chaos import Storm, run_storm
from tests.publish.publishing import YARD, Publishing, a_crossing
from tests.system.cli import run_cli
from tests.waiting import wait_until

NOON_NS = 1_700_000_000 * NS_PER_S // NS_PER_MINUTE * NS_PER_MINUTE
pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


def mqtt(broker: Mosquitto, **more: object) -> MqttSettings:
    return MqttSettings.model_validate({"broker": broker.address, **more})


def test_while_a_broker_of_our_own_begins_nothing_is_degraded(tmp_path: Path) -> None:
    """Any broker does in its place; afterwards its end is told at once."""
    broker, told = Mosquitto(tmp_path / "broker"), set()
    with ExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", broker.port)))
        door.settimeout(30)
        machine = stack.enter_context(Publishing(tmp_path / "machine", MqttSettings(broker="embedded", port=broker.port)))

        def state() -> str:
            told.add(machine.condition.state)
            return machine.condition.state

        # It tries, in vain.
        door.accept()[0].close()
        door.close()
        with broker:
            machine.until("it is connected", lambda: state() == "ok")
            assert "degraded" not in told
        machine.until("the end of it is told", lambda: state() == "degraded")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_is_counted_arrives_with_its_totals(tmp_path: Path, broker: Mosquitto, version: str) -> None:
    with Subscriber(broker.port) as ear:
        with Publishing(tmp_path / "machine", mqtt(broker, version=version)) as machine:
            machine.count(*map(a_crossing, range(10)))
            machine.until("all are acknowledged", lambda: len(ear.of("crossing")) == 10 and machine.waiting == 0)
            assert [one["sequence"] for one in ear.of("crossing")] == list(range(1, 11))
            lines = {topic.removeprefix("appliance/junction/yard/") for topic, _ in ear.messages}
            assert lines == {"gate/crossing", "ramp/crossing"}
            machine.until("totals", lambda: ear.retained.get("appliance/junction/yard/gate/count", {}).get("total") == 5)
            machine.until("it is there", lambda: ear.retained.get("appliance/junction/status", {}).get("state") == "online")
            machine.until("all is well", lambda: machine.condition.state == "ok")
        wait_until("it has said good-bye", lambda: ear.retained["appliance/junction/status"]["state"] == "offline")


def test_nothing_is_lost_between_brokers_that_come_and_go_and_dying_publishers(tmp_path: Path) -> None:
    storm = Storm(crossings=2000, per_second=200, broker_restarts=4, publisher_kills=2, freezes_s=(2.0,))
    found = run_storm(tmp_path, storm)
    assert (found.received, found.missing, found.in_order, found.totals_agree) == (2000, (), True, True)


def test_what_waits_while_the_broker_is_away_arrives_later_in_order(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    with Publishing(tmp_path / "machine", mqtt(broker)) as machine:
        machine.until("it is told", lambda: "the connection is refused" in machine.condition.reason)
        for number in range(0, 3000, 100):
            machine.count(*map(a_crossing, range(number, number + 100)))
        machine.until("they wait", lambda: machine.waiting == 3000)
        broker.start()
        with Subscriber(broker.port) as ear:
            machine.until("all have arrived", lambda: ear.events == 3000)
            assert [one["sequence"] for one in ear.of("crossing")] == list(range(1, 3001))
        machine.until("nothing waits", lambda: machine.waiting == 0)


def test_intervals_and_cameras_are_told(tmp_path: Path, broker: Mosquitto) -> None:
    with Subscriber(broker.port) as ear, Publishing(tmp_path / "machine", mqtt(broker)) as machine:
        diary = Diary(machine.ledger, (1,))
        diary.begin(YARD, NOON_NS)
        machine.ledger.see("yard", Seen(NOON_NS + 45 * NS_PER_S, {NOON_NS: Minute(45 * NS_PER_S, 1100, 25)}))
        machine.count(a_crossing(0, minute_ns=NOON_NS))
        diary.close(NOON_NS + 2 * NS_PER_MINUTE)
        machine.say()
        machine.until("the intervals", lambda: len(ear.of("interval")) == 2)
        by_line = {one["line"]: one for one in ear.of("interval")}
        assert by_line["gate"]["counts"] == {"in": {"total": 1, "car": 1}, "out": {"total": 0}}
        assert by_line["ramp"]["counts"] == {"in": {"total": 0}, "out": {"total": 0}}
        for one in by_line.values():
            assert (one["coverage_s"], one["frames_seen"], one["frames_skipped"]) == (45.0, 1100, 25)
            assert [gap["reason"] for gap in one["gaps"]] == ["no pictures came"]
        machine.tell(Health(NOON_NS, (), (CameraHealth("yard", Condition("down", "gone"), NOON_NS, None, 0, 0, 0, 0, 0),)))
        machine.until("the camera", lambda: ear.retained.get("appliance/junction/yard/status", {}).get("state") == "down")
        # It is taken away: nothing of it stays with the broker.
        machine.cameras = ()
        machine.describe()
        machine.until("it is gone", lambda: ear.retained["appliance/junction/yard/status"] == {})
        machine.until("its totals, too", lambda: ear.retained.get("appliance/junction/yard/gate/count") == {})


def test_home_assistant_is_told_on_request_and_hears_of_what_vanishes(tmp_path: Path, broker: Mosquitto) -> None:
    topic = "homeassistant/device/appliance-junction/config"
    with Subscriber(broker.port) as ear, Publishing(tmp_path / "machine", mqtt(broker, home_assistant=True)) as machine:
        machine.until("its message", lambda: any("ramp" in name for name in ear.retained.get(topic, {}).get("components", {})))
        machine.cameras = (YARD.model_copy(update={"lines": YARD.lines[:1]}),)
        machine.describe()
        machine.until("its message", lambda: not any("ramp" in name for name in ear.retained[topic]["components"]))
        assert any("gate" in name for name in ear.retained[topic]["components"])
        machine.cameras = ()
        machine.describe()
        machine.until("it is gone", lambda: ear.retained[topic] == {})
        machine.cameras = (YARD,)
        machine.describe()
        machine.until("it is back", lambda: any("ramp" in name for name in ear.retained[topic].get("components", {})))


def test_totals_begin_anew_at_midnight_of_the_site(tmp_path: Path, broker: Mosquitto) -> None:
    settings = mqtt(broker, totals="daily")
    with Subscriber(broker.port) as ear, Publishing(tmp_path / "machine", settings, time_zone="Pacific/Auckland") as machine:
        midnight = midnight_ns(wall_ns(), zone_of("Pacific/Auckland"))
        machine.count(a_crossing(0, minute_ns=midnight - NS_PER_MINUTE), a_crossing(2, minute_ns=midnight))
        # Of a source without minutes.
        machine.count(a_crossing(4, capture_ns=midnight - 1), a_crossing(6, capture_ns=midnight + 1))
        machine.until("totals", lambda: ear.retained.get("appliance/junction/yard/gate/count", {}).get("total") == 2)
        assert ear.retained["appliance/junction/yard/gate/count"]["since"] == rfc_3339(midnight)


def test_who_may_not_write_is_told_so_and_nothing_is_taken_for_sent(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read #\n")
    with Mosquitto(tmp_path / "broker", "allow_anonymous true", f"acl_file {rules}") as broker, ExitStack() as stack:
        machine = stack.enter_context(Publishing(tmp_path / "machine", mqtt(broker)))
        machine.count(a_crossing(0))
        machine.until("it is told", lambda: ": Not authorized" in machine.condition.reason)
        machine.until("it waits", lambda: machine.waiting == 1)


def test_a_login_from_a_file_opens_the_door_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    passwords, login = tmp_path / "passwords", tmp_path / "login"
    subprocess.run([shutil.which("mosquitto_passwd") or "", "-b", "-c", str(passwords), "me", "secret"], check=True)
    login.write_text("me:wrong\n")
    with Mosquitto(tmp_path / "broker", "allow_anonymous false", f"password_file {passwords}") as broker, ExitStack() as stack:
        machine = stack.enter_context(Publishing(tmp_path / "machine", mqtt(broker, login=f"file:{login}")))
        machine.until("it is told", lambda: "refuses the connection: Not authorized" in machine.condition.reason)
        login.write_text("me:secret\n")
        machine.until("it is let in", lambda: machine.condition.state == "ok")


def test_another_ledger_in_its_place_is_told_from_its_beginning(tmp_path: Path, broker: Mosquitto) -> None:
    with Subscriber(broker.port) as ear:
        for life in (1, 2):
            with Publishing(tmp_path / "machine", mqtt(broker), run=f"run{life}") as machine:
                machine.count(a_crossing(0))
                machine.until("it arrives", lambda life=life: len(ear.of("crossing")) == life)  # type: ignore[misc]
            for path in (tmp_path / "machine").glob("ledger*"):
                path.unlink()


def test_what_the_disk_limit_has_deleted_is_announced(tmp_path: Path, broker: Mosquitto) -> None:
    with Subscriber(broker.port) as ear, Publishing(tmp_path / "machine", mqtt(broker)) as machine:
        with closing(sqlite3.connect(machine.ledger.path)) as connection, connection:
            connection.execute("INSERT INTO losses (time_ns, number) VALUES (?, 17)", (NOON_NS,))
        machine.say()
        machine.until("it is announced", lambda: any(topic.endswith("/announcement") for topic, _ in ear.messages))
        [message] = ear.of("announcement")
        assert (message["kind"], message["count"], message["time"]) == ("crossings_lost", 17, rfc_3339(NOON_NS))


def test_the_past_is_told_again_with_its_ids(tmp_path: Path, broker: Mosquitto) -> None:
    data = tmp_path / "data"
    ledger = Ledger(data / "ledger.sqlite", "run1")
    ledger.commit("yard", Checkpoint(1), [a_crossing(n, capture_ns=NOON_NS + n * NS_PER_S) for n in range(2000)])
    ledger.close()
    site = tmp_path / "site.json"
    tree = {"site": "junction", "cameras": [{"name": "yard", "source": "0"}], "detector": {"model": "m"}, "data_dir": str(data)}
    site.write_text(json.dumps({**tree, "mqtt": {"broker": broker.address}}))
    times = ("--from", rfc_3339(NOON_NS + 100 * NS_PER_S), "--to", rfc_3339(NOON_NS + 1300 * NS_PER_S))
    with Subscriber(broker.port) as ear:
        done = run_cli("replay", "--config", str(site), *times, "--line", "gate")
        assert done.exit_code == 0, done.stderr
        wait_until("all have arrived", lambda: ear.events == 600)
        assert [one["event_id"] for one in ear.of("crossing")] == [f"run1.yard.gate.{n}.0" for n in range(100, 1300, 2)]
        assert {one["replayed"] for one in ear.of("crossing")} == {True}
    assert "600 crossings were told again" in done.stdout
    broker.stop()
    refused = run_cli("replay", "--config", str(site), *times)
    assert (refused.exit_code, "the connection is refused" in refused.stderr) == (1, True)
    wrong = run_cli("replay", "--config", str(site), "--from", "yesterday", "--to", "now")
    assert (wrong.exit_code, "a time like" in wrong.stderr) == (2, True)


def test_a_ledger_that_was_put_back_from_a_copy_is_told_from_there_on(tmp_path: Path, broker: Mosquitto) -> None:
    copy = tmp_path / "copy"
    with Subscriber(broker.port) as ear:
        with Publishing(tmp_path / "machine", mqtt(broker)) as machine:
            machine.count(*map(a_crossing, range(10)))
            shutil.copytree(
                tmp_path / "machine", copy, ignore=shutil.ignore_patterns("outbox*", "command", "commits*", "health*")
            )
            machine.count(*map(a_crossing, range(10, 30)))
            machine.until("all are acknowledged", lambda: ear.events == 30 and machine.waiting == 0)
        for path in copy.glob("ledger*"):
            shutil.copy(path, tmp_path / "machine" / path.name)
        with Publishing(tmp_path / "machine", mqtt(broker), run="run2") as machine:
            machine.count(*map(a_crossing, range(100, 105)))
            machine.until("the new ones arrive", lambda: ear.events == 35)


def test_what_a_former_life_has_left_with_the_broker_vanishes(tmp_path: Path, broker: Mosquitto) -> None:
    topic = "appliance/junction/yard/ramp/count"
    with Subscriber(broker.port) as ear:
        with Publishing(tmp_path / "machine", mqtt(broker)) as machine:
            machine.until("its totals", lambda: bool(ear.retained.get(topic)))
        with Publishing(
            tmp_path / "machine", mqtt(broker), cameras=(YARD.model_copy(update={"lines": YARD.lines[:1]}),)
        ) as machine:
            machine.until("they vanish", lambda: not ear.retained[topic])
            machine.until("the rest stays", lambda: bool(ear.retained.get("appliance/junction/yard/gate/count")))
