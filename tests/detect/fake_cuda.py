"""CUDA without a GPU, at the interface of ``cuda.bindings.runtime``: it really copies, but late, and notes what must not be done.

What a stream is asked for is done when the GPU feels like it, at the latest when somebody waits for it; so whoever overwrites or
reads memory too early gets wrong numbers here, too. What CUDA leaves undefined is noted in ``violations``: memory given back
while work under way needs it, streams and graphs ended too early, two streams at work in the same memory.
"""

from __future__ import annotations

import ctypes
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Some of what is read before it was written.
POISON = 0xA5
ALIGNMENT = 256


class Error(IntEnum):
    """Those of CUDA's that appear here."""

    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35
    cudaErrorDevicesUnavailable = 46
    cudaErrorNoDevice = 100
    cudaErrorInvalidResourceHandle = 400
    cudaErrorLaunchFailure = 719
    cudaErrorNotSupported = 801
    cudaErrorSystemDriverMismatch = 803
    cudaErrorStreamCaptureUnsupported = 900
    cudaErrorStreamCaptureInvalidated = 901


OK = Error.cudaSuccess


@dataclass
class Work:
    """Something that a stream was asked for."""

    name: str
    touches: frozenset[int]
    """Where the allocations begin that it reads or writes."""
    run: Callable[[], None]
    needs: tuple[int, ...] = ()
    """Whatever else must live until it is done, by ``id``, or a graph's number."""


@dataclass
class Allocation:
    """A piece of memory, of the GPU or of the computer."""

    memory: NDArray[np.uint8]
    address: int
    size_bytes: int
    kind: str


@dataclass
class Stream:
    """Work that is not done yet."""

    waiting: deque[Work] = field(default_factory=deque)
    asked: int = 0
    done: int = 0
    captured: list[Work] | None = None
    is_spoilt: bool = False


