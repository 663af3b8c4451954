"""A real detector around a swap between inputs of different sizes: what was made for one network is looked at by the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.config import CameraSettings, GateSettings
from appliance.ipc.command import CommandPost
from appliance.messages.frames import DetectedFrame
from appliance.messages.orders import Begin, Checkpoint, Switch, Take
from appliance.messages.reports import Began, Swapping
from tests.detect.bad_models import write_without_numbers
from tests.detect.test_changes import HEIGHT, WIDTH, Bench, detect, settings_of
from tests.examples import ticket_for
from tests.processes import Peer
from tests.system.models import CLASSES, DETECTOR, write_detector, write_model
from tests.waiting import wait_until

OTHER_SIZE = (64, 96)
# Many boxes in any picture.
MANY = """
many (float[N,3,H,W] images) => (float[N,M,6] output0)
<int64[3] axes = {1, 2, 3}, int64[2] behind = {1, 2}, float small = {0.000001}, float[1,30,6] boxes = {BOXES}>
{
    mean = ReduceMean <keepdims = 0> (images, axes)
    column = Unsqueeze (mean, behind)
    little = Mul (column, small)
    output0 = Add (boxes, little)
}
"""


def write_many(path: Path) -> Path:
    boxes = [(4 * number, 10, 4 * number + 3, 20, 0.9, 0) for number in range(30)]
    return write_model(path, MANY.replace("BOXES", ", ".join(str(value) for box in boxes for value in box)))


def write_blind(path: Path) -> Path:
    """Nothing is bright enough for it."""
    size = {"height": OTHER_SIZE[0], "width": OTHER_SIZE[1]}
    text = DETECTOR.format(batch="N", channels=4 + len(CLASSES), other_classes=", nothing", **size)
    return write_model(path, text.replace("bright = {0.6}", "bright = {2.0}"))


class Sized(Bench):
    """Whose decoder makes pictures in any size."""

    size = HEIGHT, WIDTH

    def take_for(self, model: Path, probation_s: float = 1) -> None:
        """Have it taken."""
        self.order(Switch(1, settings_for(model)))
        assert self.step().step == "loaded"
        self.order(Take(1, (*CLASSES, "bus"), GateSettings(probation_s=probation_s, slowest=1000).model_dump_json()))
        assert self.step().step == "taken"

    def seen(self) -> int:
        """How many boxes are found in a picture of a white block."""
        return self.seen_at_once(1)[0]

    def seen_at_once(self, frames: int) -> list[int]:
        """The same for frames that come together."""
        height, width = self.size
        self._ring.begin(0)
        picture = self._ring.input_picture(0, height, width)
        picture[:] = 0
        picture[height // 3 : 2 * height // 3, width // 4 : 3 * width // 4] = 255
        generation = self._ring.commit(0)
        size = {"source_height": HEIGHT, "source_width": WIDTH, "input_height": height, "input_width": width}
        for _ in range(frames):
            self._frame += 1
            ticket = ticket_for(self._file.path, 0, generation, frame=self._frame)
            self._tickets.send(msgspec.structs.replace(ticket, **size))
        return [self._answer() for _ in range(frames)]

    def _answer(self) -> int:
        answer = wait_until("an answer", self._boxes.take, 20)
        assert isinstance(answer, DetectedFrame), answer
        return len(answer.detections)

    def begin(self, *classes: str) -> None:
        """The camera begins anew, with a line for these."""
        line = {"name": "middle", "from": [0.5, 1], "to": [0.5, 0], "classes": classes}
        camera = CameraSettings.model_validate({"name": "yard", "source": "rtsp://yard/", "lines": [line]})
        assert self.model is not None
        model = msgspec.structs.replace(self.model, names=(*CLASSES, "bus"))
        self.order(Begin("yard", 1, Checkpoint(-1), model, self._file.path, camera.model_dump_json(by_alias=True), "0"))
        self._heard(Began)


def settings_for(model: Path) -> str:
    settings = settings_of(model)
    detector = settings.detector.model_copy(update={"max_batch": 2})
    return settings.model_copy(update={"detector": detector}).model_dump_json()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[CommandPost]:
    post = CommandPost(tmp_path)
    yield post
    post.close()


@pytest.fixture
def bench(tmp_path: Path, post: CommandPost) -> Iterator[Sized]:
    with Peer(detect, tmp_path, settings_for(write_detector(tmp_path / "first.onnx"))) as peer:
        bench = Sized(tmp_path, peer, post)
        yield bench
        bench.close()


def test_a_picture_of_a_network_that_is_gone_is_looked_at(bench: Sized, tmp_path: Path) -> None:
    bench.take_for(write_without_numbers(tmp_path / "bad.onnx"))
    bench.seen()
    assert bench.step().step == "returned"
    # A decoder that has not heard of that yet goes on in its size.
    bench.size = OTHER_SIZE
    assert [bench.seen() for _ in range(3)] == [1, 1, 1]


def test_who_takes_one_picture_at_a_time_is_given_one(bench: Sized, tmp_path: Path) -> None:
    bench.take_for(write_detector(tmp_path / "other.onnx", batch=1, size=OTHER_SIZE))
    bench.size = OTHER_SIZE
    assert bench.seen_at_once(2) == [1, 1]
    bench.keep()


def test_one_that_is_blind_in_another_size_is_found_out(tmp_path: Path, post: CommandPost) -> None:
    with Peer(detect, tmp_path, settings_for(write_many(tmp_path / "many.onnx"))) as peer:
        bench = Sized(tmp_path, peer, post)
        bench.take_for(write_blind(tmp_path / "blind.onnx"), probation_s=60)
        bench.size = OTHER_SIZE
        steps: list[Swapping] = []

        def is_over() -> bool:
            bench.seen()
            if (message := post.take()) is not None and isinstance(message[1], Swapping):
                steps.append(message[1])
            return bool(steps) and steps[-1].step in ("kept", "returned")

        wait_until("its end", is_over)
        assert (steps[-1].step, "it sees 0 objects where the one" in steps[-1].sentence) == ("returned", True), steps[-1]
        # What is still made for it is not lost.
        assert bench.seen() == 30
        bench.close()


def test_a_line_may_name_what_the_network_before_does_not_know(bench: Sized, tmp_path: Path) -> None:
    bench.take_for(write_detector(tmp_path / "other.onnx", classes=("bus", "car")))
    bench.keep()
    bench.begin("bus")
    assert bench.seen() == 1
