"""What a Jetson's files tell, on trees as Orin, Thor and Xavier have them, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.device.jetson import (
    HOT,
    STARVED,
    WELL,
    Jetson,
    is_jetson,
    memory_of,
    power_mode_of,
    software_of,
)
from appliance.messages.health import DeviceHealth
from tests.device.trees import AGX_THOR, BOARDS, ORIN_NANO, XAVIER_NX, Tree, planted


def told_of(root: Path, tree: Tree) -> DeviceHealth:
    [device] = Jetson(planted(root, tree)).read()
    return device


def test_an_orin_tells_what_it_is_and_how_it_does(tmp_path: Path) -> None:
    device = told_of(tmp_path, ORIN_NANO)
    assert (device.name, device.kind) == ("jetson", "jetson")
    assert device.model == "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
    assert (device.software, device.power_mode) == ("JetPack 6.2 (L4T 36.4.3)", "MAXN_SUPER")
    assert device.loads == {"gpu": 0.437}, "how long the decoder worked is known from the second time on"
    assert device.clocks_hz == {"gpu": 612_000_000, "nvdec": 601_600_000, "cpu": 1_728_000_000}
    assert device.temperatures_c == {"cpu": 52.312, "gpu": 51.5, "tj": 52.312}
    assert device.powers_w == pytest.approx({"VDD_IN": 9.250, "VDD_CPU_GPU_CV": 2.548, "VDD_SOC": 1.714}, abs=1e-3)
    assert device.events == {"undervoltage": 0, "overcurrent": 2, "overcurrent_peak": 27390}
    assert (device.memory_bytes, device.memory_used_bytes) == (7802916 << 10, (7802916 - 4101232) << 10)
    assert device.condition == WELL, "a fan that turns and a warm surface hold nothing back"


def test_a_thor_has_no_load_and_a_memory_clock(tmp_path: Path) -> None:
    device = told_of(tmp_path, AGX_THOR)
    assert (device.software, device.power_mode) == ("JetPack 7.0 (L4T 38.2.0)", "120W")
    assert (device.loads, device.powers_w, device.memory_bytes) == ({}, {}, 0)
    assert device.clocks_hz == {"gpu": 1_575_000_000, "nvdec": 1_692_000_000, "memory": 4_266_000_000}


def test_a_xavier_that_is_too_hot_says_so(tmp_path: Path) -> None:
    device = told_of(tmp_path, XAVIER_NX)
    assert (device.software, device.power_mode) == ("JetPack 5.1.2 (L4T 35.4.1)", "MODE_20W_6CORE")
    assert (device.loads, device.temperatures_c) == ({"gpu": 1.0}, {"cpu": 97.0})
    assert device.condition == HOT


@pytest.mark.parametrize("slowed", ["cooling_device1", "cooling_device2", "cooling_device3"])
def test_whatever_is_slowed_down_against_heat_counts(tmp_path: Path, slowed: str) -> None:
    assert told_of(tmp_path, {**ORIN_NANO, f"sys/class/thermal/{slowed}/cur_state": "1\n"}).condition == HOT


def test_a_supply_that_is_too_weak_is_told_when_it_happens(tmp_path: Path) -> None:
    jetson = Jetson(planted(tmp_path, ORIN_NANO))

    def after(**counters: int) -> object:
        planted(tmp_path, {f"sys/class/hwmon/hwmon3/{name}_event_cnt": f"{number}\n" for name, number in counters.items()})
        return jetson.read()[0].condition

    assert after() == WELL, "what was before it was asked is history"
    assert after(oc2=3) == STARVED["overcurrent"]
    assert after() == WELL
    assert after(oc1=1, oc3=27500) == STARVED["undervoltage"]
    assert after(oc3=28000) == WELL, "at full power peaks are daily bread"
    assert after(oc1=0, oc2=0) == WELL, "counters that begin anew tell nothing"


def test_the_decoder_is_as_busy_as_it_was_powered(tmp_path: Path) -> None:
    power = "sys/class/devfreq/15480000.nvdec/device/power"
    jetson = Jetson(planted(tmp_path, ORIN_NANO))

    def share_at(awake_ms: int, asleep_ms: int) -> float | None:
        times = {f"{power}/runtime_active_time": f"{awake_ms}", f"{power}/runtime_suspended_time": f"{asleep_ms}"}
        planted(tmp_path, times)
        return jetson.read()[0].loads.get("nvdec")

    assert share_at(60_000, 940_000) is None
    assert share_at(61_000, 943_000) == 0.25
    assert share_at(66_000, 943_000) == 1.0
    assert share_at(66_000, 943_000) is None, "no time has passed"
    assert share_at(10, 20) is None, "the driver was loaded anew"
    assert share_at(10, 120) == 0.0


@pytest.mark.parametrize(
    ("line", "software"),
    [
        ("# R39 (release), REVISION: 2.0, GCID: 1, BOARD: generic", "JetPack 7.2 (L4T 39.2.0)"),
        ("# R38 (release), REVISION: 4.0, GCID: 1, BOARD: generic", "JetPack 7.1 (L4T 38.4.0)"),
        ("# R36 (release), REVISION: 4.7, GCID: 1, BOARD: generic", "JetPack 6.2.1 (L4T 36.4.7)"),
        ("# R36 (release), REVISION: 4.0, GCID: 1, BOARD: generic", "JetPack 6.1 (L4T 36.4.0)"),
        ("# R36 (release), REVISION: 9.1, GCID: 1, BOARD: generic", "JetPack 6 (L4T 36.9.1)"),
        ("# R32 (release), REVISION: 7.1, GCID: 1, BOARD: t210ref", "L4T 32.7.1"),
        ("# R36 (release)", ""),
        ("Debian", ""),
    ],
)
def test_releases_are_called_as_people_call_them(line: str, software: str) -> None:
    assert software_of(line) == software


def test_a_power_mode_without_a_name_is_a_number(tmp_path: Path) -> None:
    planted(tmp_path, {"var/lib/nvpmodel/status": "pmode:0003"})
    assert power_mode_of(tmp_path) == "3"
    planted(tmp_path, {"etc/nvpmodel.conf": "# < POWER_MODEL ID=3 NAME=NO >\n<POWER_MODEL ID=3 NAME=7W>\n"})
    assert power_mode_of(tmp_path) == "7W"


@pytest.mark.parametrize("board", BOARDS)
def test_it_is_known_by_either_of_two_files(tmp_path: Path, board: str) -> None:
    assert not is_jetson(tmp_path)
    planted(tmp_path, {name: content for name, content in BOARDS[board].items() if name == "proc/device-tree/compatible"})
    assert is_jetson(tmp_path)
    assert told_of(tmp_path, {}).model == "Jetson"


WRONG = ["", "\0", "N/A", "-1", "-", "²", "9" * 5000, "\n\n", "< POWER_MODEL ID= NAME= >", "pmode:", "MemTotal: x kB"]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("nonsense", WRONG, ids=range(len(WRONG)))
def test_files_that_hold_nonsense_are_left_out(tmp_path: Path, board: str, nonsense: str) -> None:
    """Nobody's end, and no number that cannot be."""
    device = told_of(tmp_path, dict.fromkeys(BOARDS[board], nonsense))
    assert all(0 <= load <= 1 for load in device.loads.values())
    assert all(clock >= 0 for clock in device.clocks_hz.values())
    assert all(-100 < heat < 250 for heat in device.temperatures_c.values())
    assert all(number >= 0 for number in device.events.values())
    assert device.memory_used_bytes >= 0
    assert device.condition == WELL


@pytest.mark.parametrize("board", BOARDS)
def test_folders_in_the_place_of_files_are_left_out(tmp_path: Path, board: str) -> None:
    """As a sensor that sleeps, or a file that nobody may read: it is there, and reading it fails."""
    for name in BOARDS[board]:
        (tmp_path / name).mkdir(parents=True)
    [device] = Jetson(tmp_path).read()
    assert (device.software, device.power_mode, device.loads, device.temperatures_c) == ("", "", {}, {})


def test_memory_that_is_not_told_is_none(tmp_path: Path) -> None:
    planted(tmp_path, {"proc/meminfo": "MemAvailable:    4101232 kB\n"})
    assert memory_of(tmp_path)[0] == 0
