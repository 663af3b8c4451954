"""A GPU, and what our backend leaves of it: scripts/bench gpu [--model FILE] [--shape 384x640] [--seconds 2] [--json FILE]

For every batch, in half precision: the bare network, launched again and again as a CUDA graph on pictures that lie on the GPU;
and the same network behind our backend, with pictures that lie in this computer's memory and answers that come back to it. The
network is TensorRT's engine, or that of TensorRT for RTX, where one of them is there and knows this GPU; and torch's, of the same
weights. In the end real machines with more and more cameras of 1080p25, until one of them skips frames. Whatever cannot be
measured is told, with the reason, and costs nothing else; all of it takes less than eight minutes.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.config import DetectorSettings  # noqa: E402  # from this checkout
from appliance.detect.cuda import Cuda, open_cuda  # noqa: E402
from appliance.detect.cuda_memory import DeviceMemory  # noqa: E402
from appliance.detect.tensorrt_api import TensorRt, load_tensorrt  # noqa: E402
from appliance.detect.tensorrt_engine import TensorRtEngine  # noqa: E402
from appliance.detect.tensorrt_plan import LoadedPlan, Plan  # noqa: E402
from appliance.errors import Refusal  # noqa: E402

BATCHES = (1, 8, 32)
# Of everything.
LONGEST_S = 450.0
# Launches between two looks at the clock.
ROUND = 20
PACKAGES = ("cuda-bindings", "tensorrt", "tensorrt-rtx-cu13-bindings", "torch", "onnx", "onnxruntime", "numpy")
WANTED_SHARE = 0.95


@dataclass
class Case:
    """One network with one batch."""

    network: str
    batch: int
    bare_pictures_per_s: float
    bare_p50_ms: float
    bare_p99_ms: float
    ours_pictures_per_s: float
    ours_p50_ms: float
    ours_p99_ms: float
    share: float
    """Of the bare network's pictures per second, that is left behind our backend."""


@dataclass
class Report:
    """Everything."""

    gpu: str
    computer: str
    versions: dict[str, str]
    shape: str
    cases: list[Case] = field(default_factory=list)
    streams: dict[str, object] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Bare:
    """A network on pictures that lie on the GPU, as one graph."""

    def __init__(self, cuda: Cuda, plan: Plan, batch: int, height: int, width: int) -> None:
        self._cuda = cuda
        self._stream = cuda.create_stream()
        size = (batch, height, width)
        shape, profile = plan.input.shape_of(size), plan.input.profile_for(size)
        self._context = plan.new_context()
        plan.check("take a profile", is_done=self._context.set_optimization_profile_async(profile.index, int(self._stream)))
        plan.check("take a shape", is_done=self._context.set_input_shape(plan.input.name, shape))
        plan.check("know its shapes", is_done=not self._context.infer_shapes())
        answer = tuple(self._context.get_tensor_shape(plan.output_name))
        sizes = (
            int(np.prod(shape)) * plan.input.dtype.itemsize,
            int(np.prod(answer)) * plan.output_dtype.itemsize,
            plan.workspace_bytes,
        )
        self._memory = [DeviceMemory(cuda, size_bytes) for size_bytes in sizes]
        pictures, answers, workspace = self._memory
        self._context.set_device_memory(workspace.address, workspace.size_bytes)
        self._context.set_tensor_address(plan.input.name, pictures.address)
        self._context.set_tensor_address(plan.output_name, answers.address)
        plan.check("run", is_done=self._context.execute_async_v3(int(self._stream)))
        cuda.synchronize(self._stream)
        cuda.begin_capture(self._stream)
        plan.check("be captured", is_done=self._context.execute_async_v3(int(self._stream)))
        self._graph = cuda.end_capture(self._stream)

    def run(self, times: int) -> None:
        """So many times, and wait for the last one."""
        for _ in range(times):
            self._cuda.launch(self._graph, self._stream)
        self._cuda.synchronize(self._stream)

    def close(self) -> None:
        """Give everything back."""
        self._cuda.synchronize(self._stream)
        self._cuda.destroy_graph(self._graph)
        for memory in self._memory:
            memory.close()
        self._cuda.destroy_stream(self._stream)


def measure(cuda: Cuda, network: str, plan: Plan, batch: int, shape: tuple[int, int], seconds: float) -> Case:
    """Bare, and behind our backend."""
    height, width = shape
    bare = Bare(cuda, plan, batch, height, width)
    bare.run(ROUND)
    bare_per_s = rate_of(lambda: bare.run(ROUND), seconds) * ROUND * batch
    bare_ms = latencies_of(lambda: bare.run(1), seconds / 2)
    bare.close()
    settings = DetectorSettings(model=network, max_batch=batch, input_px=max(shape))
    engine = TensorRtEngine(plan, {}, settings, cuda)
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 256, (height, width, 3), np.uint8) for _ in range(batch)]

    def one() -> None:
        engine.submit(pictures)
        engine.collect()

    def busy() -> None:
        for _ in range(ROUND):
            engine.submit(pictures)
            engine.collect()

    one()
    one()
    # One more under way than is asked for, so that copying and calculating overlap.
    engine.submit(pictures)
    ours_per_s = rate_of(busy, seconds) * ROUND * batch
    engine.collect()
    ours_ms = latencies_of(one, seconds / 2)
    engine.close()
    return Case(network, batch, bare_per_s, *bare_ms, ours_per_s, *ours_ms, share=ours_per_s / bare_per_s)


