"""Containers of an image that scripts/image has built, started by runc as Docker does it, read-only but for what is mounted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.docker.files import DOCKER

USER = 10001
NAMESPACES = ("pid", "network", "ipc", "uts", "mount")
SAFE = ["nosuid", "nodev"]


@dataclass(frozen=True)
class Image:
    """What it is, and where it lies."""

    root: Path
    size: int
    config: dict[str, Any]
    """As Docker has it."""


def can_build() -> bool:
    """Whether this is a Debian, and whoever tests may mount what an image and a container need."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    layers = "mkdir a b c d && mount -t overlay overlay -o lowerdir=a,upperdir=b,workdir=c d"
    with tempfile.TemporaryDirectory(dir="/var/lib") as folder:
        command = ("unshare", *(f"--{kind}" for kind in ("pid", "net", "ipc", "uts", "mount")), "--fork", "sh", "-c", layers)
        return subprocess.run(command, cwd=folder, capture_output=True, timeout=30, check=False).returncode == 0


@contextmanager
def built(file: str = "docker/Dockerfile.cpu", name: str = "appliance:cpu") -> Iterator[Image]:
    """The image, built now, and mounted."""
    environment = os.environ | {"LAYERS": "false"}
    subprocess.run([str(DOCKER.parent / "scripts" / "image"), file, name], env=environment, check=True, timeout=1500)
    told = json.loads(said_by("buildah", "inspect", "--type", "image", name))
    size = int(json.loads(said_by("buildah", "images", "--json", name))[0].get("size", "0").partition(" ")[0])
    container = said_by("buildah", "from", "--pull-never", name)
    try:
        yield Image(Path(said_by("buildah", "mount", container)), size, told["Docker"]["config"])
    finally:
        said_by("buildah", "rm", container)


def said_by(*command: str) -> str:
    """The answer of a program that must be content."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Container:
    """One of an image, with a volume, and shared memory as large as Docker gives it. Use as a context."""

    def __init__(
        self, image: Image, folder: Path, *words: str, shm_mb: int = 64, user: int = USER, mounts: dict[str, Path] | None = None
    ) -> None:
        self.name = f"appliance-{uuid.uuid4().hex[:8]}"
        self.volume = folder / "volume"
        if not self.volume.exists():
            self.volume.mkdir()
            # As a named volume, which is begun as the folder of the image.
            shutil.chown(self.volume, USER, USER)
        self._state, bundle = folder / "runc", folder / self.name
        bundle.mkdir()
        config = image.config
        settings = {
            "ociVersion": "1.0.0",
            "process": {
                "user": {"uid": user, "gid": user},
                "args": [*config["Entrypoint"], *(words or config["Cmd"])],
                "env": config["Env"],
                "cwd": config["WorkingDir"],
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "root": {"path": str(image.root), "readonly": True},
            "hostname": "box",
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*SAFE, f"size={shm_mb}m"]},
                {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": [*SAFE, "mode=1777"]},
                {"destination": "/var/lib/appliance", "type": "bind", "source": str(self.volume), "options": ["bind", "rw"]},
                *(
                    {"destination": place, "type": "bind", "source": str(source), "options": ["bind", "ro"]}
                    for place, source in (mounts or {}).items()
                ),
            ],
            "linux": {"namespaces": [{"type": kind} for kind in NAMESPACES]},
        }
        (bundle / "config.json").write_text(json.dumps(settings))
        self._log = bundle / "log"
        self._command = self._runc("run", "--bundle", str(bundle), self.name)
        self._process: subprocess.Popen[bytes] | None = None

    def _runc(self, *words: str) -> list[str]:
        return ["runc", "--root", str(self._state), *words]

    def __enter__(self) -> Container:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        subprocess.run(self._runc("delete", "--force", self.name), capture_output=True, timeout=30, check=False)
        self._process.kill()
        self._process.wait()
        if kind is not None:
            print(self.said)  # noqa: T201  # what pytest shows with a failure

    @property
    def said(self) -> str:
        """What it has told, as in ``docker logs``."""
        return self._log.read_text()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A further command in it, as ``docker exec`` does."""
        return subprocess.run(self._runc("exec", self.name, *command), capture_output=True, text=True, timeout=60, check=False)

    def signal(self, name: str) -> None:
        """To its first process."""
        said_by(*self._runc("kill", self.name, name))

    def wait(self, deadline_s: float = 60.0) -> int:
        """Its exit code."""
        assert self._process is not None
        return self._process.wait(deadline_s)

    def worked_s(self) -> float:
        """How long its processes have calculated so far."""
        return sum(int(after[11]) + int(after[12]) for after in self.stats().values()) / os.sysconf("SC_CLK_TCK")

    def states(self) -> set[str]:
        """In which its processes are, as the kernel calls them."""
        return {after[0] for after in self.stats().values()}

    def stats(self) -> dict[int, list[str]]:
        """What the kernel tells of each process in it, from its state on."""
        found = {}
        for pid in self.pids():
            # Those that have gone meanwhile are passed over.
            with suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return found

    def pids(self) -> list[int]:
        """Of all processes in it, as this computer counts them."""
        assert self._process is not None
        first = int(json.loads(said_by(*self._runc("state", self.name)))["pid"])
        inside = os.readlink(f"/proc/{first}/ns/pid")
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "ns" / "pid") == inside:
                    found.append(int(folder.name))
            except OSError:
                continue  # gone meanwhile
        return found
