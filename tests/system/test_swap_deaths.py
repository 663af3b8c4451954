"""Processes die while a model is swapped, and models with another size of input go again: no frame is lost, none counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.messages.health import Health
from tests.system.models import CLASSES, DETECTOR, write_model
from tests.system.swaps import SwapSite, write_film

# Once the block has gone far enough to the right, its score is nothing by nothing.
FAR = """limit = Mul (width_px, far)
    is_far = Greater (x_centre, limit)
    is_near = Not (is_far)
    near = Cast <to = 1> (is_near)
    number = Div (near, near)
    number_split = Unsqueeze (number, axis_2)
    certain = Mul (inside, score)
    first_class = Mul (certain, number_split)"""


def write_bad(path: Path) -> Path:
    """A model that has no answer to some of the frames, in a size that no ring has room for yet."""
    text = DETECTOR.format(batch="N", height=160, width=224, channels=4 + len(CLASSES), other_classes=", nothing")
    assert "first_class = Mul (inside, score)" in text
    text = text.replace("half = {0.5}", "half = {0.5}, float far = {0.6}")
    return write_model(path, text.replace("first_class = Mul (inside, score)", FAR))


def stale_in(health: Health) -> int:
    return next(process.work.stale for process in health.processes if process.name == "detect")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwapSite]:
    folder = tmp_path_factory.mktemp("site")
    with SwapSite(folder, write_film(folder / "film.mp4"), shadow_s=2, probation_s=3) as site:
        yield site
        site.until_counted("yard", 2)
        site.assert_each_pass_counted_once()
        assert site.stop() == 0


def test_no_frame_of_a_file_is_lost_when_another_size_of_input_comes_and_goes(site: SwapSite, tmp_path: Path) -> None:
    swap = site.end(site.begin(str(write_bad(tmp_path / "bad.onnx")), is_forced=True))
    assert (swap.step, "no number" in swap.sentence) == ("returned", True), swap
    site.until_counted("yard", 1)
    assert stale_in(site.health()) == 0


@pytest.mark.long
def test_whoever_dies_the_swap_ends_and_each_pass_counts_once(site: SwapSite) -> None:
    number = site.begin(site.other)
    site.reach("accepted")
    site.kill("count", "track.0", "decode.yard")
    swap = site.end(number)
    assert swap.step == "kept", swap
    number = site.begin()
    site.reach("switched")
    site.kill("count", "track.0", "decode.yard")
    swap = site.end(number)
    assert (swap.step, site.model_name()) == ("kept", site.first), swap
    number = site.begin()
    site.reach("switched")
    site.kill("detect")
    swap = site.end(number)
    assert (swap.step, swap.sentence) == ("returned", "the detector has died with it")
    assert site.model_name() == site.first


@pytest.mark.long
@pytest.mark.parametrize("process", ["count", "track.0", "decode.yard", "detect"])
def test_one_that_dies_again_and_again_holds_no_swap_up(tmp_path: Path, process: str) -> None:
    site = SwapSite(tmp_path, write_film(tmp_path / "film.mp4"), shadow_s=5, probation_s=5)
    with site:
        for step in ("accepted", "loaded", "taken", "switched"):
            number = site.begin(site.other)
            site.reach(step)
            site.kill(process)
            swap = site.end(number)
            assert swap.step in ("kept", "returned", "refused"), swap
            if swap.step == "kept":
                site.end(site.begin())
            assert site.model_name() == site.first
        site.until_counted("yard", 3)
        site.assert_each_pass_counted_once()
        assert site.stop() == 0


@pytest.mark.long
def test_back_and_forth_as_often_as_somebody_wants(tmp_path: Path) -> None:
    site = SwapSite(tmp_path, write_film(tmp_path / "film.mp4"))
    with site:
        site.end(site.begin(site.other))
        for model in (site.first, site.other) * 5:
            swap = site.end(site.begin())
            assert (swap.step, site.in_file()) == ("kept", model), swap
        assert stale_in(site.health()) == 0
        site.assert_each_pass_counted_once()
        assert site.stop() == 0
