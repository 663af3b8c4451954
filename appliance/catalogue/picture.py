"""The reference picture: a street that this program paints, always the same one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from appliance.scene.settings import SceneSettings

STREET = SceneSettings(seed=82, width=640, height=360, light="day", rain=False)


def paint_reference(path: Path) -> None:
    """Write it as PNG."""
    path.write_bytes(_reference())


@cache
def _reference() -> bytes:
    # Who only might paint one, as a running machine, gets by without OpenCV.
    import cv2

    from appliance.scene.paint import Painter
    from appliance.scene.view import View
    from appliance.scene.world import World

    world = World(STREET)
    picture = Painter(View.of(STREET), STREET).paint(world.actors, world.signals.colour(world.time_s))
    _, content = cv2.imencode(".png", picture)
    return content.tobytes()
