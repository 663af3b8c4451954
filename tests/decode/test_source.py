"""What is said of an address, which everybody may read."""

from __future__ import annotations

import pytest

from appliance.decode.source import hidden


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://me:s3cret@gate/1@2", "rtsp://***@gate/1@2"),
        ("rtsp://gate:554/stream?user=me&password=s3cret", "rtsp://gate:554/stream?user=me&password=***"),
        ("rtsp://gate/user=me_password=s3cret_channel=1.sdp", "rtsp://gate/user=me_password=***"),
        ("http://me:s3cret@gate/v.cgi?pwd=s3cret&rate=5", "http://***@gate/v.cgi?pwd=***&rate=5"),
        ("gst:rtspsrc location=rtsp://gate user-pw=s3cret ! fakesink", "gst:rtspsrc location=rtsp://gate user-pw=*** ! fakesink"),
        ("rtsp://gate/stream?channel=1", "rtsp://gate/stream?channel=1"),
        ("/videos/password=mine.mp4", "/videos/password=mine.mp4"),
        ("0", "0"),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    assert hidden(address) == shown
