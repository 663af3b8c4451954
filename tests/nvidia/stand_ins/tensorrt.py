"""A TensorRT that builds and runs on a fake GPU, where the real one would be."""

from __future__ import annotations

from tests.nvidia.computer import TENSORRT

globals().update(vars(TENSORRT))
