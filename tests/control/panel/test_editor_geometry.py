"""The arrows on the picture never lie: what the browser draws as forward is what the counter counts as forward."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import appliance.control.panel.editor as editor
from appliance.control.panel.editor.draft import Draft
from appliance.control.panel.editor.marks import ARROWS, heading, marks_of
from appliance.count.counter import CountedLine
from appliance.count.line import Line
from appliance.counted import LineSettings, Point, ZoneSettings
from tests.control.panel.browser import needs_chromium
from tests.count.scenes import Scene, straight, walk

PARTS = Path(editor.__file__).parent / "parts"
# The picture on the screen and the camera's own, of other sizes and the same form.
SCREEN, CAMERA = (640.0, 360.0), (1280.0, 720.0)


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """With the component's geometry, as the browser has it."""
    page = chromium.new_page()
    source = (PARTS / "geometry.js").read_text()
    page.evaluate("async (source) => { window.g = await import('data:text/javascript,' + encodeURIComponent(source)) }", source)
    yield page
    page.close()


def call(page: Page, name: str, *calls: list[Any]) -> list[Any]:
    """What a function of the component gives, for each list of words."""
    return list(page.evaluate(f"(calls) => calls.map((words) => window.g.{name}(...words))", list(calls)))


def random_lines(number: int, seed: int) -> list[tuple[Point, ...]]:
    """Lines of two to four points whose pieces can be seen, and keep away from the middle of the longest of them."""
    dice = Random(seed)
    lines: list[tuple[Point, ...]] = []
    while len(lines) < number:
        points = tuple((dice.uniform(0.2, 0.8), dice.uniform(0.2, 0.8)) for _ in range(dice.choice((2, 2, 3, 4))))
        pieces = sorted(zip(points, points[1:]), key=lambda piece: math.dist(*on_screen(piece)))
        (left, top), (right, bottom) = on_screen(pieces.pop())
        middle = ((left + right) / 2, (top + bottom) / 2)
        if all(math.dist(*piece) > 0.1 and Line(on_screen(piece)).distance(middle) > 80 for piece in pieces):
            lines.append(points)
    return lines


