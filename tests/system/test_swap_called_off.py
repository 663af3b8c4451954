"""A swap is called off, and the site changed, in each of its steps: one machine, which counts on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from appliance.messages.health import Health
from appliance.messages.questions import Activate, CallOff, Request
from appliance.models.store import digest_of
from appliance.swap.journal import Journal, Step
from appliance.swap.under_way import NO_CAMERA
from tests.system.swaps import CAR, SwapSite, write_film
from tests.waiting import wait_until

# A step, who stands still so that it goes no further, and whether it is the model before that is brought back.
STEPS = {
    "staged": ("", False),
    "accepted": ("", False),
    "staged, and being loaded": ("detect", True),
    "loaded": ("count", True),
    "taken": ("decode.yard", True),
    "switched": ("", True),
}
# Before it counts, and when it does; the others in the long run.
USUAL = ("accepted", "switched")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwapSite]:
    """Whose models are on probation for longer than anybody waits."""
    folder = tmp_path_factory.mktemp("site")
    site = SwapSite(folder, write_film(folder / "film.mp4"), probation_s=600)
    site.data.mkdir()
    with Journal(site.data) as journal:
        journal.add(Step(0, 0, site.other, "began", digest=digest_of(Path(site.other))))
    with site:
        yield site
        site.assert_each_pass_counted_once()
        assert site.stop() == 0


@pytest.mark.parametrize("where", [step if step in USUAL else pytest.param(step, marks=pytest.mark.long) for step in STEPS])
def test_called_off_in_any_step_everything_is_as_it_was(site: SwapSite, where: str) -> None:
    before, step = site.health(), where.partition(",")[0]
    held, is_back = STEPS[where]
    with site.held(held) if held else nullcontext():
        number = site.begin("" if is_back else site.other)
        site.reach(step)
        twice = site.ask(Activate(site.other))
        assert (twice.is_done, "is being brought in; wait, or call that off" in twice.sentence) == (False, True)
        assert site.ask(CallOff("otto")).sentence == f"the model {site.other} is called off"
    swap = site.end(number)
    assert (swap.step, swap.sentence) == ("called off", "by otto")
    assert site.steps()[-2:] == [step, "called off"]
    site.until_counted("yard", 1)
    after = site.until(lambda health: "candidate" not in [process.name for process in health.processes])
    assert before.model is not None
    assert after.model is not None
    assert (after.model_name, after.model.rule) == (site.first, before.model.rule)
    assert _lives(after) == _lives(before)
    assert site.ask(CallOff("otto")).sentence == "no model is being brought in"


def _lives(health: Health) -> dict[str, int]:
    return {process.name: process.pid for process in health.processes}


def test_cameras_and_lines_change_on_probation_but_only_to_what_both_know(site: SwapSite) -> None:
    site.begin()
    site.reach("switched")
    wanted = {
        "person": "which is being brought in, knows no such class; wait for its end, or call it off",
        "bus": "'bus' is wanted, but the model knows no such class; it knows car, person",
    }
    for name, words in wanted.items():
        site.write({"yard": {**site.camera, "lines": [CAR, {**CAR, "name": "more", "classes": [name]}]}})
        answer = site.ask(Request())
        assert (answer.is_done, words in answer.sentence) == (False, True), answer
    # The same film from another place, where it is another camera.
    site.write({"yard": site.camera, "gate": {**site.camera, "lines": [{**CAR, "name": "gate"}]}})
    assert site.ask(Request()).sentence == "new: gate"
    site.until_counted("gate", 1)
    site.write({"yard": site.camera})
    assert site.ask(Request()).sentence == "gone: gate"
    assert site.steps()[-1] == "switched"
    assert site.ask(CallOff("otto")).is_done
    site.until_counted("yard", 1)


def test_without_cameras_nothing_is_proved_and_going_back_needs_no_proof(site: SwapSite) -> None:
    number = site.begin(site.other)
    site.reach("switched")
    site.write({})
    assert site.ask(Request()).sentence == "gone: yard"
    swap = site.end(number)
    assert (swap.step, swap.sentence) == ("returned", NO_CAMERA)
    # A detector for live cameras waits for the next one.
    site.until(lambda health: all(process.condition.state == "ok" for process in health.processes))
    # Long before its probation would be over, for which no picture comes.
    for model in (site.other, site.first):
        assert site.end(site.begin()).step == "kept"
        assert site.model_name() == model
    site.write({"yard": site.camera})
    assert site.ask(Request()).sentence == "new: yard"
    site.until_counted("yard", 1)


def test_a_line_that_came_after_the_acceptance_is_asked_for(site: SwapSite) -> None:
    number = site.begin(site.other)
    site.reach("accepted")
    site.write({"yard": {**site.camera, "lines": [CAR, {**CAR, "name": "more", "classes": ["person"]}]}})
    assert site.ask(Request()).is_done
    swap = site.end(number)
    assert (swap.step, "'person' is wanted, but the model" in swap.sentence) == ("refused", True), swap
    site.write({"yard": site.camera})
    assert site.ask(Request()).is_done
    site.until_counted("yard", 1)


def test_another_model_in_the_file_is_for_the_next_start(site: SwapSite) -> None:
    site.begin()
    site.reach("switched")
    text = site.file.read_text()
    site.file.write_text(text.replace(site.first, "mine"))
    refused = site.ask(Request())
    assert (refused.is_done, "found another 'detector'; start it anew" in refused.sentence) == (False, True)
    site.file.write_text(text)
    assert site.ask(Request()).sentence == "nothing is different"
    assert site.ask(CallOff("otto")).is_done
    wait_until("it is over", lambda: site.steps()[-1] == "called off")
