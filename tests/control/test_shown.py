"""What HTTP shows of a machine, from what that tells of itself."""

from __future__ import annotations

from appliance.control.shown import status_of
from tests.observe.busy_site import health


def test_what_it_runs_on_is_shown_and_counts_for_the_whole() -> None:
    shown = status_of(health(1), "junction", "1a9c4f2e", "0.1.0")
    assert shown.state == "degraded", "cameras and processes are well; it is too hot"
    jetson, gpu = (device.model_dump() for device in shown.devices)
    assert (jetson["name"], jetson["state"]) == ("jetson", "degraded")
    assert jetson["reason"] == "the device is too hot: its clocks are down"
    assert jetson["since"] == "2023-11-14T22:13:20.000Z"
    assert (jetson["power_mode"], jetson["loads"], jetson["clocks_mhz"]) == (
        "MAXN_SUPER",
        {"gpu": 0.437, "nvdec": 0.25},
        {"gpu": 612.0},
    )
    assert (gpu["temperatures_c"], gpu["memory_mb"], gpu["events"]) == ({"gpu": 61.0}, 24_000.0, {})
