"""Changing values of a text: a table of scenes, each with the whole text before and after."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.configuration import changes
from appliance.configuration.changes import Change
from appliance.configuration.reading import read_site
from appliance.configuration.rewriting import is_same, rewritten
from appliance.errors import Refusal
from tests.configuration.sites import A_LINE, CAMERAS, CONFIGS, NAMES, TEXT, a_camera


def changed(text: str, change: Change) -> str:
    source = read_site(text.encode(), "site.yaml")
    tree = deepcopy(source.tree)
    change(tree)
    return rewritten(source, tree, "site.yaml").text


def exchanged(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each of these parts, which is there once, in another form."""
    for before, after in pairs:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


NEW_LINE = """      - name: exit
        from: [0, 0.5]
        to: [1, 0.5]
"""
NEW_CAMERA = """  - name: roof
    source: roof.mp4
"""


@pytest.mark.parametrize(
    ("change", "pairs"),
    [
        pytest.param(changes.set_value("detector.confidence", 0.5), [("0.3  #", "0.5  #")], id="a value, beside its comment"),
        pytest.param(changes.set_value("cameras.gate.source", "0"), [("gate.mp4    #", '"0"    #')], id="digits get quotes"),
        pytest.param(
            changes.set_value("cameras.1.source", "a: b"), [("yard.mp4", '"a: b"')], id="what looks like YAML gets quotes"
        ),
        pytest.param(changes.set_value("cameras.gate.name", "door"), [("name: gate ", "name: door ")], id="another name"),
        pytest.param(changes.set_value("cameras.gate.lines.entry.to.0", 0.9), [("[1.0,  0.7]", "[0.9,  0.7]")], id="in brackets"),
        pytest.param(
            changes.set_value("detector.backend", "openvino"), [("# the score\n", "# the score\n  backend: openvino\n")], id="new"
        ),
        pytest.param(
            changes.set_value("tracker.lost_s", 2),
            [("data_dir: data\n", "data_dir: data\ntracker:\n  lost_s: 2\n")],
            id="in a new section, at the end but before the last comments",
        ),
        pytest.param(
            changes.add_camera(a_camera("roof")),
            [("    source: yard.mp4\n", f"    source: yard.mp4\n{NEW_CAMERA}")],
            id="a camera",
        ),
        pytest.param(
            changes.add_line("gate", {**A_LINE, "name": "exit"}),
            [("        # anchor: center\n", f"        # anchor: center\n{NEW_LINE}")],
            id="a line, behind the comments of the one before",
        ),
        pytest.param(
            changes.add_line("yard", {**A_LINE, "name": "exit"}),
            [("    source: yard.mp4\n", f"    source: yard.mp4\n    lines:\n{NEW_LINE}")],
            id="a first line",
        ),
        pytest.param(
            changes.remove_camera("yard"),
            [("  # the yard, seen from the roof\n  - name: yard\n    source: yard.mp4\n\n", "")],
            id="a camera goes with its own comment, and the one above stays",
        ),
        pytest.param(
            changes.remove_line("gate", "entry"),
            [(TEXT[TEXT.index("    lines: ") : TEXT.index("\n  # the yard")], "    lines: []\n        # anchor: center\n")],
            id="the last line",
        ),
        pytest.param(
            changes.replace_line("gate", "entry", {"name": "entry", "from": [0, 0.7], "to": [1, 0.2]}),
            [("[1.0,  0.7]", "[1.0,  0.2]"), ("        classes: [car, bus]\n", "")],
            id="another line: only what is different",
        ),
        pytest.param(
            changes.patch("detector", {"confidence": None}), [("  confidence: 0.3  # the score\n", "")], id="back to the default"
        ),
        pytest.param(
            changes.set_value("cameras.gate.lines.entry.classes", ["car", "truck", "bus"]),
            [("[car, bus]", "[car, truck, bus]")],
            id="one more in brackets",
        ),
        pytest.param(changes.set_value("cameras.gate.lines.entry.classes", []), [("[car, bus]", "[]")], id="none in brackets"),
    ],
)
def test_only_what_is_changed_is_different(change: Change, pairs: list[tuple[str, str]]) -> None:
    assert changed(TEXT, change) == exchanged(TEXT, *pairs)


@pytest.mark.parametrize("ending", ["", "\n", "\n# the end"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_stay_what_they_are(newline: str, ending: str) -> None:
    text = f"detector: {{model: m}}\ncameras:\n- name: a\n  source: b{ending}".replace("\n", newline)
    wanted = text.replace("source: b", "source: b\n- name: roof\n  source: roof.mp4".replace("\n", newline))
    assert changed(text, changes.add_camera(a_camera("roof"))) == wanted


IN_BRACKETS = "{cameras: [{name: a, source: b, login: 'env:A',}, {name: c, source: d}], detector: {model: m}}\n"


@pytest.mark.parametrize(
    ("change", "pair"),
    [
        pytest.param(changes.remove_value("cameras.a.login"), (", login: 'env:A',", ","), id="the last goes"),
        pytest.param(changes.remove_value("cameras.a"), ("{name: a, source: b, login: 'env:A',}, ", ""), id="the first goes"),
        pytest.param(changes.set_value("cameras.c.pace", "live"), ("source: d", "source: d, pace: live"), id="one comes"),
        pytest.param(changes.add_camera(a_camera("e")), ("d}]", "d}, {name: e, source: e.mp4}]"), id="a camera comes"),
        pytest.param(changes.set_value("site", "x"), ("{model: m}}", "{model: m}, site: x}"), id="outside"),
    ],
)
def test_what_stands_in_brackets_comes_and_goes(change: Change, pair: tuple[str, str]) -> None:
    assert changed(IN_BRACKETS, change) == exchanged(IN_BRACKETS, pair)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_where_nothing_changes_every_byte_stays(path: Path) -> None:
    assert changed(path.read_text(), lambda tree: None) == path.read_text()


def test_what_an_alias_stands_for_is_not_changed_behind_its_back() -> None:
    text = exchanged(TEXT, ("[car, bus]", "&all [car, bus]"), ("    source: yard.mp4\n", "    source: yard.mp4\n    zones: []\n"))
    line = "    lines: [{name: x, from: [0, 0], to: [1, 1], classes: *all}]\n"
    text = exchanged(text, ("    zones: []\n", line))
    assert changed(text, changes.set_value("cameras.gate.source", "a")) == exchanged(text, ("gate.mp4", "a"))
    assert changed(text, changes.set_value("cameras.yard.lines.x.classes", ["car"])) == exchanged(text, ("*all", "[car]"))
    with pytest.raises(Refusal, match="cannot be changed so by a program"):
        changed(text, changes.set_value("cameras.gate.lines.entry.classes", ["car"]))


@given(st.lists(CAMERAS, min_size=1, max_size=4, unique_by=lambda camera: camera["name"]), st.sampled_from([TEXT, "flow"]), NAMES)
@settings(max_examples=150)
def test_any_cameras_become_any_others(cameras: list[dict[str, Any]], form: str, site: str) -> None:
    text = "{cameras: [{name: a, source: b}, {name: yard, source: d}], detector: {model: m}}\n" if form == "flow" else form

    def change(tree: dict[str, Any]) -> None:
        tree["cameras"], tree["site"] = cameras, site

    now = read_site(changed(text, change).encode(), "").tree
    assert is_same(now["cameras"], cameras)
    assert now["site"] == site
