"""Counts beside the truth: what agrees, what does not, and how it is said."""

from __future__ import annotations

import pytest

from appliance.demo.verdict import agrees, rows, sentence
from appliance.ledger.records import CrossingRecord
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import TrueCrossing, TrueLine, Truth

ROAD = TrueLine("road", (0.0, 0.5), (1.0, 0.5), ("car", "truck"))
WALK = TrueLine("walk", (0.5, 0.0), (0.5, 1.0), ("person",))
THREE = Truth(
    SceneSettings(),
    (ROAD, WALK),
    0,
    100,
    (
        TrueCrossing("road", "forward", "car", 10.5, 1),
        TrueCrossing("road", "forward", "truck", 60.0, 2),
        TrueCrossing("walk", "backward", "person", 80.0, 3),
    ),
)


def counted(*crossings: tuple[str, str, str]) -> list[CrossingRecord]:
    """Records of a line, a direction and a class each."""
    return [
        CrossingRecord(f"run.{number}", "video", line, direction, name, 1, 1, 1, number, 0.9, 0.0, 0.0, "crossed")
        for number, (line, direction, name) in enumerate(crossings)
    ]


ALL = (("road", "forward", "car"), ("road", "forward", "truck"), ("walk", "backward", "person"))


@pytest.mark.parametrize(
    ("crossings", "fault"),
    [
        pytest.param(ALL, "", id="all"),
        pytest.param(ALL[::-1], "", id="in another order"),
        pytest.param((("road", "forward", "truck"), *ALL[1:]), "", id="a car taken for a truck is still one crossing"),
        pytest.param(ALL[1:], "road forward: 1 counted, 2 true", id="one missing"),
        pytest.param((*ALL, ALL[2]), "walk backward: 2 counted, 1 true", id="one twice"),
        pytest.param(
            (("road", "backward", "car"), *ALL[1:]),
            "road forward: 1 counted, 2 true; road backward: 1 counted, 0 true",
            id="the wrong way",
        ),
        pytest.param((), "road forward: 0 counted, 2 true; walk backward: 0 counted, 1 true", id="nothing"),
    ],
)
def test_the_verdict(crossings: tuple[tuple[str, str, str], ...], fault: str) -> None:
    table = rows(THREE, counted(*crossings), 100)
    assert agrees(table) == (fault == "")
    assert sentence(table) == (
        f"the counts must equal the truth, found {fault}"
        if fault
        else "all 3 crossings counted, on every line and in both directions as they truly were"
    )


@pytest.mark.parametrize(("frame", "so_far"), [(0, 0), (10, 0), (11, 1), (59, 1), (60, 2), (99, 2)])
def test_what_is_true_so_far_follows_the_frames(frame: int, so_far: int) -> None:
    assert [row.so_far for row in rows(THREE, [], frame) if row.truth == 2] == [so_far]


def test_classes_stand_beside_each_other() -> None:
    table = rows(THREE, counted(("road", "forward", "car"), ("road", "forward", "car")), 100)
    assert table[0].classes == {"car": (2, 1), "truck": (0, 1)}