def on_screen(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """In pixels."""
    return tuple((x * SCREEN[0], y * SCREEN[1]) for x, y in points)


def random_zones(number: int, seed: int) -> list[tuple[Point, ...]]:
    """Corners around a middle, clockwise or not."""
    dice, zones = Random(seed), []
    for _ in range(number):
        angles = sorted(dice.uniform(0, 0.8) + step for step in range(0, 6, dice.choice((1, 2))))
        corners = [(0.5 + 0.3 * math.cos(angle), 0.5 + 0.3 * math.sin(angle)) for angle in angles]
        zones.append(tuple(corners if dice.random() < 0.5 else corners[::-1]))
    return zones


def counted_along(polyline: tuple[Point, ...], start: Point, tip: Point) -> list[str]:
    """What the counter says of an object that goes along an arrow, in pixels of the screen: a little before it, and behind it."""
    line = Line(tuple((x * CAMERA[0], y * CAMERA[1]) for x, y in polyline))
    scale = CAMERA[0] / SCREEN[0]
    middle = (start[0] - (tip[0] - start[0]) / 25 * 9, start[1] - (tip[1] - start[1]) / 25 * 9)
    reach = ((tip[0] - middle[0]) * scale, (tip[1] - middle[1]) * scale)
    x, y = middle[0] * scale, middle[1] * scale
    way = straight((x - reach[0], y - reach[1]), (x + reach[0], y + reach[1]), 30)
    return Scene(walk(way), (CountedLine(line),)).counted()


@needs_chromium
def test_arrows_of_lines_point_where_the_counter_counts(page: Page) -> None:
    lines = random_lines(60, seed=1)
    for points, arrows in zip(lines, call(page, "arrows", *([on_screen(points), False] for points in lines))):
        settings = LineSettings.model_validate({"name": "x", "points": points})
        for side in ("forward", "backward"):
            seen = counted_along(settings.polyline, arrows[side]["start"], arrows[side]["tip"])
            assert seen == [f"{side} car"], points


@needs_chromium
def test_arrows_of_zones_lead_in_and_out_however_they_were_drawn(page: Page) -> None:
    zones = random_zones(40, seed=2)
    for points, arrows in zip(zones, call(page, "arrows", *([on_screen(points), True] for points in zones))):
        settings = ZoneSettings.model_validate({"name": "x", "points": points})
        for side in ("forward", "backward"):
            seen = counted_along(settings.polyline, arrows[side]["start"], arrows[side]["tip"])
            assert seen == [f"{side} car"], points


@needs_chromium
def test_marks_in_lists_point_where_the_arrows_do(page: Page) -> None:
    lines = random_lines(60, seed=3)
    for points, arrows in zip(lines, call(page, "arrows", *([on_screen(points), False] for points in lines))):
        x, y = arrows["forward"]["towards"]
        angle = heading(points, SCREEN[0] / SCREEN[1]) * math.pi / 4
        assert math.cos(angle) * x + math.sin(angle) * y > math.cos(math.pi / 8) - 1e-6, points


@pytest.mark.parametrize(
    ("points", "marks"),
    [
        (((0.5, 1.0), (0.5, 0.0)), ("→", "←")),
        (((0.5, 0.0), (0.5, 1.0)), ("←", "→")),
        (((0.0, 0.5), (1.0, 0.5)), ("↓", "↑")),
        (((1.0, 0.5), (0.0, 0.5)), ("↑", "↓")),
        (((0.0, 1.0), (1.0, 0.0)), ("↘", "↖")),
        (((0.5, 0.5),), ("→", "←")),
    ],
)
def test_marks_of_lines(points: tuple[Point, ...], marks: tuple[str, str]) -> None:
    assert marks_of(Draft("line", "", "x", points, "forward", "backward"), 1.0) == marks
    assert len(ARROWS) == 8


MOVES: dict[str, tuple[str, list[object], object]] = {
    "a whole line moves": ("shifted", [[[0.1, 0.1], [0.5, 0.5]], [0.2, 0.1]], [[0.3, 0.2], [0.7, 0.6]]),
    "a whole line stays in the picture, and in form": ("shifted", [[[0.1, 0.1], [0.9, 0.5]], [0.4, -0.4]], [[0.2, 0], [1, 0.4]]),
    "a corner moves": ("replaced", [[[0, 0], [1, 1]], 1, [0.25, 0.75]], [[0, 0], [0.25, 0.75]]),
    "a corner stays in the picture": ("replaced", [[[0, 0], [1, 1]], 0, [-3, 7]], [[0, 1], [1, 1]]),
    "a corner more": ("inserted", [[[0, 0], [1, 1]], 1, [0.5, 0.4]], [[0, 0], [0.5, 0.4], [1, 1]]),
    "a corner less": ("without", [[[0, 0], [0.5, 0.4], [1, 1]], 1], [[0, 0], [1, 1]]),
    "a key is half a percent": ("stepped", [[0.5, 0.5], "ArrowLeft", 0.005], [0.495, 0.5]),
    "a key stops at the edge": ("stepped", [[0.5, 0.999], "ArrowDown", 0.005], [0.5, 1]),
    "other keys move nothing": ("stepped", [[0.5, 0.5], "a", 0.005], None),
    "a stroke is a rectangle": ("rectangle", [[0.1, 0.2], [0.5, 0.6]], [[0.1, 0.2], [0.5, 0.2], [0.5, 0.6], [0.1, 0.6]]),
    "a place on the screen": ("share", [[320, 90], [640, 360]], [0.5, 0.25]),
    "a place beside it": ("share", [[-20, 400], [640, 360]], [0, 1]),
}


@needs_chromium
def test_points_move(page: Page) -> None:
    for what, (name, words, wanted) in MOVES.items():
        assert call(page, name, words) == [wanted], what


@needs_chromium
def test_labels_stay_in_the_picture(page: Page) -> None:
    dice = Random(4)
    points = [[dice.uniform(-20, 400), dice.uniform(-20, 240)] for _ in range(50)]
    for x, y in call(page, "labelled", *([point, 20, [390, 220], [dice.uniform(-1, 1), 0]] for point in points)):
        assert 0 <= x <= 390 - 20 * 7.6
        assert 12 <= y <= 220
