"""On what is measured: a video, a model, and the lines that are counted at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.config import DATA_DIR, SiteSettings
from appliance.counting import CAMERA, SLOTS
from appliance.decode.source import check_file
from appliance.errors import Refusal
from appliance.models.store import find_model, stores_of
from appliance.options import parse_line
from appliance.scene.settings import SceneSettings
from appliance.site_file import parse_site

MIDDLE = "middle=0,0.5,1,0.5"
DEMO_MODEL = "demo"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files that are there, and what to do with them."""

    video: str
    model: str
    weights: Path | None
    """The model as the peers take it."""
    lines: tuple[dict[str, Any], ...]
    """As in a configuration."""
    classes: tuple[str, ...]
    last_frame: int | None

    def job(self, last_frame: int | None = None) -> SiteSettings:
        """The video as ``appliance count`` takes it."""
        return self.site(last_frame=last_frame).model_copy(update={"slots": SLOTS})

    def site(self, cameras: int = 1, last_frame: int | None = None) -> SiteSettings:
        """A site whose cameras all show the video, up to ``last_frame`` where that is sooner."""
        ends = [frame for frame in (self.last_frame, last_frame) if frame is not None]
        camera = {"source": self.video, "pace": "file", "last_frame": min(ends, default=None), "lines": self.lines}
        names = [CAMERA] if cameras == 1 else [f"{CAMERA}_{number}" for number in range(cameras)]
        tree = {"cameras": [{**camera, "name": name} for name in names], "detector": {"model": self.model}}
        return parse_site(tree, (), "the command")


def choose_inputs(
    video: str | None,
    model: str | None,
    weights: Path | None,
    lines: list[str],
    classes: str,
    last_frame: int | None,
    folder: Path,
) -> Inputs:
    """What the command names, checked; a scene, made in ``folder``, and the demo's model where it names neither."""
    if video is None and model is None:
        return default_inputs(folder)
    if video is None or model is None:
        raise Refusal("--video and --model belong together, found one of them", usage=True)
    check_file(video)
    find_model(model, *stores_of(DATA_DIR))
    if weights is not None:
        check_file(str(weights))
    wanted = tuple(word.strip() for word in classes.split(",") if word.strip())
    trees = tuple(parse_line(text, classes, "center") for text in lines or [MIDDLE])
    inputs = Inputs(video, model, weights, trees, wanted, last_frame)
    # Refuses lines that are none.
    inputs.site()
    return inputs


def default_inputs(folder: Path) -> Inputs:
    """A street of 720p, and the demo's small model."""
    from appliance.scene.clip import write_scene

    clip = folder / "scene.mp4"
    truth = write_scene(SceneSettings(width=1280, height=720, seconds=20.0), clip, None, lambda done, total: None)
    lines = tuple(line.as_settings() for line in truth.lines)
    return Inputs(str(clip), DEMO_MODEL, None, lines, (), None)
