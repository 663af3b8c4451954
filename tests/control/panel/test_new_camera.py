"""What was filled in for a new camera: what of it can be, and at which field it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.config import Pace
from appliance.control.panel.new_camera import AtField, NewCamera, field_of, free_name

GATE = {"name": "gate", "source": "rtsp://gate/1"}


@pytest.mark.parametrize(
    ("filled_in", "field", "sentence"),
    [
        ({"source": ""}, "source", "an address, a file or the number of a webcam is wanted"),
        ({"name": ""}, "name", "a name is 1 to 64 letters"),
        ({"name": "<b>gate</b>"}, "name", "a name is 1 to 64 letters"),
        ({"user": "a:b", "password": "c"}, "user", "a user without ':' is wanted"),
        ({"password": "c"}, "user", "a password needs a user"),
        ({"source": "0", "user": "me"}, "user", "only a camera with an address has a login"),
        ({"source": "rtsp://me:word@gate"}, "source", "a password does not belong into the address"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(filled_in: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(AtField, match=sentence) as fault:
        NewCamera(**{**GATE, **filled_in}).settings()
    assert fault.value.field == field
    assert "word" not in fault.value.sentence.replace("password", "")


def test_a_file_is_watched_at_its_own_pace_and_a_camera_as_it_comes() -> None:
    assert NewCamera("gate", "rtsp://gate/1").settings().pace is Pace.AUTO
    assert NewCamera("gate", "/videos/gate.mp4").settings().pace is Pace.PLAYED


def test_a_closed_door_is_a_matter_of_the_password() -> None:
    assert field_of("rtsp://gate: a login is wanted, found none") == "password"
    assert field_of("rtsp://gate: the connection is refused") == "source"


def test_a_name_that_is_free() -> None:
    assert (free_name({}), free_name({"camera-1", "camera-3"})) == ("camera-1", "camera-2")
