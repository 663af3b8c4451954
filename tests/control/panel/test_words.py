"""What the panel says of times, amounts and states."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec
import pytest

from appliance.clock import NS_PER_S
from appliance.control.panel.glance import UNHEARD, glance_of
from appliance.control.panel.rates import Rates
from appliance.control.panel.sight import device_fact
from appliance.control.panel.words import listed, milliseconds, moment, rate, size
from appliance.messages.health import CameraHealth, DeviceHealth, Health
from appliance.messages.reports import Condition


def ns(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * NS_PER_S


def camera(name: str, state: str, reason: str = "", since: str = "2026-11-21T09:05") -> CameraHealth:
    return CameraHealth(name, Condition(state, reason), ns(since), None, 1, 0, 0, 0, 0)


def told(*cameras: CameraHealth) -> tuple[str, str]:
    glance = glance_of(Health(0, (), cameras), ns("2026-11-21T14:00"), timezone.utc)
    return glance.brief, " ".join((glance.sentence, *glance.reasons))


@pytest.mark.parametrize(
    ("time", "words"),
    [("2026-11-21T09:05", "09:05"), ("2026-11-20T23:59", "20 Nov, 23:59"), ("2025-03-02T00:00", "2 Mar 2025, 00:00")],
)
def test_a_time_is_said_as_people_do(time: str, words: str) -> None:
    assert moment(ns(time), ns("2026-11-21T14:00"), timezone.utc) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9950, "10 kB"), (999_499, "999 kB"), (999_500, "1.0 MB")]
    + [(79e9, "79 GB"), (5e15, "5000 TB")],
)
def test_sizes_have_two_or_three_digits(number: float, words: str) -> None:
    assert size(number) == words


def test_what_is_not_known_is_not_said() -> None:
    assert (milliseconds(0), milliseconds(1_240_000), milliseconds(137_000_000)) == ("", "1.2 ms", "137 ms")
    assert (rate(None), rate(0.0), rate(24.96)) == ("", "0.0 fps", "25 fps")


def test_a_list_of_names_ends_in_time() -> None:
    names = ["a", "b", "c", "d", "e"]
    assert [listed(names[:number]) for number in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert listed(names) == "a, b, c and 2 more"


def test_the_whole_machine_in_a_sentence() -> None:
    assert glance_of(None, 0, None) is UNHEARD
    assert told(camera("gate", "ok"), camera("roof", "ok", since="2026-11-21T09:30")) == (
        "All is well",
        "All is well since 09:30.",
    )
    assert told(camera("gate", "ok"), camera("roof", "starting")) == ("Starting", "Not at work yet: roof.")
    one = told(camera("gate", "ok"), camera("roof", "down", "the connection is refused."))
    assert one == ("1 problem", "roof is down since 09:05: the connection is refused.")
    two = told(camera("gate", "degraded", "slow"), camera("roof", "down"))
    assert two == (
        "2 problems",
        "2 of 2 cameras and processes need attention. roof is down since 09:05. gate is degraded since 09:05: slow.",
    )


def test_a_device_that_is_held_back_is_a_problem() -> None:
    hot = Condition("degraded", "the device is too hot: its clocks are down")
    device = DeviceHealth("jetson", "jetson", "NVIDIA Jetson Orin NX", "JetPack 6.2", hot, ns("2026-11-21T09:05"))
    glance = glance_of(Health(0, (), (camera("gate", "ok"),), devices=(device,)), ns("2026-11-21T14:00"), timezone.utc)
    assert glance.sentence == "jetson is degraded since 09:05: the device is too hot: its clocks are down."
    warm = DeviceHealth(
        "gpu0", "gpu", "NVIDIA L4", "driver 580.95", Condition("ok"), loads={"gpu": 0.37, "memory": 0.2, "nvdec": 0.1}
    )
    assert device_fact(warm) == {"name": "GPU0", "value": "OK", "more": "NVIDIA L4, driver 580.95, GPU 37 %, NVDEC 10 %"}
    measured = msgspec.structs.replace(
        device, temperatures_c={"cpu": 88.0, "tj": 99.4}, powers_w={"VDD_IN": 19.96, "VDD_SOC": 3.0}
    )
    assert device_fact(measured) == {"name": "Jetson", "value": "99 °C", "more": "NVIDIA Jetson Orin NX, JetPack 6.2, 20.0 W"}


def test_of_many_problems_only_some_are_told() -> None:
    glance = glance_of(Health(0, (), tuple(camera(f"c{n}", "down") for n in range(9))), ns("2026-11-21T14:00"), timezone.utc)
    assert (len(glance.reasons), glance.reasons[-1], glance.brief) == (5, "5 more.", "9 problems")


def test_a_rate_is_that_of_the_last_seconds_and_begins_anew_with_its_counter() -> None:
    rates = Rates()
    rates.note(0, {"gate": 100})
    assert rates.per_second("gate") is None
    for second in range(1, 11):
        rates.note(second * NS_PER_S, {"gate": 100 + 25 * second})
    assert rates.per_second("gate") == 25
    # The same health once more tells nothing.
    rates.note(10 * NS_PER_S, {"gate": 350})
    assert rates.per_second("gate") == 25
    rates.note(11 * NS_PER_S, {"gate": 3})
    assert rates.per_second("gate") is None
    rates.note(12 * NS_PER_S, {"roof": 3})
    assert (rates.per_second("gate"), rates.per_second("roof")) == (None, None)
