"""What is said of a reduced model, from what was measured."""

from __future__ import annotations

import pytest

from appliance.precision.proof import Contestant, Pace, Proof, objection, remarks


def proof(map50: float | None = 1.0, *, count: int = 7, p50_ms: float = 5.0) -> Proof:
    counts = {"road forward": 7, "road backward": 3}
    return Proof(
        "OpenVINO",
        200,
        {"car": 900},
        (
            Contestant("f32", Pace(20.0, 30.0), counts, 1.0, 1.0, 1.0, {"car": 1.0}),
            Contestant("bf16", Pace(10.0, 12.0), counts, 0.99, 0.97, 0.99, {"car": 0.99}),
            Contestant("int8", Pace(p50_ms, 9.0), counts | {"road forward": count}, map50, map50, 0.98, {}),
        ),
    )


@pytest.mark.parametrize(
    ("found", "refused", "remarked"),
    [
        pytest.param(proof(), "", [], id="as good"),
        pytest.param(proof(0.991), "", [], id="a point lost at most"),
        pytest.param(proof(0.985), "", ["it loses 1.5 points of map50"], id="between one and three"),
        pytest.param(proof(0.96), "it loses 4.0 points of map50", ["it loses 4.0 points"], id="more than three"),
        pytest.param(proof(None), "there was too little to judge by", ["there was too little"], id="nothing to judge by"),
        pytest.param(proof(count=8), "", ["it counts otherwise .* road forward 8 instead of 7"], id="counts otherwise"),
        pytest.param(proof(p50_ms=11.0), "", ["it is slower than the original in bf16"], id="slower"),
    ],
)
def test_what_is_said(found: Proof, refused: str, remarked: list[str]) -> None:
    assert refused in objection(found)
    assert bool(refused) == bool(objection(found))
    said = remarks(found)
    assert len(said) == len(remarked)
    for sentence, wanted in zip(said, remarked):
        assert wanted.split(" .* ")[0] in sentence
        assert wanted.split(" .* ")[-1] in sentence


def test_figures_for_a_manifest() -> None:
    figures = proof(0.98765).figures()
    assert (figures["map50"], figures["times_as_fast"], figures["int8_p99_ms"]) == (0.9877, 2.0, 9.0)
    assert (figures["f32 road forward"], figures["int8 road forward"]) == (7, 7)
    assert "map50" not in proof(None).figures()


def test_where_the_device_has_nothing_else_the_original_is_what_it_is_compared_with() -> None:
    two = Proof("ONNX Runtime", 1, {}, (proof().contestants[0], proof().contestants[2]))
    assert two.usual is two.original
    assert two.times_as_fast == 4
