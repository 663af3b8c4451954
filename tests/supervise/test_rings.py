"""The rings of a machine whose cameras come, go and change: larger pictures need others, smaller ones do not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.ipc.frame_ring import RingSize
from appliance.supervise.rings import Rings

SIZE = RingSize(2, 1000, 600)


@pytest.fixture
def rings(tmp_path: Path) -> Iterator[Rings]:
    rings = Rings(str(tmp_path))
    rings.add(["gate", "yard"], SIZE)
    yield rings
    rings.close()


def test_the_camera_with_the_largest_picture_can_go_or_shrink(rings: Rings) -> None:
    gate = rings.path("gate")
    rings.add([], RingSize(2, 1000, 300))
    rings.drop("yard")
    rings.add(["roof"], RingSize(2, 500, 300))
    assert rings.path("gate") == gate
    # What has room in the former ones comes back.
    rings.add(["yard"], SIZE)
    assert {os.path.getsize(rings.path(camera)) for camera in ("gate", "roof", "yard")} == {SIZE.total_bytes}


@pytest.mark.parametrize("wanted", [RingSize(2, 1001, 600), RingSize(2, 1000, 601), RingSize(3, 1000, 600)])
def test_what_has_no_room_is_refused(rings: Rings, wanted: RingSize) -> None:
    for attempt in (rings.refuse, rings.add):
        with pytest.raises(Refusal, match="larger pictures need other rings"):
            attempt(["roof"], wanted)
    assert rings.path("roof") == ""


def test_what_would_be_refused_is_told_before(rings: Rings, tmp_path: Path) -> None:
    rings.refuse(["roof"], SIZE)
    assert rings.path("roof") == ""
    with pytest.raises(Refusal, match="is too small for the frames in flight"):
        Rings(str(tmp_path)).refuse(["roof"], RingSize(2, 10**15, 0))
