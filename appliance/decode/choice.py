"""Which source reads a camera."""

from __future__ import annotations

from appliance.config import CameraSettings
from appliance.decode.source import Source
from appliance.errors import Refusal


def open_source(camera: CameraSettings) -> Source:
    """The source of a camera: PyAV for files and addresses, OpenCV for webcams and where it is asked for."""
    is_webcam = camera.source.isdigit()
    if camera.decoder == "opencv" or (camera.decoder == "auto" and is_webcam):
        from appliance.decode.opencv_source import OpenCvSource

        return OpenCvSource(camera.source)
    if is_webcam:
        raise Refusal(f"camera '{camera.name}': a webcam needs the decoder opencv, found {camera.decoder}", usage=True)
    from appliance.decode.pyav_source import PyAvSource

    return PyAvSource(camera.source)
