"""Models are swapped while a real machine counts two live cameras; tiny networks, so that it takes seconds."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.ipc.requests import ask
from appliance.messages import Activate, Answer, CallOff, Health, SwapHealth
from appliance.site_file import load_site
from appliance.swap.journal import Journal, steps_in
from appliance.topics import REQUESTS
from tests.cameras import Camera, needs_gstreamer
from tests.system.cli import run_cli
from tests.system.models import CLASSES, DETECTOR, write_detector, write_model
from tests.system.sites import Site, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer
GATES = {"shadow_s": 2, "shadow_share": 1.0, "shadow_longest_s": 60, "probation_s": 3, "slowest": 50}
CAR = {"name": "middle", "from": [0.5, 0.0], "to": [0.5, 1.0], "classes": ["car"]}


class Place:
    """A machine that runs, and someone who wants other models."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder, self.site = folder, site

    def ask(self, question: Activate | CallOff) -> Answer:
        sockets = next(self.folder.glob(f"appliance-{self.site.process.pid}-*"))
        answer = ask(sockets, REQUESTS, question, 10.0)
        assert answer is not None
        return answer

    def swap(self, until: Callable[[SwapHealth], bool], deadline_s: float = 90) -> tuple[Health, SwapHealth]:
        health = self.site.until(lambda health: health.swap is not None and until(health.swap), deadline_s)
        assert health.swap is not None
        return health, health.swap

    def brought(self, model: Path, *, is_forced: bool = False) -> tuple[Health, SwapHealth]:
        """What came of this model."""
        before = max((step.swap for step in steps_in(self.site.ledger.parent, 1)), default=0)
        answer = self.ask(Activate(str(model), "somebody", is_forced))
        assert answer.is_done, answer.sentence
        return self.swap(lambda swap: swap.is_over and swap.number > before)

    def steps(self) -> list[str]:
        """Of the newest swap."""
        with Journal(self.site.ledger.parent) as journal:
            steps = journal.steps()
        return [step.step for step in steps if step.swap == steps[0].swap]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))


@contextmanager
def counting(folder: Path, clip: Path) -> Iterator[Place]:
    """Two cameras."""
    with Camera(clip) as gate, Camera(clip) as yard:
        cameras = {"gate": {"source": gate.url, "lines": [CAR]}, "yard": {"source": yard.url, "lines": [CAR]}}
        site = Site(folder, cameras)  # type: ignore[arg-type]
        site.tree["gates"] = GATES
        del site.tree["detector"]["input_px"]  # type: ignore[attr-defined]
        with site:
            site.until(state_of("gate", "ok"), 120)
            site.until(state_of("yard", "ok"), 120)
            site.until_counted("gate", 2)
            yield Place(folder, site)
            assert site.stop() == 0


@pytest.fixture
def place(tmp_path: Path, clip: Path) -> Iterator[Place]:
    with counting(tmp_path, clip) as place:
        yield place


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[Place]:
    """One for all models that never count."""
    with counting(tmp_path_factory.mktemp("steady"), clip) as place:
        yield place


def tracks_of(site: Site, camera: str) -> list[int]:
    """The numbers of those who have crossed, in order."""
    with closing(sqlite3.connect(site.ledger)) as connection:
        rows = connection.execute("SELECT track_id FROM crossings WHERE camera = ? ORDER BY sequence", (camera,)).fetchall()
    return [int(track) for (track,) in rows]


def test_models_go_back_and_forth_and_nobody_notices(place: Place, tmp_path: Path) -> None:
    site = place.site
    first = Path(site.tree["detector"]["model"])  # type: ignore[index]
    # Another file, another size of input, other classes in another order.
    other = write_detector(tmp_path / "other.onnx", classes=("car", "bus", "person"), size=(160, 224))
    before = site.health()
    for model in (other, first, other):
        health, swap = place.brought(model)
        assert swap.step == "kept", swap
        assert place.steps() == ["staged", "accepted", "agrees", "loaded", "learned", "taken", "switched", "kept", "written"]
        assert health.model_name == str(model)
        site.until_counted("gate", 2)
        site.until_counted("yard", 2)
    assert health.model is not None
    assert health.model.names == ("car", "person", "bus")
    assert [pid_of(health, name) for name in ("detect", "count", "track.0")] == [
        pid_of(before, name) for name in ("detect", "count", "track.0")
    ]
    for camera in ("gate", "yard"):
        tracks = tracks_of(site, camera)
        # Nobody's number is given again: they go on where they were before each swap.
        assert all(later >= earlier - 3 for earlier, later in zip(tracks, tracks[1:])), tracks


