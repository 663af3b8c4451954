"""The checks of a self-test, in their order: each proves one part on this machine, and says in a sentence what it found.

A check that fails raises ``Refusal``; those that need what it should have found are left out.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections import Counter as Tally
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance import pipeline
from appliance.boxes import Detections, Floats, iou_matrix
from appliance.clock import NS_PER_S
from appliance.count.camera import counted_lines, counter_settings
from appliance.count.counter import Counter
from appliance.counting import count_video
from appliance.decode.choice import open_source
from appliance.decode.source import Picture
from appliance.demo.verdict import DIRECTIONS, agrees, rows, sentence
from appliance.detect.network import Network
from appliance.errors import Refusal
from appliance.letterbox import Letterbox, preview_shape
from appliance.process_settings import DetectProcess
from appliance.running import models_dir
from appliance.scene.actors import CLASS_NAMES
from appliance.scene.clip import write_scene
from appliance.selftest.lab import Lab, true_boxes
from appliance.site_file import parse_site
from appliance.supervise.preflight import check_memory
from appliance.track.botsort import BotSort, BotSortSettings

# Frames, by the check of the detector.
LOOKED_AT_EVERY = 20
# Of what is large and stands free.
LEAST_FOUND = 0.75
# Of the frame; what is smaller may be missed.
LEAST_HEIGHT_SHARE = 0.06
# Intersection over union.
SAME_BOX = 0.5
# Of x86-64-v2, which the wheels of numpy, OpenCV and OpenVINO are built for.
BASELINE = ("sse4_2", "popcnt", "ssse3")
# Frames per second of cameras.
USUAL_RATES = (25, 15, 10)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is about, what does it, and which one must have passed before."""

    name: str
    run: Callable[[Lab], str]
    needs: str = ""


def machine(lab: Lab) -> str:
    """What this machine is, and whether frames have room in its shared memory."""
    lab.hardware["cpu"] = cpu_name()
    lab.hardware["cores"] = str(len(os.sched_getaffinity(0)))
    lab.hardware["system"] = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    missing = [feature for feature in BASELINE if feature not in cpu_features()] if platform.machine() == "x86_64" else []
    if missing:
        raise Refusal(f"a CPU with {', '.join(BASELINE)} is wanted, found one without {', '.join(missing)}")
    tree = {"cameras": [{"name": "any", "source": "any"}], "detector": {"model": lab.model}}
    settings = parse_site(tree, lab.overrides, "the self-test")
    check_memory(settings.shm_dir, pipeline.ring_size(settings).total_bytes)
    return f"{lab.hardware['cpu']}, {lab.hardware['cores']} cores, {lab.hardware['system']}"


def scene(lab: Lab) -> str:
    """A clip whose truth is known."""
    lab.truth = write_scene(lab.scene, lab.clip, None, lambda done, total: None)
    return f"{lab.truth.frames} frames, {len(lab.truth.crossings)} crossings"


