"""A model that cannot even begin to be brought in is refused with a sentence, and the machine goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.config import SiteSettings
from appliance.ipc.requests import ask
from appliance.messages import Activate, Answer, CallOff, LearnAnew
from appliance.place import Place
from appliance.reloading import Reloader
from appliance.supervise.supervisor import Supervisor
from appliance.swap.journal import FILE_NAME
from appliance.topics import REQUESTS
from tests.supervise.players import MODEL
from tests.supervise.test_supervisor import machine_of
from tests.system.models import write_detector
from tests.waiting import wait_until


class Desk:
    """A machine of which nothing runs but whoever answers requests."""

    def __init__(self, reloader: Reloader, folder: Path) -> None:
        self._reloader, self._folder = reloader, folder

    def ask(self, question: Activate | CallOff | LearnAnew) -> Answer:
        def answered() -> bool:
            self._reloader.look(is_hungup=False)
            return future.done()

        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(ask, self._folder, REQUESTS, question, 20.0)
            wait_until("an answer", answered)
        answer = future.result()
        assert answer is not None
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "data").mkdir()
    tree = {
        "cameras": [],
        "detector": {"model": str(write_detector(tmp_path / "first.onnx"))},
        "data_dir": str(tmp_path / "data"),
    }
    site = SiteSettings.model_validate(tree)
    place = Place(tmp_path, tmp_path / "data" / "ledger.sqlite", "run", tmp_path, gives_up=False, classes=(), named=())
    with Supervisor(machine_of(tmp_path)) as supervisor, Reloader(supervisor, place, site, lambda text: site) as reloader:
        supervisor.model = MODEL
        yield Desk(reloader, tmp_path)


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
