"""Part ``cameras``: what each further camera costs, in CPU and memory, on the real machine with a network that costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.bench.bench import Bench, median_of
from appliance.bench.gauge import Gauge
from appliance.bench.row import Measure, Row, Target, failed
from appliance.config import SiteSettings
from appliance.counting import job_ledger
from appliance.errors import Refusal
from appliance.pipeline import ring_size
from appliance.running import Work, run_site

PART = "cameras"
CAMERAS = (1, 2, 4, 8, 16)
LAST_FRAME = 299
# Of one camera, whose frames are but a second's work; of more cameras fewer.
RUNS = 4
QUICK_CAMERAS, QUICK_LAST_FRAME, QUICK_RUNS = (1, 4), 99, 1
CPU_GROWTH = Target(most=1.10)
PSS_OF_FURTHER = Target(most=60)  # MB


def cameras_in_words(number: int) -> str:
    """For people."""
    return "1 camera" if number == 1 else f"{number} cameras"


@dataclass(frozen=True, slots=True)
class Load:
    """What a machine with so many cameras used."""

    cameras: int
    cpu_ms: Counter[str]
    """CPU time per frame, by kind of process."""
    pss_mb: Counter[str]
    """Memory, by kind of process."""

    @property
    def total_cpu_ms(self) -> float:
        """Of all processes, per frame."""
        return sum(self.cpu_ms.values())

    @property
    def total_pss_mb(self) -> float:
        """Of all processes."""
        return sum(self.pss_mb.values())

    def in_words(self) -> str:
        """For people who look for where it goes."""
        times = ", ".join(f"{stage} {time_ms:.2f}" for stage, time_ms in self.cpu_ms.items())
        sizes = ", ".join(f"{stage} {size_mb:.0f}" for stage, size_mb in self.pss_mb.items())
        return f"{cameras_in_words(self.cameras)}: ms/frame {times}; MB {sizes}"


def measure(bench: Bench) -> Iterator[Row]:
    """Two rows for each number of cameras: CPU, and memory."""
    try:
        from appliance.bench.empty_model import write_empty_model
    except ImportError as error:
        yield failed(PART, "all", f"it needs {error.name} (pip install 'appliance[onnxruntime]')")
        return
    model = str(write_empty_model(bench.folder / "nothing.onnx"))
    first: Load | None = None
    for cameras in QUICK_CAMERAS if bench.is_quick else CAMERAS:
        site = bench.inputs.site(cameras, QUICK_LAST_FRAME if bench.is_quick else LAST_FRAME)
        site = site.model_copy(update={"detector": site.detector.model_copy(update={"model": model})})
        runs = [load_of(bench, site) for _ in range(max(1, (QUICK_RUNS if bench.is_quick else RUNS) // cameras))]
        load: Load = median_of(runs, lambda run: run.total_cpu_ms)
        bench.say(load.in_words())
        first = first or load
        yield cpu_row(load, first)
        yield memory_row(load, first, ring_size(site).total_bytes / 1e6)


def load_of(bench: Bench, site: SiteSettings) -> Load:
    """Run the machine to the end of its files."""
    gauge = Gauge(reads_memory=True)
    with job_ledger(None, bench.folder) as ledger:
        work = run_site(with_any_class(site), ledger, until_finished=True, watch=gauge.watch)
    if work.stopped:
        raise KeyboardInterrupt
    refuse_disturbed(work)
    frames = work.work["count"].frames
    cpu_ms = Counter({stage: time_ns / 1e6 / frames for stage, time_ns in gauge.cpu_ns_by_stage(work.work).items()})
    pss_mb = Counter({stage: size / 1e6 for stage, size in gauge.pss_bytes_by_stage().items()})
    return Load(len(site.cameras), cpu_ms, pss_mb)


def with_any_class(site: SiteSettings) -> SiteSettings:
    """The site with lines that count whatever the network knows: this one knows no names."""
    cameras = [
        camera.model_copy(update={"lines": tuple(line.model_copy(update={"classes": ()}) for line in camera.lines)})
        for camera in site.cameras
    ]
    return site.model_copy(update={"cameras": tuple(cameras)})


def refuse_disturbed(work: Work) -> None:
    """Where something went wrong, what was measured means nothing."""
    if work.problems or not work.work["count"].frames:
        raise Refusal(next(iter(work.problems.values()), "no frame was counted"))
    if work.restarts:
        raise Refusal(f"processes were started again {work.restarts} times")


def cpu_row(load: Load, first: Load) -> Row:
    """CPU time per frame, against that with the fewest cameras."""
    return Row(
        part=PART,
        what=f"{cameras_in_words(load.cameras)}, CPU",
        ours=Measure(load.total_cpu_ms, "ms/frame"),
        other=None if load is first else Measure(first.total_cpu_ms, "ms/frame"),
        against="" if load is first else cameras_in_words(first.cameras),
        figure=None if load is first else load.total_cpu_ms / first.total_cpu_ms,
        unit="times the CPU per frame",
        target=CPU_GROWTH,
        details={"by_process": dict(load.cpu_ms)},
    )


def memory_row(load: Load, first: Load, ring_mb: float) -> Row:
    """Memory of all processes, and what each further camera added."""
    further = load.cameras - first.cameras
    return Row(
        part=PART,
        what=f"{cameras_in_words(load.cameras)}, memory",
        ours=Measure(load.total_pss_mb, "MB"),
        other=None if load is first else Measure(first.total_pss_mb, "MB"),
        against="" if load is first else cameras_in_words(first.cameras),
        figure=None if load is first else (load.total_pss_mb - first.total_pss_mb) / further,
        unit="MB for each further camera",
        target=PSS_OF_FURTHER,
        details={"by_process": dict(load.pss_mb), "ring_of_a_camera_mb": ring_mb},
    )
