"""What is asked of a GPU, whatever library it is asked through, and why there is none.

    stream   work that is done in the order in which it was asked for, while whoever asked goes on
    event    a place in that order, which can be waited for
    graph    work that was asked for once and can be asked for again with one call

Nothing here is checked for the caller: memory that work under way reads or writes must stay, and stay untouched, until an event
behind that work has been waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, SupportsInt, TypeAlias

from appliance.errors import Refusal

Address: TypeAlias = int
Stream: TypeAlias = SupportsInt
Event: TypeAlias = SupportsInt
Graph: TypeAlias = SupportsInt

# Where the kernel's part of the driver says which one it is: on a server, and on a Jetson.
KERNEL_DRIVERS = (Path("/sys/module/nvidia/version"), Path("/etc/nv_tegra_release"))
LONGEST_DRIVER = 80
# What is there where the kernel knows a GPU of NVIDIA's: on a server, in WSL, and on a Jetson.
DEVICE_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("/dev/nvgpu"), Path("/dev/nvhost-gpu"))
UNSEEN = "install NVIDIA's driver, or start the container with '--gpus all' (on a Jetson with '--runtime nvidia')"


class GpuError(RuntimeError):
    """The GPU has not done what it was asked for. Where it is final nothing that this process had there can be used any more."""

    def __init__(self, sentence: str, *, is_final: bool = True) -> None:
        super().__init__(sentence)
        self.is_final = is_final


class OutOfGpuMemory(GpuError):
    """There is no room for what was wanted; all else goes on."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, is_final=False)


@dataclass(frozen=True, slots=True)
class GpuInfo:
    """Which GPU it is. An engine runs only where its name, capability and driver are as they were when it was built."""

    name: str
    capability: tuple[int, int]
    driver: str
    """The kernel's part of it, and the release of CUDA that it knows."""
    memory_bytes: int
    """All that it has,"""
    free_bytes: int
    """and what nobody else had when it was asked."""
    is_integrated: bool
    """Whether it shares its memory with the CPU, so that nothing need be copied to it."""

    def __str__(self) -> str:
        return f"{self.name}, compute capability {self.capability[0]}.{self.capability[1]}, driver {self.driver}"


@dataclass(frozen=True, slots=True)
class Pinned:
    """Memory of the computer that the GPU reads and writes by itself."""

    address: Address
    device_address: Address
    """Where the GPU has it, if it was wanted mapped; else 0."""
    size_bytes: int


class Cuda(Protocol):
    """One GPU. Whatever fails raises ``GpuError``."""

    info: GpuInfo

    def allocate(self, size_bytes: int) -> Address:
        """Memory of the GPU."""

    def free(self, address: Address) -> None:
        """Give it back."""

    def allocate_pinned(self, size_bytes: int, *, is_mapped: bool) -> Pinned:
        """Memory of the computer."""

    def free_pinned(self, memory: Pinned) -> None:
        """Give it back."""

    def copy_in(self, device: Address, host: Address, size_bytes: int, stream: Stream) -> None:
        """To the GPU, in its turn."""

    def copy_out(self, host: Address, device: Address, size_bytes: int, stream: Stream) -> None:
        """From the GPU, in its turn."""

    def create_stream(self) -> Stream:
        """One that waits for no other."""

    def destroy_stream(self, stream: Stream) -> None:
        """Once nothing is under way in it."""

    def synchronize(self, stream: Stream) -> None:
        """Wait until nothing is under way in it."""

    def create_event(self) -> Event:
        """One that whoever waits for it leaves the processor to others."""

    def destroy_event(self, event: Event) -> None:
        """Give it back."""

    def record(self, event: Event, stream: Stream) -> None:
        """It stands for all that the stream has been asked for so far."""

    def wait_for(self, event: Event) -> None:
        """Until what it stands for is done."""

    def begin_capture(self, stream: Stream) -> None:
        """From now on what the stream is asked for is only noted."""

    def end_capture(self, stream: Stream) -> Graph:
        """All that was noted, ready to be launched; an error where something could not be noted."""

    def launch(self, graph: Graph, stream: Stream) -> None:
        """Ask for all of it, in its turn."""

    def destroy_graph(self, graph: Graph) -> None:
        """Once it is not under way."""


def open_cuda() -> Cuda:
    """The first GPU that this process may use. Raises ``Refusal``: no GPU, because …"""
    from appliance.detect.cuda_python import open_gpu

    try:
        return open_gpu()
    except ImportError as error:
        raise no_gpu(f"cuda-python cannot be loaded: {error} (pip install 'appliance[nvidia]')") from None


def no_gpu(reason: str) -> Refusal:
    """There is none, because …"""
    unseen = "" if has_device_file() else f"; nor does the kernel know of one: {UNSEEN}"
    return Refusal(f"a GPU of NVIDIA's is wanted, found none, because {reason}{unseen}")


def kernel_driver() -> str:
    """What the kernel's part of the driver calls itself; empty where there is none, or it does not say."""
    for path in KERNEL_DRIVERS:
        try:
            return " ".join(path.read_text(encoding="ascii", errors="replace").splitlines()[0].split())[:LONGEST_DRIVER]
        except (OSError, IndexError):
            continue
    return ""


def has_device_file() -> bool:
    """Whether the kernel knows a GPU of NVIDIA's, be there a library that can use it or not."""
    return any(path.exists() for path in DEVICE_FILES)