def without(what: str, instead: str) -> str:
    """The detector with something wrong in it."""
    text = DETECTOR.format(batch="N", height="H", width="W", channels=4 + len(CLASSES), other_classes=", nothing")
    assert what in text
    return text.replace(what, instead)


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        # Nothing is so bright.
        (without("bright = {0.6}", "bright = {2.0}"), CLASSES, "its boxes agree with an F1 of 0.00"),
        # It says of everything that it is somebody.
        (without("boxes, first_class, nothing", "boxes, nothing, first_class"), CLASSES, "its boxes agree with an F1 of 0.00"),
        (without("score = {0.9}", "score = {nan}"), CLASSES, "number"),
        (without("boxes, first_class", "boxes, first_class"), ("bus", "person"), "'car'"),
    ],
    ids=["blind", "shuffled", "no numbers", "other classes"],
)
def test_a_bad_model_never_counts(steady: Place, tmp_path: Path, text: str, names: tuple[str, ...], words: str) -> None:
    before = steady.site.health()
    health, swap = steady.brought(write_model(tmp_path / "bad.onnx", text, names))
    assert (swap.step, words in swap.sentence) == ("refused", True), swap
    assert health.model_name == before.model_name
    assert pid_of(health, "detect") == pid_of(before, "detect")
    assert "candidate" not in [process.name for process in health.processes]
    steady.site.until_counted("gate", 1)


# Once the block has gone far enough to the right, its score is nothing by nothing.
FAR = """limit = Mul (width_px, far)
    is_far = Greater (x_centre, limit)
    is_near = Not (is_far)
    near = Cast <to = 1> (is_near)
    number = Div (near, near)
    number_split = Unsqueeze (number, axis_2)
    certain = Mul (inside, score)
    first_class = Mul (certain, number_split)"""


def test_a_model_that_turns_bad_while_it_counts_goes_by_itself(steady: Place, tmp_path: Path) -> None:
    before = steady.site.health()
    text = without("first_class = Mul (inside, score)", FAR).replace("half = {0.5}", "half = {0.5}, float far = {0.6}")
    health, swap = steady.brought(write_model(tmp_path / "bad.onnx", text), is_forced=True)
    assert (swap.step, "no number" in swap.sentence) == ("returned", True), swap
    assert "taken" in steady.steps()
    assert (health.model_name, pid_of(health, "detect")) == (before.model_name, pid_of(before, "detect"))
    steady.site.until_counted("gate", 2)
    assert pid_of(steady.site.health(), "detect") == pid_of(before, "detect")


@pytest.mark.long
def test_what_is_under_way_can_be_called_off_and_is_alone(place: Place, tmp_path: Path) -> None:
    other = write_detector(tmp_path / "other.onnx")
    assert not place.ask(CallOff("me")).is_done
    assert "counts already" in place.ask(Activate(str(tmp_path / "model.onnx"))).sentence
    assert "no other model before" in place.ask(Activate("")).sentence
    assert place.ask(Activate(str(other))).is_done
    refused = place.ask(Activate(str(other)))
    assert (refused.is_done, "is being brought in" in refused.sentence) == (False, True)
    place.swap(lambda swap: swap.step == "accepted")
    assert place.ask(CallOff("me")).is_done
    health, swap = place.swap(lambda swap: swap.is_over)
    assert (swap.step, swap.sentence) == ("called off", "by me")
    health, swap = place.brought(other)
    assert swap.step == "kept"
    assert place.ask(Activate("")).is_done
    health, swap = place.swap(lambda swap: swap.is_over and swap.number == 3)
    assert (swap.step, health.model_name) == ("kept", str(tmp_path / "model.onnx"))


