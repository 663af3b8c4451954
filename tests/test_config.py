"""Settings: what a site may be, what it may not, and that every refusal names the place, what was wanted and what was found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from appliance.config import SiteSettings
from appliance.errors import Refusal
from appliance.site_file import load_site, parse_site
from tests.yaml_bombs import BOMBS

LINE = {"name": "gate", "from": [0, 0.5], "to": [1, 0.5]}
CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def site(**more: Any) -> dict[str, Any]:
    """The least that a site is, and more."""
    camera = {"name": "yard", "source": "yard.mp4", "lines": [dict(LINE)]}
    return {"cameras": [camera], "detector": {"model": "tiny.onnx"}, **more}


ZONE = {"name": "island", "points": [[0, 0], [1, 0], [1, 1]]}


def with_zone(points: list[list[float]]) -> dict[str, Any]:
    return with_camera(zones=[{**ZONE, "points": points}])


def with_line(**more: Any) -> dict[str, Any]:
    """A site whose line is different in something."""
    return site(cameras=[{"name": "yard", "source": "yard.mp4", "lines": [{**LINE, **more}]}])


def with_camera(**more: Any) -> dict[str, Any]:
    """A site whose camera is different in something."""
    return site(cameras=[{"name": "yard", "source": "yard.mp4", **more}])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_that_we_ship_is_one(path: Path) -> None:
    assert isinstance(load_site(path), SiteSettings)


def test_a_site_may_have_no_cameras() -> None:
    assert parse_site(site(cameras=[])).cameras == ()


def test_a_site_has_sensible_settings_from_the_start() -> None:
    parsed = parse_site(site())
    assert parsed.cameras[0].lines[0].polyline == ((0, 0.5), (1, 0.5))
    assert (parsed.cameras[0].decoder, parsed.detector.backend, parsed.log_level) == ("auto", "auto", "warning")


@pytest.mark.parametrize(
    ("source", "pace", "is_live"),
    [
        ("yard.mp4", "auto", False),
        ("rtsp://yard/1", "auto", True),
        ("0", "auto", True),
        ("yard.mp4", "live", True),
        ("http://yard/a.mp4", "file", False),
    ],
)
def test_what_is_live(source: str, pace: str, is_live: bool) -> None:
    assert parse_site(with_camera(source=source, pace=pace)).cameras[0].is_live is is_live


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        pytest.param(site(speed=3), "'speed' is not a known setting", id="unknown key"),
        pytest.param(site(tracker={"speed": 3}), "'tracker.speed' is not a known setting", id="unknown key below"),
        pytest.param(with_line(speed=3), "'cameras.0.lines.0.speed' is not a known setting", id="unknown key in a list"),
        pytest.param({"camera": [], "detector": {"model": "m"}}, "'camera' is not a known setting; 'cameras' is", id="misspelt"),
        pytest.param(with_camera(tranport="udp"), "'cameras.0.tranport' .*; 'transport' is", id="misspelt in a list"),
        pytest.param(with_line(form=[0, 0]), "lines.0.form' is not a known .*; 'from' is", id="as the file calls it"),
        pytest.param(site(cameras=None), "'cameras': .* found None", id="nothing in the place of cameras"),
        pytest.param({"detector": {"model": "m"}}, "'cameras' is missing", id="cameras missing"),
        pytest.param(site(detector={}), "'detector.model' is missing", id="model missing"),
        pytest.param(site(detector={"model": ""}), "'detector.model': .* at least 1 character, found ''", id="empty model"),
        pytest.param(site(site="a b"), "'site': a name is 1 to 64 letters, .* found 'a b'", id="name with a space"),
        pytest.param(with_camera(name="x" * 65), "'cameras.0.name': a name is 1 to 64", id="long name"),
        pytest.param(with_camera(source=""), "'cameras.0.source': .* found ''", id="empty source"),
        pytest.param(with_camera(first_frame=9, last_frame=3), "last frame .* found 9 to 3", id="last before first"),
        pytest.param(with_camera(decoder="vlc"), "one of auto, pyav, gstreamer, opencv, found 'vlc'", id="unknown decoder"),
        pytest.param(site(log_level="loud"), "one of debug, info, warning, error, found 'loud'", id="unknown level"),
        pytest.param(site(detector={"model": "m", "confidence": 2}), "less than or equal to 1, found 2", id="too confident"),
        pytest.param(site(detector={"model": "m", "confidence": "high"}), "valid number, .* found 'high'", id="no number"),
        pytest.param(site(detector={"model": "m", "threads": None}), "valid integer, found None", id="nothing"),
        pytest.param(with_line(to=[0, 0.5]), "needs a length, found the point 0,0.5 twice in a row", id="no length"),
        pytest.param(with_line(to=[1e-9, 0.5]), "needs a length", id="hardly any length"),
        pytest.param(with_line(to=[0, 1.01]), "'cameras.0.lines.0.to.1': .* equal to 1, found 1.01", id="outside"),
        pytest.param(with_line(to=[-0.1, 0]), "'cameras.0.lines.0.to.0': .* equal to 0, found -0.1", id="outside, left"),
        pytest.param(with_line(to=[float("nan"), 0]), "found nan", id="no number at all"),
        pytest.param(with_line(to=[float("inf"), 0]), "found inf", id="infinite"),
        pytest.param(with_line(to=None), "either 'from' and 'to', or 'points'", id="one end"),
        pytest.param(with_line(points=[[0, 0], [1, 1]]), "either 'from' and 'to', or 'points'", id="both forms"),
        pytest.param(with_line(to=[1, 1, 1]), "'cameras.0.lines.0.to'", id="three numbers"),
        pytest.param(with_line(anchor="top"), "'center', 'bottom_center' or 'top_center', found 'top'", id="unknown anchor"),
        pytest.param(with_line(directions={"forward": "in", "backward": "in"}), "found 'in' twice", id="twin directions"),
        pytest.param(with_camera(lines=[LINE, LINE]), "every line and zone needs a name .* found 'gate' twice", id="twin lines"),
        pytest.param(with_zone([[0, 0], [1, 1]]), "at least three corners, found 2", id="a zone without inside"),
        pytest.param(with_zone([[0, 0], [1, 1], [1, 0], [0, 1]]), "sides of a zone must not cross", id="an hourglass"),
        pytest.param(with_zone([[0, 0], [0, 0], [1, 0], [0, 1]]), "the corner 0,0 twice in a row", id="a corner twice"),
        pytest.param(with_camera(lines=[LINE], zones=[{**ZONE, "name": "gate"}]), "'gate' twice", id="a zone named as a line"),
        pytest.param(site(control={"bind": "gate"}), "address of this computer is wanted, found 'gate'", id="no address"),
        pytest.param(site(mqtt={"broker": "tcp://a"}), "mqtt://host.* or embedded, found 'tcp://a'", id="no broker's address"),
        pytest.param(site(mqtt={"broker": "mqtt://me:word@a"}), "a login does not belong into the address", id="a login in it"),
        pytest.param(site(intervals_min=[7]), "must divide a day into equal parts, found 7 minutes", id="seven minutes"),
        pytest.param(site(cameras=site()["cameras"] * 2), "every camera .* found 'yard' twice", id="twin cameras"),
        pytest.param(site(cameras={"a": 1}), "'cameras'", id="names in the place of a list"),
        pytest.param({1: 2}, "'1'|'cameras'", id="a number in the place of a name"),
        pytest.param(with_line(classes=["\ud800"]), r"lines.0.classes.0': text .* as UTF-8 is wanted, found '.ud800'", id="half"),
        pytest.param(site(counter={"towing_classes": ["\udfff"]}), "written as UTF-8 is wanted", id="half a class that tows"),
        pytest.param(site(time_zone="\ud800"), "'time_zone': text .* is wanted", id="half a zone"),
        pytest.param(site(data_dir="\ud800"), "'data_dir': .* not a valid path", id="half a path"),
        pytest.param(site(**{"\ud800": 1}), "written as UTF-8 is wanted", id="half a name"),
        pytest.param(with_line(classes=[""]), "at least 1 character", id="a class without a name"),
        pytest.param(with_line(classes=["a"] * 201), "at most 200 items", id="more classes than there are"),
        pytest.param(site(detector={"model": "m" * 4001}), "at most 4000 characters, found 'm{199}…", id="a novel"),
    ],
)
def test_what_is_no_site_is_refused_in_one_sentence(tree: dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal, match=says) as refusal:
        parse_site(tree, origin="site.yaml")
    assert refusal.value.usage
    assert refusal.value.sentence.startswith("site.yaml: ")
    assert refusal.value.sentence.encode()
    assert "\n" not in refusal.value.sentence


@pytest.mark.parametrize(
    ("override", "place", "value"),
    [
        pytest.param("site=north", "site", "north", id="a name"),
        pytest.param("detector.confidence=0.5", "detector.confidence", 0.5, id="a number below"),
        pytest.param("tracker.lost_s=2", "tracker.lost_s", 2.0, id="below what the file leaves out"),
        pytest.param("cameras.0.preview_px=320", "cameras.0.preview_px", 320, id="by position"),
        pytest.param("cameras.yard.preview_px=320", "cameras.0.preview_px", 320, id="by name"),
        pytest.param("cameras.yard.lines.gate.classes=[car, bus]", "cameras.0.lines.0.classes", ("car", "bus"), id="a list"),
        pytest.param("cameras.yard.lines.gate.to.0=0.9", "cameras.0.lines.0.end.0", 0.9, id="inside a list"),
        pytest.param("cameras.0.source=a=b.mp4", "cameras.0.source", "a=b.mp4", id="a value with an equals sign"),
    ],
)
def test_overrides_reach_any_setting(override: str, place: str, value: object) -> None:
    found: Any = parse_site(site(), [override])
    for name in place.split("."):
        found = found[int(name)] if name.isdigit() else getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("override", "says"),
    [
        pytest.param("site", "--set wants NAME=VALUE, found 'site'", id="no equals sign"),
        pytest.param("=3", "--set wants NAME=VALUE, found '=3'", id="no name"),
        pytest.param("site..x=3", "--set wants NAME=VALUE", id="a name left out"),
        pytest.param("speed=3", "'speed' is not a known setting", id="unknown"),
        pytest.param("detector.speed.x=3", "'detector.speed' is not a known setting", id="unknown, two levels"),
        pytest.param("detector.model.x=3", "'model' is a value and has nothing below it", id="below a value"),
        pytest.param("cameras.0.lines.0.to.0.x=3", "'0' is a value and has nothing below it", id="below a number"),
        pytest.param("cameras.north.name=a", "there is no 'north' among the 1 items there", id="no such camera"),
        pytest.param("cameras.1.name=a", "there is no '1' among the 1 items there", id="no such position"),
        pytest.param("detector.confidence=[", "--set detector.confidence: the value must be YAML, found a fault", id="YAML"),
        pytest.param("detector.confidence=2020-99-99", "must be YAML, found a fault", id="a date that is none"),
        pytest.param("cameras=3", "'cameras'", id="a number in the place of a list"),
    ],
)
def test_overrides_that_reach_nothing_are_refused(override: str, says: str) -> None:
    with pytest.raises(Refusal, match=re.escape(says)) as refusal:
        parse_site(site(), [override])
    assert refusal.value.usage


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "must hold names and values, found nothing", id="empty"),
        pytest.param(b"- a\n", "must hold names and values, found list", id="a list"),
        pytest.param(b"just words", "must hold names and values, found str", id="words"),
        pytest.param(b"cameras: [", "must be YAML, found a fault: .* line 1", id="not closed"),
        pytest.param(b"a: 1\n\tb: 2\n", "must be YAML, found a fault", id="a tab"),
        pytest.param(b"site: a\nsite: b\n", 'found duplicate key "site"', id="a key twice"),
        pytest.param(b"a: !!python/object:os.system {}\n", "must be YAML, found a fault", id="a program"),
        pytest.param(b"a: 2020-13-45\n", "must be YAML, found a fault: month must be in 1..12", id="a date that is none"),
        pytest.param(b"a: \x00\n", "must be YAML, found a fault", id="a zero byte"),
        pytest.param(b"site: caf\xe9\n", "must be text in UTF-8, found 0xe9", id="Latin-1"),
        pytest.param(b"[" * 3000, "must be YAML, found a fault", id="too deep"),
        pytest.param(b"&a a: *b\n", "must be YAML, found a fault", id="a name for nothing"),
    ],
)
def test_what_is_no_yaml_is_refused_in_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=says) as refusal:
        load_site(path)
    assert refusal.value.usage
    assert str(path) in refusal.value.sentence
    assert "\n" not in refusal.value.sentence


@pytest.mark.parametrize(("text", "says"), BOMBS.values(), ids=BOMBS.keys())
def test_a_few_lines_that_stand_for_more_than_fits_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(Refusal, match=f"must be YAML, found a fault: {says}"):
        load_site(path)


def test_what_stands_for_something_else_may_do_so(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        "cameras:\n- &gate\n  name: gate\n  source: rtsp://gate/1\n  lines: &lines [{name: a, from: &a [0, 0], to: [1, 1]}]\n"
        "- {<<: *gate, name: yard}\n"
        "- {name: roof, source: b.mp4, lines: *lines, zones: [{name: z, points: [*a, [1, 0], [1, 1]]}]}\n"
        "detector: {model: demo}\n"
    )
    gate, yard, roof = load_site(path).cameras
    assert (yard.source, yard.lines, roof.lines) == (gate.source, gate.lines, gate.lines)


def test_a_file_that_is_no_text_for_people_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("#" * 1_000_001)
    with pytest.raises(Refusal, match="at most 1000000 bytes are wanted, found 1000001"):
        load_site(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="nowhere.yaml cannot be read: No such file or directory"):
        load_site(tmp_path / "nowhere.yaml")
