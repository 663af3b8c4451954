"""Which source reads a camera."""

from __future__ import annotations

import importlib.util
import os

from appliance.config import CameraSettings
from appliance.decode.address import with_login
from appliance.decode.asking import ask
from appliance.decode.live_source import LiveSource
from appliance.decode.source import Source, is_file, is_launch_line, is_webcam
from appliance.errors import Refusal
from appliance.login import login_of

# Where NVIDIA's drivers show themselves, on a Jetson and in a server; GStreamer is looked at only where there are some, because
# that takes a tenth of a second and 20 MB.
HARDWARE = ("/dev/nvhost-nvdec", "/dev/v4l2-nvdec", "/dev/nvidia0")
HARDWARE_DECODERS = ("nvv4l2decoder", "nvh264dec")


def open_source(camera: CameraSettings, login: str = "") -> Source:
    """The source of a camera, by the decoder that it asks for or, with ``auto``, by ``chosen_decoder``."""
    address, decoder = with_login(camera.source, login), camera.decoder
    if decoder == "auto":
        decoder = chosen_decoder(camera)
    if decoder == "opencv":
        from appliance.decode.opencv_source import OpenCvSource

        return OpenCvSource(address)
    if is_webcam(camera.source):
        raise Refusal(f"camera '{camera.name}': a webcam needs the decoder opencv, found {camera.decoder}", usage=True)
    if decoder == "gstreamer":
        if importlib.util.find_spec("gi") is None:
            raise Refusal(
                f"camera '{camera.name}': GStreamer is wanted, but Python cannot reach it (scripts/install --system)", usage=True
            )
        from appliance.decode.gstreamer_source import GStreamerSource

        return GStreamerSource(address, camera.transport, camera.stall_s)
    if is_launch_line(camera.source):
        raise Refusal(f"camera '{camera.name}': a launch line needs the decoder gstreamer, found {camera.decoder}", usage=True)
    from appliance.decode.pyav_source import PyAvSource

    return PyAvSource(address, camera.transport, camera.stall_s)


def chosen_decoder(camera: CameraSettings) -> str:
    """OpenCV for webcams, GStreamer for its launch lines and for cameras where it has a hardware decoder, PyAV for the rest."""
    if is_webcam(camera.source):
        return "opencv"
    if is_launch_line(camera.source):
        return "gstreamer"
    if not camera.source.startswith("rtsp") or not any(map(os.path.exists, HARDWARE)) or importlib.util.find_spec("gi") is None:
        return "pyav"
    from appliance.decode.gstreamer_source import has

    return "gstreamer" if any(map(has, HARDWARE_DECODERS)) else "pyav"


def live_source(camera: CameraSettings, login: str | None = None) -> LiveSource | None:
    """What stays with a camera while it comes and goes; None for a file, also one on the network.

    ``login`` is ``user:password``; left out, it is what the settings name. Raises ``Refusal`` where that is missing.
    """
    if is_file(camera.source) or not camera.is_live:
        return None
    known = login_of(camera.login) if login is None else login
    return LiveSource(lambda: open_source(camera, known), ask=lambda: ask(camera.source))
