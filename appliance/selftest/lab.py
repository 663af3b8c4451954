"""What the checks of a self-test share: the scene, its clip, and what earlier checks have found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from appliance.boxes import Floats
from appliance.config import CameraSettings, SiteSettings
from appliance.counting import CountResult
from appliance.demo.site import demo_site
from appliance.scene.actors import Actor
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth, box_of
from appliance.scene.view import View
from appliance.scene.world import World

SCENE = SceneSettings(seed=8, width=640, height=360, seconds=14.0, density=1.3, light="day", rain=False)


@dataclass(slots=True)
class Lab:
    """A folder to work in, and what is known so far."""

    folder: Path
    model: str
    overrides: tuple[str, ...] = ()
    scene: SceneSettings = SCENE
    truth: Truth | None = None
    result: CountResult | None = None
    hardware: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def clip(self) -> Path:
        """The scene as a video."""
        return self.folder / "scene.mp4"

    @property
    def ledger(self) -> Path:
        """Of the whole machine's count."""
        return self.folder / "ledger.sqlite"

    @property
    def known_truth(self) -> Truth:
        """The truth, which the first check finds."""
        # The table of checks begins with the scene.
        assert self.truth is not None
        return self.truth

    @property
    def site(self) -> SiteSettings:
        """What counts the clip."""
        return demo_site(self.known_truth, self.clip, model=self.model, pace="file", overrides=self.overrides)

    @property
    def camera(self) -> CameraSettings:
        """The site's only one."""
        return self.site.cameras[0]


def true_boxes(truth: Truth) -> Iterator[list[tuple[Actor, Floats]]]:
    """Everybody in the picture with his box (4,), frame by frame."""
    view, world = View.of(truth.settings), World(truth.settings)
    for frame in range(truth.first_frame + truth.frames):
        if frame >= truth.first_frame:
            boxes = ((actor, box_of(actor, view)) for actor in world.actors)
            yield [(actor, box.astype("float32")) for actor, box in boxes if box is not None]
        world.step(1 / truth.settings.frames_per_second)