def decoder(lab: Lab) -> str:
    """Every frame, in order and on time, drawn as the network wants it."""
    truth, source = lab.known_truth, open_source(lab.camera)
    rate, pts_ns, began = truth.settings.frames_per_second, [], time.process_time()
    try:
        draw = _Drawing(*truth.as_json("")["size"])
        while (picture := source.read()) is not None:
            pts_ns.append(picture.pts_ns)
            draw(picture)
    finally:
        source.close()
    wanted_ns = [frame * NS_PER_S // rate for frame in range(truth.frames)]
    if len(pts_ns) != len(wanted_ns):
        raise Refusal(f"{len(wanted_ns)} frames are wanted from the decoder, found {len(pts_ns)}")
    if any(abs(found - wanted) > NS_PER_S // 1000 for found, wanted in zip(pts_ns, wanted_ns)):
        raise Refusal(f"frames are wanted every {1000 / rate:g} ms, found other times")
    lab.figures["decode_ms"] = round((time.process_time() - began) * 1000 / len(pts_ns), 3)
    lab.hardware["decoder"] = source.info.decoder
    return f"{source.info.decoder}, {lab.figures['decode_ms']} ms of CPU for a frame"


def detector(lab: Lab) -> str:
    """The network finds what is there."""
    network = Network(_detect_settings(lab))
    source, boxes = open_source(lab.camera), true_boxes(lab.known_truth)
    found = wanted = looks = 0
    spent = 0.0
    try:
        shape = network.info.rule.shape_for(lab.scene.width, lab.scene.height)
        place = Letterbox.fit(lab.scene.width, lab.scene.height, *shape)
        draw = _Drawing(lab.scene.width, lab.scene.height, shape)
        for frame, there in enumerate(boxes):
            picture = source.read()
            if picture is None or frame % LOOKED_AT_EVERY:
                continue
            began = time.perf_counter()
            network.submit([draw(picture)])
            seen = place.to_source(network.read(network.collect()[0], shape).boxes, lab.scene.width, lab.scene.height)
            spent, looks = spent + time.perf_counter() - began, looks + 1
            large = [box for _, box in there if box[3] - box[1] > LEAST_HEIGHT_SHARE * lab.scene.height]
            found += _found(large, seen)
            wanted += len(large)
    finally:
        source.close()
    lab.hardware["detector"] = network.info.backend
    lab.figures["detect_ms"] = round(spent * 1000 / max(looks, 1), 3)
    lab.figures["found_share"] = round(found / max(wanted, 1), 3)
    if found < LEAST_FOUND * wanted:
        raise Refusal(f"{network.info.backend} must find {LEAST_FOUND:.0%} of the {wanted} objects in view, found {found}")
    return f"{network.info.backend}, {found} of {wanted} objects found, {lab.figures['detect_ms']} ms for a picture"


def tracker_and_counter(lab: Lab) -> str:
    """Given the true boxes, tracker and counter come to the true counts."""
    truth = lab.known_truth
    size = (truth.settings.width, truth.settings.height)
    counter = Counter(counted_lines(lab.camera, CLASS_NAMES, size), counter_settings(lab.site.counter, CLASS_NAMES))
    tracker, decisions, spent, objects = BotSort(BotSortSettings()), [], 0.0, 0
    for frame, there in enumerate(true_boxes(truth)):
        time_ns = round(frame * NS_PER_S / truth.settings.frames_per_second)
        detections = Detections(
            np.array([box for _, box in there], np.float32).reshape(-1, 4),
            np.full(len(there), 0.9, np.float32),
            np.array([CLASS_NAMES.index(actor.kind.name) for actor, _ in there], np.int64),
        )
        began = time.perf_counter()
        decisions += counter.update(tracker.update(detections, time_ns), frame, time_ns)
        spent, objects = spent + time.perf_counter() - began, objects + len(there)
    decisions += counter.finish()
    found = Tally((decision.line, decision.net) for decision in decisions if decision.counted)
    for number, (line, totals) in enumerate(truth.totals().items()):
        for direction, net in zip(DIRECTIONS, (1, -1)):
            if found[number, net] != totals[direction]:
                raise Refusal(f"{totals[direction]} crossings of {line} {direction} are true, found {found[number, net]}")
    lab.figures["track_and_count_ms"] = round(spent * 1000 / truth.frames, 3)
    mean = objects / truth.frames
    return f"{len(truth.crossings)} crossings as they truly were, {lab.figures['track_and_count_ms']} ms for {mean:.0f} objects"


def whole_machine(lab: Lab) -> str:
    """All processes together count the clip as it truly was."""
    lab.result = result = count_video(lab.site, lab.ledger, lambda supervisor: None)
    if result.problem:
        raise Refusal(result.problem)
    if result.work.stopped:
        raise Refusal(f"stopped after {result.frames} frames, before the end")
    if result.work.restarts:
        raise Refusal(f"processes are wanted that live, found {result.work.restarts} that had to be started again")
    table = rows(lab.known_truth, result.crossings, lab.known_truth.frames)
    if not agrees(table):
        raise Refusal(sentence(table))
    lab.figures["frames_per_second"] = round(result.frames / result.work.seconds, 1)
    return f"{sentence(table)}; {lab.figures['frames_per_second']} frames/s"


def ledger(lab: Lab) -> str:
    """What was counted is on disk, whole, and once."""
    # This check needs the one before.
    assert lab.result is not None
    with closing(sqlite3.connect(f"{lab.ledger.as_uri()}?mode=rw", uri=True)) as book:
        (state,) = book.execute("PRAGMA integrity_check").fetchone()
        (written, different) = book.execute("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM crossings").fetchone()
    if state != "ok":
        raise Refusal(f"the ledger must be whole, found: {state}")
    if not written == different == len(lab.result.crossings):
        raise Refusal(f"{len(lab.result.crossings)} crossings are wanted in the ledger, found {written}, {different} different")
    return f"{written} crossings on disk, each once"


def capacity(lab: Lab) -> str:
    """How many cameras that carries."""
    rate = lab.figures["frames_per_second"]
    cameras = ", ".join(f"{int(rate / usual)} at {usual} frames/s" for usual in USUAL_RATES)
    return f"with the model {lab.model} this machine carries cameras: {cameras}"


CHECKS = (
    Check("machine", machine),
    Check("scene", scene),
    Check("decoder", decoder, "scene"),
    Check("detector", detector, "decoder"),
    Check("tracker and counter", tracker_and_counter, "scene"),
    Check("whole machine", whole_machine, "detector"),
    Check("ledger", ledger, "whole machine"),
    Check("capacity", capacity, "whole machine"),
)


class _Drawing:
    """Draws pictures as the decode process does, into memory of its own."""

    def __init__(self, width: int, height: int, shape: tuple[int, int] | None = None) -> None:
        self._place = Letterbox.fit(width, height, *(shape or (384, 640)))
        self._input = np.empty((*(shape or (384, 640)), 3), np.uint8)
        preview_height, preview_width = preview_shape(width, height, 640)
        self._preview = np.empty((preview_height * 3 // 2, preview_width), np.uint8)

    def __call__(self, picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        picture.draw(self._input, self._place, self._preview)
        return self._input


def _detect_settings(lab: Lab) -> DetectProcess:
    return DetectProcess.model_validate_json(pipeline.for_detect(lab.site, models_dir()))


def _found(large: list[Floats], seen: Floats) -> int:
    """How many of the true boxes have a detection on them."""
    if not large or len(seen) == 0:
        return 0
    return int((iou_matrix(np.stack(large), seen).max(axis=1) >= SAME_BOX).sum())


def cpu_name() -> str:
    """As the processor calls itself."""
    names = (_cpu_line(name) for name in ("model name", "Model", "Hardware"))
    return next((name for name in names if name), platform.processor() or "unknown processor")


def cpu_features() -> set[str]:
    """What an x86 processor says that it can."""
    return set(_cpu_line("flags").split())


def _cpu_line(name: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
