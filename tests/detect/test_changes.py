"""A real detector that is told to work with another network: what it makes of pictures on the way, and what it reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pytest

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings, DetectorSettings, GateSettings
from appliance.detect.network import Network
from appliance.detect.networks import Networks
from appliance.detect.probation import LEAST_PICTURES, Probation
from appliance.detect.process import main
from appliance.ipc.channel import Receiver, Sender
from appliance.ipc.command import CommandLink, CommandPost
from appliance.ipc.frame_ring import FrameRing, RingFile, RingSize
from appliance.ipc.requests import ask
from appliance.messages.frames import DetectedFrame
from appliance.messages.orders import Begin, Checkpoint, Return, Switch, Take
from appliance.messages.questions import GuestPicture, GuestSeen
from appliance.messages.reports import Began, Ready, Swapping
from appliance.process_settings import DetectProcess
from appliance.topics import BOXES, GUESTS, TICKETS
from tests.detect.bad_models import (
    write_failing_for_what_is_small,
    write_slow_for_what_is_small,
    write_without_numbers,
)
from tests.examples import PREVIEW_HEIGHT, PREVIEW_WIDTH, ticket_for
from tests.processes import Peer
from tests.system.models import CLASSES, DETECTOR, write_detector, write_model
from tests.waiting import wait_until

HEIGHT, WIDTH = 96, 128
T = TypeVar("T")
# Boxes with their class, of which only the first is one of the two.
OUTSIDE = """
outside (float[N,3,H,W] images) => (float[N,M,6] output0)
<
    float[1,3,6] boxes = {10, 20, 60, 90, 0.9, 0, 20, 20, 60, 90, 0.8, 7, 30, 20, 60, 90, 0.7, -1},
    int64[3] axes = {1, 2, 3}, int64[2] behind = {1, 2}, float small = {0.000001}