class FakeCudart:
    """See above; the functions are called as CUDA's, and answer as cuda-python's do."""

    cudaError_t = Error
    cudaDeviceAttr = SimpleNamespace(
        cudaDevAttrComputeCapabilityMajor=75, cudaDevAttrComputeCapabilityMinor=76, cudaDevAttrIntegrated=18
    )
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)
    cudaStreamNonBlocking = 1
    cudaEventBlockingSync = 1
    cudaEventDisableTiming = 2
    cudaHostAllocDefault = 0
    cudaHostAllocMapped = 2

    def __init__(self, *, is_integrated: bool = False, memory_bytes: int = 1 << 30, seed: int = 0, devices: int = 1) -> None:
        self.is_integrated, self.memory_bytes, self.devices = is_integrated, memory_bytes, devices
        self.is_lazy = False
        """Whether it does nothing before somebody waits for it."""
        self.violations: list[str] = []
        self.calls: Counter[str] = Counter()
        self.faults: dict[tuple[str, int], Error] = {}
        """Which call of a function, counted from 1, fails how."""
        self.work_done: Counter[str] = Counter()
        self.work_faults: set[tuple[str, int]] = set()
        """Which work of a name, counted from 1, the GPU is lost over."""
        self._numbers = count(0x1000, 0x10)
        self._random = random.Random(seed)
        self.allocations: dict[int, Allocation] = {}
        self.streams: dict[int, Stream] = {}
        self.events: dict[int, tuple[int, int] | None] = {}
        self.noted: dict[int, list[Work]] = {}
        self.graphs: dict[int, list[Work]] = {}
        self.lost: Error | None = None
        self.last: Error = OK
        """What failed and was not asked for; TensorRT takes it for its own failure."""

    # What there is, for tests.

    @property
    def holdings(self) -> dict[str, int]:
        """All that somebody has not given back."""
        kinds = {kind: sum(each.kind == kind for each in self.allocations.values()) for kind in ("device", "pinned")}
        return kinds | {"streams": len(self.streams), "events": len(self.events), "graphs": len(self.graphs) + len(self.noted)}

    def view(self, address: int, size_bytes: int) -> NDArray[np.uint8]:
        """The memory there; a violation where nobody has it."""
        for each in self.allocations.values():
            if each.address <= address and address + size_bytes <= each.address + each.size_bytes:
                return each.memory[address - each.address :][:size_bytes]
        self.violate(f"{size_bytes} bytes at {address:#x} are used, but nobody has them")
        return np.zeros(size_bytes, np.uint8)

    def place_of(self, address: int) -> int:
        """Where the allocation begins that an address lies in."""
        found = [each.address for each in self.allocations.values() if 0 <= address - each.address < each.size_bytes]
        return found[0] if found else 0

    def violate(self, sentence: str) -> None:
        """Something must not be."""
        self.violations.append(sentence)

    def is_needed(self, thing: int) -> bool:
        """Whether work under way needs it, memory or not."""
        return any(thing in work.touches or thing in work.needs for stream in self.streams.values() for work in stream.waiting)

    def ask(self, number: int, work: Work) -> Error:
        """A stream is asked for something."""
        stream = self.streams.get(number)
        if stream is None:
            return Error.cudaErrorInvalidResourceHandle
        if stream.captured is not None:
            stream.captured.append(work)
            return OK
        for other, beside in self.streams.items():
            if other != number and any(work.touches & each.touches for each in beside.waiting):
                self.violate(f"{work.name} shares memory with what another stream is at")
        stream.waiting.append(work)
        stream.asked += 1
        return OK

    def progress(self) -> None:
        """The GPU goes on, as far as it likes."""
        if self.is_lazy:
            return
        for stream in self.streams.values():
            for _ in range(self._random.randint(0, len(stream.waiting))):
                self._do(stream)

    def _do(self, stream: Stream) -> None:
        work = stream.waiting.popleft()
        stream.done += 1
        self.work_done[work.name] += 1
        if (work.name, self.work_done[work.name]) in self.work_faults:
            self.lost = Error.cudaErrorLaunchFailure
        if self.lost is None:
            work.run()

    def _enter(self, name: str, *, waits: bool = False) -> Error:
        """What every call begins with: the GPU may have gone on, and the call may fail."""
        self.calls[name] += 1
        fault = self.faults.get((name, self.calls[name]))
        if fault is Error.cudaErrorLaunchFailure:
            self.lost = fault
        if waits and any(stream.captured is not None for stream in self.streams.values()):
            for stream in self.streams.values():
                stream.is_spoilt |= stream.captured is not None
            return Error.cudaErrorStreamCaptureUnsupported
        self.progress()
        self.last = self.lost or fault or self.last
        return self.lost or fault or OK

    # CUDA's functions.

    def cudaGetErrorName(self, error: Error) -> tuple[Error, bytes]:
        return OK, error.name.encode()

    def cudaGetErrorString(self, error: Error) -> tuple[Error, bytes]:
        return OK, b"as a test wanted"

    def cudaGetLastError(self) -> tuple[Error]:
        last, self.last = self.last, OK
        return (last,)

    def cudaGetDeviceCount(self) -> tuple[Error, int | None]:
        error = self._enter("cudaGetDeviceCount")
        return error, None if error else self.devices

    def cudaSetDevice(self, device: int) -> tuple[Error]:
        return (self._enter("cudaSetDevice"),)

    def cudaMemGetInfo(self) -> tuple[Error, int, int]:
        used = sum(each.size_bytes for each in self.allocations.values() if each.kind == "device")
        return self._enter("cudaMemGetInfo"), self.memory_bytes - used, self.memory_bytes

    def cudaDeviceGetAttribute(self, attribute: int, device: int) -> tuple[Error, int]:
        return OK, {75: 8, 76: 7, 18: int(self.is_integrated)}[attribute]

    def cudaGetDeviceProperties(self, device: int) -> tuple[Error, Any]:
        return OK, SimpleNamespace(name=b"Fake GPU")

    def cudaDriverGetVersion(self) -> tuple[Error, int]:
        return OK, 12060

    def cudaMalloc(self, size: int) -> tuple[Error, int | None]:
        error = self._enter("cudaMalloc", waits=True)
        if (
            not error
            and size + sum(each.size_bytes for each in self.allocations.values() if each.kind == "device") > self.memory_bytes
        ):
            error = self.last = Error.cudaErrorMemoryAllocation
        return error, None if error else self._allocate(size, "device")

    def cudaFree(self, address: int) -> tuple[Error]:
        return (self._free("cudaFree", address, "device"),)

    def cudaHostAlloc(self, size: int, flags: int) -> tuple[Error, int | None]:
        error = self._enter("cudaHostAlloc", waits=True)
        return error, None if error else self._allocate(size, "pinned")

    def cudaHostGetDevicePointer(self, address: int, flags: int) -> tuple[Error, int]:
        return self._enter("cudaHostGetDevicePointer"), address

    def cudaFreeHost(self, address: int) -> tuple[Error]:
        return (self._free("cudaFreeHost", address, "pinned"),)

    def _allocate(self, size: int, kind: str) -> int:
        memory = np.full(size + ALIGNMENT, POISON, np.uint8)
        skip = -memory.ctypes.data % ALIGNMENT
        address = memory.ctypes.data + skip
        self.allocations[address] = Allocation(memory[skip : skip + size], address, size, kind)
        return address

    def _free(self, name: str, address: int, kind: str) -> Error:
        if address not in self.allocations or self.allocations[address].kind != kind:
            self.violate(f"{name} of what nobody has")
            return Error.cudaErrorInvalidValue
        if self.is_needed(address) and self.lost is None:
            self.violate(f"{name} of memory that work under way needs")
        error = self._enter(name, waits=True)
        allocation = self.allocations.pop(address)
        # Whoever still looks at it shall notice.
        allocation.memory.fill(POISON)
        return error

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[Error]:
        name = "copy in" if kind == 1 else "copy out"
        error = self._enter("cudaMemcpyAsync")

        def run() -> None:
            self.view(target, size)[:] = self.view(source, size)

        return (error or self.ask(stream, Work(name, frozenset({self.place_of(target), self.place_of(source)}), run)),)

    def cudaStreamCreateWithFlags(self, flags: int) -> tuple[Error, int | None]:
        error = self._enter("cudaStreamCreateWithFlags", waits=True)
        if error:
            return error, None
        number = next(self._numbers)
        self.streams[number] = Stream()
        return OK, number

    def cudaStreamDestroy(self, number: int) -> tuple[Error]:
        error = self._enter("cudaStreamDestroy")
        if self.streams.pop(number).waiting and self.lost is None:
            self.violate("a stream is ended with work under way")
        return (error,)

    def cudaStreamSynchronize(self, number: int) -> tuple[Error]:
        error = self._enter("cudaStreamSynchronize", waits=True)
        if error is not Error.cudaErrorStreamCaptureUnsupported:
            while self.streams[number].waiting:
                self._do(self.streams[number])
        return (error or self.lost or OK,)

    def cudaEventCreateWithFlags(self, flags: int) -> tuple[Error, int | None]:
        error = self._enter("cudaEventCreateWithFlags")
        if error:
            return error, None
        number = next(self._numbers)
        self.events[number] = None
        return OK, number

    def cudaEventDestroy(self, number: int) -> tuple[Error]:
        error = self._enter("cudaEventDestroy")
        del self.events[number]
        return (error,)

    def cudaEventRecord(self, number: int, stream: int) -> tuple[Error]:
        error = self._enter("cudaEventRecord")
        if not error:
            self.events[number] = (stream, self.streams[stream].asked)
        return (error,)

    def cudaEventSynchronize(self, number: int) -> tuple[Error]:
        error = self._enter("cudaEventSynchronize", waits=True)
        recorded = self.events[number]
        # Who is told of a failure has not waited.
        if recorded is not None and not error:
            stream = self.streams[recorded[0]]
            while stream.done < recorded[1]:
                self._do(stream)
        return (error or self.lost or OK,)

    def cudaStreamBeginCapture(self, number: int, mode: int) -> tuple[Error]:
        error = self._enter("cudaStreamBeginCapture")
        if not error:
            self.streams[number].captured, self.streams[number].is_spoilt = [], False
        return (error,)

    def cudaStreamEndCapture(self, number: int) -> tuple[Error, int | None]:
        error = self._enter("cudaStreamEndCapture")
        stream = self.streams[number]
        works, stream.captured = stream.captured, None
        if stream.is_spoilt:
            error = error or Error.cudaErrorStreamCaptureInvalidated
        if error or works is None:
            return error or Error.cudaErrorInvalidValue, None
        graph = next(self._numbers)
        self.noted[graph] = works
        return OK, graph

    def cudaGraphInstantiate(self, graph: int, flags: int) -> tuple[Error, int | None]:
        error = self._enter("cudaGraphInstantiate")
        if error:
            return error, None
        number = next(self._numbers)
        self.graphs[number] = [Work(each.name, each.touches, each.run, (*each.needs, number)) for each in self.noted[graph]]
        return OK, number

    def cudaGraphDestroy(self, graph: int) -> tuple[Error]:
        del self.noted[graph]
        return (self._enter("cudaGraphDestroy"),)

    def cudaGraphExecDestroy(self, number: int) -> tuple[Error]:
        if self.is_needed(number) and self.lost is None:
            self.violate("a graph is ended that is under way")
        del self.graphs[number]
        return (self._enter("cudaGraphExecDestroy"),)

    def cudaGraphLaunch(self, number: int, stream: int) -> tuple[Error]:
        error = self._enter("cudaGraphLaunch")
        for work in self.graphs[number] if not error else ():
            error = error or self.ask(stream, work)
        return (error,)


def memory_at(address: int, size_bytes: int) -> NDArray[np.uint8]:
    """Memory as somebody sees it who only has its address."""
    return np.ctypeslib.as_array((ctypes.c_uint8 * size_bytes).from_address(address))
