"""What lies in ``jetson/``: scripts that shellcheck finds nothing in, units that systemd does not, and the power mode."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.device.trees import ORIN_NANO
from tests.jetson.board import JETSON, Board
from tests.jetson.wheels import REPOSITORY

SCRIPTS = ("install.sh", "upgrade.sh", "uninstall.sh", "power-mode")
UNITS = sorted([*JETSON.glob("*.service"), *(REPOSITORY / "configs").glob("*.service")])
# Of a shell beside the interpreter, as pip puts it there, or on the path.
SHELLCHECK = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.mark.skipif(SHELLCHECK is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_finds_nothing(script: str) -> None:
    assert SHELLCHECK is not None
    done = subprocess.run([SHELLCHECK, "-x", script], cwd=JETSON, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", sorted(JETSON.glob("*.service")), ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    """With another program in the place of ours, which is not installed here."""
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"/opt/appliance/\S+", "/bin/true", unit.read_text()))
    words = ["systemd-analyze", "verify", "--man=no", str(copy)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    # It also tells of faults in units of the system's own.
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: f"{unit.parent.name}/{unit.name}")
def test_a_unit_is_exposed_to_little(unit: Path) -> None:
    """At most 4.0 of 10, by systemd's own measure."""
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=40", "--no-pager", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


HIDING = ("PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock", "MemoryDenyWriteExecute", "ProcSubset", "PrivateUsers")


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.name == "appliance.service"], ids=lambda unit: unit.parent.name)
def test_nothing_hides_the_gpu_from_the_service(unit: Path) -> None:
    keys = {line.partition("=")[0] for line in unit.read_text().splitlines() if not line.startswith("#")}
    assert not keys & set(HIDING)
    assert "SupplementaryGroups=video render" in unit.read_text()


@pytest.fixture
def power(tmp_path: Path) -> Board:
    """With nvpmodel and jetson_clocks that note what they were told."""
    board = Board(tmp_path, ORIN_NANO)
    (tmp_path / "run").mkdir()
    board.program("nvpmodel", f'echo "nvpmodel $*" >>{tmp_path}/told')
    board.program("jetson_clocks", f'echo "jetson_clocks $*" >>{tmp_path}/told; [ "$1" != --store ] || touch "$2"')
    return board


def told(board: Board, word: str, **wanted: str) -> list[str]:
    """What the two were told by ``power-mode``, or the sentence with which it refused."""
    notes, conf = board.folder / "told", board.root / "etc/nvpmodel.conf"
    notes.unlink(missing_ok=True)
    own = {"RUNTIME_DIRECTORY": str(board.folder / "run"), "NVPMODEL_CONF": str(conf), "MODE": "", "CLOCKS": ""}
    done = board.run(JETSON / "power-mode", word, **{**own, **wanted})
    assert done.exit_code == bool(done.stderr)
    return [done.stderr.strip()] if done.stderr else notes.read_text().splitlines() if notes.exists() else []


def test_the_power_mode_is_set_by_name_or_number_and_the_clocks_as_long_as_it_runs(power: Board) -> None:
    stored = power.folder / "run/clocks"
    assert told(power, "start") == []
    assert told(power, "stop") == []
    assert told(power, "start", MODE="1") == ["nvpmodel -m 1"]
    full = [f"jetson_clocks --store {stored}", "jetson_clocks "]
    assert told(power, "start", MODE="MAXN_SUPER", CLOCKS="full") == ["nvpmodel -m 2", *full]
    assert told(power, "start", CLOCKS="full") == ["jetson_clocks "], "what was before is not what is now"
    assert told(power, "stop") == [f"jetson_clocks --restore {stored}"]


def test_a_power_mode_that_is_none_is_refused(power: Board) -> None:
    conf = power.root / "etc/nvpmodel.conf"
    assert told(power, "start", MODE="MAXN") == [
        f"power-mode: MODE in /etc/appliance/power is wanted as one of {conf}, found 'MAXN'"
    ]
    assert told(power, "start", CLOCKS="max") == [
        "power-mode: CLOCKS in /etc/appliance/power is wanted as 'full' or empty, found 'max'"
    ]


def test_what_jetpack_has_is_not_asked_of_the_index() -> None:
    wanted = runpy.run_path(str(JETSON / "requirements.py"))["wanted"]
    names = {re.split(r"[^A-Za-z0-9_-]", line)[0] for line in wanted(["nvidia"])}
    assert {"numpy", "av", "cuda-bindings", "openvino"} <= names
    assert not names & {"opencv-python-headless", "tensorrt", "pytest", "onnxruntime"}
    assert "cuda-bindings" not in {re.split(r"[^A-Za-z0-9_-]", line)[0] for line in wanted([])}
