"""The demo's site: one camera that is a scene's clip, with the scene's own lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from appliance.config import SiteSettings
from appliance.counting import CAMERA
from appliance.scene.truth import Truth
from appliance.site_file import parse_site


def demo_site(truth: Truth, clip: Path, *, model: str, pace: str, overrides: Iterable[str] = ()) -> SiteSettings:
    """What counts the clip of a scene. The lines are those that the truth is about."""
    lines = [line.as_settings() for line in truth.lines]
    tree = {
        "cameras": [{"name": CAMERA, "source": str(clip), "pace": pace, "lines": lines}],
        "detector": {"model": model},
    }
    return parse_site(tree, overrides, "the demo")
