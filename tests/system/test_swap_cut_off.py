"""The power goes while a model is swapped: the machine starts with the one that was kept last, and counts each pass once."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from appliance.configuration.files import SiteFile
from appliance.messages.questions import Activate, CallOff
from appliance.models.store import digest_of
from appliance.swap.journal import Journal, Step
from tests.system.swaps import SwapSite, write_film
from tests.waiting import wait_until

# By which process it is held in a step, so that the power goes in that one.
HELD = {"loaded": "count", "taken": "decode.yard"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4")


@pytest.fixture
def site(tmp_path: Path, film: Path) -> SwapSite:
    """Where the other model has counted before, so that it can be brought back."""
    site = SwapSite(tmp_path, film)
    site.data.mkdir()
    with Journal(site.data) as journal:
        journal.add(Step(0, 0, site.other, "began", digest=digest_of(Path(site.other))))
    return site


def cut_in(site: SwapSite, step: str) -> None:
    """Let the power go in this step of a swap."""
    is_proved = step in ("staged", "accepted")
    with site.held(HELD[step]) if step in HELD else nullcontext():
        site.begin(site.other if is_proved else "")
        site.reach(step)
        site.cut_off()
    assert site.in_file() == site.first


def assert_as_before(site: SwapSite, step: str) -> None:
    """See that the machine has started as if there had been no swap."""
    assert site.model_name() == site.first
    last = site.journal()[-1]
    assert (last.step, last.sentence) == ("cut off", f"the machine has ended at '{step}'; {site.first} counts")
    site.assert_each_pass_counted_once()


@pytest.mark.long
@pytest.mark.parametrize("step", ["staged", "loaded", "taken"])
def test_what_was_cut_off_has_never_been(site: SwapSite, step: str) -> None:
    with site:
        cut_in(site, step)
    with site:
        assert_as_before(site, step)
        assert site.stop() == 0


def test_in_the_shadow_in_probation_and_when_it_was_kept_but_not_written(site: SwapSite) -> None:
    with site:
        cut_in(site, "accepted")
    with site:
        assert_as_before(site, "accepted")
        cut_in(site, "switched")
    with site:
        assert_as_before(site, "switched")
        # Somebody else is at the file, so that nothing can be written.
        with SiteFile(site.file).alone():
            site.begin()
            site.reach("kept")
            refused = site.ask(CallOff("otto"))
            assert (refused.is_done, "has just been kept" in refused.sentence) == (False, True)
            assert "is being brought in" in site.ask(Activate(site.first)).sentence
            site.cut_off()
    assert (site.in_file(), site.steps()[-1]) == (site.first, "kept")
    with site:
        assert site.model_name() == site.other
        wait_until("the file names it", lambda: site.in_file() == site.other)
        wait_until("that is noted", lambda: site.steps()[-1] == "written")
        # There is a way back, and nobody is in it.
        site.end(site.begin())
        assert (site.model_name(), site.in_file()) == (site.first, site.first)
        site.assert_each_pass_counted_once()
        assert site.stop() == 0
