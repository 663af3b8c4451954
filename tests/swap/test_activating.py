"""A model that cannot even begin to be brought in is refused with a sentence, and the machine goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.config import SiteSettings
from appliance.configuration.store import FILE_NAME as REVISIONS
from appliance.ipc.requests import ask
from appliance.messages.health import SwapHealth
from appliance.messages.orders import LearnAnew
from appliance.messages.questions import Activate, Answer, CallOff, Request
from appliance.models.store import digest_of, full_name, own_store
from appliance.place import Place
from appliance.reloading import Reloader
from appliance.supervise.supervisor import Supervisor
from appliance.swap.journal import FILE_NAME, Journal, Step
from appliance.swap.saving import Kept
from appliance.swap.under_way import NO_CAMERA, Swap
from appliance.swap_commands import outcome_of
from appliance.topics import REQUESTS
from tests.models.making import add_kept
from tests.supervise.players import MODEL
from tests.supervise.scripted import machine_of
from tests.system.models import write_detector
from tests.waiting import wait_until

YARD = {"name": "yard", "source": "rtsp://yard/"}


class Desk:
    """A machine of which nothing runs but whoever answers requests."""

    def __init__(self, reloader: Reloader, folder: Path, supervisor: Supervisor) -> None:
        self._reloader, self._folder, self._supervisor = reloader, folder, supervisor

    def until_over(self) -> SwapHealth:
        def ended() -> SwapHealth | None:
            self._reloader.look(is_hungup=False)
            swap = self._supervisor.swap
            return swap if swap is not None and swap.is_over else None

        return wait_until("the swap is over", ended)

    def ask(self, question: Activate | CallOff | LearnAnew | Request) -> Answer:
        def answered() -> bool:
            self._reloader.look(is_hungup=False)
            return future.done()

        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(ask, self._folder, REQUESTS, question, 20.0)
            wait_until("an answer", answered)
        answer = future.result()
        assert answer is not None
        return answer


@contextmanager
def desk_for(folder: Path, model: str) -> Iterator[Desk]:
    data = folder / "data"
    site = SiteSettings.model_validate({"cameras": [], "detector": {"model": model}, "data_dir": str(data)})
    version = full_name(model, own_store(data))
    place = Place(folder, data / "ledger.sqlite", "run", folder, False, (), (), model=model, version=version)
    with Supervisor(machine_of(folder)) as supervisor, Reloader(supervisor, place, site, lambda text: site) as reloader:
        supervisor.model = MODEL
        yield Desk(reloader, folder, supervisor)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "data").mkdir()
    with desk_for(tmp_path, str(write_detector(tmp_path / "first.onnx"))) as desk:
        yield desk


def test_a_name_means_the_version_that_it_meant_then(tmp_path: Path) -> None:
    store = own_store(tmp_path / "data")
    add_kept(store, "tiny")
    with desk_for(tmp_path, "tiny") as desk:
        assert "the model tiny@1 counts already" in desk.ask(Activate("tiny")).sentence
        add_kept(store, "tiny", classes=("car", "bus"))
        answer = desk.ask(Activate("tiny"))
        assert (answer.is_done, answer.sentence) == (True, "the model tiny@2 is being brought in")
        desk.ask(CallOff("somebody"))
    with Journal(tmp_path / "data") as journal:
        assert [(step.model, step.step) for step in journal.steps()] == [
            ("tiny@2", "staged"),
            ("tiny@2", "called off"),
            ("tiny@1", "began"),
        ]


def test_a_damaged_journal_refuses_and_ends_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data" / FILE_NAME).write_bytes(b"no database, whatever it is called" * 200)
    for wanted in (str(write_detector(tmp_path / "other.onnx")), ""):
        answer = desk.ask(Activate(wanted, "somebody"))
        assert (answer.is_done, "cannot be opened: file is not a database" in answer.sentence) == (False, True), answer
    assert "no model is being brought in" in desk.ask(CallOff("somebody")).sentence


def test_what_cannot_be_proved_here_is_no_swap(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Activate(str(write_detector(tmp_path / "other.onnx")), "somebody")
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        answer = desk.ask(other)
    assert (answer.is_done, "No such file" in answer.sentence) == (False, True), answer
    assert desk.ask(other).is_done
    assert desk.ask(CallOff("somebody")).is_done
    left = [descriptor for descriptor in Path("/proc/self/fd").iterdir() if "memfd:" in str(descriptor.resolve())]
    assert not left


def test_where_no_camera_is_nothing_can_be_proved_and_nobody_waits_for_it(desk: Desk, tmp_path: Path) -> None:
    assert desk.ask(Activate(str(write_detector(tmp_path / "other.onnx")), "somebody")).is_done
    swap = desk.until_over()
    assert (swap.step, "there is no camera on whose pictures" in swap.sentence) == ("refused", True), swap


@pytest.mark.parametrize(
    ("step", "is_back", "cameras", "end"),
    [
        ("accepted", False, [], ("refused", NO_CAMERA)),
        ("switched", False, [], ("returned", NO_CAMERA)),
        ("taken", True, [], None),
        ("switched", False, [YARD], None),
    ],
)
def test_when_the_last_camera_goes_what_was_to_be_proved_comes_to_its_end(
    step: str, is_back: bool, cameras: list[dict[str, str]], end: tuple[str, str] | None
) -> None:
    site = SiteSettings.model_validate({"cameras": cameras, "detector": {"model": "other"}})
    swap = Swap(1, Activate("other"), site, MODEL, is_back=is_back, step=step, deadline_ns=1000)
    assert swap.dead_end(1000) == end
    late = swap.dead_end(1001)
    assert late is not None
    assert end is not None or (late[0], "few pictures or none" in late[1]) == ("returned", True)


@pytest.mark.parametrize(("figures", "is_advised"), [({"agreement_f1": 0.01}, True), ({"picture_ms": 900.0}, False)])
def test_where_two_models_only_disagree_it_is_said_who_may_decide(figures: dict[str, float], is_advised: bool) -> None:
    """The first model that sees a real road agrees in nothing with the demo's."""
    swap = SwapHealth(1, "yolov8n@1", "refused", 0, True, "", figures)
    assert ("--force" in outcome_of(swap)) is is_advised