@pytest.mark.long
def test_a_death_in_any_step_leaves_the_other_one(place: Place, tmp_path: Path) -> None:
    other = write_detector(tmp_path / "other.onnx", size=(160, 224))
    assert place.ask(Activate(str(other))).is_done
    health, _ = place.swap(lambda swap: swap.step == "accepted")
    health = place.site.until(lambda health: any(process.name == "candidate" for process in health.processes))
    os.kill(pid_of(health, "candidate"), signal.SIGKILL)
    _, swap = place.swap(lambda swap: swap.is_over)
    assert swap.step == "refused"
    assert place.ask(Activate(str(other))).is_done
    health, _ = place.swap(lambda swap: swap.step in ("taken", "switched"))
    os.kill(pid_of(health, "detect"), signal.SIGKILL)
    _, swap = place.swap(lambda swap: swap.is_over)
    assert (swap.step, swap.sentence) == ("returned", "the detector has died with it")
    place.site.until_counted("gate", 2)
    _, swap = place.brought(other)
    assert swap.step == "kept", swap
    health = place.site.health()
    os.kill(pid_of(health, "detect"), signal.SIGKILL)
    place.site.until(lambda after: pid_of(after, "detect") not in (0, pid_of(health, "detect")))
    place.site.until_counted("gate", 2)
    assert place.site.health().model_name == str(other)


@pytest.mark.long
def test_a_kept_model_that_cannot_be_written_down_is_told_and_holds_nothing_up(place: Place, tmp_path: Path) -> None:
    site, revisions = place.site, tmp_path / "data" / "revisions.sqlite"
    # Nothing can be recorded there.
    revisions.mkdir()
    other = write_detector(tmp_path / "other.onnx")
    _, swap = place.brought(other)
    assert (swap.step, "does not name it yet" in swap.sentence, str(revisions) in swap.sentence) == ("kept", True, True), swap
    first = {"name": "gate", "source": site.tree["cameras"][0]["source"]}  # type: ignore[index]
    site.change({"gate": {**first, "lines": [{**CAR, "name": "again"}]}})
    site.until(lambda health: len(health.cameras) == 1)
    assert load_site(tmp_path / "site.json").detector.model != str(other)
    revisions.rmdir()
    _, swap = place.swap(lambda swap: not swap.sentence.endswith("directory"), 30)
    wait_until("it stands there", lambda: load_site(tmp_path / "site.json").detector.model == str(other))
    assert load_site(tmp_path / "site.json").cameras[0].lines[0].name == "again"


def test_by_the_command_line_a_model_comes_and_goes_and_stands_in_the_file(tmp_path: Path, clip: Path) -> None:
    with Camera(clip) as gate:
        site = Site(tmp_path, {"gate": {"source": gate.url, "lines": [CAR]}})
        site.tree["gates"] = GATES
        here = {"TMPDIR": str(tmp_path)}
        data_dir = ("--set", f"data_dir={site.ledger.parent}")
        first, other = str(tmp_path / "model.onnx"), str(write_detector(tmp_path / "other.onnx"))
        with site:
            site.until_counted("gate", 1)
            assert "no model has been swapped yet" in run_cli("models", "history", *data_dir).stdout
            done = run_cli("models", "activate", other, environment=here)
            assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "kept"), done
            assert load_site(tmp_path / "site.json").detector.model == other
            refused = run_cli("models", "activate", other, environment=here)
            assert (refused.exit_code, "counts already" in refused.stderr) == (1, True), refused
            bad = write_model(tmp_path / "bad.onnx", without("score = {0.9}", "score = {nan}"), CLASSES)
            stopped = run_cli("models", "activate", str(bad), environment=here)
            assert (stopped.exit_code, "was not kept (refused)" in stopped.stderr) == (1, True), stopped
            assert "no model is being brought in" in run_cli("models", "cancel", environment=here).stderr
            back = run_cli("models", "rollback", environment=here)
            assert (back.exit_code, back.stdout.splitlines()[-1]) == (0, "kept"), back
            told = run_cli("models", "history", *data_dir, environment={"COLUMNS": "400"}).stdout
            assert [line.split("│")[4].strip() for line in told.splitlines() if ".onnx" in line] == ["kept", "refused", "kept"]
            assert site.stop() == 0
    assert load_site(tmp_path / "site.json").detector.model == first
