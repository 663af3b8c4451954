"""Models are swapped while a real machine counts two live cameras; tiny networks, so that it takes seconds."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.catalogue.importing import Wish, import_model
from appliance.ipc.requests import ask
from appliance.messages.health import Health, SwapHealth
from appliance.messages.questions import Activate, Answer, CallOff
from appliance.models.manifest import read_manifest
from appliance.models.store import own_store, store_folder
from appliance.scene.clip import write_scene
from appliance.scene.settings import SceneSettings
from appliance.site_file import load_site
from appliance.swap.journal import Step, steps_in
from appliance.topics import REQUESTS
from tests.cameras import Camera, needs_gstreamer
from tests.detect.bad_models import (
    write_blind_on_the_right,
    write_blind_to_what_is_small,
    write_classifier,
    write_crashing_on_load,
    write_crashing_with_others,
    write_shuffled,
    write_slow_for_what_is_small,
    write_without_numbers,
)
from tests.models.making import add_kept
from tests.shared_data import SHARED_DATA
from tests.system.cli import run_cli
from tests.system.models import CLASSES, DETECTOR, write_detector, write_model
from tests.system.sites import Site, camera_in, pid_of, state_of
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
        answer = ask(sockets, REQUESTS, question, 60.0)
        assert answer is not None
        return answer

    def swap(self, until: Callable[[SwapHealth], bool], deadline_s: float = 90) -> tuple[Health, SwapHealth]:
        health = self.site.until(lambda health: health.swap is not None and until(health.swap), deadline_s)
        assert health.swap is not None
        return health, health.swap

    def brought(self, model: Path | str, *, is_forced: bool = False) -> tuple[Health, SwapHealth]:
        """What came of this model."""
        before = max((step.swap for step in steps_in(self.site.ledger.parent, 1)), default=0)
        answer = self.ask(Activate(str(model), "somebody", is_forced))
        assert answer.is_done, answer.sentence
        return self.swap(lambda swap: swap.is_over and swap.number > before)

    def journal(self) -> dict[str, Step]:
        """Of the newest swap, by what was done."""
        steps = steps_in(self.site.ledger.parent, 20)
        return {step.step: step for step in steps if step.swap == steps[0].swap}

    def steps(self) -> list[str]:
        """Of the newest swap."""
        return list(self.journal())

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Whatever happens inside, the model that counts counts on, in the same process, and nothing else is left."""
        before = self.site.health()
        yield
        after = self.site.health()
        assert (after.model_name, pid_of(after, "detect")) == (before.model_name, pid_of(before, "detect"))
        assert "candidate" not in [process.name for process in after.processes]
        self.site.until_counted("gate", 1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))


@contextmanager
def counting(folder: Path, clip: Path, **gates: float) -> Iterator[Place]:
    """Two cameras."""
    with Camera(clip) as gate, Camera(clip) as yard:
        cameras = {"gate": {"source": gate.url, "lines": [CAR]}, "yard": {"source": yard.url, "lines": [CAR]}}
        site = Site(folder, cameras)  # type: ignore[arg-type]
        site.tree["gates"] = {**GATES, **gates}
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
    """One for all models that are never kept."""
    with counting(tmp_path_factory.mktemp("steady"), clip, probation_s=60) as place:
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
    for model in (other, first):
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


# On x86 a division can end whoever divides.
needs_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere a division ends nobody")


def mixed_up(path: Path) -> Path:
    """It says of everything that it is somebody."""
    return write_model(path, without("boxes, first_class, nothing", "boxes, nothing, first_class"))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        pytest.param(write_classifier, "output must be", id="not a detector"),
        pytest.param(lambda path: write_detector(path, classes=("bus", "person")), "'car'", id="other classes"),
        pytest.param(write_crashing_on_load, "looked into, but the process ended by SIGFPE", marks=needs_x86, id="crash"),
        pytest.param(write_without_numbers, "must answer with numbers", id="no numbers"),
        pytest.param(write_crashing_with_others, "at several pictures at a time, but the process", marks=needs_x86, id="batch 2"),
        pytest.param(mixed_up, "its boxes agree with an F1 of 0.00", id="nonsense"),
    ],
)
def test_a_bad_model_never_counts(steady: Place, tmp_path: Path, write: Callable[[Path], Path], words: str) -> None:
    with steady.unmoved():
        _, swap = steady.brought(write(tmp_path / "bad.onnx"))
        assert (swap.step, words in swap.sentence) == ("refused", True), swap


