"""The frame in which two models disagree most, side by side: in green what both see, in orange what one of them sees alone."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.boxes import Detections, Mask, iou_matrix
from appliance.errors import Refusal
from appliance.evaluate.two_models import Contest, Moment
from appliance.observe.overlay import Image, thickness_for, write_label
from appliance.swap.agreement import LEAST_IOU

BOTH, ALONE = (96, 190, 60), (0, 130, 255)
GAP_PX = 8
# Of the two beside each other.
MOST_WIDTH_PX = 2560


def draw(contest: Contest, worst: Moment) -> bytes:
    """As PNG."""
    halves = []
    for place, side in enumerate(contest.sides):
        image: Image = worst.image.copy()
        mine, theirs = worst.seen[place], worst.seen[1 - place]
        _draw_boxes(image, mine, has_partner(mine, theirs), contest.names)
        write_label(image, f"{side.label}, frame {worst.frame}: {len(mine)} boxes", (8, 8), BOTH)
        halves.append(image)
    height = halves[0].shape[0]
    together = np.hstack([halves[0], np.full((height, GAP_PX, 3), 255, np.uint8), halves[1]])
    scale = min(1.0, MOST_WIDTH_PX / together.shape[1])
    small = cv2.resize(together, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else together
    is_done, content = cv2.imencode(".png", small)
    if not is_done:
        raise Refusal("the picture cannot be encoded as PNG")
    return content.tobytes()


def has_partner(mine: Detections, theirs: Detections) -> Mask:
    """(N,) which of my boxes somebody else's of the same class overlaps by enough."""
    overlaps = iou_matrix(mine.boxes, theirs.boxes)
    overlaps[mine.classes[:, None] != theirs.classes[None, :]] = 0
    found: Mask = overlaps.max(axis=1, initial=0) >= LEAST_IOU
    return found


def _draw_boxes(image: Image, seen: Detections, is_shared: Mask, names: tuple[str, ...]) -> None:
    columns = zip(seen.boxes.tolist(), seen.scores.tolist(), seen.classes.tolist(), is_shared.tolist())
    for (left, top, right, bottom), score, class_id, shared in columns:
        colour = BOTH if shared else ALONE
        corner, thickness = (round(left), round(top)), thickness_for(image) * (1 if shared else 2)
        cv2.rectangle(image, corner, (round(right), round(bottom)), colour, thickness, cv2.LINE_AA)
        write_label(image, f"{names[class_id]} {score:.2f}", corner, colour)
