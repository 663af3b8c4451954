"""A model with all that is needed to use it: engine, head, class names, and what to keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from appliance.boxes import Detections, Floats, Integers
from appliance.detect.choice import Engines, open_engine
from appliance.detect.detector import last_words
from appliance.detect.yolo import Head, HeadSettings, read_head, tell_head
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import GREY
from appliance.messages.orders import ModelInfo
from appliance.models.built import BEST_ANCHORS
from appliance.models.manifest import names_in
from appliance.models.store import digest_of, find_model
from appliance.process_settings import DetectProcess

TYPICAL_SOURCE = (1280, 720)


class Network:
    """Loaded, tried on a grey picture, and known to be a detector of the wanted classes."""

    def __init__(self, settings: DetectProcess) -> None:
        model = find_model(settings.detector.model, *settings.stores)
        self.digest = (model.manifest.sha256 if model.manifest else "") or digest_of(model.path)
        """The sha256 of the model file."""
        detector = settings.detector
        if detector.input_px is None and model.manifest is not None:
            detector = detector.model_copy(update={"input_px": model.manifest.input_px})
        self._engine = open_engine(model.path, detector, is_live=settings.is_live, engines=Engines(settings.built, self.digest))
        found = self._engine.info
        self.passed_over = found.passed_over
        """Why it does not run on a backend that comes before the one that it runs on; sentences,"""
        self.is_second_best = found.is_missed
        """and whether this device has built an engine for one of those."""
        self._best_anchors = int(found.metadata.get(BEST_ANCHORS, 0)) or None
        self.capacity, self.max_batch = self._engine.capacity, self._engine.max_batch
        self._heads: dict[tuple[int, ...], Head] = {}
        names = (model.manifest.classes if model.manifest else ()) or names_in(found.metadata)
        self._class_count = None if names is None else len(names)
        self.usual_shape = found.rule.shape_for(*TYPICAL_SOURCE)
        """(height, width) of the input for a source of a usual shape; ready for it."""
        channels = self._try_out(self.usual_shape)
        if names is None:
            names = tuple(f"class_{number}" for number in range(channels))
        self.info = ModelInfo(names, found.rule, found.backend, found.is_outdated)
        self._low_score, self._overlap = settings.low_score, detector.overlap
        class_ids(settings.named, self.info.names)
        self._numbers: Integers | None = None
        self.names = self.info.names
        """In whose numbers it answers."""
        self.keep(settings.classes)

    def keep(self, classes: Sequence[str]) -> None:
        """From now on find these classes only, or all where none is named."""
        # What another model knew is wanted of this one as far as it knows it.
        known = [name for name in classes if name in self.info.names] or classes
        self.kept = tuple(sorted(known))
        """What it finds; empty for all."""
        wanted = class_ids(known, self.info.names) if classes else None
        self._kept = HeadSettings(self._low_score, self._overlap, wanted)

    def speak(self, names: Sequence[str]) -> None:
        """From now on answer in the numbers that the classes have among these; all of the model's are there."""
        self.names = tuple(names)
        numbers = [names.index(name) for name in self.info.names]
        self._numbers = None if numbers == list(range(len(numbers))) else np.array(numbers, np.int64)

    def warm_up(self, shapes: Iterable[tuple[int, int]]) -> None:
        """Be ready for inputs of these sizes (height, width), in every batch that may come."""
        for shape in dict.fromkeys(shapes):
            for pictures in range(1, self.max_batch + 1):
                self.submit([np.full((*shape, 3), GREY, np.uint8)] * pictures)
                self.collect()

    def close(self) -> None:
        """Let go of the model."""
        self._engine.close()

    def _try_out(self, shape: tuple[int, int]) -> int:
        """Run the network once, which makes it ready and shows that its output is understood; how many classes it has."""
        try:
            self.submit([np.full((*shape, 3), GREY, np.uint8)])
            output = self.collect()
        except RuntimeError as error:
            raise Refusal(
                f"the model must run on a picture of {shape[1]}x{shape[0]}, found that it does not ({last_words(error)})"
            ) from None
        head = self._head(output.shape, shape)
        if head is Head.END_TO_END:
            return self._class_count or 1000
        return int(output.shape[1 if head is Head.CHANNELS_FIRST else 2]) - 4

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """See ``Engine``."""
        self._engine.submit(pictures)

    def collect(self) -> Floats:
        """See ``Engine``."""
        return self._engine.collect()

    def read(self, output: Floats, shape: tuple[int, int]) -> Detections:
        """One picture's output for an input of ``shape`` (height, width), as detections in input pixels."""
        return self._numbered(read_head(output, self._head((1, *output.shape), shape), self._kept))

    def read_all(self, output: Floats, shape: tuple[int, int]) -> Detections:
        """The same, of all classes."""
        kept = HeadSettings(self._low_score, self._overlap, None)
        return self._numbered(read_head(output, self._head((1, *output.shape), shape), kept))

    def _numbered(self, seen: Detections) -> Detections:
        # A head that names a class itself may name one that nobody knows.
        if len(seen) and not 0 <= seen.classes.min() <= seen.classes.max() < len(self.info.names):
            seen = seen.take(np.flatnonzero((seen.classes >= 0) & (seen.classes < len(self.info.names))))
        return seen if self._numbers is None else Detections(seen.boxes, seen.scores, self._numbers[seen.classes])

    def _head(self, output_shape: tuple[int, ...], shape: tuple[int, int]) -> Head:
        if output_shape not in self._heads:
            self._heads[output_shape] = tell_head(output_shape, shape, self._class_count, self._best_anchors)
        return self._heads[output_shape]


def class_ids(wanted: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """The ids of the named classes; raises ``Refusal`` for one that the model does not know."""
    for name in wanted:
        if name not in names:
            known = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
            raise Refusal(f"'{name}' is wanted, but the model knows no such class; it knows {known}", usage=True)
    return tuple(sorted({names.index(name) for name in wanted}))
