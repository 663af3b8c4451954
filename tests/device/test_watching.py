"""How a device is over time, and what becomes of those who ask one that does not answer."""

from __future__ import annotations

import threading

import msgspec

from appliance.clock import NS_PER_S, wall_ns
from appliance.device.watching import CALM_NS, SILENT, Steadied, Watching
from appliance.messages.health import DeviceHealth
from appliance.messages.reports import Condition
from tests.waiting import wait_until

HOT = Condition("degraded", "the device is too hot: its clocks are down")
BRAKED = Condition("degraded", "the device draws more current than it may: its clocks are down")
WELL = Condition("ok")
MINUTE_NS = 60 * NS_PER_S


def device(condition: Condition, name: str = "jetson") -> DeviceHealth:
    return DeviceHealth(name, "jetson", "NVIDIA Jetson Orin NX", "JetPack 6.2", condition, temperatures_c={"tj": 99.5})


def test_a_state_is_told_with_its_beginning_and_lasts_until_a_minute_of_calm() -> None:
    steadied = Steadied()

    def at(minute: float, condition: Condition) -> tuple[str, str, int]:
        now_ns = round(minute * MINUTE_NS)
        # The wall clock is ahead of the other one by an hour.
        [told] = steadied.look((device(condition),), now_ns, now_ns + 60 * MINUTE_NS)
        return told.condition.state, told.condition.reason, told.since_ns // MINUTE_NS - 60

    assert at(0, WELL) == ("ok", "", 0)
    assert at(3, HOT) == ("degraded", HOT.reason, 3)
    assert at(3.5, WELL) == ("degraded", HOT.reason, 3), "at the edge it comes and goes"
    assert at(4, HOT) == ("degraded", HOT.reason, 3)
    assert at(4.5, BRAKED) == ("degraded", BRAKED.reason, 3), "another reason is no other state"
    assert at(5, WELL) == ("degraded", BRAKED.reason, 3)
    assert at(5.5, WELL) == ("ok", "", 5)
    assert CALM_NS == MINUTE_NS


def test_devices_are_told_apart() -> None:
    steadied = Steadied()
    steadied.look((device(WELL, "gpu0"), device(WELL, "gpu1")), 0, 0)
    told = steadied.look((device(HOT, "gpu0"), device(WELL, "gpu1")), 1, 1)
    assert [one.condition.state for one in told] == ["degraded", "ok"]
    [told_later] = steadied.look((device(WELL, "gpu1"),), 2, 2)
    assert told_later.since_ns == 0


def test_it_is_asked_again_and_again() -> None:
    asked: list[int] = []

    def reader(now_ns: int) -> tuple[DeviceHealth, ...]:
        asked.append(now_ns)
        return (device(WELL),)

    with Watching(reader, interval_s=0.01) as watching:
        wait_until("it is asked three times", lambda: len(asked) >= 3)
        [told] = watching.devices()
    assert msgspec.structs.replace(told, since_ns=0) == device(WELL)
    assert asked == sorted(asked)
    wait_until("its thread is gone", lambda: all(thread.name != "device" for thread in threading.enumerate()))


def test_a_driver_that_does_not_answer_holds_nobody_up() -> None:
    """As one that has lost its GPU: the call never returns."""
    never = threading.Event()
    answers = [(device(WELL),)]

    def reader(now_ns: int) -> tuple[DeviceHealth, ...]:
        if answers:
            return answers.pop()
        never.wait()
        return ()

    began_ns = wall_ns()
    with Watching(reader, interval_s=0.01, silent_ns=NS_PER_S // 5) as watching:
        wait_until("it has answered", lambda: [one for one in watching.devices() if one.name == "jetson"])
        told = wait_until("it is silent", lambda: [one for one in watching.devices() if one.condition == SILENT])
        assert [(one.name, one.model, one.temperatures_c) for one in told] == [("jetson", "NVIDIA Jetson Orin NX", {})]
        assert began_ns <= told[0].since_ns <= wall_ns()
    never.set()


def test_a_driver_that_has_never_answered_is_told_too() -> None:
    never = threading.Event()

    def reader(now_ns: int) -> tuple[DeviceHealth, ...]:
        never.wait()
        return ()

    with Watching(reader, silent_ns=1) as watching:
        assert [one.condition for one in watching.devices()] == [SILENT]
    never.set()


def test_where_there_is_nothing_to_ask_there_is_nothing_to_tell() -> None:
    with Watching(None, silent_ns=0) as watching:
        assert watching.devices() == ()
