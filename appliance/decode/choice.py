"""Which source reads a camera."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import partial

import msgspec

from appliance.config import CameraSettings
from appliance.decode.address import with_login
from appliance.decode.asking import ask
from appliance.decode.decoders import DecoderFailed, Decoders, NoDecoder
from appliance.decode.demand import Demand
from appliance.decode.gstreamer_pipelines import DECODERS
from appliance.decode.live_source import LiveSource
from appliance.decode.source import Source, is_file, is_launch_line, is_webcam
from appliance.errors import Refusal
from appliance.login import login_of

# Where NVIDIA's drivers show themselves, on a Jetson and in a server; GStreamer is looked at only where there are some, because
# that takes a tenth of a second and 20 MB.
HARDWARE = ("/dev/nvhost-nvdec", "/dev/v4l2-nvdec", "/dev/nvidia0")
INSTALL = "scripts/install --system"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who decodes a camera, and why not NVIDIA's hardware where that is here."""

    decoder: str
    why: str = ""


def open_source(
    camera: CameraSettings, login: str = "", demand: Demand | None = None, decoders: Decoders | None = None
) -> Source:
    """The source of a camera, by the decoder that it asks for or, with ``auto``, by ``chosen_decoder``.

    ``decoders`` are what the camera had in its connections before.
    """
    address = with_login(camera.source, login)
    chosen = chosen_decoder(camera) if camera.decoder == "auto" else Chosen(camera.decoder)
    if chosen.decoder == "opencv":
        from appliance.decode.opencv_source import OpenCvSource

        return OpenCvSource(address)
    if is_webcam(camera.source):
        raise Refusal(f"camera '{camera.name}': a webcam needs the decoder opencv, found {camera.decoder}", usage=True)
    if chosen.decoder == "gstreamer" and importlib.util.find_spec("gi") is None:
        raise Refusal(f"camera '{camera.name}': GStreamer is wanted, but Python cannot reach it ({INSTALL})", usage=True)
    if chosen.decoder != "gstreamer" and is_launch_line(camera.source):
        raise Refusal(f"camera '{camera.name}': a launch line needs the decoder gstreamer, found {camera.decoder}", usage=True)
    decoders = decoders or _decoders_of(camera)
    if camera.decoder == "gstreamer":
        return _by_gstreamer(camera, address, demand, decoders)
    return _with_next(camera, address, demand, decoders, chosen)


def _with_next(camera: CameraSettings, address: str, demand: Demand | None, decoders: Decoders, chosen: Chosen) -> Source:
    """By the chosen decoder, or by those that come after it, with the reason."""
    from appliance.decode.pyav_source import PyAvSource

    while True:
        reasons = [chosen.why] if chosen.why else []
        try:
            if chosen.decoder == "gstreamer":
                return _by_gstreamer(camera, address, demand, decoders)
            if chosen.decoder == "nvdec":
                from appliance.decode.nvdec_source import NvdecSource

                return _because(NvdecSource(address, camera.transport, camera.stall_s, decoders), reasons)
        except (NoDecoder, DecoderFailed) as refusal:
            reasons.append(refusal.sentence)
        source = PyAvSource(address, camera.transport, camera.stall_s)
        if not decoders.is_another(source.codec):
            return _because(source, reasons)
        # The call was made because there is no hardware for what the camera sent before. It sends something else now, and who
        # kept this connection, because it works, would decode on the CPU until it breaks.
        source.close()


def _because(source: Source, reasons: list[str]) -> Source:
    """With the reasons why it is not read by something better."""
    if reasons:
        words = f"{source.info.decoder.partition(', because ')[0]}, because {'; '.join(dict.fromkeys(reasons))}"
        source.info = msgspec.structs.replace(source.info, decoder=words)
    return source


def _decoders_of(camera: CameraSettings) -> Decoders:
    # On the CPU PyAV is the better one: it scales in one step, and brings its own FFmpeg.
    return Decoders(only_hardware=camera.decoder == "auto")


