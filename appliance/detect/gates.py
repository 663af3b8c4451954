"""The gates of an acceptance, one after the other; see ``acceptance``. This runs in the process that is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.boxes import Detections, Floats
from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.detect.acceptance import AcceptanceRequest, Began, Verdict
from appliance.detect.cuda import has_device_file
from appliance.detect.description import LOW_SCORE, as_detections, describe, read_picture
from appliance.detect.detector import last_words
from appliance.detect.guests import letterboxed
from appliance.detect.likeness import Tolerance, compare, tolerance_for
from appliance.detect.network import Network, class_ids
from appliance.detect.throwaway import BYTES_PER_MB, SHARE_OF_FREE, forget_peak, free_memory_bytes, peak_bytes, resident_bytes
from appliance.detect.turns import Rounds, in_turns
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.models.manifest import Reference
from appliance.models.onnx_file import summary_of
from appliance.models.store import ModelFile, described_file, digest_of, find_model
from appliance.process_settings import DetectProcess

# (width, height) of pictures that lie in the input in another way: of an older camera, and of one that stands upright.
OTHER_SOURCES = ((640, 480), (720, 1280))
# Up to here pictures at a time are tried in every number, as the detector does before it takes over; beyond, in the largest.
EACH_UP_TO = 8


def judge(request: AcceptanceRequest) -> Iterator[Began | Verdict]:
    """Gate after gate, up to the first that does not let the model through."""
    case = Case(request)
    gates: dict[str, Callable[[], Verdict]] = {
        "hash": case.hash,
        "format": case.format,
        "load": case.load,
        "reference": case.reference,
        "batches": case.batches,
        "latency": case.latency,
        "memory": case.memory,
    }
    for gate, look in gates.items():
        yield Began(gate)
        verdict = _verdict_of(gate, look)
        yield verdict
        if not verdict.is_good:
            return


def _verdict_of(gate: str, look: Callable[[], Verdict]) -> Verdict:
    try:
        return look()
    except Refusal as refusal:
        return Verdict(gate, is_good=False, sentence=refusal.sentence)
    except MemoryError:
        return Verdict(
            gate, is_good=False, sentence="the model must get by with the memory that there is, found that it does not"
        )
    except RuntimeError as error:  # of the library that runs it
        return Verdict(gate, is_good=False, sentence=f"the model must run here, found that it does not ({last_words(error)})")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a model takes, and whether that is no more than it may against the live one."""

    is_good: bool
    said: str
    figures: dict[str, float]


