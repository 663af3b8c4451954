"""Memory that pictures and answers pass through, given back when it is closed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from appliance.detect.cuda import Address, Cuda, GpuError, Pinned, Stream
from appliance.detect.tensorrt_layout import Numbers, Shape

What = TypeVar("What")


class DeviceMemory:
    """Memory of the GPU."""

    def __init__(self, cuda: Cuda, size_bytes: int) -> None:
        self._cuda, self.size_bytes = cuda, size_bytes
        self.address: Address = cuda.allocate(size_bytes)
        self._is_open = True

    def close(self) -> None:
        """Give it back; more than once is the same."""
        if self._is_open:
            self._is_open = False
            quietly(self._cuda.free, self.address)

    def __enter__(self) -> DeviceMemory:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Staging:
    """Memory that both see: one piece on either side, and a copy between them; or, where they share their memory, a single piece.

    Nothing may be under way in it when it grows.
    """

    def __init__(self, cuda: Cuda, *, is_mapped: bool) -> None:
        self._cuda, self._is_mapped = cuda, is_mapped
        self._host: Pinned | None = None
        self._device: DeviceMemory | None = None

    def is_less_than(self, size_bytes: int) -> bool:
        """Whether it has to grow."""
        return self._host is None or self._host.size_bytes < size_bytes

    def grow(self, size_bytes: int) -> None:
        """So that there is room for so much, somewhere else; what was in it is lost."""
        if not self.is_less_than(size_bytes):
            return
        self.close()
        self._host = self._cuda.allocate_pinned(size_bytes, is_mapped=self._is_mapped)
        try:
            self._device = None if self._is_mapped else DeviceMemory(self._cuda, size_bytes)
        except GpuError:
            self.close()
            raise

    def as_array(self, shape: Shape, dtype: np.dtype[Any]) -> Numbers:
        """The computer's side."""
        host = self._opened()
        count = int(np.prod(shape))
        view = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(host.address)
        numbers: Numbers = np.ctypeslib.as_array(view).view(dtype).reshape(shape)
        return numbers

    @property
    def device_address(self) -> Address:
        """The GPU's side."""
        return self._opened().device_address if self._device is None else self._device.address

    def copy_in(self, size_bytes: int, stream: Stream) -> None:
        """To the GPU's side, in its turn."""
        if self._device is not None:
            self._cuda.copy_in(self._device.address, self._opened().address, size_bytes, stream)

    def copy_out(self, size_bytes: int, stream: Stream) -> None:
        """To the computer's side, in its turn."""
        if self._device is not None:
            self._cuda.copy_out(self._opened().address, self._device.address, size_bytes, stream)

    def close(self) -> None:
        """Give it back; more than once is the same."""
        host, device, self._host, self._device = self._host, self._device, None, None
        if device is not None:
            device.close()
        if host is not None:
            quietly(self._cuda.free_pinned, host)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _opened(self) -> Pinned:
        # Whoever asks has let it grow.
        assert self._host is not None
        return self._host


def quietly(give_back: Callable[[What], None], what: What) -> None:
    """Give something back, whatever a GPU says to that which may be gone."""
    with suppress(GpuError):
        give_back(what)
