"""Bringing models of every kind: what the store then knows of them, and what is refused with nothing left behind."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import onnx
import pytest

from appliance.catalogue.importing import Wish, import_model
from appliance.errors import Refusal
from appliance.models.archive import write_archive
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.store import digest_of, find_model, intact_version
from tests.detect.bad_models import write_classifier, write_with_weights_elsewhere, write_without_numbers
from tests.models.test_engine_file import HEADER, PLAN, write_engine
from tests.shared_data import shared
from tests.system.models import CLASSES, write_detector, write_model

# Boxes of one class, as a head without suppression has them: x_min, y_min, x_max, y_max, score, class.
END_TO_END = """
e2e (float[N,3,H,W] images) => (float[N,M,6] output0)
<float[1,1,6] box = {10, 20, 60, 90, 0.8, 1}, int64[3] axes = {1, 2, 3}, float small = {0.000001}>
{
    mean = ReduceMean <keepdims = 0> (images, axes)
    axis = Constant <value_ints = [1, 2]> ()
    column = Unsqueeze (mean, axis)
    little = Mul (column, small)
    output0 = Add (box, little)
}
"""


def wish_of(file: Path, name: str = "road", **more: object) -> Wish:
    return replace(Wish(file, name, "user test"), **more)  # type: ignore[arg-type]  # as its fields say


def brought(tmp_path: Path, wish: Wish) -> Manifest:
    folder = import_model(wish, (tmp_path / "store", tmp_path / "shipped"))
    manifest = intact_version(folder).manifest
    assert manifest is not None
    return manifest


def test_a_model_is_known_by_its_graph_and_metadata(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "best.onnx")
    manifest = brought(tmp_path, wish_of(path, licence="MIT"))
    assert (manifest.label, manifest.head, manifest.classes) == ("road@1", "channels_first", CLASSES)
    assert (manifest.precision, manifest.any_batch, manifest.input_shape, manifest.input_px) == ("f32", True, None, None)
    assert manifest.licence == "MIT"
    assert manifest.sha256 == digest_of(path)
    assert manifest.lineage is not None
    assert (manifest.lineage.source, manifest.lineage.source_sha256) == ("best.onnx", digest_of(path))
    assert manifest.lineage.who == "user test"
    assert "operator set 18" in manifest.lineage.exporter
    assert manifest.reference is not None
    assert manifest.reference.shape == (384, 640)
    assert find_model("road", tmp_path / "store").path.read_bytes() == path.read_bytes()


def test_the_reference_picture_is_always_the_same(tmp_path: Path) -> None:
    one = brought(tmp_path, wish_of(write_detector(tmp_path / "one.onnx")))
    other = brought(tmp_path, wish_of(write_detector(tmp_path / "other.onnx", classes=("car", "bus"))))
    assert one.reference is not None
    assert other.reference is not None
    assert one.reference.picture_sha256 == other.reference.picture_sha256


def test_a_model_for_one_size_says_so(tmp_path: Path) -> None:
    manifest = brought(tmp_path, wish_of(write_detector(tmp_path / "stiff.onnx", batch=1, size=(96, 128))))
    assert (manifest.input_shape, manifest.any_batch) == ((96, 128), False)


def test_an_end_to_end_head_is_recognised(tmp_path: Path) -> None:
    manifest = brought(tmp_path, wish_of(write_model(tmp_path / "e2e.onnx", END_TO_END)))
    assert manifest.head == "end_to_end"
    assert manifest.reference is not None
    assert [row[5] for row in manifest.reference.boxes] == [1]


def test_a_model_without_names_is_given_them(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "mute.onnx", names=())
    with pytest.raises(Refusal, match="does not name its classes; --classes with its 2 classes, in order, is wanted"):
        brought(tmp_path, wish_of(path))
    with pytest.raises(Refusal, match="output must be .* with 3 classes|2 classes, found 3 names"):
        brought(tmp_path, wish_of(path, classes=("a", "b", "c")))
    with pytest.raises(Refusal, match="found one twice"):
        brought(tmp_path, wish_of(path, classes=("a", "a")))
    assert brought(tmp_path, wish_of(path, classes=("lorry", "tram"))).classes == ("lorry", "tram")


def zipped_checkpoint(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "x.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1, 2, 3]))
    return folder / "x.pt"


def half(folder: Path) -> Path:
    content = write_detector(folder / "whole.onnx").read_bytes()
    (folder / "half.onnx").write_bytes(content[: len(content) // 2])
    return folder / "half.onnx"


def segmenter(folder: Path) -> Path:
    model = onnx.load(str(write_detector(folder / "segment.onnx")))
    entry = model.metadata_props.add()
    entry.key, entry.value = "task", "segment"
    onnx.save(model, str(folder / "segment.onnx"))
    return folder / "segment.onnx"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda folder: folder / "gone.onnx", "gone.onnx does not exist", id="not there"),
        pytest.param(lambda folder: folder, "is not a file", id="a folder"),
        pytest.param(half, "is none, or only the beginning of one", id="cut off"),
        pytest.param(zipped_checkpoint, "is a PyTorch checkpoint: a pickle, which runs as a program", id="a checkpoint"),
        pytest.param(lambda folder: write_classifier(folder / "m.onnx"), "output must be", id="not a detector"),
        pytest.param(segmenter, "must be a detector, found one for the task 'segment'", id="for another task"),
        pytest.param(lambda folder: write_without_numbers(folder / "m.onnx"), "must answer with numbers", id="NaN weights"),
        pytest.param(lambda folder: write_with_weights_elsewhere(folder / "m.onnx"), "in other files", id="weights elsewhere"),
        pytest.param(
            lambda folder: write_engine(folder / "m.engine", HEADER | {"task": "pose"}), "for the task 'pose'", id="a pose engine"
        ),
    ],
)
def test_what_is_no_good_is_refused_and_leaves_nothing(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        brought(tmp_path, wish_of(make(tmp_path)))
    store = tmp_path / "store"
    assert not store.exists() or list(store.iterdir()) == []


def test_an_engine_is_kept_and_not_run(tmp_path: Path) -> None:
    manifest = brought(tmp_path, wish_of(write_engine(tmp_path / "m.engine")))
    assert (manifest.file, manifest.classes, manifest.input_px) == ("model.engine", ("car", "bus"), 640)
    assert (tmp_path / "store" / "road" / "1" / "model.engine").read_bytes() == PLAN
    assert manifest.lineage is not None
    assert manifest.lineage.source_sha256 == digest_of(tmp_path / "m.engine")
    with pytest.raises(Refusal, match="is a TensorRT engine"):
        find_model("road", tmp_path / "store")


def test_an_engine_is_not_meant_by_a_name_that_has_a_model_and_it_is_told_why(tmp_path: Path) -> None:
    told = list[str]()
    brought(tmp_path, wish_of(write_detector(tmp_path / "best.onnx"), version="1"))
    brought(tmp_path, wish_of(write_engine(tmp_path / "m.engine"), version="2", tell=told.append))
    [sentence] = told
    assert "kept and never run: it is a program of which nobody can tell what it does" in sentence
    assert "'appliance models build' makes an engine of that on this device" in sentence
    assert find_model("road", tmp_path / "store").path.name == "model.onnx"
    with pytest.raises(Refusal, match="kept and never run"):
        find_model("road@2", tmp_path / "store")


def test_an_archive_is_brought_under_its_own_name_or_another(tmp_path: Path) -> None:
    brought(tmp_path, wish_of(write_detector(tmp_path / "best.onnx"), version="2.1"))
    model = find_model("road", tmp_path / "store")
    assert model.manifest is not None
    write_archive(model, model.manifest, tmp_path / "road.model")
    elsewhere = (tmp_path / "elsewhere",)
    import_model(wish_of(tmp_path / "road.model", name=""), elsewhere)
    import_model(wish_of(tmp_path / "road.model", name="street", version="7"), elsewhere)
    own, other = (read_manifest(elsewhere[0] / place / "manifest.toml") for place in ("road/2.1", "street/7"))
    assert own == model.manifest
    assert other == model.manifest.model_copy(update={"name": "street", "version": "7"}).sealed()


@pytest.mark.skipif(find_spec("ultralytics") is not None, reason="ultralytics is installed")
def test_a_checkpoint_wants_the_extra(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"ultralytics is wanted, which is not installed: pip install 'appliance\[export\]'"):
        brought(tmp_path, wish_of(zipped_checkpoint(tmp_path), may_run_pickles=True))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ultralytics") is None, reason="ultralytics, the extra export, is not installed")
def test_a_checkpoint_becomes_an_onnx_model_that_sees_the_same(tmp_path: Path) -> None:
    manifest = brought(tmp_path, wish_of(shared("models", "yolov8n.pt"), may_run_pickles=True))
    assert (manifest.head, len(manifest.classes), manifest.any_batch, manifest.input_px) == ("channels_first", 80, True, 640)
    assert manifest.figures["export_f1"] == 1
    assert manifest.figures["export_boxes"] > 10
    assert manifest.lineage is not None
    assert manifest.lineage.source == "yolov8n.pt"
    assert "operator set 17" in manifest.lineage.exporter


@pytest.mark.slow
def test_real_weights_are_brought_whole(tmp_path: Path) -> None:
    manifest = brought(tmp_path, wish_of(shared("models", "yolov8n_dynamic.onnx")))
    assert (manifest.head, len(manifest.classes), manifest.input_px) == ("channels_first", 80, 640)
    assert manifest.lineage is not None
    assert manifest.lineage.exporter.startswith("ultralytics 8")
    assert manifest.reference is not None
    assert len(manifest.reference.boxes) > 5
