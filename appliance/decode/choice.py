"""Which source reads a camera."""

from __future__ import annotations

from appliance.config import CameraSettings
from appliance.decode.address import login_of, with_login
from appliance.decode.live_source import LiveSource
from appliance.decode.source import Source, is_file, is_webcam
from appliance.errors import Refusal


def open_source(camera: CameraSettings, login: str = "") -> Source:
    """The source of a camera: PyAV for files and addresses, OpenCV for webcams and where it is asked for."""
    if camera.decoder == "opencv" or (camera.decoder == "auto" and is_webcam(camera.source)):
        from appliance.decode.opencv_source import OpenCvSource

        return OpenCvSource(with_login(camera.source, login))
    if is_webcam(camera.source):
        raise Refusal(f"camera '{camera.name}': a webcam needs the decoder opencv, found {camera.decoder}", usage=True)
    from appliance.decode.pyav_source import PyAvSource

    return PyAvSource(with_login(camera.source, login), camera.transport, camera.stall_s)


def live_source(camera: CameraSettings) -> LiveSource | None:
    """What stays with a camera while it comes and goes; None for a file. Raises ``Refusal`` where its login is missing."""
    if is_file(camera.source):
        return None
    login = login_of(camera.login) if camera.login else ""
    return LiveSource(lambda: open_source(camera, login))
