"""A root folder that looks like a Jetson's, with a manager of services, and everything else real."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.device.trees import ORIN_NANO, Tree, planted
from tests.jetson import wheels
from tests.system.models import write_detector

JETSON = wheels.REPOSITORY / "jetson"
MANAGER = Path(__file__).with_name("manager.py")


@dataclass(frozen=True)
class Said:
    """What a script did."""

    exit_code: int
    stdout: str
    stderr: str


class Board:
    """Below ``folder``: a root, programs that a Jetson has, and a package index of two packages."""

    def __init__(self, folder: Path, tree: Tree = ORIN_NANO) -> None:
        self.folder, self.root = folder, planted(folder / "root", tree)
        self.home, self.state = self.root / "opt/appliance", self.root / "var/lib/appliance"
        self._programs, self._memory = folder / "programs", folder / "manager"
        self._programs.mkdir()
        self.program("systemctl", f'exec {sys.executable} {MANAGER} "$@"')

    def program(self, name: str, text: str) -> None:
        """A shell script on the path."""
        file = self._programs / name
        file.write_text(f"#!/bin/sh -e\n{text}\n")
        file.chmod(file.stat().st_mode | stat.S_IEXEC)

    def run(self, *command: str | Path, **environment: str) -> Said:
        """A script of ``jetson/``, or another command, until it has ended."""
        done = subprocess.run(
            [str(word) for word in command],
            env={**self._environment(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._programs}:{os.environ['PATH']}:/usr/sbin",
            "APPLIANCE_ROOT": str(self.root),
            "MANAGER_MEMORY": str(self._memory),
            "PROBATION_S": "0",
            "PYTHON": getattr(sys, "_base_executable", sys.executable),
            "PYTHONPATH": str(self.folder / "packages"),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder / "index"),
            "PIP_CONFIG_FILE": os.devnull,
            # Whatever is imported is compiled then.
            "PIP_NO_COMPILE": "1",
            "HOME": str(self.folder),
            "TMPDIR": "/tmp",
        }

    def stock(self) -> None:
        """What the system's packages have of all that the appliance needs, and the rest on an index, too new beside right."""
        packages, index = self.folder / "packages", self.folder / "index"
        packages.mkdir()
        for package in Path(sysconfig.get_path("purelib")).iterdir():
            if "appliance" not in package.name:
                (packages / package.name).symlink_to(package)
        index.mkdir()
        for name, version in (("numpy", "1.26.4"), ("cuda-bindings", "12.9.0"), ("cuda-bindings", "13.1.0")):
            wheels.empty(index, name, version)

    def site(self) -> None:
        """A site without cameras, with a network that takes no time to load."""
        self.state.mkdir(parents=True)
        detector = {"model": str(write_detector(self.folder / "model.onnx")), "input_px": 64}
        # JSON is YAML, too.
        (self.state / "site.yaml").write_text(json.dumps({"detector": detector, "cameras": []}))

    @property
    def current(self) -> str:
        """The release that runs."""
        return os.readlink(self.home / "current")

    @property
    def calls(self) -> list[str]:
        """What the manager of services was told."""
        return (self._memory / "calls").read_text().splitlines() if self._memory.exists() else []

    def pid(self) -> int:
        """Of the service; 0 where it does not run."""
        file = self._memory / "appliance.service.pid"
        return int(file.read_text()) if file.exists() and Path(f"/proc/{file.read_text()}").exists() else 0

    def log(self) -> str:
        """What the service has written."""
        return (self._memory / "appliance.service.log").read_text()

    def program_of_service(self) -> str:
        """What runs as the service."""
        return Path(f"/proc/{self.pid()}/cmdline").read_bytes().replace(b"\0", b" ").decode()
