"""install.sh, upgrade.sh and uninstall.sh, for real, below a root folder: pip, venv, the users, and the service itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pip
import pytest

from tests.device.trees import AGX_THOR, ORIN_NANO, XAVIER_NX
from tests.jetson import wheels
from tests.jetson.board import JETSON, Board

UNITS = ("appliance.service", "appliance-power.service")
needs_a_system = pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None or os.geteuid() != 0, reason="systemd-sysusers and root are wanted to make users"
)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    board = Board(tmp_path)
    yield board
    board.run("systemctl", "stop", "appliance.service")


@needs_a_system
@pytest.mark.long
def test_it_comes_is_replaced_comes_back_and_goes(board: Board, tmp_path: Path) -> None:
    """One story, because each of its chapters needs the one before, and a venv takes its time."""
    board.stock()
    board.site()
    installed(board, tmp_path)
    installed_again(board)
    upgraded(board, tmp_path)
    upgraded_to_one_that_does_not_start(board, tmp_path)
    taken_back(board)
    removed(board)


def installed(board: Board, tmp_path: Path) -> None:
    done = board.run(JETSON / "install.sh", wheels.appliance(tmp_path, "0.1.0", wants_more=True))
    assert (done.exit_code, "it runs: 0.1.0" in done.stdout) == (0, True), (done, board.log() if board.calls else "")
    assert "OpenCV is one without GStreamer" in done.stdout, "what of JetPack is missing is named"
    assert "TensorRT for Python is not here" in done.stdout
    assert board.program_of_service().startswith(str(board.home / board.current))
    assert board.log().startswith("confined\n"), "under the unit's filter of system calls"
    for unit in UNITS:
        assert (board.root / "etc/systemd/system" / unit).read_text() == (JETSON / unit).read_text()
    assert f"enable --quiet {UNITS[1]} {UNITS[0]}" in board.calls
    passwd, group = ((board.root / "etc" / name).read_text() for name in ("passwd", "group"))
    assert "\nappliance:x:" in f"\n{passwd}"
    assert {line.partition(":")[0] for line in group.splitlines() if line.endswith(":appliance")} >= {"video", "render"}
    assert (board.root / "etc/appliance/logins").stat().st_mode & 0o777 == 0o600
    packages = next((board.home / "current/lib").glob("python3.*")) / "site-packages"
    names = {path.name for path in packages.glob("*.dist-info")}
    assert names == {"appliance-0.1.0.dist-info", "numpy-1.26.4.dist-info", "cuda_bindings-12.9.0.dist-info"}


def installed_again(board: Board) -> None:
    before, pid, calls = board.current, board.pid(), len(board.calls)
    (board.root / "etc/appliance/power").write_text("MODE=\nCLOCKS=\n# mine\n")
    (board.root / "etc/systemd/system/appliance.service").unlink()
    done = board.run(JETSON / "install.sh")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "it runs: 0.1.0")
    assert (board.current, board.pid()) == (before, pid)
    assert (board.root / "etc/systemd/system/appliance.service").exists(), "what was missing is there again"
    assert (board.root / "etc/appliance/power").read_text().endswith("# mine\n")
    assert board.calls[calls:].count("daemon-reload") == 1
    assert len(list((board.home / "releases").iterdir())) == 1


def upgraded(board: Board, tmp_path: Path) -> None:
    before, pid = board.current, board.pid()
    # What an upgrade has left that was broken off.
    (board.home / "releases" / "20260101-000000-half").mkdir()
    done = board.run(JETSON / "upgrade.sh", wheels.appliance(tmp_path, "0.2.0"), PROBATION_S="1")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "it runs: 0.2.0"), done
    assert board.current != before
    assert (board.home / "previous").resolve() == (board.home / before).resolve()
    assert board.pid() not in (0, pid)
    assert board.program_of_service().startswith(str(board.home / board.current))
    assert len(list((board.home / "releases").iterdir())) == 2


def upgraded_to_one_that_does_not_start(board: Board, tmp_path: Path) -> None:
    before, previous, releases = board.current, (board.home / "previous").resolve(), set((board.home / "releases").iterdir())
    done = board.run(JETSON / "upgrade.sh", wheels.appliance(tmp_path, "0.3.0", wheels.BROKEN))
    assert done.exit_code == 1
    assert "0.3.0 does not come up; back to 0.2.0" in done.stderr
    assert "the one before runs again" in done.stderr
    assert "broken on purpose" in board.log()
    assert (board.current, (board.home / "previous").resolve()) == (before, previous)
    assert board.program_of_service().startswith(str(board.home / before)), "by itself"
    assert set((board.home / "releases").iterdir()) == releases


def taken_back(board: Board) -> None:
    before = board.current
    done = board.run(JETSON / "upgrade.sh", "--back")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "it runs: 0.1.0"), done
    assert (board.home / "previous").resolve() == (board.home / before).resolve(), "and forth"


def removed(board: Board) -> None:
    (board.home / "notes.txt").write_text("somebody's own")
    done = board.run(JETSON / "uninstall.sh")
    assert (done.exit_code, board.pid()) == (0, 0), done
    assert not any((board.root / "etc/systemd/system" / unit).exists() for unit in UNITS)
    assert [path.name for path in board.home.iterdir()] == ["notes.txt"]
    assert (board.state / "ledger.sqlite").exists(), "what was counted stays"
    (board.home / "notes.txt").unlink()
    assert board.run(JETSON / "uninstall.sh", "--purge").exit_code == 0
    assert not board.home.exists()
    assert not board.state.exists()
    assert not (board.root / "etc/appliance").exists()
    assert "appliance" not in (board.root / "etc/passwd").read_text()
    assert board.run(JETSON / "uninstall.sh").exit_code == 0, "twice is no fault"


REFUSED = {
    "no Jetson": (
        {},
        ("install.sh",),
        "(L4T R36, R38 or R39 in /etc/nv_tegra_release), found 'no Jetson'",
    ),
    "JetPack 5": (XAVIER_NX, ("install.sh",), "found '# R35 (release), REVISION: 4.1"),
    "nonsense": ({"etc/nv_tegra_release": "# Rxx\n"}, ("install.sh",), "found '# Rxx'"),
    "a word that means nothing": (ORIN_NANO, ("install.sh", "--fast"), "found '--fast'"),
    "nothing to upgrade": (ORIN_NANO, ("upgrade.sh",), "no appliance is installed: install.sh"),
    "nothing to go back to": (ORIN_NANO, ("upgrade.sh", "--back"), "no appliance is installed: install.sh"),
    "removing what": (ORIN_NANO, ("uninstall.sh", "everything"), "nothing or --purge is wanted, found 'everything'"),
    "no package": (AGX_THOR, ("install.sh", "/nowhere/a.whl"), "pip cannot install /nowhere/a.whl; nothing has changed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_said_in_one_sentence_and_changes_nothing(tmp_path: Path, case: str) -> None:
    tree, words, sentence = REFUSED[case]
    board = Board(tmp_path, tree)
    (tmp_path / "packages").symlink_to(Path(pip.__file__).parent.parent)
    done = board.run(JETSON / words[0], *words[1:])
    assert (done.exit_code, sentence in done.stderr.splitlines()[-1]) == (1, True), done
    assert board.calls == []
    assert not list(board.home.glob("releases/*"))
    assert not (board.root / "etc/systemd").exists()
