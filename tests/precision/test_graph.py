"""Q/DQ pairs in a network: where they stand, and that it still calculates nearly the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.checker
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, numpy_helper

from appliance.boxes import Floats
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.precision.calibrating import reaches_of
from appliance.precision.graph import plan, refuse_unfit, to_int8, with_pairs
from tests.precision.networks import network


def pictures(count: int = 4) -> list[Pixels]:
    random = np.random.default_rng(5)
    return [random.integers(0, 256, (16, 24, 3), np.uint8) for _ in range(count)]


def quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    wanted = plan(model)
    return with_pairs(model, wanted, reaches_of(model, wanted, pictures(), threads=1)["mean"])


def run(model: onnx.ModelProto, picture: Pixels) -> Floats:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    planes = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
    (output,) = session.run(None, {"images": planes})
    return np.asarray(output, np.float32)


def test_a_convolution_with_a_single_channel_is_left_alone() -> None:
    assert plan(network()).convolutions == {"one", "other", "third", "fourth"}


def test_what_meets_has_one_scale_and_what_is_only_moved_needs_none() -> None:
    """``both`` and ``third`` meet in ``joined``; ``left`` and ``right`` are parts of ``both``."""
    assert plan(network()).groups == {"images": "images", "both": "both", "third": "both"}


def test_pairs_stand_behind_what_calculates_and_half_pairs_behind_weights() -> None:
    out = quantized(network())
    onnx.checker.check_model(out, full_check=True)
    nodes = {node.output[0]: node for node in out.graph.node}
    assert [node.op_type for node in out.graph.node].count("QuantizeLinear") == 3
    for convolution in ("one", "other", "third", "fourth"):
        half = nodes[nodes[convolution].input[1]]
        assert (half.op_type, half.input[0].endswith("_int8")) == ("DequantizeLinear", True)
    # One pair for all that take it.
    assert nodes["one"].input[0] == nodes["other"].input[0] == "images_back"
    assert list(nodes["left"].input) == ["both_back", "halves"]
    assert list(nodes["joined"].input) == ["third_back", "left", "right"]
    assert nodes["one"].input[2] == "b1"
    assert list(nodes["output0"].input) == ["fourth", "w5"]


def test_everything_is_symmetric_and_nothing_is_kept_twice() -> None:
    tensors = {tensor.name: tensor for tensor in quantized(network()).graph.initializer}
    zeros = [numpy_helper.to_array(tensor) for name, tensor in tensors.items() if name.endswith("_zero")]
    assert len(zeros) == 7
    assert all((zero == 0).all() and zero.dtype == np.int8 for zero in zeros)
    assert tensors["w1_int8"].data_type == TensorProto.INT8
    assert numpy_helper.to_array(tensors["w1_scale"]).shape == (4,)
    assert numpy_helper.to_array(tensors["images_scale"]).shape == ()
    assert numpy_helper.to_array(tensors["both_scale"]) == numpy_helper.to_array(tensors["third_scale"])
    assert {"w1", "w2", "w3", "w4"}.isdisjoint(tensors)
    assert "w5" in tensors


def test_the_original_is_not_touched() -> None:
    model = network()
    before = model.SerializeToString()
    quantized(model)
    assert model.SerializeToString() == before


def test_numbers_reach_as_far_as_the_largest_in_the_mean_over_pictures() -> None:
    model, (dark, light) = network(), (np.full((8, 8, 3), level, np.uint8) for level in (51, 102))
    reaches = reaches_of(model, plan(model), [dark, light], threads=1)
    assert reaches["mean"]["images"] == reaches["largest"]["images"] == pytest.approx(0.3)
    alone = [reaches_of(model, plan(model), [picture], threads=1)["largest"]["both"] for picture in (dark, light)]
    assert reaches["largest"]["both"] == pytest.approx(np.mean(alone))
    assert reaches["mean"]["both"] < reaches["largest"]["both"]


def test_it_calculates_nearly_the_same() -> None:
    model, (picture,) = network(), pictures(1)
    exact, rough = run(model, picture), run(quantized(model), picture)
    assert 0 < np.abs(exact - rough).mean() < 0.03 * np.abs(exact).max()


def test_what_never_was_anything_but_zero_is_left_alone() -> None:
    model = network()
    out = with_pairs(model, plan(model), {"images": 1.0, "both": 0.0})
    assert [node.input[0] for node in out.graph.node if node.output[0] == "left"] == ["both"]


def old_network() -> onnx.ModelProto:
    model = network()
    model.opset_import[0].version = 12
    return model


@pytest.mark.parametrize(
    ("model", "says"),
    [
        pytest.param(old_network(), "must use operator set 13 or later, found 12", id="old"),
        pytest.param(onnx.ModelProto(), "operator set 13 or later, found 0", id="without operators"),
    ],
)
def test_what_cannot_be_is_refused(model: onnx.ModelProto, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        refuse_unfit(model, "road@1")


def test_a_network_without_convolutions_is_refused() -> None:
    model = network()
    del model.graph.initializer[:]
    with pytest.raises(Refusal, match="road@1 must have convolutions with weights of its own in f32, found none"):
        refuse_unfit(model, "road@1")


finite = st.floats(-100, 100, width=32)


@given(weights=arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 3), st.just(1), st.just(2)), elements=finite))
def test_weights_are_off_by_half_a_step_at_most(weights: Floats) -> None:
    steps, scales = to_int8(weights)
    back = steps.astype(np.float32) * scales.reshape(-1, 1, 1, 1)
    assert steps.min() >= -127
    assert (scales > 0).all()
    assert (np.abs(back - weights) <= 0.5001 * scales.reshape(-1, 1, 1, 1) + 1e-30).all()
