"""What is told of NVIDIA's GPUs, through the real nvidia-ml-py."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from appliance.clock import NS_PER_S
from appliance.device.watching import reader_of
from appliance.device.x86 import BRAKED, HOT, LOST, SLOW, WELL, XID_REMEMBERED_NS, Nvml, driver_of
from tests.device.nvidia import FUNCTION_NOT_FOUND, GPU_IS_LOST, NOT_SUPPORTED, Card, Library
from tests.device.trees import AGX_THOR, ORIN_NANO, planted

pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
VERSION = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder@U22)  Tue Sep 23\n"


class Computer:
    """One with NVIDIA's driver and these cards."""

    def __init__(self, root: Path, *cards: Card) -> None:
        self.library = Library(*cards)
        self.nvml = Nvml(planted(root, {"proc/driver/nvidia/version": VERSION}), pynvml)


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    computer = Computer(tmp_path, Card("NVIDIA H200"), Card("NVIDIA L4"))
    monkeypatch.setattr(pynvml, "CDLL", lambda name: computer.library)
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    # It remembers the functions of the library before.
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return computer


def test_all_gpus_tell_what_they_are_and_how_they_do(computer: Computer) -> None:
    first, second = computer.nvml.read(0)
    assert [(one.name, one.kind, one.model) for one in (first, second)] == [
        ("gpu0", "gpu", "NVIDIA H200"), ("gpu1", "gpu", "NVIDIA L4")
    ]  # fmt: skip
    assert first.software == "driver 580.95.05"
    assert first.loads == {"gpu": 0.37, "memory": 0.12, "nvdec": 0.21}
    assert (first.clocks_hz, first.temperatures_c, first.powers_w) == ({"gpu": 1_590_000_000}, {"gpu": 61.0}, {"gpu": 48.5})
    assert (first.memory_bytes, first.memory_used_bytes) == (23_034 << 20, 1_024 << 20)
    assert (first.condition, first.events) == (WELL, {"xid": 0})


def test_what_a_gpu_cannot_tell_is_left_out(computer: Computer) -> None:
    card = computer.library.cards[0]
    card.errors = dict.fromkeys(
        ("nvmlDeviceGetPowerUsage", "nvmlDeviceGetDecoderUtilization", "nvmlDeviceGetMemoryInfo"), NOT_SUPPORTED
    )
    card.errors["nvmlDeviceRegisterEvents"] = NOT_SUPPORTED
    card.xids = [79]
    device = computer.nvml.read(0)[0]
    assert (device.powers_w, device.loads, device.memory_bytes) == ({}, {"gpu": 0.37, "memory": 0.12}, 0)
    assert device.condition == WELL, "errors are not told where they cannot be registered for"


@pytest.mark.parametrize(
    ("reasons", "condition"),
    [(0x1, WELL), (0x4, WELL), (0x20, HOT), (0x40 | 0x8, HOT), (0x80 | 0x8, BRAKED), (0x8, SLOW)],
    ids=["idle", "at its power limit", "too hot", "far too hot", "power brake", "held back"],
)
@pytest.mark.parametrize("driver", ["new", "old"])
def test_what_holds_its_clocks_down_is_told(computer: Computer, driver: str, reasons: int, condition: object) -> None:
    card = computer.library.cards[0]
    card.reasons = reasons
    if driver == "old":
        card.errors["nvmlDeviceGetCurrentClocksEventReasons"] = FUNCTION_NOT_FOUND
    assert computer.nvml.read(0)[0].condition == condition


def test_a_gpu_that_is_lost_is_lost_alone_and_until_it_is_found(computer: Computer) -> None:
    computer.nvml.read(0)
    card = computer.library.cards[0]
    card.errors["*"] = GPU_IS_LOST
    first, second = computer.nvml.read(1)
    assert (first.name, first.model, first.condition, first.loads) == ("gpu0", "NVIDIA H200", LOST, {})
    assert second.condition == WELL
    del card.errors["*"]
    assert computer.nvml.read(2)[0].condition == WELL


