"""The service of systemd that we ship: it may write where it has to write, and begins a site where there is none."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from appliance.site_file import load_site
from tests.publish.brokers import free_port
from tests.system.cli import start_cli

UNIT = Path(__file__).resolve().parent.parent / "configs" / "appliance.service"
PROGRAM = "/opt/appliance/.venv/bin/appliance"


@pytest.fixture
def service() -> dict[str, str]:
    """Its settings; names of systemd's are written in large and small letters."""
    parser = ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return dict(parser["Service"])


def words_of(service: dict[str, str], folder: Path) -> list[str]:
    """What is started, with the folder in the place of /var/lib."""
    program, *words = service["ExecStart"].replace("%S", str(folder)).split()
    assert program == PROGRAM
    return words


def test_what_it_changes_lies_where_it_may_write(service: dict[str, str]) -> None:
    assert (service["DynamicUser"], service["StateDirectory"]) == ("yes", "appliance")
    assert "/etc" not in service["ExecStart"]
    places = re.findall(r"[=\s](%S\S*|/\S*)", service["ExecStart"])
    assert places == ["%S/appliance"]
    assert service["Environment"] == "XDG_DATA_HOME=%S"
    assert service["WorkingDirectory"] == "%S/appliance"


def test_it_begins_a_site_where_it_may_write(service: dict[str, str], tmp_path: Path) -> None:
    state = tmp_path / "appliance"
    state.mkdir()
    environment = {"HOME": "/nowhere", "TMPDIR": str(tmp_path), "RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": ""}
    name, _, value = service["Environment"].replace("%S", str(tmp_path)).partition("=")
    words = (*words_of(service, tmp_path), "--set", f"control.port={free_port()}")
    with start_cli(*words, environment={**environment, name: value}) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"Site: {state}/site.yaml, a new one\n"
            assert process.stdout.readline().startswith("Panel: http://127.0.0.1:")
        finally:
            process.kill()
    assert load_site(state / "site.yaml").data_dir == state


def test_what_was_copied_there_becomes_its_own(service: dict[str, str], tmp_path: Path) -> None:
    """Behind the link that systemd makes for a user that comes and goes."""
    (tmp_path / "private" / "appliance").mkdir(parents=True)
    (tmp_path / "appliance").symlink_to("private/appliance")
    (tmp_path / "outside").touch()
    (tmp_path / "appliance" / "site.yaml").touch()
    (tmp_path / "appliance" / "link").symlink_to(tmp_path / "outside")
    command = service["ExecStartPre"].lstrip("+-").replace("%S", str(tmp_path)).split()
    subprocess.run([*command[:1], "--changes", *command[1:]], check=True, timeout=60)
    (tmp_path / "private" / "appliance").chmod(0o700)
    if (tmp_path / "outside").owner() == "root":
        shutil.chown(tmp_path / "private" / "appliance", 1234, 2345)
        subprocess.run(command, check=True, timeout=60)
        assert (tmp_path / "appliance" / "site.yaml").stat().st_uid == 1234
        assert (tmp_path / "outside").stat().st_uid == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    # It also tells of faults in units of the system's own.
    own = [line for line in checked.stderr.splitlines() if UNIT.name in line]
    assert own == []
