"""Making a version in fewer bits of a real model, on a painted street and on real footage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.catalogue.importing import Wish, import_model
from appliance.catalogue.precision_commands import site_with_lines
from appliance.catalogue.reducing import Reduction, reduce_model
from appliance.catalogue.terminal import site_of
from appliance.config import SiteSettings
from appliance.errors import Refusal
from appliance.models.manifest import Manifest
from appliance.models.onnx_file import summary_of
from appliance.models.store import digest_of, find_model, intact_version, store_folder
from appliance.precision.proof import Proof
from appliance.precision.reduction import Reduced, ReductionRequest, reduced
from appliance.scene.clip import write_scene
from appliance.scene.settings import SceneSettings
from tests.models.making import add_kept
from tests.shared_data import shared
from tests.system.videos import traffic, write_video


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds of the demo's street."""
    clip = tmp_path_factory.mktemp("street") / "street.mp4"
    write_scene(SceneSettings(width=640, height=360, seconds=7.0, light="day", rain=False), clip, None, lambda done, total: None)
    return clip


def site() -> SiteSettings:
    return site_with_lines(site_of(None, None), None, "", "")


def wanted(label: str, *videos: Path, to: Reduced = Reduced.INT8) -> Reduction:
    return Reduction(label, to, videos, site(), "user test", pictures=16, proof_frames=60)


def made(tmp_path: Path, reduction: Reduction) -> Manifest:
    manifest = intact_version(reduce_model(reduction, (tmp_path / "store", store_folder()))).manifest
    assert manifest is not None
    return manifest


def test_a_model_is_made_int8_and_proven(tmp_path: Path, street: Path) -> None:
    said: list[str] = []
    proofs: list[Proof] = []
    manifest = made(tmp_path, replace(wanted("demo@1", street), tell=said.append, judged=proofs.append))
    assert (manifest.label, manifest.precision, manifest.classes[0]) == ("demo@2", "int8", "car")
    original = find_model("demo@1", store_folder())
    assert manifest.lineage is not None
    assert (manifest.lineage.made_from, manifest.lineage.made_from_sha256) == ("demo@1", digest_of(original.path))
    assert "convolutions in int8, symmetric" in manifest.lineage.exporter
    assert manifest.calibration is not None
    assert manifest.calibration.videos == {digest_of(street): "street.mp4"}
    assert (manifest.calibration.pictures, manifest.calibration.proven_on) == (16, 60)
    assert manifest.reference is not None
    (proof,) = proofs
    assert manifest.figures["map50"] > 0.9
    assert manifest.figures["map50"] == round(proof.new.map50 or 0, 4)
    assert manifest.figures["int8_p50_ms"] > 0
    assert proof.original.map50 == pytest.approx(1.0)
    model = find_model("demo", tmp_path / "store")
    assert summary_of(model.path).precision == "int8"
    assert model.path.stat().st_size < 0.5 * original.path.stat().st_size
    assert any("calibrating with the 16 most different frames" in sentence for sentence in said)


def test_a_model_is_made_fp16_and_not_once_more(tmp_path: Path, street: Path) -> None:
    manifest = made(tmp_path, wanted("demo@1", street, to=Reduced.FP16))
    assert (manifest.precision, manifest.figures["map50"] > 0.98) == ("f16", True)
    assert manifest.calibration is not None
    assert manifest.calibration.pictures == 0
    original = find_model("demo@1", store_folder())
    assert find_model("demo", tmp_path / "store").path.stat().st_size < 0.6 * original.path.stat().st_size
    with pytest.raises(Refusal, match="a model in f32 is wanted, but demo@2 is f16 already"):
        made(tmp_path, wanted("demo", street))


@pytest.mark.long
def test_where_there_is_nothing_to_judge_by_it_is_kept_by_force_only(tmp_path: Path) -> None:
    empty = write_video(tmp_path / "empty.mp4", traffic(1))
    with pytest.raises(Refusal, match="demo@1 as int8 must be worth nearly as much, but there was too little to judge by"):
        made(tmp_path, wanted("demo@1", empty))
    assert list((tmp_path / "store").iterdir()) == []
    manifest = made(tmp_path, replace(wanted("demo@1", empty), is_forced=True))
    assert "there was too little to judge by" in manifest.remarks[0]
    assert "map50" not in manifest.figures


def test_what_cannot_be_reduced_is_refused(tmp_path: Path, street: Path) -> None:
    add_kept(tmp_path / "store", "road")
    with pytest.raises(Refusal, match="for int8 the model road@1 must have convolutions"):
        made(tmp_path, wanted("road", street))
    with pytest.raises(Refusal, match="the name of a kept model is wanted, found"):
        made(tmp_path, wanted(str(write_copy(tmp_path)), street))


def write_copy(folder: Path) -> Path:
    path = folder / "copy.onnx"
    path.write_bytes(find_model("demo@1", store_folder()).path.read_bytes())
    return path


def test_what_takes_too_long_is_ended(tmp_path: Path, street: Path) -> None:
    request = ReductionRequest(
        model=find_model("demo@1", store_folder()).path,
        label="demo@1",
        classes=("car",),
        to=Reduced.INT8,
        videos=(street,),
        out=tmp_path / "model.onnx",
        site=site(),
        pictures=16,
        proof_frames=80,
    )
    with pytest.raises(Refusal, match="demo@1 was to be made int8, but it took longer than 0.2 s"):
        reduced(request, lambda sentence: None, limit_s=0.2)


@pytest.mark.slow
@pytest.mark.long
def test_real_weights_lose_little_on_real_footage(tmp_path: Path) -> None:
    """Calibrated with the first part of the motorway, judged by the rest."""
    weights, video = shared("models", "yolov8n_dynamic.onnx"), shared("videos", "motorway_bend_720p.mp4")
    import_model(Wish(weights, "yolov8n", "user test"), (tmp_path / "store",))
    manifest = made(tmp_path, replace(wanted("yolov8n@1", video), is_forced=True))
    assert (manifest.label, manifest.precision) == ("yolov8n@2", "int8")
    assert manifest.figures["map50"] > 0.9
    ways = [f"{line} {way}" for line in ("across", "down") for way in ("forward", "backward")]
    assert [manifest.figures[f"int8 {way}"] for way in ways] == [manifest.figures[f"f32 {way}"] for way in ways]
