"""What the command line makes of its words; whole commands are in tests/system."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from appliance.errors import Refusal
from appliance.options import parse_line
from appliance.site_file import parse_site
from tests.system.cli import run_cli


@pytest.mark.parametrize(
    ("text", "points"),
    [
        pytest.param("road=0,0.7,1,0.7", [(0, 0.7), (1, 0.7)], id="two points"),
        pytest.param("corner=0,0,0.5,0.5,1,0", [(0, 0), (0.5, 0.5), (1, 0)], id="with a corner"),
    ],
)
def test_a_line_has_a_name_and_points(text: str, points: list[tuple[float, float]]) -> None:
    line = parse_line(text, "car, truck,", "bottom_center")
    site = parse_site({"cameras": [{"name": "a", "source": "a.mp4", "lines": [line]}], "detector": {"model": "m"}})
    (parsed,) = site.cameras[0].lines
    assert list(parsed.polyline) == points
    assert parsed.classes == ("car", "truck")
    assert parsed.anchor.height_share == 0.5


@pytest.mark.parametrize("text", ["road", "road=", "road=0,0.7", "road=0,0.7,1", "road=a,b,c,d", "0,0.7,1,0.7"])
def test_a_line_that_is_none_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(Refusal, match=f"NAME=x1,y1,x2,y2.*found '{re.escape(text)}'"):
        parse_line(text, "", "center")


@pytest.mark.parametrize("text", ["road=0,504,1280,504", "road=0,0.7,1280,0.7"])
def test_pixels_are_refused_with_what_is_wanted_instead(text: str) -> None:
    with pytest.raises(Refusal, match=f"fractions of the frame, from 0 to 1, found '{text}': are these pixels"):
        parse_line(text, "", "center")


def test_a_live_camera_is_sent_to_where_it_belongs() -> None:
    """Its address may hold a password, and is not repeated."""
    outcome = run_cli("count", "rtsp://me:word@gate/main", "--model", "demo", "--line", "a=0,0,1,1")
    assert (outcome.exit_code, "for 'appliance run'" in outcome.stderr, "word" in outcome.stderr) == (2, True, False)


def test_help_names_every_command() -> None:
    outcome = run_cli("--help")
    assert outcome.exit_code == 0
    for command in ("count", "run", "version"):
        assert command in outcome.stdout


@pytest.mark.parametrize("word", ["version", "--version"])
def test_the_version_is_printed(word: str) -> None:
    outcome = run_cli(word)
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", outcome.stdout)


BREAKS_OFF = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *more):
        if name == "appliance.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from appliance.__main__ import main
main()
"""


def test_who_breaks_it_off_at_once_reads_no_traceback() -> None:
    """Most of the first half second is importing."""
    done = subprocess.run([sys.executable, "-c", BREAKS_OFF], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