def rate_of(work: Callable[[], None], seconds: float) -> float:
    """How many times per second it is done."""
    began, done = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds or not done:
        work()
        done += 1
    return done / took


def latencies_of(work: Callable[[], None], seconds: float) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    times, until = list[float](), time.perf_counter() + seconds
    while time.perf_counter() < until or not times:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.percentile(times, 50)) * 1e3, float(np.percentile(times, 99)) * 1e3


def engine_of(trt: TensorRt, model: Path, shape: tuple[int, int]) -> LoadedPlan:
    """TensorRT's own, built now."""
    import onnx

    from appliance.building.builder import Effort, build
    from appliance.building.graph import prepared
    from appliance.building.ranges import Range
    from appliance.detect.yolo import Head

    graph = prepared(onnx.load(str(model)), model.name, is_halved=True, best_anchors=0, head=Head.CHANNELS_FIRST)
    ranges = [Range((batch, *shape, 3), (batch, *shape, 3), (batch, *shape, 3)) for batch in BATCHES]
    built = build(trt, graph.SerializeToString(), ranges, Effort(4 << 30, 3), b"", lambda phase, share: None)
    return LoadedPlan(trt, built.plan)


def plans(model: Path, shape: tuple[int, int], remarks: list[str]) -> dict[str, Plan]:
    """All networks that can be had."""
    found: dict[str, Plan] = {}
    try:
        trt = load_tensorrt()
        plan = engine_of(trt, model, shape)
        found[plan.title] = plan
    except (Refusal, ImportError, RuntimeError) as error:
        remarks.append(f"TensorRT could not be measured: {error}")
    try:
        from torch_as_plan import TorchPlan

        found["torch"] = TorchPlan(model, BATCHES, shape)
    except (ImportError, RuntimeError, KeyError) as error:
        remarks.append(f"torch could not be measured: {type(error).__name__}: {error}")
    return found


def versions() -> dict[str, str]:
    """Of whatever is there."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def measure_networks(cuda: Cuda, model: Path, shape: tuple[int, int], seconds: float, report: Report) -> Iterator[Case]:
    """Every network with every batch, as far as there is time."""
    began = time.monotonic()
    for network, plan in plans(model, shape, report.remarks).items():
        for batch in BATCHES:
            if time.monotonic() - began > LONGEST_S / 2:
                report.remarks.append(f"{network}, batch {batch}: no time was left")
                continue
            try:
                yield measure(cuda, network, plan, batch, shape, seconds)
            except RuntimeError as error:
                report.remarks.append(f"{network}, batch {batch}: {error}")


def measure_cameras(model: Path, seconds: float, report: Report) -> None:
    """Real machines, as far as there is time."""
    try:
        from bench_streams import held

        report.streams = held(model, seconds, say)
    except (ImportError, OSError, RuntimeError, AssertionError, Refusal) as error:
        report.remarks.append(f"cameras could not be measured: {type(error).__name__}: {error}")


def run(model: Path, shape: tuple[int, int], seconds: float, json_file: Path | None, *, with_cameras: bool) -> None:
    """Measure everything; what was measured so far is in the file after every case."""
    began = time.monotonic()
    cuda = open_cuda()
    report = Report(str(cuda.info), f"{platform.machine()}, {platform.platform()}", versions(), f"{shape[1]}x{shape[0]}")
    say(report.gpu)

    def keep() -> None:
        report.seconds = round(time.monotonic() - began, 1)
        if json_file is not None:
            json_file.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")

    for case in measure_networks(cuda, model, shape, seconds, report):
        report.cases.append(case)
        say(
            f"{case.network}, batch {case.batch}: bare {case.bare_pictures_per_s:.0f} pictures/s, {case.bare_p50_ms:.2f} ms; "
            f"behind our backend {case.ours_pictures_per_s:.0f} pictures/s ({case.share:.1%}), {case.ours_p50_ms:.2f} ms"
        )
        keep()
    if with_cameras:
        measure_cameras(model, LONGEST_S - (time.monotonic() - began), report)
    keep()
    for remark in report.remarks:
        say(remark)
    if any(case.share < WANTED_SHARE for case in report.cases):
        say(f"less than {WANTED_SHARE:.0%} of a bare network is left in some cases")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=REPOSITORY / "engines" / "demo" / "1" / "model.onnx")
    parser.add_argument("--shape", default="384x640", help="height x width of the network's input")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--without-cameras", action="store_true", help="only the bare networks and our backend")
    asked = parser.parse_args()
    height, _, width = asked.shape.partition("x")
    try:
        run(asked.model, (int(height), int(width)), asked.seconds, asked.json, with_cameras=not asked.without_cameras)
    except Refusal as refusal:
        sys.exit(f"bench gpu: {refusal.sentence}")


if __name__ == "__main__":
    main()
