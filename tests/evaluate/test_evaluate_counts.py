"""``appliance evaluate counts`` on files: hand-made truth, CSV, windows, limits and bad input."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.evaluate.conftest import Cli
from tests.shared_data import shared

DIRECTIONS = ("forward", "backward")
COLUMNS = ("line", "direction", "class", "frame", "pts_s", "track_id", "confidence")

Tree = dict[str, Any]


def row(frame: float, direction: str = "forward", class_name: str = "car", line: str = "road") -> Tree:
    return {"line": line, "direction": direction, "class": class_name, "frame": frame, "pts_s": frame / 25}


def counts_of(*crossings: Tree, **more: Any) -> Tree:
    """What ``appliance count --json`` writes."""
    return {"lines": {"road": {name: {"total": 0} for name in DIRECTIONS}}, "crossings": list(crossings), "frames": 100, **more}


def truth_of(*crossings: Tree, **more: Any) -> Tree:
    """What a synthetic scene writes."""
    lines = {"road": {"points": [[0, 0.5], [1, 0.5]], "classes": ["car"]}}
    return {
        "video": "a.mp4",
        "frames": 100,
        "fps": 25.0,
        "size": [640, 360],
        "lines": lines,
        "crossings": list(crossings),
        **more,
    }


def hand_made(*crossings: tuple[int, str, str]) -> Tree:
    """What somebody wrote who looked: one line, words of his own, no times."""
    rows = [{"frame": frame, "direction": direction, "class": name, "note": "blue"} for frame, direction, name in crossings]
    return {"fps": 25.0, "frames": 100, "line": [[0, 0.5], [1, 0.5]], "crossings": rows}


class Folder:
    """Where the files of a test are."""

    def __init__(self, path: Path, cli: Cli) -> None:
        self.path, self.cli = path, cli

    def write(self, counted: Tree | str, truth: Tree | str) -> tuple[Path, Path]:
        """Both files, as JSON or as the text that is given."""
        paths = self.path / "counted.json", self.path / "truth.json"
        for path, content in zip(paths, (counted, truth)):
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return paths

    def compare(self, counted: Tree, truth: Tree, *words: str) -> Tree:
        """The JSON of a comparison that has worked."""
        outcome = self.cli("evaluate", "counts", *self.write(counted, truth), "--json", self.path / "out.json", *words)
        assert (outcome.exit_code, outcome.stderr) == (0, "")
        found: Tree = json.loads((self.path / "out.json").read_text())
        return found


@pytest.fixture
def folder(tmp_path: Path, cli: Cli) -> Folder:
    return Folder(tmp_path, cli)


def volumes(found: Tree) -> dict[tuple[str, str], tuple[int, int]]:
    return {(score["line"], score["direction"]): (score["truth"], score["counted"]) for score in found["movements"]}


def test_a_comparison_for_machines(folder: Folder) -> None:
    found = folder.compare(counts_of(row(10), row(52, "backward", "bus")), truth_of(row(9.5), row(50, "backward"), row(80)))
    assert {name: found[name] for name in ("observed_s", "interval_s", "tolerance_s", "notes")} == {
        "observed_s": 4.0,
        "interval_s": 60.0,
        "tolerance_s": 0.5,
        "notes": [],
    }
    assert found["wmape"] == pytest.approx(1 / 3)
    assert found["wmape_by_class"] == 1
    backward, forward = found["movements"]
    assert (backward["direction"], backward["other_class"], backward["matched"]) == ("backward", 1, 1)
    assert backward["largest_time_error_s"] == 0.08
    assert (forward["truth"], forward["counted"], forward["error"], forward["extra"]) == (2, 1, -1, [])
    assert forward["missing"] == [{"class": "car", "frame": 80, "pts_s": 3.2}]
    assert {"start_s": 0.0, "line": "road", "direction": "forward", "class": "car", "truth": 2, "counted": 1, "error": -1} in (
        found["intervals"]
    )


def test_a_comparison_for_people_fits_a_small_terminal(folder: Folder) -> None:
    outcome = folder.cli("evaluate", "counts", *folder.write(counts_of(row(10)), truth_of(row(9.5), row(50, "backward"))))
    assert "wMAPE 50.0%" in outcome.stdout
    assert "missing: car, road backward, frame 50 (2.00 s)" in outcome.stdout
    assert "…" not in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_a_hand_made_file_has_words_of_its_own(folder: Folder) -> None:
    truth = hand_made((10, "down", "van"), (20, "up", "car"))
    words = ("--directions", "down=forward,up=backward", "--classes", "car+van+truck=vehicle")
    found = folder.compare(counts_of(row(11), row(20, "backward", "truck")), truth, *words)
    assert volumes(found) == {("road", "backward"): (1, 1), ("road", "forward"): (1, 1)}
    assert found["wmape_by_class"] == 0
    assert [score["largest_time_error_s"] for score in found["movements"]] == [0, 0.04]


def test_frames_are_the_clock_where_the_truth_has_no_times(folder: Folder) -> None:
    late = {**row(10), "pts_s": 7.0}  # a video that begins at 6.6 s, or whose frames are not evenly spaced
    found = folder.compare(counts_of(late), hand_made((10, "forward", "car")))
    assert found["movements"][1]["largest_time_error_s"] == 0


@pytest.mark.parametrize(
    ("window", "truth", "counted", "observed_s"),
    [
        pytest.param((), 4, 4, 4.0, id="all"),
        pytest.param(("--from", "10", "--to", "50"), 2, 2, 1.64, id="both ends are in it"),
        pytest.param(("--from", "11", "--to", "49"), 0, 0, 1.56, id="neither end is"),
        pytest.param(("--to", "10"), 2, 1, 0.44, id="each side by its own frame"),
        pytest.param(("--to", "500"), 4, 4, 4.0, id="beyond the end"),
    ],
)
def test_a_window(folder: Folder, window: tuple[str, ...], truth: int, counted: int, observed_s: float) -> None:
    frames = ((9, 10, 50, 99), (11, 10, 50, 99)) if window == ("--to", "10") else ((0, 10, 50, 99), (0, 10, 50, 99))
    found = folder.compare(counts_of(*map(row, frames[1])), truth_of(*map(row, frames[0])), *window)
    assert volumes(found)["road", "forward"] == (truth, counted)
    assert found["observed_s"] == pytest.approx(observed_s)


def test_lines_that_only_one_side_knows_are_named_and_left_out(folder: Folder) -> None:
    truth = truth_of(row(10), row(20, line="lane"))
    counted = counts_of(row(10), lines={"road": dict.fromkeys(DIRECTIONS, {}), "yard": dict.fromkeys(DIRECTIONS, {})})
    found = folder.compare(counted, truth)
    assert {line for line, _ in volumes(found)} == {"road"}
    assert found["notes"] == ["not compared, because only in the truth: lane", "not compared, because only in the counts: yard"]


def test_a_count_of_a_part_is_named(folder: Folder) -> None:
    found = folder.compare(counts_of(frames=40, complete=False), truth_of(row(10)))
    assert found["notes"] == ["only 40 of these 100 frames were counted", "the counts say that they are not complete"]


def write_csv(path: Path, *rows: Tree) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval=1)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([row(10), row(20)], {("road", "backward"): (1, 0), ("road", "forward"): (1, 2)}, id="one way only"),
        pytest.param([], {("road", "backward"): (1, 0), ("road", "forward"): (1, 0)}, id="empty"),
    ],
)
def test_crossings_in_a_csv(folder: Folder, rows: list[Tree], found: dict[tuple[str, str], tuple[int, int]]) -> None:
    _, truth = folder.write("", truth_of(row(10), row(50, "backward")))
    out = folder.path / "out.json"
    outcome = folder.cli("evaluate", "counts", write_csv(folder.path / "counted.csv", *rows), truth, "--json", out)
    assert outcome.exit_code == 0
    assert volumes(json.loads(out.read_text())) == found


def test_a_line_that_a_csv_is_silent_about_was_not_counted(folder: Folder) -> None:
    _, truth = folder.write("", truth_of(row(10), row(20, line="lane")))
    out = folder.path / "out.json"
    folder.cli("evaluate", "counts", write_csv(folder.path / "counted.csv", row(10)), truth, "--json", out)
    assert volumes(json.loads(out.read_text()))["lane", "forward"] == (1, 0)


def test_no_truth_and_something_counted_is_an_infinite_error(folder: Folder) -> None:
    assert folder.compare(counts_of(row(10)), truth_of())["wmape"] is None
    outcome = folder.cli("evaluate", "counts", *folder.write(counts_of(row(10)), truth_of()), "--most-wmape", "9")
    assert (outcome.exit_code, outcome.stderr) == (1, "appliance: a wMAPE of at most 9 is wanted, found inf\n")


@pytest.mark.parametrize(("most", "exit_code"), [pytest.param("0.5", 0, id="reached"), pytest.param("0.499", 1, id="exceeded")])
def test_the_largest_wmape_that_is_wanted(folder: Folder, most: str, exit_code: int) -> None:
    files = folder.write(counts_of(row(10)), truth_of(row(10), row(50)))
    outcome = folder.cli("evaluate", "counts", *files, "--most-wmape", most, "--json", folder.path / "out.json")
    assert outcome.exit_code == exit_code
    assert outcome.stderr == ("" if exit_code == 0 else "appliance: a wMAPE of at most 0.499 is wanted, found 0.5\n")
    assert json.loads((folder.path / "out.json").read_text())["wmape"] == 0.5
    assert sorted(path.name for path in folder.path.iterdir()) == ["counted.json", "out.json", "truth.json"]


TWO_LINES: Tree = {name: dict.fromkeys(DIRECTIONS, {}) for name in ("a", "b")}

BAD_FILES = [
    pytest.param("", truth_of(), "counted.json must be JSON, found a fault", id="empty file"),
    pytest.param(counts_of(), "road,forward", "truth.json must be JSON, found a fault", id="no JSON"),
    pytest.param("[" * 100_000, truth_of(), "counted.json must be JSON, found a fault", id="no end of brackets"),
    pytest.param(counts_of(), "[1]", "truth.json must be a JSON object, found a list", id="a list"),
    pytest.param({}, truth_of(), "counted.json: 'lines' is missing", id="no lines"),
    pytest.param(counts_of(), {"fps": 25, "frames": 9}, "truth.json: 'crossings' is missing", id="no crossings"),
    pytest.param(counts_of(), truth_of(fps=0), "truth.json: 'fps': .* found 0", id="no frames per second"),
    pytest.param(counts_of(), truth_of({"frame": 1}), "truth.json: 'crossings.0.direction' is missing", id="no direction"),
    pytest.param(counts_of(), truth_of(row(-1)), "truth.json: 'crossings.0.frame': .* found -1", id="frame before the first"),
    pytest.param(counts_of({**row(1), "line": None}), truth_of(), "counted.json: 'crossings.0.line'", id="count without a line"),
    pytest.param(counts_of(row(float("nan"))), truth_of(), "counted.json: 'crossings.0.frame'", id="not a number"),
    pytest.param(
        counts_of(),
        hand_made((1, "down", "car")),
        "line road has the directions backward, forward in the counts, found down: --directions",
        id="unknown direction",
    ),
    pytest.param(
        counts_of(),
        truth_of(lines={"lane": {}}),
        "counts and truth must have a line in common, found road in the counts and lane in the truth",
        id="no line in common",
    ),
    pytest.param(
        counts_of(lines=TWO_LINES),
        hand_made((1, "forward", "car")),
        "a crossing of the truth must name its line where there are several, found a, b",
        id="which line",
    ),
]


@pytest.mark.parametrize(("counted", "truth", "sentence"), BAD_FILES)
def test_bad_files_are_refused(folder: Folder, counted: Tree | str, truth: Tree | str, sentence: str) -> None:
    outcome = folder.cli("evaluate", "counts", *folder.write(counted, truth))
    assert_refused(outcome.exit_code, outcome.stderr, sentence)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(("--interval-s", "0"), "--interval-s wants at least 0.001 and at most 1e\\+09, found 0", id="no interval"),
        pytest.param(("--interval-s", "-5"), "--interval-s wants .* found -5", id="interval below 0"),
        pytest.param(("--interval-s", "nan"), "--interval-s wants .* found nan", id="interval not a number"),
        pytest.param(("--tolerance-s", "-1"), "--tolerance-s wants at least 0 and at most 10, found -1", id="tolerance below 0"),
        pytest.param(("--tolerance-s", "60"), "--tolerance-s wants .* found 60", id="tolerance too large"),
        pytest.param(("--most-wmape", "-1"), "--most-wmape wants at least 0, found -1", id="wMAPE below 0"),
        pytest.param(("--directions", "down"), "--directions wants WORD=WORD .* found 'down'", id="no other word"),
        pytest.param(("--classes", "car=a,car=b"), "--classes wants .* each left word once, found 'car=b'", id="twice"),
        pytest.param(("--from", "5", "--to", "4"), "--from and --to want .* found 5 and 4", id="ends before it begins"),
        pytest.param(("--from", "-1"), "--from and --to want frames from 0 on", id="before the first frame"),
        pytest.param(("--from", "100"), "--from wants one of the 100 frames of the truth, found 100", id="after the last frame"),
        pytest.param(("--json", "{counted}"), "--json wants a file of its own, but .* is the counts", id="over the counts"),
        pytest.param(("--json", "/nowhere/out.json"), "--json wants a file that can be written", id="no such folder"),
    ],
)
def test_bad_words_are_refused(folder: Folder, words: tuple[str, ...], sentence: str) -> None:
    counted, truth = folder.write(counts_of(row(1)), truth_of(row(1)))
    outcome = folder.cli("evaluate", "counts", counted, truth, *(word.format(counted=counted) for word in words))
    assert_refused(outcome.exit_code, outcome.stderr, sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "counted.csv cannot be read: No such file", id="missing"),
        pytest.param("", "must have the columns line, direction, class, frame, pts_s, found none", id="empty"),
        pytest.param("line,frame\nroad,1\n", "must have the columns .* found line, frame", id="other columns"),
        pytest.param("line,direction,class,frame,pts_s\nroad,forward\n", "'crossings.0.class'", id="half a row"),
        pytest.param('line,direction,class,frame,pts_s\n"road', "must be CSV, found a fault", id="broken off"),
        pytest.param("line,direction,class,frame,pts_s\nroad,forward,car,x,1\n", "'crossings.0.frame': .* found 'x'", id="word"),
        pytest.param("\xff", "must be text, but it is not UTF-8", id="not text"),
    ],
)
def test_a_bad_csv_is_refused(folder: Folder, content: str | None, sentence: str) -> None:
    counted = folder.path / "counted.csv"
    if content is not None:
        counted.write_bytes(content.encode("latin-1"))
    outcome = folder.cli("evaluate", "counts", counted, folder.write("", truth_of())[1])
    assert_refused(outcome.exit_code, outcome.stderr, sentence)


def assert_refused(exit_code: int, stderr: str, sentence: str) -> None:
    """Exit code 2 and one sentence."""
    assert exit_code == 2
    assert len(stderr.splitlines()) == 1, stderr
    assert re.search(sentence, stderr)


def test_the_hand_count_of_the_highway_is_read_as_it_is(folder: Folder) -> None:
    path = shared("counts", "highway_two_way_720p.json")
    words = {"down": "forward", "up": "backward"}
    exact = [row(one["frame"], words[one["direction"]], one["class"]) for one in json.loads(path.read_text())["crossings"]]
    counted, _ = folder.write(counts_of(*exact[:-1], frames=736), "{}")
    files = (counted, path, "--json", folder.path / "out.json")
    outcome = folder.cli("evaluate", "counts", *files, "--directions", "down=forward,up=backward", "--to", "735")
    assert outcome.exit_code == 0
    found = json.loads((folder.path / "out.json").read_text())
    assert volumes(found) == {("road", "backward"): (36, 36), ("road", "forward"): (35, 35)}
    assert found["wmape_by_class"] == 0