def test_one_that_is_right_on_the_reference_picture_and_blind_on_live_frames_never_counts(steady: Place, tmp_path: Path) -> None:
    folder = import_model(Wish(write_blind_to_what_is_small(tmp_path / "b.onnx"), "blind", "me"), (own_store(tmp_path / "data"),))
    manifest = read_manifest(folder / "manifest.toml")
    assert manifest.reference is not None
    assert manifest.reference.boxes
    with steady.unmoved():
        _, swap = steady.brought(str(folder))
        assert (swap.step, "its boxes agree with an F1 of 0.00" in swap.sentence) == ("refused", True), swap
    figures = steady.journal()["accepted"].figures
    assert figures is not None
    assert (figures["reference_boxes"], figures["reference_f1"]) == (len(manifest.reference.boxes), 1)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("model.onnx", lambda content: content.replace(b"detector", b"detecter"), "must have the sha256"),
        ("model.onnx", lambda content: content[:-100], "only the beginning of one"),
        ("manifest.toml", lambda content: content.replace(b"person", b"bicycle"), "it was changed since"),
    ],
    ids=["another file", "cut off", "a manifest edited by hand"],
)
def test_a_version_that_is_not_as_it_was_does_not_even_begin(
    steady: Place, tmp_path: Path, name: str, change: Callable[[bytes], bytes], words: str
) -> None:
    file = add_kept(tmp_path / "engines", "road", picture=b"a picture") / name
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(change(content))
    with steady.unmoved():
        answer = steady.ask(Activate(str(file.parent), "somebody"))
        assert (answer.is_done, words in answer.sentence) == (False, True), answer


# Once the block has gone far enough to the right, its score is nothing by nothing.
FAR = """limit = Mul (width_px, far)
    is_far = Greater (x_centre, limit)
    is_near = Not (is_far)
    near = Cast <to = 1> (is_near)
    number = Div (near, near)
    number_split = Unsqueeze (number, axis_2)
    certain = Mul (inside, score)
    first_class = Mul (certain, number_split)"""


def write_undone_by_what_is_far(path: Path) -> Path:
    """Its scores are no numbers once the block has gone far enough to the right."""
    text = without("first_class = Mul (inside, score)", FAR).replace("half = {0.5}", "half = {0.5}, float far = {0.6}")
    return write_model(path, text)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        pytest.param(write_undone_by_what_is_far, "no number", id="no numbers"),
        pytest.param(write_slow_for_what_is_small, "times as long as the one before it", id="slow", marks=pytest.mark.long),
    ],
)
def test_a_model_that_turns_bad_while_it_counts_goes_by_itself(
    steady: Place, tmp_path: Path, write: Callable[[Path], Path], words: str
) -> None:
    before = steady.site.health()
    health, swap = steady.brought(write(tmp_path / "bad.onnx"), is_forced=True)
    assert (swap.step, words in swap.sentence) == ("returned", True), swap
    assert "taken" in steady.steps()
    assert (health.model_name, pid_of(health, "detect")) == (before.model_name, pid_of(before, "detect"))
    steady.site.until_counted("gate", 2)
    assert pid_of(steady.site.health(), "detect") == pid_of(before, "detect")


def test_one_that_sees_less_when_it_counts_goes_by_itself_and_nobody_comes_between(steady: Place, tmp_path: Path) -> None:
    with steady.unmoved():
        blind = write_blind_on_the_right(tmp_path / "bad.onnx")
        assert steady.ask(Activate(str(blind), "somebody", is_forced=True)).is_done
        steady.swap(lambda swap: swap.step in ("taken", "switched"))
        another = steady.ask(Activate(str(write_detector(tmp_path / "another.onnx")), "somebody"))
        assert (another.is_done, "is being brought in; wait" in another.sentence) == (False, True), another
        _, swap = steady.swap(lambda swap: swap.is_over)
        assert (swap.step, "objects where the one before it sees" in swap.sentence) == ("returned", True), swap