def test_a_gpu_that_is_lost_from_the_beginning_is_told(computer: Computer) -> None:
    computer.library.cards[0].errors["*"] = GPU_IS_LOST
    assert [one.condition for one in computer.nvml.read(0)] == [LOST]


def test_errors_of_the_device_are_told_for_an_hour_and_those_of_programs_counted(computer: Computer) -> None:
    card = computer.library.cards[1]
    card.xids = [31, 43]
    second = computer.nvml.read(0)[1]
    assert (second.condition, second.events) == (WELL, {"xid": 2})
    card.xids = [48, 13]
    first, second = computer.nvml.read(NS_PER_S)
    assert (first.condition, second.condition.state) == (WELL, "degraded")
    assert "Xid 48" in second.condition.reason
    assert computer.nvml.read(XID_REMEMBERED_NS)[1].condition == second.condition
    assert computer.nvml.read(XID_REMEMBERED_NS + NS_PER_S)[1].condition == WELL
    card.xids = [79]
    assert computer.nvml.read(0)[1].condition == LOST


def test_a_library_that_does_not_fit_its_driver_is_told_and_asked_again(computer: Computer) -> None:
    """As after an update of the driver without a restart of the computer."""
    computer.library.errors["nvmlInitWithFlags"] = 18
    [device] = computer.nvml.read(0)
    assert (device.name, device.condition.state) == ("gpu0", "degraded")
    assert device.condition.reason.startswith("the GPU's driver cannot be asked: ")
    computer.library.errors.clear()
    assert [one.condition for one in computer.nvml.read(0)] == [WELL, WELL]


def test_a_driver_that_goes_away_is_told_and_asked_again(computer: Computer) -> None:
    computer.nvml.read(0)
    computer.library.cards[0].errors["*"] = 1
    assert computer.nvml.read(0)[0].condition.state == "degraded"
    computer.library.cards[0].errors.clear()
    assert [one.condition for one in computer.nvml.read(0)] == [WELL, WELL]


def test_nobody_is_asked_where_there_is_nothing_of_nvidias(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reader_of(tmp_path) is None
    planted(tmp_path, {"proc/driver/nvidia/version": VERSION})
    assert reader_of(tmp_path) is not None
    # As where it is not installed.
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert reader_of(tmp_path) is None
    planted(tmp_path, ORIN_NANO)
    assert reader_of(tmp_path) is not None, "a Jetson tells by files"


def test_a_thor_asks_its_driver_for_what_is_in_no_file(computer: Computer) -> None:
    root = planted(computer.nvml.root, AGX_THOR)
    reader = reader_of(root)
    assert reader is not None
    [device] = reader(0)
    assert (device.name, device.model) == ("jetson", "NVIDIA Jetson AGX Thor Developer Kit")
    assert device.loads == {"gpu": 0.37, "nvdec": 0.21}
    computer.library.cards[0].errors["*"] = GPU_IS_LOST
    assert reader(1)[0].loads == {}
    planted(root, {"sys/class/devfreq/17000000.gpu/device/load": "500"})
    assert reader(2)[0].loads == {"gpu": 0.5}, "what a file tells is not asked for"


def test_without_a_library_the_driver_cannot_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(pynvml, ModuleType)
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "CDLL", _not_there)
    [device] = Nvml(planted(tmp_path, {"proc/driver/nvidia/version": "nonsense"}), pynvml).read(0)
    assert (device.software, device.condition.state) == ("driver", "degraded")


def _not_there(name: str) -> object:
    raise OSError(f"{name}: cannot open shared object file")


@pytest.mark.parametrize(("text", "driver"), [(VERSION, "580.95.05"), ("", ""), ("NVRM version: none", ""), ("1.2", "")])
def test_a_driver_has_a_number(text: str, driver: str) -> None:
    assert driver_of(text) == driver
