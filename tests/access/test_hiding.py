"""Secrets never reach the audit log."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.hiding import without_secrets
from appliance.access.token_text import make_text

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"name": "gate", "port": 554, "on": True, "gone": None}, None),
        ({"login": "env:CAMERA"}, None),
        ({"login": "file:/run/login"}, None),
        ({"login": f"user:{SECRET}"}, {"login": "***"}),
        ({"password": SECRET}, {"password": "***"}),
        ({"password": 1234}, {"password": "***"}),
        ({"password": ""}, None),
        ({"accessToken": SECRET, "ACCESS_TOKEN": SECRET}, {"accessToken": "***", "ACCESS_TOKEN": "***"}),
        ({"mqttPassword": {"value": SECRET}}, {"mqttPassword": "***"}),
        ([f"rtsp://user:{SECRET}@camera/stream"], ["rtsp://***@camera/stream"]),
        (f"rtsp://user:{SECRET}/@x@camera/stream", "rtsp://***@camera/stream"),
        ("rtsp://camera:554/stream?profile=1", None),
        (f"http://camera/video?user=a&password={SECRET}&x=1", "http://camera/video?user=a&password=***&x=1"),
        (f"http://camera/video?api_key={SECRET}", "http://camera/video?api_key=***"),
        (f"rtsp://camera/user=admin_password={SECRET}_channel=1.sdp?real", "rtsp://camera/user=admin_password=***"),
        (f"rtsp://camera/user=admin&password={SECRET}&channel=1", "rtsp://camera/user=admin&password=***&channel=1"),
        (f"http://camera/v.cgi?loginuse=a&loginpas={SECRET}=={SECRET}/&r=1", "http://camera/v.cgi?loginuse=a&loginpas=***&r=1"),
        (f"gst:rtspsrc user-id=a user-pw={SECRET} ! x", "gst:rtspsrc user-id=a user-pw=*** ! x"),
        ("rtsp://camera/a=b?password=&c===&", None),
        ({"bypass": True, "passes": 3}, None),
    ],
    ids=str,
)
def test_what_is_kept(value: object, kept: object) -> None:
    found = without_secrets(value)
    assert found == (value if kept is None else kept)
    assert SECRET not in json.dumps(found)


@given(st.recursive(st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)))
def test_a_token_is_found_wherever_it_stands(tree: object) -> None:
    text = make_text()
    value = {"tree": tree, "here": [{"note": f"made {text}, gone"}], "bare": text}
    found = json.dumps(without_secrets(value))
    assert text[16:] not in found
    assert text[:16] in found
