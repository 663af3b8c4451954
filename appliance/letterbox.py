"""How a source picture lies inside the network's input: scaled as a whole, centred, the rest grey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.boxes import Boxes

# The padding that YOLO models were trained with.
GREY = 114
# And the longer side of their input.
USUAL_INPUT_PX = 640


@dataclass(frozen=True, slots=True)
class InputRule:
    """What a model takes: any multiple of ``stride_px`` up to ``size_px`` on the long side, or exactly ``fixed`` (height,
    width).
    """

    size_px: int = USUAL_INPUT_PX
    stride_px: int = 32
    fixed: tuple[int, int] | None = None

    def shape_for(self, source_width: int, source_height: int) -> tuple[int, int]:
        """(height, width) of the input for a source of this size; as little padding as the model allows."""
        if self.fixed is not None:
            return self.fixed
        scale = self.size_px / max(source_width, source_height)
        return self._padded(source_height * scale), self._padded(source_width * scale)

    def _padded(self, length_px: float) -> int:
        return max(1, -(-round(length_px) // self.stride_px)) * self.stride_px


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The place of a source picture inside an input picture; all lengths in input pixels, ``scale`` is input / source."""

    scale: float
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def fit(cls, source_width: int, source_height: int, input_height: int, input_width: int) -> Letterbox:
        """The largest centred copy of the source that the input holds."""
        scale = min(input_width / source_width, input_height / source_height)
        width = min(input_width, max(1, round(source_width * scale)))
        height = min(input_height, max(1, round(source_height * scale)))
        return cls(scale, (input_width - width) // 2, (input_height - height) // 2, width, height)

    def to_source(self, boxes: Boxes, source_width: int, source_height: int) -> Boxes:
        """Boxes (N, 4) in input pixels, as boxes in source pixels, clipped to the source picture."""
        out = boxes - np.array([self.left, self.top, self.left, self.top], np.float32)
        out[:, 0::2] *= np.float32(source_width / self.width)
        out[:, 1::2] *= np.float32(source_height / self.height)
        np.clip(out[:, 0::2], 0, source_width, out=out[:, 0::2])
        np.clip(out[:, 1::2], 0, source_height, out=out[:, 1::2])
        return out


def preview_shape(source_width: int, source_height: int, longest_px: int) -> tuple[int, int]:
    """(height, width) of the picture for people: even, as I420 wants it, and never larger than the source."""
    scale = min(1.0, longest_px / max(source_width, source_height))
    return max(2, int(source_height * scale) // 2 * 2), max(2, int(source_width * scale) // 2 * 2)
