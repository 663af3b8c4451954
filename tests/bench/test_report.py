"""The report in all its forms."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from appliance.bench.machine import core_count, cpu_name, header
from appliance.bench.plot import BARS, WIDTH, draw
from appliance.bench.report import Report, show_part
from appliance.bench.row import Measure, Row, Target, failed
from appliance.errors import Refusal
from appliance.results import write_whole

HEADER = {"date": "2026-01-02 03:04 UTC", "CPU": "A processor", "cores": "2"}


def row(what: str, figure: float, target: Target | None = None) -> Row:
    return Row(
        part="tracker", what=what, ours=Measure(1, "ms"), other=Measure(figure, "ms"), against="it", figure=figure, target=target
    )


REPORT = Report(
    HEADER,
    [
        row("ten", 5.0, Target(least=4)),
        row("fifty", 2.0, Target(least=10)),
        row("some", 3.0),
        failed("backends", "bf16", "no | such"),
    ],
    {"tracker": 1.26, "backends": 0.5},
)


def bars_in(content: bytes) -> dict[str, int]:
    """The longest run of each bar's colour in the picture, pixels."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape[1] == WIDTH
    return {verdict: int((image == colour).all(axis=2).sum(axis=1).max()) for verdict, colour in BARS.items()}


def test_the_json_has_every_figure_and_verdict() -> None:
    tree = json.loads(json.dumps(REPORT.as_json(), allow_nan=False))
    assert tree["header"] == HEADER
    assert tree["seconds"] == {"tracker": 1.3, "backends": 0.5}
    assert [(row["figure"], row["verdict"]) for row in tree["rows"]] == [(5, "met"), (2, "missed"), (3, ""), (None, "")]
    assert tree["rows"][0]["ours"] == {"value": 1, "unit": "ms", "tail": None, "tail_name": ""}


def test_the_markdown_has_a_table_for_each_part() -> None:
    text = REPORT.as_markdown()
    assert text.startswith("date 2026-01-02 03:04 UTC, CPU A processor, cores 2\n")
    assert "| fifty | 1.00 ms | 2.00 ms | it | 2.00 times as fast | at least 10 | missed |" in text
    assert text.index("### tracker") < text.index("### backends") < text.index("no / such")


def test_bars_are_as_long_as_their_ratios() -> None:
    bars = bars_in(draw(REPORT))
    assert bars["met"] / bars["missed"] == pytest.approx(5 / 2, rel=0.05)
    assert bars["met"] / bars[""] == pytest.approx(5 / 3, rel=0.05)


def test_a_plot_without_ratios_is_still_a_picture() -> None:
    assert set(bars_in(draw(Report(HEADER, [failed("a", "b", "c")], {"a": 0.0}))).values()) == {0}


def test_the_header_knows_the_machine() -> None:
    found = header()
    assert list(found)[:4] == ["date", "CPU", "cores", "RAM"]
    assert found["cores"] == str(core_count())
    assert found["CPU"] == cpu_name() != ""
    assert {"appliance", "Python", "numpy", "openvino"} <= found.keys()


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_text("old")
    write_whole(target, b"new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be written to .*gone/result.json: No such file"):
        write_whole(tmp_path / "gone" / "result.json", b"new")


def test_the_way_out_is_told_with_its_brackets() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        show_part("backends", [failed("backends", "bf16", "pip install 'appliance[onnxruntime]'")], 1.0, console)
    assert "'appliance[onnxruntime]'" in captured.get()
