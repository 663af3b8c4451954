"""Which shapes an engine is built for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.detect.yolo import anchor_count
from appliance.errors import Refusal
from appliance.letterbox import InputRule

Shape = tuple[int, int, int, int]
LEAST_SIDE_PX = 32


@dataclass(frozen=True, slots=True)
class Range:
    """From, best for, and up to, each (N, H, W, 3)."""

    smallest: Shape
    best: Shape
    largest: Shape


def ranges_for(rule: InputRule, usual: tuple[int, int], largest_px: int, max_batch: int, best_anchors: int) -> tuple[Range, ...]:
    """One for single pictures, and one for several where the model takes those; best for inputs of the ``usual`` (height, width),
    and up to ``largest_px`` where the model takes any.

    What is as fast as can be for one picture need not be for eight, and the other way round.
    """
    if max_batch < 1:
        raise Refusal(f"an engine must be for one picture or more at a time, found {max_batch}", usage=True)
    if rule.fixed is not None:
        least = most = usual = rule.fixed
    else:
        most = (max(rule.size_px, largest_px),) * 2
        least = (_least_side_px(best_anchors, min(usual)),) * 2
    if anchor_count(*least) < best_anchors:
        raise Refusal(
            f"for inputs of {least[1]}x{least[0]} at most {anchor_count(*least)} best anchors are wanted, found {best_anchors}",
            usage=True,
        )
    batches = [(1, 1, 1)] + ([(2, max_batch, max_batch)] if max_batch > 1 else [])
    return tuple(Range((first, *least, 3), (best, *usual, 3), (last, *most, 3)) for first, best, last in batches)


def _least_side_px(best_anchors: int, usual_px: int) -> int:
    """Of inputs that have so many anchors at all."""
    sides = range(LEAST_SIDE_PX, usual_px + 1, LEAST_SIDE_PX)
    return next((side for side in sides if anchor_count(side, side) >= best_anchors), usual_px)
