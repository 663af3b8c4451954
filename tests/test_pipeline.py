"""The map of processes: who runs, for which cameras, with which settings, and how much memory the frames take."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from appliance import pipeline
from appliance.config import CameraSettings, SiteSettings, wanted_classes
from appliance.ipc.frame_ring import RingSize
from appliance.letterbox import InputRule, preview_shape
from appliance.messages.orders import ModelInfo
from appliance.process_settings import CountProcess, DecodeProcess, DetectProcess, TrackProcess
from appliance.site_file import parse_site
from appliance.supervise.machine import Machine
from appliance.supervise.spec import ProcessSpec

LEDGER, MODELS = Path("/data/ledger.sqlite"), Path("/models")
FOLDER = Path("/run/folder")


def site_of(*cameras: dict[str, Any], **more: Any) -> SiteSettings:
    """A site with these cameras, or so many of them."""
    return parse_site({"cameras": list(cameras), "detector": {"model": "m.onnx"}, **more})


def camera(name: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "source": f"{name}.mp4", "lines": list(lines), **more}


def line(name: str, *classes: str) -> dict[str, Any]:
    return {"name": name, "from": [0, 0.5], "to": [1, 0.5], "classes": list(classes)}


def cameras(count: int) -> list[dict[str, Any]]:
    return [camera(f"c{number}") for number in range(count)]


def machine_of(site: SiteSettings, before: pipeline.Shards | None = None) -> Machine:
    return pipeline.build(site, FOLDER, LEDGER, "run1", MODELS, gives_up=True, before=before)


def specs_of(site: SiteSettings) -> dict[str, ProcessSpec]:
    return {spec.name: spec for spec in machine_of(site).specs}


def test_one_camera_is_four_processes_in_the_order_of_a_frames_way() -> None:
    assert list(specs_of(site_of(camera("yard")))) == ["decode.yard", "detect", "track.0", "count"]


@pytest.mark.parametrize(
    ("count", "shards"),
    [
        pytest.param(1, {"track.0": 1}, id="one"),
        pytest.param(8, {"track.0": 8}, id="a full shard"),
        pytest.param(9, {"track.0": 8, "track.1": 1}, id="one more"),
        pytest.param(20, {"track.0": 8, "track.1": 8, "track.2": 4}, id="twenty"),
    ],
)
def test_cameras_are_shared_out_in_shards_of_eight(count: int, shards: dict[str, int]) -> None:
    site = site_of(*cameras(count))
    specs = specs_of(site)
    assert {name for name in specs if name.startswith("track.")} == set(shards)
    assert Counter(stream.shard for stream in machine_of(site).streams) == shards
    assert sum(name.startswith("decode.") for name in specs) == count


def test_who_has_a_shard_keeps_it_and_who_comes_fills_what_is_free() -> None:
    before = pipeline.shards([f"c{number}" for number in range(18)])
    now = pipeline.shards(["new1", *(f"c{number}" for number in range(18) if number not in (3, 16, 17)), "new2", "new3"], before)
    assert now["track.0"] == ("c0", "c1", "c2", "c4", "c5", "c6", "c7", "new1")
    assert now["track.1"] == before["track.1"]
    assert now["track.2"] == ("new2", "new3")


def test_every_entry_point_is_there() -> None:
    for spec in specs_of(site_of(camera("yard"))).values():
        module, _, function = spec.entry.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_each_process_gets_its_own_settings_and_no_others() -> None:
    site = site_of(*cameras(9), detector={"model": "m.onnx", "confidence": 0.3}, tracker={"low_score": 0.2})
    specs = specs_of(site)
    decode = DecodeProcess.model_validate_json(specs["decode.c3"].settings)
    detect = DetectProcess.model_validate_json(specs["detect"].settings)
    track = TrackProcess.model_validate_json(specs["track.1"].settings)
    count = CountProcess.model_validate_json(specs["count"].settings)
    assert decode.camera == site.cameras[3].model_copy(update={"lines": ()})
    assert (detect.low_score, detect.stores, detect.is_live) == (0.2, (site.data_dir.expanduser() / "engines", MODELS), False)
    assert (track.shard, track.confidence, track.tracker.low_score) == ("track.1", 0.3, 0.2)
    assert (count.ledger, count.run) == (LEDGER, "run1")


def test_the_detector_keeps_what_the_tracker_wants_even_where_confidence_is_lower() -> None:
    specs = specs_of(site_of(camera("yard"), detector={"model": "m.onnx", "confidence": 0.05}))
    assert DetectProcess.model_validate_json(specs["detect"].settings).low_score == 0.05


def test_one_live_camera_makes_the_detector_live() -> None:
    specs = specs_of(site_of(camera("file"), camera("live", pace="live")))
    assert DetectProcess.model_validate_json(specs["detect"].settings).is_live


def test_without_cameras_the_detector_is_ready_for_live_ones_and_stays_so() -> None:
    empty = site_of()
    specs = specs_of(empty)
    assert list(specs) == ["detect", "count"]
    detect = specs["detect"].settings
    assert DetectProcess.model_validate_json(detect).is_live
    classes = pipeline.classes_of(empty)
    for first in (camera("file", line("one", "car")), camera("live", pace="live")):
        assert pipeline.for_detect(site_of(first), MODELS, classes, stays_live=pipeline.is_live(empty)) == detect
    assert pipeline.ring_size(empty) == pipeline.ring_size(site_of(camera("yard")))


@pytest.mark.parametrize(
    ("described", "wanted"),
    [
        pytest.param([camera("a", line("one", "car", "bus"))], ("bus", "car"), id="one line"),
        pytest.param([camera("a", line("one", "car"), line("two", "person"))], ("car", "person"), id="two lines"),
        pytest.param([camera("a", line("one", "car")), camera("b", line("one", "car", "bus"))], ("bus", "car"), id="two cameras"),
        pytest.param([camera("a", line("one", "car"), line("two"))], (), id="a line of everything"),
        pytest.param([camera("a")], (), id="no lines"),
    ],
)
def test_the_detector_looks_for_what_some_line_counts(described: list[dict[str, Any]], wanted: tuple[str, ...]) -> None:
    assert wanted_classes(site_of(*described).cameras) == wanted


@pytest.mark.parametrize(
    ("rule", "settings", "size"),
    [
        pytest.param(None, {}, RingSize(8, 640 * 640 * 3, 640 * 640 * 3 // 2), id="before the model is known"),
        pytest.param(InputRule(640, 32), {}, RingSize(8, 640 * 640 * 3, 640 * 640 * 3 // 2), id="any shape"),
        pytest.param(InputRule(640, 32, (384, 640)), {}, RingSize(8, 384 * 640 * 3, 640 * 640 * 3 // 2), id="fixed shape"),
        pytest.param(InputRule(650, 64), {"px": 650}, RingSize(8, 704 * 704 * 3, 640 * 640 * 3 // 2), id="up to the stride"),
        pytest.param(None, {"slots": 3, "preview": 333}, RingSize(3, 640 * 640 * 3, 332 * 332 * 3 // 2), id="even preview"),
    ],
)
def test_a_ring_holds_the_largest_pictures_there_can_be(rule: InputRule | None, settings: dict[str, int], size: RingSize) -> None:
    site = site_of(
        camera("small", preview_px=64),
        camera("large", preview_px=settings.get("preview", 640)),
        detector={"model": "m.onnx", "input_px": settings.get("px", 640)},
        slots=settings.get("slots", 8),
    )
    assert pipeline.ring_size(site, None if rule is None else ModelInfo((), rule, "")) == size


@pytest.mark.parametrize("source", [(1280, 720), (720, 1280), (1, 4000), (641, 640), (33, 17)])
def test_every_sources_pictures_fit_into_the_ring(source: tuple[int, int]) -> None:
    site, rule = site_of(camera("yard")), InputRule(640, 32)
    size = pipeline.ring_size(site, ModelInfo((), rule, ""))
    height, width = rule.shape_for(*source)
    preview_height, preview_width = preview_shape(*source, site.cameras[0].preview_px)
    assert height * width * 3 <= size.input_bytes
    assert preview_height * preview_width * 3 // 2 <= size.preview_bytes


def test_a_machine_knows_who_works_on_which_stream() -> None:
    site = site_of(*cameras(9), slots=4, log_level="info", shm_dir="/dev/shm")
    machine = machine_of(site)
    assert [stream.camera for stream in machine.streams] == [f"c{number}" for number in range(9)]
    assert machine.streams[0].processes == ("decode.c0", "detect", "track.0", "count")
    assert machine.streams[8].processes == ("decode.c8", "detect", "track.1", "count")
    specs = {spec.name: spec for spec in machine.specs}
    for stream in machine.streams:
        assert set(stream.processes) <= set(specs)
        assert stream.shard in stream.processes
        assert CameraSettings.model_validate_json(stream.settings) in site.cameras
    assert (machine.folder, machine.log_level, machine.gives_up) == (FOLDER, "info", True)
    assert machine.ring_size(ModelInfo((), InputRule(), "")).slots == 4


def test_the_model_is_asked_for_every_class_that_is_named_also_beside_a_line_that_counts_all() -> None:
    site = site_of(camera("gate", line("all"), line("ufos", "ufo")))
    assert pipeline.classes_of(site) == ((), ("ufo",))
