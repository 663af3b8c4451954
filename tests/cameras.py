"""Real cameras for tests: an RTSP server of its own process, which can be told to misbehave."""

from __future__ import annotations

import importlib.util
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import pytest

from tests.publish.brokers import free_port

PROGRAM = Path(__file__).resolve().parent.parent / "scripts" / "camera.py"
STARTS_WITHIN_S = 60.0

needs_gstreamer = pytest.mark.skipif(
    importlib.util.find_spec("gi") is None, reason="real cameras need GStreamer: scripts/install --system"
)


class Camera:
    """A camera that plays a video over and over. Use as a context."""

    def __init__(self, video: Path, *options: str) -> None:
        self._video, self._options = video, options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        # It keeps it, and nobody else is given it while it is away.
        self._port = str(free_port())

    def __enter__(self) -> Camera:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def start(self, video: Path | None = None) -> None:
        """Begin, or begin again at the same address, perhaps with another video."""
        self._video = video or self._video
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(self._video), "--port", self._port, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], STARTS_WITHIN_S)[0], "the camera does not start"
        self.url = self._process.stdout.readline().strip()
        self._port = self.url.rpartition(":")[2].partition("/")[0]
        assert self._port, "the camera has not started"

    def start_anew(self, video: Path) -> None:
        """As one that has got other settings."""
        self.kill()
        self.start(video)

    def tell(self, order: str) -> None:
        """See ``scripts/camera.py``."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """As when the power goes."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process = None
