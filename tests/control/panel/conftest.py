"""One browser and one machine for all tests of the panel that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.cameras import Camera
from tests.control.panel.browser import STARTS_WITHIN_S, Panel, running_chromium, running_panel
from tests.system.sites import state_of
from tests.system.videos import Encoding, traffic, write_video

# What a camera's address says comes back as the reason of its state.
MARKUP = "<img/src=x/onerror=alert(1)>"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A real one."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A machine with one camera that counts, and one that cannot be reached."""
    folder = tmp_path_factory.mktemp("panel")
    clip = write_video(folder / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip) as gate:
        cameras: dict[str, dict[str, object]] = {
            # On a busy computer it may be silent for a while; what is down has no picture.
            "gate": {"source": gate.url, "stall_s": 30},
            "gone": {"source": f"rtsp://127.0.0.1:9/{MARKUP}"},
        }
        with running_panel(folder, cameras, site="north-gate") as panel:
            panel.site.until(state_of("gate", "ok"), STARTS_WITHIN_S)
            panel.site.until(state_of("gone", "down"), STARTS_WITHIN_S)
            panel.site.until_counted("gate", 1)
            yield panel