def test_what_was_kept_before_the_start_is_told_until_the_file_names_it(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "site.yaml"
    # Nothing can be recorded there.
    (data / REVISIONS).mkdir(parents=True)
    file.write_text("cameras: []\ndetector: {model: first}\n")
    site = SiteSettings.model_validate({"cameras": [], "detector": {"model": "other@2"}, "data_dir": str(data)})
    place = Place(tmp_path, data / "ledger.sqlite", "run", tmp_path, False, (), (), False, file, "other@2", "other@2")
    kept = Kept("other@2", "anna", 3, frozenset({"first"}))
    named = site.model_copy(update={"detector": site.detector.model_copy(update={"model": "first"})})
    machine = machine_of(tmp_path)
    with Supervisor(machine) as supervisor, Reloader(supervisor, place, site, lambda text: named, kept) as reloader:
        supervisor.model = MODEL

        def told() -> SwapHealth | None:
            reloader.look(is_hungup=False)
            return supervisor.swap

        swap = wait_until("it is told", told)
        assert (swap.number, swap.model, swap.step, swap.is_over) == (3, "other@2", "kept", True)
        assert "the site's file does not name it yet" in swap.sentence
        # The file may be read again meanwhile.
        assert Desk(reloader, tmp_path, supervisor).ask(Request()) == Answer(True, "nothing is different")


def before(folder: Path, model: str, digest: str) -> None:
    """It has counted here once."""
    with Journal(folder / "data") as journal:
        journal.add(Step(0, 0, model, "began", digest=digest))


def test_what_is_gone_cannot_be_brought_back(desk: Desk, tmp_path: Path) -> None:
    other = write_detector(tmp_path / "other.onnx")
    before(tmp_path, str(other), digest_of(other))
    other.unlink()
    answer = desk.ask(Activate("", "somebody"))
    assert not answer.is_done
    assert f"the model {other}, which counted before, cannot be brought back: a model file is wanted, but" in answer.sentence
    assert desk.ask(Activate(str(write_detector(other)))).is_done, "nothing holds others up"
    desk.ask(CallOff("somebody"))


def test_what_is_another_file_now_is_not_brought_back_unproved(desk: Desk, tmp_path: Path) -> None:
    other = write_detector(tmp_path / "other.onnx")
    before(tmp_path, str(other), digest_of(other))
    # Without a detector in the machine it cannot be loaded, but it is the same.
    assert "there is no detector" in desk.ask(Activate("", "somebody")).sentence
    write_detector(other, classes=("car", "bus"))
    answer = desk.ask(Activate("", "somebody"))
    assert (answer.is_done, f"the model {other}, which counted before, must have the sha256" in answer.sentence) == (False, True)
    assert desk.ask(Activate(str(other), "somebody")).is_done, "by its name it is proved like any other"
    desk.ask(CallOff("somebody"))


def test_a_version_that_was_changed_is_not_brought_back(tmp_path: Path) -> None:
    folder = add_kept(own_store(tmp_path / "data"), "tiny")
    before(tmp_path, "tiny@1", digest_of(folder / "model.onnx"))
    (folder / "model.onnx").chmod(0o644)
    write_detector(folder / "model.onnx", classes=("car", "bus"))
    with desk_for(tmp_path, str(write_detector(tmp_path / "first.onnx"))) as desk:
        answer = desk.ask(Activate("", "somebody"))
    assert (answer.is_done, "the model tiny@1, which counted before, cannot be brought back" in answer.sentence) == (False, True)


def test_what_counts_is_remembered_as_the_file_that_was_loaded(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    first = write_detector(tmp_path / "first.onnx")
    digest = digest_of(first)
    with desk_for(tmp_path, str(first)) as desk:
        write_detector(first, classes=("car", "bus"))
        assert desk.ask(Activate(str(write_detector(tmp_path / "other.onnx")))).is_done
    with Journal(tmp_path / "data") as journal:
        steps = journal.steps()
    assert [(step.step, step.digest) for step in steps] == [("staged", ""), ("cut off", ""), ("began", digest)]
    assert steps[1].sentence == "the machine was stopped"
