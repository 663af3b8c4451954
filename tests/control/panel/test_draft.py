"""Drafts of lines and zones: what would stand in the file, and which field is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.config import CameraSettings
from appliance.control.panel.editor.draft import Draft, Field, draft_of, faults_of, fields_of, free_name, new_draft, points_of
from appliance.counted import LineSettings, ZoneSettings

CAMERA = CameraSettings.model_validate(
    {
        "name": "gate",
        "source": "gate.mp4",
        "lines": [
            {"name": "plain", "from": [0.1, 0.2], "to": [0.3, 0.4]},
            {"name": "bent", "points": [[0, 0], [0.5, 0.5], [1, 0]], "directions": {"forward": "in", "backward": "out"}},
        ],
        "zones": [{"name": "yard", "points": [[0, 0], [1, 0], [1, 1]], "classes": ["car"], "anchor": "bottom_center"}],
    }
)
LINE = Draft("line", "", "new", ((0.1, 0.2), (0.3, 0.4)), "forward", "backward")
ZONE = Draft("zone", "", "new", ((0.1, 0.1), (0.3, 0.1), (0.3, 0.4)), "enter", "exit")


@pytest.mark.parametrize("counted", CAMERA.counted, ids=lambda counted: counted.name)
def test_what_stands_in_the_file_is_the_same_again(counted: LineSettings | ZoneSettings) -> None:
    assert type(counted).model_validate(draft_of(counted).item).polyline == counted.polyline
    assert type(counted).model_validate(draft_of(counted).item).directions == counted.directions


def test_what_is_usual_is_not_written() -> None:
    assert LINE.item == {"name": "new", "from": [0.1, 0.2], "to": [0.3, 0.4]}
    assert ZONE.item == {"name": "new", "points": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]]}
    assert replace(LINE, classes=("car",), anchor="bottom_center", forward="in").item == {
        **LINE.item,
        "classes": ["car"],
        "anchor": "bottom_center",
        "directions": {"forward": "in", "backward": "backward"},
    }


def test_a_line_turned_leads_the_other_way() -> None:
    assert LINE.turned().points == LINE.points[::-1]
    assert LINE.turned().turned() == LINE


FAULTS: dict[str, tuple[Draft, dict[Field, str]]] = {
    "nothing": (LINE, {}),
    "markup": (replace(LINE, name="<b>x</b>"), {"name": "a name is 1 to 64 letters, digits, '-' and '_'"}),
    "no name": (replace(LINE, name=""), {"name": "a name is 1 to 64 letters, digits, '-' and '_'"}),
    "another's name": (
        replace(LINE, name="yard"),
        {"name": "there is another 'yard' at this camera; a line or zone needs a name of its own"},
    ),
    "its own name": (replace(LINE, origin="plain", name="plain"), {}),
    "a direction": (replace(LINE, forward="to the left"), {"forward": "a name is 1 to 64 letters, digits, '-' and '_'"}),
    "directions of one name": (
        replace(LINE, forward="in", backward="in"),
        {"backward": "the two directions need different names, found 'in' twice"},
    ),
    "no length": (
        replace(LINE, points=((0.5, 0.5), (0.5, 0.5))),
        {"points": "a line needs a length, found the point 0.5,0.5 twice in a row"},
    ),
    "a knot": (
        replace(ZONE, points=((0, 0), (1, 1), (1, 0), (0, 1))),
        {"points": "the sides of a zone must not cross or touch each other"},
    ),
}


@pytest.mark.parametrize(("draft", "faults"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_told_at_their_field(draft: Draft, faults: dict[Field, str]) -> None:
    assert faults_of(draft, CAMERA) == faults


def test_faults_of_a_whole_site_find_their_field() -> None:
    faults = {"cameras.0.lines.1.name": "no", "cameras.0.lines.1.directions.forward": "neither", "site": "of something else"}
    assert fields_of(faults, LINE) == {"name": "no", "forward": "neither"}


def test_a_new_one_has_a_name_that_is_free() -> None:
    assert new_draft("line", ((0, 0), (1, 1)), CAMERA).name == "line-1"
    assert free_name("zone", ("zone-1", "zone-3")) == "zone-2"


@pytest.mark.parametrize("sent", [None, "x", [[1]], [[1, "2"]], [None], [[0, 0]] * 1001])
def test_what_no_browser_of_ours_sends_is_no_points(sent: Any) -> None:
    with pytest.raises(ValueError, match="wanted|two numbers"):
        points_of(sent)


def test_points_stay_in_the_picture() -> None:
    assert points_of([[-1, 0.123456], [float("nan"), float("inf")]]) == ((0.0, 0.1235), (0.0, 1.0))