>
{
    mean = ReduceMean <keepdims = 0> (images, axes)
    column = Unsqueeze (mean, behind)
    little = Mul (column, small)
    output0 = Add (boxes, little)
}
"""
SHORT = GateSettings(probation_s=1, slowest=1000)


def settings_of(model: Path, backend: str = "auto") -> DetectProcess:
    return DetectProcess(
        detector=DetectorSettings(model=str(model), input_px=WIDTH, threads=1, backend=backend),
        low_score=0.1,
        classes=(),
        named=(),
        stores=(),
        is_live=True,
        takes_guests=True,
        burst=1,
    )


def detect(pipe: Connection, folder: Path, settings: str) -> None:
    """What the supervisor would start."""
    del pipe
    main(CommandLink(folder, "detect"), settings)


class Bench:
    """A detector with one camera, and the test in the supervisor's, the decoder's and the tracker's place."""

    block = (slice(32, 64), slice(32, 96))

    def __init__(self, folder: Path, peer: Peer, post: CommandPost) -> None:
        self.folder, self.peer, self.post = folder, peer, post
        self.model = self._heard(Ready).model
        assert self.model is not None
        self._boxes = Receiver(folder, BOXES, "0")
        self._file = RingFile(RingSize(1, HEIGHT * WIDTH * 3, PREVIEW_HEIGHT * PREVIEW_WIDTH * 3 // 2))
        self._ring, self._frame = FrameRing(self._file.path, writable=True), 0
        camera = CameraSettings(name="yard", source="rtsp://yard/").model_dump_json()
        self.order(Begin("yard", 1, Checkpoint(-1), self.model, self._file.path, camera, "0"))
        self._heard(Began)
        self._tickets = Sender(folder, TICKETS, "device")

    def close(self) -> None:
        self._tickets.close()
        self._boxes.socket.close()
        self._file.close()

    def order(self, order: Begin | Switch | Take | Return) -> None:
        self.post.order("detect", self.peer.pid, order)

    def _heard(self, kind: type[T]) -> T:
        def report() -> T | None:
            message = self.post.take()
            return message[1] if message is not None and isinstance(message[1], kind) else None

        return wait_until(f"a {kind.__name__}", report, 60)

    def step(self) -> Swapping:
        """The next that is reported."""
        return self._heard(Swapping)

    def take(self, model: Path, number: int = 1, gates: GateSettings = SHORT, *, is_proved: bool = False) -> None:
        self.order(Switch(number, settings_of(model).model_dump_json()))
        step = self.step()
        assert step.step == "loaded", step
        self.order(Take(number, CLASSES, gates.model_dump_json(), is_proved))
        assert self.step().step == "taken"

    def keep(self) -> None:
        """Have it work until it is kept."""
        steps: list[str] = []
        while "kept" not in steps:
            self.seen()
            if (message := self.post.take()) is not None and isinstance(message[1], Swapping):
                steps.append(message[1].step)
        assert steps == ["switched", "kept"]

    def until(self, step: str) -> Swapping:
        """Have it work until it reports this."""
        while True:
            assert self.seen() == 1
            message = self.post.take()
            if message is None or not isinstance(message[1], Swapping):
                continue
            if message[1].step == step:
                return message[1]
            assert message[1].step == "switched", message[1]

    def seen(self) -> int:
        """How many boxes are found in a picture of a white block."""
        self._ring.begin(0)
        picture = self._ring.input_picture(0, HEIGHT, WIDTH)
        picture[:] = 0
        picture[self.block] = 255
        self._frame += 1
        ticket = ticket_for(self._file.path, 0, self._ring.commit(0), frame=self._frame)
        size = {"source_height": HEIGHT, "source_width": WIDTH, "input_height": HEIGHT, "input_width": WIDTH}
        self._tickets.send(msgspec.structs.replace(ticket, **size))
        answer = wait_until("an answer", self._boxes.take, 20)
        assert isinstance(answer, DetectedFrame)
        assert answer.ticket.frame == self._frame
        return len(answer.detections)

    def as_guest(self) -> GuestSeen:
        """What is answered to the same picture from elsewhere."""
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        picture[32:64, 32:96] = 255
        answer = ask(self.folder, GUESTS, GuestPicture(HEIGHT, WIDTH, picture.tobytes(), monotonic_ns() + 60 * NS_PER_S), 20.0)
        assert answer is not None
        return answer


@contextmanager
def bench_of(folder: Path, settings: DetectProcess) -> Iterator[Bench]:
    post = CommandPost(folder)
    with Peer(detect, folder, settings.model_dump_json()) as peer:
        bench = Bench(folder, peer, post)
        yield bench
        bench.close()
    post.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_of(tmp_path, settings_of(write_detector(tmp_path / "first.onnx"))) as bench:
        yield bench


def test_a_network_that_answers_with_no_numbers_gives_its_frame_back(bench: Bench, tmp_path: Path) -> None:
    bench.take(write_without_numbers(tmp_path / "bad.onnx"))
    assert bench.seen() == 1
    step = bench.step()
    assert (step.step, "no number" in step.sentence) == ("returned", True), step
    assert [bench.seen() for _ in range(3)] == [1, 1, 1]
    assert len(bench.as_guest().detections) == 1


def test_a_guest_that_shows_it_is_told_so(bench: Bench, tmp_path: Path) -> None:
    bench.take(write_without_numbers(tmp_path / "bad.onnx"))
    assert bench.as_guest().problem == "the detector was too busy"
    assert bench.step().step == "returned"
    assert len(bench.as_guest().detections) == bench.seen() == 1


def test_a_network_that_takes_much_longer_for_what_comes_is_taken_back(bench: Bench, tmp_path: Path) -> None:
    for _ in range(LEAST_PICTURES):
        assert bench.seen() == 1
    slow = write_slow_for_what_is_small(tmp_path / "slow.onnx")
    bench.take(slow, gates=GateSettings(probation_s=600, slowest=10))
    sentence = bench.until("returned").sentence
    assert re.fullmatch(r"it takes \d+ ms for a picture, \S+ times as long as the one before it", sentence), sentence
    assert bench.seen() == 1


def test_one_for_which_both_take_longer_is_kept(bench: Bench, tmp_path: Path) -> None:
    gates = GateSettings(probation_s=4, slowest=10)
    bench.take(write_slow_for_what_is_small(tmp_path / "slow.onnx"), number=1, gates=SHORT)
    usual, bench.block = bench.block, (slice(None), slice(None))
    bench.until("kept")
    bench.block = usual
    bench.take(write_slow_for_what_is_small(tmp_path / "another.onnx"), number=2, gates=gates)
    figures = bench.until("kept").figures
    assert figures is not None
    assert figures["picture_ms"] > 10 * figures["picture_before_ms"]


def test_one_is_not_blamed_for_what_the_one_before_cannot_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fixed = Network(settings_of(write_detector(tmp_path / "fixed.onnx", size=(HEIGHT, WIDTH))))
    networks = Networks(fixed)
    networks.take_over(Network(settings_of(write_detector(tmp_path / "open.onnx"))), Probation(SHORT, 1, 0))
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert networks.probation is not None
    for _ in range(LEAST_PICTURES):
        networks.probation.paces.add(NS_PER_S, 10 * NS_PER_S)
    assert networks.wants_turns(10 * NS_PER_S)
    networks.take_turns(picture, picture[:-32])
    assert (networks.probation.fault(), networks.wants_turns(monotonic_ns())) == ("", False)
    assert "could not be asked in turns" in caplog.text


# Who is given too much says so at once, or when its answer is asked for.
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_witness_that_does_not_work_any_more_ends_nothing_and_is_told(tmp_path: Path, backend: str) -> None:
    with bench_of(tmp_path, settings_of(write_failing_for_what_is_small(tmp_path / "first.onnx"), backend)) as bench:
        usual, bench.block = bench.block, (slice(None), slice(None))
        # So many that it is known how often it may be asked.
        assert [bench.seen() for _ in range(LEAST_PICTURES)] == [1] * LEAST_PICTURES
        bench.take(write_detector(tmp_path / "other.onnx"))
        bench.block = usual
        kept = bench.until("kept")
        assert kept.sentence.startswith("it was not compared to the end, as the one before it does not work any more: ")


def test_what_was_made_for_one_that_does_not_work_any_more_goes_to_the_other(tmp_path: Path) -> None:
    with bench_of(tmp_path, settings_of(write_failing_for_what_is_small(tmp_path / "first.onnx"))) as bench:
        bench.take(write_detector(tmp_path / "other.onnx", size=(64, 96)))
        assert [bench.seen() for _ in range(3)] == [1, 1, 1]


def blind(path: Path) -> Path:
    """Nothing is bright enough for it."""
    text = DETECTOR.format(batch="N", height="H", width="W", channels=4 + len(CLASSES), other_classes=", nothing")
    return write_model(path, text.replace("bright = {0.6}", "bright = {2.0}"))


def test_who_is_told_to_go_back_goes_back_even_when_it_has_just_kept(bench: Bench, tmp_path: Path) -> None:
    bench.take(blind(tmp_path / "blind.onnx"))
    bench.keep()
    assert bench.seen() == 0
    bench.order(Return(1))
    assert bench.step().step == "returned"
    assert bench.seen() == 1
    # Once is enough.
    bench.order(Return(1))
    assert bench.step().step == "returned"
    assert bench.seen() == 1


def test_who_has_counted_before_is_kept_though_no_picture_comes(bench: Bench, tmp_path: Path) -> None:
    bench.take(write_detector(tmp_path / "other.onnx"), is_proved=True)
    assert bench.step().step == "kept"
    assert bench.seen() == 1


def test_another_one_that_comes_meanwhile_is_not_taken_for_the_one_on_probation(bench: Bench, tmp_path: Path) -> None:
    bench.take(write_detector(tmp_path / "other.onnx"), number=1)
    bench.order(Switch(2, settings_of(write_detector(tmp_path / "third.onnx")).model_dump_json()))
    assert (loaded := bench.step()).number == 2, loaded
    assert bench.until("kept").number == 1


def test_nothing_is_kept_that_has_not_worked() -> None:
    probation = Probation(SHORT, None, 0)
    assert not probation.is_over(10 * NS_PER_S)
    assert Probation(SHORT, None, 0, is_proved=True).is_over(NS_PER_S)
    probation.pictures += LEAST_PICTURES
    assert not probation.is_over(NS_PER_S - 1)
    assert probation.is_over(NS_PER_S)


def test_a_class_that_nobody_knows_is_nothing(tmp_path: Path) -> None:
    network = Network(settings_of(write_model(tmp_path / "end.onnx", OUTSIDE)))
    network.speak(("bus", "person", "car"))
    network.submit([np.zeros((HEIGHT, WIDTH, 3), np.uint8)])
    seen = network.read(network.collect()[0], (HEIGHT, WIDTH))
    assert seen.classes.tolist() == [2]
    network.close()


def test_a_guest_comes_in_the_size_that_a_network_has(bench: Bench, tmp_path: Path) -> None:
    bench.take(write_detector(tmp_path / "other.onnx", size=(64, 96)))
    assert len(bench.as_guest().detections) == 1
