"""What ``appliance status`` tells of a machine, for people and for programs."""

from __future__ import annotations

import json

import msgspec
from rich.console import Console

from appliance.messages.health import Health
from appliance.messages.reports import Condition
from appliance.status import as_json, cameras_of, devices_of, processes_of, rfc_3339
from tests.observe.busy_site import NOW_NS, camera, health


def text_of(told: Health) -> str:
    console = Console(width=400)
    with console.capture() as captured:
        console.print(cameras_of(told))
    return captured.get()


def test_drift_is_told_beside_the_state() -> None:
    told = json.loads(json.dumps(as_json(health(1))))
    [shown] = told["cameras"]
    assert (shown["state"], shown["reason"]) == ("ok", "")
    assert (shown["drift"]["state"], shown["drift"]["sentence"]) == ("drifting", "the picture is blurred")
    assert shown["drift"]["levels"]["view"] == 1.25
    assert "drifting" in text_of(health(1))
    assert "the picture is blurred" in text_of(health(1))


def test_where_nobody_watches_for_it_there_is_none() -> None:
    unwatched = msgspec.structs.replace(camera("gate"), drift=None, condition=Condition("down", "no pictures"))
    told = Health(NOW_NS, (), (unwatched,))
    [shown] = json.loads(json.dumps(as_json(told)))["cameras"]
    assert "drift" not in shown
    assert "drifting" not in text_of(told)
    assert "no pictures" in text_of(told)


def test_what_it_runs_on_is_told() -> None:
    [jetson, gpu] = json.loads(json.dumps(as_json(health(0))))["devices"]
    assert (jetson["name"], jetson["state"], jetson["since"]) == ("jetson", "degraded", rfc_3339(NOW_NS))
    assert (gpu["model"], gpu["temperatures_c"]) == ("NVIDIA L4", {"gpu": 61.0})
    console = Console(width=400)
    with console.capture() as captured:
        console.print(devices_of(health(0)))
    text = captured.get()
    assert "the device is too hot: its clocks are down" in text
    assert "gpu 44%, nvdec 25%" in text
    assert "JetPack 6.2 (L4T 36.4.3), MAXN_SUPER" in text


def test_what_stands_in_brackets_is_told_as_it_is() -> None:
    """A device, an address or an extra is no colour."""
    reason = "[/dev/video0] is gone, rtsp://[fe80::1]/main too; pip install 'appliance[onnxruntime]'"
    away = msgspec.structs.replace(camera("gate"), condition=Condition("down", reason))
    assert reason in text_of(Health(NOW_NS, (), (away,)))
    told = health(0)
    hurt = msgspec.structs.replace(told.processes[0], condition=Condition("degraded", reason))
    console = Console(width=400)
    with console.capture() as captured:
        console.print(processes_of(msgspec.structs.replace(told, processes=(hurt,))))
    assert reason in captured.get()
