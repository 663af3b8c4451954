"""What GStreamer is asked to do: launch lines, from the best one to the last. Pure; elements are asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# The way in which every pipeline ends: pictures in system memory, the newest ones, as soon as they are there. With B-frames
# several come at once.
TO_SINK = "appsink name=pictures sync=false max-buffers=4 drop={drops} emit-signals=false caps=video/x-raw,format=I420"
# How long rtspsrc puts packets in order before it gives them on.
JITTER_MS = 50

Has = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Decoder:
    """One way from a parser's pictures to those in system memory."""

    element: str
    """What decodes."""
    launch: str
    """Has it under the name ``decoder``; where a device scales, that is called ``scaler``, and ``size`` says to what."""
    why: str
    further: tuple[str, ...] = ()
    """Elements that are needed beside it."""
    caps: str = ""
    """What ``size`` asks for, but for the size; empty where the whole picture is given."""
    wishes: tuple[tuple[str, str, str], ...] = ()
    """Element, property and value, for those that have it; which do, differs from release to release."""
    is_hardware: bool = True

    def is_here(self, has: Has) -> bool:
        """Whether this machine has all of it."""
        return all(map(has, (self.element, *self.further)))


IN_MEMORY, IN_CUDA = "video/x-raw,format=I420", "video/x-raw(memory:CUDAMemory),format=I420"
# Of several taps, because every pixel of the large picture shall count; nvvidconv takes the nearest one if it is not asked.
# Without full clocks Jetson's decoder goes to sleep between the pictures of a live camera, and wakes up late.
JETSON = (("decoder", "enable-max-performance", "true"), ("scaler", "interpolation-method", "2"))
# Pictures as soon as they are decoded, and no borders where a camera's pixels are not square.
SERVER = (("decoder", "max-display-delay", "0"), ("scaler", "add-borders", "false"))


def _decoders(nvidia: str, libav: str) -> tuple[Decoder, ...]:
    size = f"capsfilter name=size caps={IN_MEMORY}"
    cuda_size = f"capsfilter name=size caps={IN_CUDA} ! cudadownload"
    jetson, server = "Jetson's video engine decodes", "the GPU's video engine decodes"
    nvvidconv = f"nvv4l2decoder name=decoder ! nvvidconv name=scaler ! {size}"
    one_step = f"{nvidia} name=decoder ! cudaconvertscale name=scaler ! {cuda_size}"
    # GStreamer 1.20 has the same in two.
    two_steps = f"{nvidia} name=decoder ! cudascale name=scaler ! cudaconvert ! {cuda_size}"
    # The CUDA filters need a compiler at run time (libnvrtc); the decoder does not.
    whole = f"{nvidia} name=decoder ! videoconvert"
    software = f"{libav} name=decoder max-threads=1 output-corrupt=false ! videoconvert"
    return (
        Decoder("nvv4l2decoder", nvvidconv, f"{jetson} and scales", ("nvvidconv",), IN_MEMORY, JETSON),
        Decoder(nvidia, one_step, f"{server}, the GPU scales", ("cudaconvertscale", "cudadownload"), IN_CUDA, SERVER),
        Decoder(nvidia, two_steps, f"{server}, the GPU scales", ("cudascale", "cudaconvert", "cudadownload"), IN_CUDA, SERVER),
        Decoder(nvidia, whole, f"{server}, but nothing scales on the GPU (cudascale, libnvrtc)", wishes=SERVER[:1]),
        # Of a stream that nobody can begin with, it would show grey.
        Decoder(libav, software, "no hardware decoder is here", is_hardware=False),
    )


# The best one first.
DECODERS = {"H264": _decoders("nvh264dec", "avdec_h264"), "H265": _decoders("nvh265dec", "avdec_h265")}
FROM_RTP = {"H264": "rtph264depay ! h264parse", "H265": "rtph265depay ! h265parse"}


def of_launch_line(line: str) -> str:
    """A pipeline of somebody's own, made to end in pictures."""
    return f"{line.strip().rstrip('!').strip()} ! videoconvert ! {TO_SINK.format(drops='true')}"


def of_file(place: str) -> str:
    """Any file, every picture of it; whatever decodes it."""
    escaped = place.replace("\\", "\\\\").replace('"', '\\"')
    return f'filesrc location="{escaped}" ! decodebin ! videoconvert ! {TO_SINK.format(drops="false")}'
