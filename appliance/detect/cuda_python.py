"""A GPU through NVIDIA's own package, cuda-python; also as JetPack and NVIDIA's images bring it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol, cast

from appliance.detect.cuda import (
    Address,
    Cuda,
    Event,
    GpuError,
    GpuInfo,
    Graph,
    OutOfGpuMemory,
    Pinned,
    Stream,
    has_device_file,
    kernel_driver,
    no_gpu,
)
from appliance.detect.cuda_words import remedy_for


class Runtime(Protocol):
    """What is used of ``cuda.bindings.runtime``; a test holds it against the releases that are supported.

    Every function answers with an error and what else there is to say.
    """

    cudaError_t: Any
    cudaDeviceAttr: Any
    cudaMemcpyKind: Any
    cudaStreamCaptureMode: Any
    cudaStreamNonBlocking: int
    cudaEventBlockingSync: int
    cudaEventDisableTiming: int
    cudaHostAllocDefault: int
    cudaHostAllocMapped: int

    def cudaGetErrorName(self, error: Any, /) -> Any: ...
    def cudaGetErrorString(self, error: Any, /) -> Any: ...
    def cudaGetLastError(self) -> Any: ...
    def cudaGetDeviceCount(self) -> Any: ...
    def cudaSetDevice(self, device: int, /) -> Any: ...
    def cudaDeviceGetAttribute(self, attribute: Any, device: int, /) -> Any: ...
    def cudaGetDeviceProperties(self, device: int, /) -> Any: ...
    def cudaDriverGetVersion(self) -> Any: ...
    def cudaMemGetInfo(self) -> Any: ...
    def cudaMalloc(self, size: int, /) -> Any: ...
    def cudaFree(self, address: int, /) -> Any: ...
    def cudaHostAlloc(self, size: int, flags: int, /) -> Any: ...
    def cudaHostGetDevicePointer(self, address: int, flags: int, /) -> Any: ...
    def cudaFreeHost(self, address: int, /) -> Any: ...
    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: Any, stream: Any, /) -> Any: ...
    def cudaStreamCreateWithFlags(self, flags: int, /) -> Any: ...
    def cudaStreamDestroy(self, stream: Any, /) -> Any: ...
    def cudaStreamSynchronize(self, stream: Any, /) -> Any: ...
    def cudaEventCreateWithFlags(self, flags: int, /) -> Any: ...
    def cudaEventDestroy(self, event: Any, /) -> Any: ...
    def cudaEventRecord(self, event: Any, stream: Any, /) -> Any: ...
    def cudaEventSynchronize(self, event: Any, /) -> Any: ...
    def cudaStreamBeginCapture(self, stream: Any, mode: Any, /) -> Any: ...
    def cudaStreamEndCapture(self, stream: Any, /) -> Any: ...
    def cudaGraphInstantiate(self, graph: Any, flags: int, /) -> Any: ...
    def cudaGraphDestroy(self, graph: Any, /) -> Any: ...
    def cudaGraphExecDestroy(self, graph: Any, /) -> Any: ...
    def cudaGraphLaunch(self, graph: Any, stream: Any, /) -> Any: ...


# Errors after which all else goes on: of CUDA's list, those about capturing, and what this GPU or driver cannot do.
FIRST_OF_CAPTURE, LAST_OF_CAPTURE, NOT_SUPPORTED = 900, 908, 801
CHOICE = "CUDA_VISIBLE_DEVICES"


def open_gpu() -> Cuda:
    """The first GPU that this process may use. Raises ``Refusal`` where there is none, ``ImportError`` without the package."""
    try:
        from cuda.bindings import runtime as cudart
    except ImportError:
        # Before 12.6.1.
        from cuda import cudart
    return CudaPython(cast("Runtime", cudart))


class CudaPython:
    """See ``Cuda``."""

    def __init__(self, runtime: Runtime) -> None:
        self._cuda = runtime
        self.info = self._found()

    def _found(self) -> GpuInfo:
        cuda, attributes = self._cuda, self._cuda.cudaDeviceAttr
        try:
            if self._call("be counted", cuda.cudaGetDeviceCount) == 0:
                raise no_gpu("the driver knows of none, or may not show it")
            self._call("be taken", cuda.cudaSetDevice, 0)
            # The first call that really goes there.
            free_bytes, memory_bytes = self._call("tell its memory", cuda.cudaMemGetInfo)
            asked = "tell what it is"
            numbers = [
                self._call(asked, cuda.cudaDeviceGetAttribute, attribute, 0)
                for attribute in (
                    attributes.cudaDevAttrComputeCapabilityMajor,
                    attributes.cudaDevAttrComputeCapabilityMinor,
                    attributes.cudaDevAttrIntegrated,
                )
            ]
            name = self._call(asked, cuda.cudaGetDeviceProperties, 0).name
            release = self._call(asked, cuda.cudaDriverGetVersion)
        except GpuError as error:
            raise no_gpu(str(error)) from None
        except RuntimeError as error:
            # What cuda-python says where the driver's library is not there.
            raise no_gpu(" ".join(str(error).split())) from None
        driver = f"{kernel_driver()} CUDA {release // 1000}.{release % 1000 // 10}".strip()
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        return GpuInfo(text.strip("\0 "), (numbers[0], numbers[1]), driver, int(memory_bytes), int(free_bytes), bool(numbers[2]))

    def _call(self, wanted: str, function: Callable[..., Any], *arguments: Any) -> Any:
        error, *answer = function(*arguments)
        if int(error) != 0:
            raise self._failure(wanted, error)
        return answer[0] if len(answer) == 1 else tuple(answer)

    def _failure(self, wanted: str, error: Any) -> GpuError:
        # It is kept, and whoever asks next whether all went well would hear of it instead of his own.
        self._cuda.cudaGetLastError()
        names = [text.decode() if isinstance(text, bytes) else str(text) for text in self._words_of(error)]
        remedy = remedy_for(names[0], is_seen=has_device_file(), chosen=os.environ.get(CHOICE))
        sentence = f"the GPU was to {wanted}, found {': '.join(names)}{remedy}"
        if error == self._cuda.cudaError_t.cudaErrorMemoryAllocation:
            return OutOfGpuMemory(sentence)
        number = int(error)
        return GpuError(sentence, is_final=not (FIRST_OF_CAPTURE <= number <= LAST_OF_CAPTURE or number == NOT_SUPPORTED))

    def _words_of(self, error: Any) -> tuple[Any, ...]:
        found = (self._cuda.cudaGetErrorName(error), self._cuda.cudaGetErrorString(error))
        return tuple(text for code, text in found if int(code) == 0 and text) or (f"error {int(error)}",)

    def allocate(self, size_bytes: int) -> Address:
        """See ``Cuda``."""
        return int(self._call(f"give {size_bytes} bytes", self._cuda.cudaMalloc, size_bytes))

    def free(self, address: Address) -> None:
        """See ``Cuda``."""
        self._call("take memory back", self._cuda.cudaFree, address)

    def allocate_pinned(self, size_bytes: int, *, is_mapped: bool) -> Pinned:
        """See ``Cuda``."""
        cuda = self._cuda
        flags = cuda.cudaHostAllocMapped if is_mapped else cuda.cudaHostAllocDefault
        host = int(self._call(f"share {size_bytes} bytes", cuda.cudaHostAlloc, size_bytes, flags))
        try:
            device = int(self._call("map shared memory", cuda.cudaHostGetDevicePointer, host, 0)) if is_mapped else 0
        except GpuError:
            cuda.cudaFreeHost(host)
            raise
        return Pinned(host, device, size_bytes)

    def free_pinned(self, memory: Pinned) -> None:
        """See ``Cuda``."""
        self._call("take shared memory back", self._cuda.cudaFreeHost, memory.address)

    def copy_in(self, device: Address, host: Address, size_bytes: int, stream: Stream) -> None:
        """See ``Cuda``."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("copy pictures", self._cuda.cudaMemcpyAsync, device, host, size_bytes, kind, stream)

    def copy_out(self, host: Address, device: Address, size_bytes: int, stream: Stream) -> None:
        """See ``Cuda``."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("copy its answer", self._cuda.cudaMemcpyAsync, host, device, size_bytes, kind, stream)

    def create_stream(self) -> Stream:
        """See ``Cuda``."""
        stream: Stream = self._call("make a stream", self._cuda.cudaStreamCreateWithFlags, self._cuda.cudaStreamNonBlocking)
        return stream

    def destroy_stream(self, stream: Stream) -> None:
        """See ``Cuda``."""
        self._call("end a stream", self._cuda.cudaStreamDestroy, stream)

    def synchronize(self, stream: Stream) -> None:
        """See ``Cuda``."""
        self._call("finish its work", self._cuda.cudaStreamSynchronize, stream)

    def create_event(self) -> Event:
        """See ``Cuda``."""
        flags = self._cuda.cudaEventBlockingSync | self._cuda.cudaEventDisableTiming
        event: Event = self._call("make an event", self._cuda.cudaEventCreateWithFlags, flags)
        return event

    def destroy_event(self, event: Event) -> None:
        """See ``Cuda``."""
        self._call("end an event", self._cuda.cudaEventDestroy, event)

    def record(self, event: Event, stream: Stream) -> None:
        """See ``Cuda``."""
        self._call("note an event", self._cuda.cudaEventRecord, event, stream)

    def wait_for(self, event: Event) -> None:
        """See ``Cuda``."""
        self._call("finish a batch", self._cuda.cudaEventSynchronize, event)

    def begin_capture(self, stream: Stream) -> None:
        """See ``Cuda``; what other threads ask of the GPU meanwhile does not matter."""
        mode = self._cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("note work for later", self._cuda.cudaStreamBeginCapture, stream, mode)

    def end_capture(self, stream: Stream) -> Graph:
        """See ``Cuda``."""
        noted = self._call("note work for later", self._cuda.cudaStreamEndCapture, stream)
        try:
            graph: Graph = self._call("make a graph", self._cuda.cudaGraphInstantiate, noted, 0)
        finally:
            self._cuda.cudaGraphDestroy(noted)
        return graph

    def launch(self, graph: Graph, stream: Stream) -> None:
        """See ``Cuda``."""
        self._call("launch a graph", self._cuda.cudaGraphLaunch, graph, stream)

    def destroy_graph(self, graph: Graph) -> None:
        """See ``Cuda``."""
        self._call("end a graph", self._cuda.cudaGraphExecDestroy, graph)
