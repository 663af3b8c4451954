"""A model in the shadow of another: what it is asked for, and by what it is judged."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from appliance import pipeline
from appliance.boxes import Detections
from appliance.clock import NS_PER_MS
from appliance.config import CameraSettings, CounterSettings, DetectorSettings, GateSettings, SiteSettings, TrackerSettings
from appliance.detect.guests import letterboxed
from appliance.detect.network import Network
from appliance.ipc.command import CommandLink, CommandPost
from appliance.ipc.frame_ring import Pixels
from appliance.place import Place
from appliance.process_settings import CandidateProcess, DetectProcess
from appliance.swap.candidate import Candidate
from appliance.swap.shadow import Shadow, Yardstick
from tests.detect.bad_models import write_shuffled
from tests.examples import ticket_for
from tests.shared_data import shared
from tests.system.models import CLASSES, write_detector

GATES = GateSettings(shadow_s=1)
LINE = {"name": "middle", "from": [0.5, 0.0], "to": [0.5, 1.0]}


def camera(*classes: str) -> CameraSettings:
    return CameraSettings.model_validate({"name": "yard", "source": "rtsp://yard/", "lines": [{**LINE, "classes": classes}]})


def seen(classes: list[int]) -> Detections:
    """Boxes side by side."""
    boxes = np.array([[50 * place, 0, 50 * place + 40, 40] for place in range(len(classes))], np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(len(classes), 0.9, np.float32), np.array(classes, np.int64))


@pytest.mark.parametrize(("persons", "is_good"), [(1, True), (9, True), (12, False)], ids=["one", "a few", "many"])
def test_a_class_that_is_no_longer_seen_is_not_hidden_behind_another(persons: int, is_good: bool) -> None:
    """And one that stands there for long, and is called something else by the other, is one."""
    common = frozenset(range(len(CLASSES)))
    shadow = Shadow({"yard": camera()}, Yardstick(GATES, TrackerSettings(), CounterSettings(), 0.25, CLASSES, common))
    for frame in range(60):
        shadow.add(ticket_for("", frame=frame), seen([0] * 60 + [1] * persons), seen([0] * 60), 1)
    judgement = shadow.judgement(10)
    assert judgement is not None
    assert (judgement.is_good, "of the class 'person'" in judgement.sentence) == (is_good, not is_good), judgement


def test_what_a_picture_takes_it_is_told() -> None:
    common = frozenset(range(len(CLASSES)))
    shadow = Shadow({"yard": camera()}, Yardstick(GATES, TrackerSettings(), CounterSettings(), 0.25, CLASSES, common))
    assert "latency_p50_ms" not in shadow.figures()
    for frame in range(100):
        shadow.add(ticket_for("", frame=frame), seen([0]), seen([0]), (500 if frame == 7 else 20) * NS_PER_MS)
    figures = shadow.figures()
    assert figures["latency_p50_ms"] == 20
    assert 20 <= figures["latency_p99_ms"] <= 500


def network_of(model: Path) -> Network:
    settings = DetectorSettings(model=str(model), input_px=320)
    return Network(
        DetectProcess(
            detector=settings,
            low_score=0.1,
            classes=(),
            named=("car",),
            stores=(),
            is_live=True,
            takes_guests=False,
            burst=1,
        )
    )


def seen_by(network: Network, picture: Pixels) -> Detections:
    shape = network.info.rule.shape_for(picture.shape[1], picture.shape[0])
    network.submit([letterboxed(picture, *shape)])
    return network.read(network.collect()[0], shape)


@pytest.mark.slow
def test_real_weights_in_another_order_see_nothing_on_a_real_road(tmp_path: Path) -> None:
    weights, road = shared("models", "yolov8n_dynamic.onnx"), shared("videos", "highway_two_way_720p.mp4")
    live, shuffled = network_of(weights), network_of(write_shuffled(weights, tmp_path / "shuffled.onnx"))
    names = live.info.names
    yardstick = Yardstick(GATES, TrackerSettings(), CounterSettings(), 0.25, names, frozenset(range(len(names))))
    right, wrong = Shadow({"yard": camera()}, yardstick), Shadow({"yard": camera()}, yardstick)
    with av.open(str(road)) as container:
        for number, frame in zip(range(40), container.decode(video=0)):
            if number % 4 == 0:
                picture = frame.to_ndarray(format="rgb24").astype(np.uint8)
                found = seen_by(live, picture)
                right.add(ticket_for("", frame=number), found, found, 1)
                wrong.add(ticket_for("", frame=number), found, seen_by(shuffled, picture), 1)
    judgements = right.judgement(10), wrong.judgement(10)
    assert [judgement and judgement.is_good for judgement in judgements] == [True, False], judgements
    assert judgements[1] is not None
    assert "its boxes agree with an F1 of 0.00" in judgements[1].sentence
    live.close()
    shuffled.close()


def test_a_candidate_is_asked_for_what_lines_count_now(tmp_path: Path) -> None:
    post, model = CommandPost(tmp_path), write_detector(tmp_path / "model.onnx")
    site = SiteSettings.model_validate({"cameras": [], "detector": {"model": str(model), "input_px": 128}})
    settings = CandidateProcess(
        number=1,
        detect=DetectProcess.model_validate_json(pipeline.for_detect(site, tmp_path)),
        gates=GATES,
        tracker=TrackerSettings(),
        counter=CounterSettings(),
        names=CLASSES,
        live_names=CLASSES,
        cameras=(camera("person").model_dump_json(by_alias=True),),
    )
    link = CommandLink(tmp_path, "candidate")
    candidate = Candidate(link, settings)
    assert candidate.network.kept == ("person",)
    candidate.close()
    link.close()
    post.close()


def test_another_model_need_not_know_what_lines_named_when_the_program_began(tmp_path: Path) -> None:
    first, other = (
        SiteSettings.model_validate({"cameras": [], "detector": {"model": name}, "data_dir": str(tmp_path)})
        for name in ("first", "other")
    )
    place = Place(tmp_path, tmp_path / "ledger", "run", tmp_path, False, ("bus",), ("bus",), model="first")
    found = [
        DetectProcess.model_validate_json(next(spec.settings for spec in place.machine(site).specs if spec.name == "detect"))
        for site in (first, other)
    ]
    assert [(settings.classes, settings.named) for settings in found] == [(("bus",), ("bus",)), ((), ())]