@pytest.mark.slow
@pytest.mark.long
def test_real_weights_that_were_shuffled_do_not_get_past_the_shadow(tmp_path: Path) -> None:
    """They load, and run, and see nothing of the kind; the same weights in their order do get past it."""
    weights, street = real_street(tmp_path)
    with Camera(street) as road:
        site = Site(tmp_path, {"road": {"source": road.url, "lines": [CAR]}})
        site.tree |= {"gates": GATES, "detector": {"model": str(weights), "input_px": 320}}
        with site:
            site.until(state_of("road", "ok"), 120)
            place = Place(tmp_path, site)
            assert place.ask(Activate(str(shutil.copy(weights, tmp_path / "same.onnx")))).is_done
            _, swap = place.swap(lambda swap: swap.is_over or swap.step not in ("staged", "accepted"))
            assert "agrees" in place.steps(), swap
            assert place.ask(CallOff("me")).is_done
            before = site.health()
            health, swap = place.brought(write_shuffled(weights, tmp_path / "shuffled.onnx"))
            assert (swap.step, "its boxes agree with an F1 of 0.0" in swap.sentence) == ("refused", True), swap
            assert "accepted" in place.steps()
            assert (health.model_name, pid_of(health, "detect")) == (str(weights), pid_of(before, "detect"))
            frames = camera_in(health, "road").frames
            site.until(lambda health: camera_in(health, "road").frames > frames)
            assert site.stop() == 0


def real_street(folder: Path) -> tuple[Path, Path]:
    """Weights and a road that they know; without the test data those that come with the program, and a painted one."""
    weights, road = (SHARED_DATA / place for place in ("models/yolov8n_dynamic.onnx", "videos/highway_two_way_720p.mp4"))
    if weights.exists() and road.exists():
        return weights, road
    write_scene(SceneSettings(seconds=6), folder / "street.mp4", None, lambda frame, frames: None)
    return store_folder() / "demo" / "1" / "model.onnx", folder / "street.mp4"


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
        site.tree["gates"] = {**GATES, "shadow_s": 1, "probation_s": 1}
        here = {"TMPDIR": str(tmp_path)}
        data_dir = ("--set", f"data_dir={site.ledger.parent}")
        first, other = str(tmp_path / "model.onnx"), "other@1"
        import_model(Wish(write_detector(tmp_path / "other.onnx"), "other", "me"), (own_store(site.ledger.parent),))
        with site:
            site.until_counted("gate", 1)
            assert "no model has been swapped yet" in run_cli("models", "history", *data_dir).stdout
            done = run_cli("models", "activate", other, environment=here)
            steps = ["staged", "accepted", "agrees", "loaded", "learned", "taken", "switched", "kept", "written"]
            assert (done.exit_code, [line.partition(":")[0] for line in done.stdout.splitlines()[1:]]) == (0, steps), done
            assert load_site(tmp_path / "site.json").detector.model == other
            used = run_cli("models", "delete", other, *data_dir, environment=here)
            assert (used.exit_code, f"one that runs counts with {other}" in used.stderr) == (1, True), used
            refused = run_cli("models", "activate", other, environment=here)
            assert (refused.exit_code, "counts already" in refused.stderr) == (1, True), refused
            bad = write_model(tmp_path / "bad.onnx", without("score = {0.9}", "score = {nan}"), CLASSES)
            stopped = run_cli("models", "activate", str(bad), environment=here)
            assert (stopped.exit_code, "was not kept (refused)" in stopped.stderr) == (1, True), stopped
            assert "no model is being brought in" in run_cli("models", "cancel", environment=here).stderr
            back = run_cli("models", "rollback", environment=here)
            assert (back.exit_code, "kept" in back.stdout.splitlines()) == (0, True), back
            told = run_cli("models", "history", *data_dir, environment={"COLUMNS": "400"}).stdout
            assert [line.split("│")[4].strip() for line in told.splitlines() if "user " in line] == ["kept", "refused", "kept"]
            assert site.stop() == 0
    assert load_site(tmp_path / "site.json").detector.model == first
