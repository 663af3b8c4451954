"""The picture that a viewer sees: from the ring, with what he wants on it, as a JPEG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.boxes import Tracks
from appliance.clock import NS_PER_S
from appliance.config import CameraSettings
from appliance.control.live.look import Look
from appliance.ipc.frame_ring import Pixels
from appliance.messages.questions import Viewed
from appliance.observe.overlay import DrawnLine, Image, Trails, draw_line, draw_tracks

QUALITY = 80
# A line lights up for so long when something has crossed it.
FLASH_NS = NS_PER_S // 2


@dataclass(frozen=True, slots=True)
class Score:
    """What a line has counted today, by direction, and when that last became more, monotonic."""

    counts: Mapping[str, int]
    changed_ns: int = 0


Scores = Mapping[tuple[str, str], Score]
UNKNOWN = Score({})


@dataclass(frozen=True, slots=True)
class Scene:
    """A frame and what is known about it; the tracks are in pixels of the preview."""

    preview: Pixels
    """I420, (h * 3 / 2, w)."""
    tracks: Tracks
    names: tuple[str, ...]
    trails: Trails
    camera: CameraSettings | None
    scores: Scores
    now_ns: int


def on_preview(viewed: Viewed) -> Tracks:
    """The tracks of a frame in pixels of its preview."""
    ticket, tracks = viewed.ticket, viewed.tracks
    scale = np.array([ticket.preview_width / ticket.source_width, ticket.preview_height / ticket.source_height] * 2, np.float32)
    return Tracks(tracks.ids, tracks.boxes * scale, tracks.scores, tracks.classes, tracks.confirmed)


def jpeg_of(scene: Scene, look: Look) -> bytes:
    """One picture."""
    image: Image = np.asarray(cv2.cvtColor(scene.preview, cv2.COLOR_YUV2BGR_I420), np.uint8)
    if look.trails:
        scene.trails.draw(image)
    if look.boxes or look.ids:
        draw_tracks(image, scene.tracks, scene.names, with_boxes=look.boxes, with_labels=look.ids)
    if look.lines or look.counts:
        _draw_lines(image, scene, look)
    is_written, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    # A picture of this size and type can always be written.
    assert is_written
    return content.tobytes()


def _draw_lines(image: Image, scene: Scene, look: Look) -> None:
    height, width = image.shape[:2]
    for line in () if scene.camera is None else scene.camera.counted:
        score = scene.scores.get((scene.camera.name if scene.camera else "", line.name), UNKNOWN)
        directions = (line.directions.forward, line.directions.backward)
        text = ", ".join(f"{direction} {score.counts.get(direction, 0)}" for direction in directions)
        points = tuple((x * width, y * height) for x, y in line.polyline)
        flashes = 0 < scene.now_ns - score.changed_ns < FLASH_NS
        draw_line(image, DrawnLine(points, f"{line.name}: {text}" if look.counts else line.name, flashes))
