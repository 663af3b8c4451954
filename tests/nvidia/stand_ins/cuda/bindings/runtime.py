"""A fake GPU, where cuda-python would be."""

from __future__ import annotations

from tests.nvidia.computer import CUDA

globals().update({name: getattr(CUDA, name) for name in dir(CUDA) if name.startswith("cuda")})
