"""Thermometers and power meters as the kernel shows them, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.device.sensors import MOST, Reading, read
from appliance.observe.device_metrics import of_sensors

Tree = dict[str, str]

SCENES: dict[str, tuple[Tree, list[Reading]]] = {
    "nothing at all": ({}, []),
    "a thermal zone": (
        {"thermal/thermal_zone0/type": "x86_pkg_temp\n", "thermal/thermal_zone0/temp": "61500\n"},
        [Reading("temperature", "thermal_zone0", "x86_pkg_temp", 61.5)],
    ),
    "cold": ({"thermal/thermal_zone1/temp": "-5000"}, [Reading("temperature", "thermal_zone1", "thermal_zone1", -5.0)]),
    "a cooling device is no thermometer": (
        {"thermal/cooling_device0/type": "Processor", "thermal/cooling_device0/temp": "1"},
        [],
    ),
    "a monitor with and without labels": (
        {
            "hwmon/hwmon0/name": "coretemp",
            "hwmon/hwmon0/temp1_input": "50000",
            "hwmon/hwmon0/temp1_label": "Package id 0",
            "hwmon/hwmon0/temp1_crit": "100000",
            "hwmon/hwmon0/temp10_input": "52000",
            "hwmon/hwmon0/power1_input": "35200000",
        },
        [
            Reading("temperature", "coretemp", "Package id 0", 50.0),
            Reading("temperature", "coretemp", "temp10", 52.0),
            Reading("power", "coretemp", "power1", 35.2),
        ],
    ),
    "two disks of one name": (
        {
            "hwmon/hwmon1/name": "nvme",
            "hwmon/hwmon1/temp1_input": "40000",
            "hwmon/hwmon2/name": "nvme",
            "hwmon/hwmon2/temp1_input": "41000",
        },
        [Reading("temperature", "nvme", "temp1", 40.0), Reading("temperature", "nvme-2", "temp1", 41.0)],
    ),
    "two sensors of one label: the first one counts": (
        {
            "hwmon/hwmon1/name": "board",
            "hwmon/hwmon1/temp1_input": "40000",
            "hwmon/hwmon1/temp1_label": "CPU",
            "hwmon/hwmon1/temp2_input": "41000",
            "hwmon/hwmon1/temp2_label": "CPU",
        },
        [Reading("temperature", "board", "CPU", 40.0)],
    ),
    "what was used": (
        {"powercap/intel-rapl:0/name": "package-0", "powercap/intel-rapl:0/energy_uj": "1234500000"},
        [Reading("energy", "intel-rapl:0", "package-0", 1234.5)],
    ),
    "a Jetson's rails": (
        {
            "hwmon/hwmon3/name": "ina3221\n",
            "hwmon/hwmon3/in1_label": "VDD_IN\n",
            "hwmon/hwmon3/in1_input": "4984\n",
            "hwmon/hwmon3/curr1_input": "1856\n",
            # A rail whose current cannot be read; the shunts; and the sum of the currents.
            "hwmon/hwmon3/in2_input": "4984\n",
            "hwmon/hwmon3/in4_input": "3\n",
            "hwmon/hwmon3/curr4_input": "2000\n",
            "hwmon/hwmon4/name": "ina3221\n",
            "hwmon/hwmon4/in1_label": "VDD_IN\n",
            "hwmon/hwmon4/in1_input": "5000\n",
            "hwmon/hwmon4/curr1_input": "1000\n",
        },
        [Reading("power", "ina3221", "VDD_IN", 9.250304), Reading("power", "ina3221-2", "VDD_IN", 5.0)],
    ),
    "volts and amperes of who knows what": (
        {"hwmon/hwmon0/name": "vrm", "hwmon/hwmon0/in1_input": "12000", "hwmon/hwmon0/curr1_input": "1000"},
        [],
    ),
    "a thermometer that is switched off": ({"thermal/thermal_zone2/temp": "-256000"}, []),
    "a sensor that says nonsense": ({"hwmon/hwmon0/name": "x", "hwmon/hwmon0/temp1_input": "N/A"}, []),
    "more than anybody has": (
        {f"thermal/thermal_zone{number}/temp": "1000" for number in range(100)},
        [Reading("temperature", f"thermal_zone{number}", f"thermal_zone{number}", 1.0) for number in range(MOST)],
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_sensors_are_read(tmp_path: Path, scene: str) -> None:
    tree, expected = SCENES[scene]
    for name, content in tree.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    found = read(tmp_path)
    assert [(one.kind, one.chip, one.sensor) for one in found] == [(one.kind, one.chip, one.sensor) for one in expected]
    assert [one.value for one in found] == pytest.approx([one.value for one in expected])
    assert {family.name for family in of_sensors(found, ())} == {
        {"temperature": "appliance_temperature_celsius", "power": "appliance_power_watts", "energy": "appliance_energy_joules"}[
            kind
        ]
        for kind in {one.kind for one in expected}
    }


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """As a sensor that sleeps: it is there, and reading it fails."""
    (tmp_path / "hwmon" / "hwmon0" / "temp1_input").mkdir(parents=True)
    assert read(tmp_path) == []


def test_this_computer_can_be_asked() -> None:
    assert all(-100 < one.value < 200 for one in read() if one.kind == "temperature")