def _by_gstreamer(camera: CameraSettings, address: str, demand: Demand | None, decoders: Decoders) -> Source:
    """With the first decoder that shows something; raises ``NoDecoder`` where none is left."""
    from appliance.decode.gstreamer_decoding import has
    from appliance.decode.gstreamer_source import GStreamerSource

    # Some cameras take no second call at once; so none is made that is in vain.
    while not (camera.decoder == "auto" and decoders.is_hopeless(has)):
        try:
            return GStreamerSource(address, camera.transport, camera.stall_s, decoders=decoders, demand=demand)
        except DecoderFailed:
            # The next one, which is asked for at once: it passes this one over.
            continue
    raise NoDecoder(decoders.passed_over() or "GStreamer has no hardware decoder for what it sends")


def chosen_decoder(camera: CameraSettings) -> Chosen:
    """OpenCV for webcams, GStreamer for its launch lines; for RTSP cameras what has a hardware decoder; PyAV for the rest."""
    if is_webcam(camera.source):
        return Chosen("opencv")
    if is_launch_line(camera.source):
        return Chosen("gstreamer")
    return for_rtsp() if camera.source.startswith("rtsp") else Chosen("pyav")


def for_rtsp() -> Chosen:
    """What decodes H.264 and H.265 of cameras on this machine."""
    if not any(map(os.path.exists, HARDWARE)):
        return Chosen("pyav")
    if importlib.util.find_spec("gi") is None:
        why = f"GStreamer is wanted, whose hardware decoders scale, but Python cannot reach it ({INSTALL})"
        return Chosen("nvdec" if has_nvdec() else "pyav", why)
    from appliance.decode.gstreamer_decoding import has

    # PyNvVideoCodec is nobody's second choice: in a process that has GStreamer, and its libunwind (Debian 12), the first error of
    # the engine does not come as an exception, but ends the process.
    wanted = dict.fromkeys(decoder.element for way in DECODERS.values() for decoder in way if decoder.is_hardware)
    return Chosen("gstreamer") if any(map(has, wanted)) else Chosen("pyav", f"GStreamer has none of {', '.join(wanted)}")


def has_nvdec() -> bool:
    """Whether PyNvVideoCodec is installed."""
    return importlib.util.find_spec("PyNvVideoCodec") is not None


def for_cameras() -> tuple[str, bool]:
    """What decodes H.264 and H.265 of cameras here, in words, and whether that is as good as the machine."""
    chosen = for_rtsp()
    if chosen.decoder == "nvdec":
        return f"PyNvVideoCodec, whose pictures are scaled on the CPU, because {chosen.why}", False
    if chosen.decoder == "pyav":
        return f"PyAV on the CPU, because {chosen.why or 'nothing of NVIDIA is here'}", not chosen.why
    from appliance.decode.gstreamer_decoding import has

    said, are_good = [], True
    for codec in DECODERS:
        try:
            decoder = Decoders(DECODERS, only_hardware=True).choose(codec, has)
        except NoDecoder:
            said.append(f"PyAV on the CPU, because GStreamer has no hardware decoder for {codec}")
            are_good = False
            continue
        said.append(f"{decoder.element}, because {decoder.why}")
        are_good = are_good and decoder.caps != ""
    return "; ".join(said), are_good


def live_source(camera: CameraSettings, login: str | None = None) -> LiveSource | None:
    """What stays with a camera while it comes and goes; None for a file, also one on the network.

    ``login`` is ``user:password``; left out, it is what the settings name. Raises ``Refusal`` where that is missing.
    """
    if is_file(camera.source) or not camera.is_live:
        return None
    known = login_of(camera.login) if login is None else login
    opened = partial(open_source, camera, known, decoders=_decoders_of(camera))
    return LiveSource(opened, ask=lambda: ask(camera.source))