class Case:
    """One model before the gates, and what is known of it so far."""

    def __init__(self, request: AcceptanceRequest) -> None:
        self._request = request
        self._model = ModelFile(request.model, None)
        self._precision = ""
        self._picture: Pixels | None = None
        self._reference: Reference | None = None
        self._network: Network | None = None
        self._seen = Detections.empty()
        self._memory_mb = 0.0
        self._before_bytes = 0

    def hash(self) -> Verdict:
        """Of the file, and of the picture that belongs to it."""
        self._model = described_file(self._request.model)
        manifest = self._model.manifest
        if manifest is None or not manifest.sha256:
            return Verdict("hash", is_good=True, sentence="nobody has noted what the file's sha256 must be")
        if manifest.reference is not None:
            picture = self._model.path.parent / manifest.reference.picture
            if not picture.exists() or digest_of(picture) != manifest.reference.picture_sha256:
                raise Refusal(f"the reference picture {picture} must be the one of the manifest, found another one, or none")
        return Verdict("hash", is_good=True, sentence=f"the file has the sha256 of its manifest, {manifest.sha256[:12]}…")

    def format(self) -> Verdict:
        """Of the file, from its outside; where nobody has looked into it yet, by running it on the CPU."""
        find_model(str(self._model.path))
        outside = summary_of(self._model.path)
        if outside.weights_elsewhere:
            raise Refusal(f"the model {self._model.path} must hold its weights itself, found that some are in other files")
        manifest = self._model.manifest
        self._precision = outside.precision
        if manifest is not None and manifest.reference is not None and manifest.head:
            names, head = manifest.classes, manifest.head
            self._picture = read_picture(self._model.path.parent / manifest.reference.picture)
            self._reference = manifest.reference
        else:
            self._picture = read_picture(self._request.picture)
            classes = manifest.classes if manifest is not None else ()
            found = describe(self._model.path, self._picture, classes, self._input_px)
            names = classes or found.names or tuple(f"class_{number}" for number in range(found.class_count or 1000))
            head, self._reference = found.head, found.as_reference("picture", "0" * 64)
        class_ids(self._request.named, names)
        return Verdict(
            "format", is_good=True, sentence=f"a detector of {len(names)} classes, its output {head.replace('_', ' ')}"
        )

    @property
    def _input_px(self) -> int | None:
        manifest = self._model.manifest
        return self._request.settings.input_px or (manifest.input_px if manifest is not None else None)

    def load(self) -> Verdict:
        """On this device, as the detector would."""
        forget_peak()
        self._before_bytes = resident_bytes("self")
        began_ns = monotonic_ns()
        self._network = self._open(self._model.path)
        took_s = (monotonic_ns() - began_ns) / NS_PER_S
        # Who has a GPU wants to know that it is not used before he says yes to that.
        passed_over = self._network.passed_over if has_device_file() or self._network.is_second_best else ()
        why = f" ({'; '.join(passed_over)})" if passed_over else ""
        said = f"loaded on {self._network.info.backend} in {took_s:.1f} s{why}"
        return Verdict("load", is_good=True, sentence=said, figures={"load_s": round(took_s, 3)})

    def _open(self, path: Path) -> Network:
        wanted = self._request.settings
        overlap = wanted.overlap if self._reference is None else self._reference.overlap
        settings = {"model": str(path), "overlap": overlap, "max_batch": max(2, wanted.max_batch)}
        return Network(
            DetectProcess(
                detector=wanted.model_copy(update=settings),
                low_score=LOW_SCORE if self._reference is None else self._reference.low_score,
                classes=(),
                named=(),
                stores=(),
                is_live=self._request.is_live,
                takes_guests=False,
                burst=1,
                built=self._request.built,
            )
        )

    def reference(self) -> Verdict:
        """Against what the ONNX model saw on a CPU."""
        network, reference, picture = self._opened()
        shape = network.info.rule.fixed or reference.shape
        output = _output(network, [letterboxed(picture, *shape)])
        self._seen = network.read_all(output[0], shape)
        wanted = as_detections(reference.boxes)
        found = compare(wanted, self._seen, self._tolerance, reference.low_score)
        figures = {"reference_f1": round(found.f1, 4), "reference_boxes": float(len(wanted))}
        said = f"{found.same} of {len(wanted)} boxes of the reference are there, {found.extra} others"
        if found.f1 < self._tolerance.share:
            sentence = f"on {network.info.backend} the model must see what it saw on {reference.backend}, found that {said}"
            return Verdict("reference", is_good=False, sentence=sentence, figures=figures)
        return Verdict("reference", is_good=True, sentence=said, figures=figures)

    @property
    def _tolerance(self) -> Tolerance:
        network, _, _ = self._opened()
        return tolerance_for(network.info.backend.rpartition(" ")[2], self._precision)

    def batches(self) -> Verdict:
        """Of every size that the detector may use, and a picture of another shape."""
        network, reference, picture = self._opened()
        shape = network.info.rule.fixed or reference.shape
        ready = letterboxed(picture, *shape)
        alone = [self._seen, network.read_all(_output(network, [turned(ready)])[0], shape)]
        sizes = tried_sizes(self._request.settings.max_batch) if network.max_batch > 1 else [1]
        for size in sizes[1:]:
            outputs = _output(network, [ready if place % 2 == 0 else turned(ready) for place in range(size)])
            if len(outputs) != size:
                raise Refusal(f"{size} pictures at a time must have {size} answers, found {len(outputs)}")
            for place, output in enumerate(outputs):
                found = compare(alone[place % 2], network.read_all(output, shape), self._tolerance, reference.low_score)
                if found.f1 < self._tolerance.share:
                    raise Refusal(f"a picture must be seen alike alone and with others, found an F1 of {found.f1:.2f} in {size}")
        for source in OTHER_SOURCES:
            other = network.info.rule.shape_for(*source)
            network.read_all(_output(network, [letterboxed(picture, *other)])[0], other)
        self._memory_mb = max(0, peak_bytes() - self._before_bytes) / BYTES_PER_MB
        said = f"{in_words(sizes)} picture{'s' if len(sizes) > 1 else ''} at a time"
        return Verdict("batches", is_good=True, sentence=said, figures={"largest_batch": float(sizes[-1])})

    def latency(self) -> Verdict:
        """Of a single picture, and of each of as many as the detector takes at a time; against the live model in turns, so that
        whatever else goes on here hinders both.
        """
        network, _, picture = self._opened()
        networks, remark = [network], ""
        if self._request.live is not None:
            try:
                networks.append(self._open(self._request.live))
            except Refusal as refusal:
                remark = f"; the live model could not be measured beside it ({refusal.sentence})"
        alone = self._pace(networks, picture, 1)
        most_ms = self._request.latency_ms
        said, is_good, figures = f"{alone.said}{remark}", alone.is_good, alone.figures
        if most_ms is not None and figures["latency_ms"] > most_ms:
            said, is_good = f"{said}; at most {most_ms:g} ms are wanted", False
        if self._request.settings.max_batch > 1 and network.max_batch > 1:
            together = self._pace(networks, picture, network.max_batch)
            figures |= {f"batch_{name}": value for name, value in together.figures.items()}
            said, is_good = f"{said}; {together.said}", is_good and together.is_good
        return Verdict("latency", is_good, said, figures)

    def _pace(self, networks: list[Network], picture: Pixels, size: int) -> Pace:
        """How long the first of them, and the live one where it is there, take for one of so many pictures at a time."""
        batches = [[letterboxed(picture, *each.usual_shape)] * min(size, each.max_batch) for each in networks]
        times_ms = [took_ns / NS_PER_MS for took_ns in in_turns(networks, batches, Rounds())]
        figures = {"latency_ms": round(times_ms[0], 2)}
        said = f"{times_ms[0]:.1f} ms for a picture" + (f" of {size} at a time" if size > 1 else "")
        if len(networks) == 1:
            return Pace(True, said, figures)
        times, most = times_ms[0] / times_ms[1], self._request.most_times
        figures |= {"live_latency_ms": round(times_ms[1], 2), "times": round(times, 3)}
        said += f", {times:.2f} times as long as the live model's {times_ms[1]:.1f} ms"
        return Pace(times <= most, said if times <= most else f"{said}; at most {most:g} times are wanted", figures)

    def memory(self) -> Verdict:
        """That the model took while it loaded and looked at pictures."""
        most_mb = self._request.memory_mb or SHARE_OF_FREE * free_memory_bytes() / BYTES_PER_MB
        figures = {"memory_mb": round(self._memory_mb, 1)}
        said = f"it takes {self._memory_mb:.0f} MB"
        if self._memory_mb > most_mb:
            return Verdict("memory", is_good=False, sentence=f"{said}; at most {most_mb:.0f} MB are wanted", figures=figures)
        return Verdict("memory", is_good=True, sentence=said, figures=figures)

    def _opened(self) -> tuple[Network, Reference, Pixels]:
        # The gates before have seen to it.
        assert self._network is not None
        assert self._reference is not None
        assert self._picture is not None
        return self._network, self._reference, self._picture


def turned(picture: Pixels) -> Pixels:
    """The picture as in a mirror: another one, as likely."""
    return np.ascontiguousarray(picture[:, ::-1])


def tried_sizes(max_batch: int) -> list[int]:
    """How many pictures at a time are tried for a detector that takes so many; also two where it takes one: that may change."""
    most = max(2, max_batch)
    return sorted({*range(1, min(most, EACH_UP_TO) + 1), most})


def in_words(sizes: list[int]) -> str:
    """The numbers as part of a sentence."""
    *first, last = map(str, sizes)
    return f"{', '.join(first)} and {last}" if first else last


def _output(network: Network, pictures: list[Pixels]) -> Floats:
    network.submit(pictures)
    output = network.collect().copy()
    if not np.isfinite(output).all():
        bad = output.size - int(np.isfinite(output).sum())
        raise Refusal(f"the model must answer with numbers, found {bad} of {output.size} values that are none")
    return output
