"""Real pictures in a real ring, held against what was usual: by whom they are looked at, for what, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.clock import NS_PER_S
from appliance.config import CameraSettings, DetectorSettings, DriftSettings
from appliance.detect.network import Network
from appliance.detect.watching import Drifts, drifts_of
from appliance.ipc.command import CommandLink, CommandPost
from appliance.ipc.frame_ring import FrameRing, RingFile, RingReaders, RingSize
from appliance.messages.reports import CameraDrift, DriftHealth
from appliance.process_settings import DetectProcess
from tests.examples import PREVIEW_HEIGHT, PREVIEW_WIDTH, ticket_for, two_boxes
from tests.system.models import write_detector
from tests.waiting import wait_until

RING = RingSize(1, 96 * 128 * 3, PREVIEW_HEIGHT * PREVIEW_WIDTH * 3 // 2)
DRIFT = DriftSettings(window_s=20, learn_h=60 / 3600, in_a_row=2)
CLASSES = ("person", "bicycle", "car", "motorcycle", "plane", "bus", "train", "truck")
LIVE = CameraSettings(name="yard", source="rtsp://yard/")


class Yard:
    """A camera whose picture is what the test wants, and a detector that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.file = RingFile(RING)
        self._ring = FrameRing(self.file.path, writable=True)
        self.post, self.link, self.now_ns = CommandPost(folder), CommandLink(folder, "detect"), NS_PER_S
        self._folder = folder
        self.drifts = self.again()

    def settings(self, model: Path, *, is_on: bool = True, classes: tuple[str, ...] = ()) -> DetectProcess:
        return DetectProcess(
            detector=DetectorSettings(model=str(model), input_px=128),
            low_score=0.1,
            classes=classes,
            named=(),
            stores=(),
            is_live=True,
            takes_guests=False,
            burst=1,
            drift=DRIFT if is_on else None,
            baselines=self._folder / "baselines",
        )

    def again(self) -> Drifts:
        """As after a death."""
        drifts = drifts_of(self.link, RingReaders(), self.settings(Path("none.onnx")))
        assert drifts is not None
        self.drifts = drifts
        return drifts

    def windows(self, number: int, network: Network, value: int = 100) -> None:
        """A striped wall in this light, a look each second."""
        for _ in range(20 * number + 1):
            self._ring.begin(0)
            preview = self._ring.preview(0, PREVIEW_HEIGHT, PREVIEW_WIDTH)
            preview[:PREVIEW_HEIGHT] = value + 40 * (np.arange(PREVIEW_WIDTH) // 8 % 2)
            generation = self._ring.commit(0)
            self.now_ns += NS_PER_S
            ticket = msgspec.structs.replace(ticket_for(self.file.path, 0, generation), arrived_ns=self.now_ns)
            self.drifts.look(ticket, two_boxes(), network)

    def told(self, *, has_sentence: bool) -> DriftHealth | None:
        """The newest of what has come so far, if it says something, or nothing."""
        newest = None
        while (report := self.post.take()) is not None:
            assert isinstance(report[1], CameraDrift)
            newest = report[1].drift
        return newest if newest is not None and bool(newest.sentence) == has_sentence else None

    def content(self, name: str) -> bytes:
        return (self._folder / "baselines" / "yard" / name).read_bytes()

    def kept(self) -> set[str]:
        return {path.name for path in self._folder.glob("baselines/yard/*") if not path.suffix}


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path)
    yield yard
    yard.link.socket.close(0)
    yard.post.close()
    yard.file.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    return write_detector(folder / "one.onnx", classes=CLASSES), write_detector(folder / "two.onnx", classes=CLASSES[::-1])


def test_each_model_has_a_book_of_its_own_and_so_has_each_wish(yard: Yard, models: tuple[Path, Path]) -> None:
    one, two = (Network(yard.settings(model)) for model in models)
    assert one.digest != two.digest
    yard.drifts.begin(LIVE, one.digest)
    yard.windows(2, one)
    yard.windows(2, two)
    wait_until("both are kept", lambda: yard.kept() == {"pictures", one.digest, two.digest})
    pages = [page.elapsed for page in yard.drifts.books("yard")[0].pages.values()]
    assert pages == [4], "the lens is the same for both"
    assert [page.elapsed for page in yard.drifts.books("yard")[1].pages.values()] == [2]
    assert yard.drifts.books("yard")[1].sought == "0.25 128x96 "
    two.keep(("car", "bus"))
    yard.windows(1, two)
    assert yard.drifts.books("yard")[1].sought == "0.25 128x96 bus,car"


def test_what_is_kept_is_told_at_once_and_can_be_forgotten(yard: Yard, models: tuple[Path, Path]) -> None:
    network = Network(yard.settings(models[0]))
    yard.drifts.begin(LIVE, network.digest)
    yard.windows(3, network)
    yard.windows(3, network, 200)
    told = wait_until("it is told", lambda: yard.told(has_sentence=True))
    assert (told.levels["brightness"] > 1, told.light) == (True, "day")
    assert told.sentence.startswith("the picture is brighter than ever")
    wait_until("it is kept", lambda: b"brighter" in yard.content("pictures"))
    yard.again().begin(LIVE, network.digest)
    again = wait_until("it is told", lambda: yard.told(has_sentence=True))
    assert (again.sentence, again.light) == (told.sentence, "")
    yard.drifts.learn_anew("yard")
    yard.drifts.learn_anew("roof")
    wait_until("it is told", lambda: yard.told(has_sentence=False))
    assert yard.drifts.books("yard")[0].pages == {}


def test_files_are_not_watched_and_nobody_is_where_it_is_off(yard: Yard, models: tuple[Path, Path]) -> None:
    network = Network(yard.settings(models[0]))
    yard.drifts.begin(CameraSettings(name="yard", source="yard.mp4"), network.digest)
    yard.windows(2, network)
    assert yard.post.take() is None
    assert yard.kept() == set()
    assert drifts_of(yard.link, RingReaders(), yard.settings(models[0], is_on=False)) is None


def test_a_picture_that_was_overwritten_meanwhile_is_none(yard: Yard, models: tuple[Path, Path]) -> None:
    network = Network(yard.settings(models[0]))
    yard.drifts.begin(LIVE, network.digest)
    for second in range(60):
        ticket = ticket_for(yard.file.path, 0, 12345, frame=second)
        yard.drifts.look(ticket, two_boxes(), network)
    assert yard.drifts.books("yard")[0].pages == {}
