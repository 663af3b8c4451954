"""A manifest is written as TOML that reads the same, and its seal tells whether somebody has changed it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refusal
from appliance.models.manifest import (
    LARGEST_MANIFEST_BYTES,
    Calibration,
    Manifest,
    exporter_in,
    input_px_in,
    parse_manifest,
    read_manifest,
)
from appliance.models.store import store_folder
from appliance.models.writing import as_toml
from tests.models.making import NOBODY

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(classes=st.lists(WORDS, max_size=5), licence=WORDS, figures=st.dictionaries(WORDS, FINITE, max_size=5), who=WORDS)
def test_what_is_written_reads_the_same(classes: list[str], licence: str, figures: dict[str, float], who: str) -> None:
    manifest = Manifest(
        name="road",
        version="1",
        classes=tuple(classes),
        licence=licence,
        figures=figures,
        lineage=NOBODY.model_copy(update={"who": who}),
        calibration=Calibration(videos={"0" * 64: who}, pictures=64, proven_on=1500),
        remarks=(licence,),
    ).sealed()
    assert parse_manifest(as_toml(manifest).encode(), "here") == manifest


def test_the_seal_does_not_depend_on_what_was_measured_or_left_out() -> None:
    plain = Manifest(name="road", version="1")
    assert plain.sealed().seal == plain.model_copy(update={"figures": {"map50": 1.0}}).sealed().seal
    assert plain.sealed().seal == Manifest(name="road", version="1", licence="").sealed().seal
    assert plain.sealed().seal != Manifest(name="road", version="1", licence="MIT").sealed().seal


def test_what_nobody_has_sealed_is_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text('name = "road"\nversion = "1"\n')
    assert read_manifest(tmp_path / "manifest.toml") == Manifest(name="road", version="1")
    assert read_manifest(store_folder() / "demo" / "1" / "manifest.toml").label == "demo@1"


def test_a_manifest_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_bytes(b"#" * (LARGEST_MANIFEST_BYTES + 1))
    with pytest.raises(Refusal, match="at most 1000000 bytes"):
        read_manifest(tmp_path / "manifest.toml")


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("[640, 640]", 640),
        ("[384, 640]", 640),
        ("(320, 320)", 320),
        ("320", 320),
        ("[]", None),
        ("[7]", None),
        ("99999", None),
        ("['640']", None),
        ("640 px", None),
        ("[" * 5000, None),
    ],
)
def test_the_input_that_a_model_was_trained_for(text: str, longest: int | None) -> None:
    assert input_px_in({"imgsz": text}) == longest


def test_who_made_a_file() -> None:
    assert exporter_in({"author": "Ultralytics", "version": "8.3.0"}) == "ultralytics 8.3.0"
    assert exporter_in({"version": "8.3.0"}) == ""
