"""Networks on a GPU of NVIDIA's: engines that TensorRT has built for it, from 10.3 on."""

from __future__ import annotations

import logging
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from traceback import clear_frames
from types import TracebackType

from appliance.boxes import Floats
from appliance.config import DetectorSettings
from appliance.detect.cuda import Cuda, GpuError, OutOfGpuMemory, has_device_file, open_cuda
from appliance.detect.detector import NetworkInfo
from appliance.detect.tensorrt_api import TensorRt, load_tensorrt, title_of
from appliance.detect.tensorrt_layout import Size, size_of
from appliance.detect.tensorrt_plan import LoadedPlan, Plan
from appliance.detect.tensorrt_slot import Slot
from appliance.detect.time_limit import ended_after
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.models.built import ANEW, NONE_BUILT, PRECISION, Device, Spoilt, checked_plan, find_engine, has_engine
from appliance.models.engine_file import EngineFile
from appliance.models.manifest import input_px_in
from appliance.models.strikes import MOST_STRIKES, Strikes

# One is calculated, another one copied.
SLOTS = 2
# What tells of those who ended over asking for the GPU, beside the engines.
DOOR, MOST_TRIES = "gpu", 2
AGAIN = "an hour later it is tried again"
# Much more than it ever takes, and less than a detector may take until it is ready.
LONGEST_OPENING_S = 60.0
# Pictures at a time; of more the most alone is made ready at once.
EACH_UP_TO = 8
# Of a picture, width to height.
USUAL_RATIO = (16, 9)


logger = logging.getLogger(__name__)


class Outdated(Refusal):
    """There is an engine that fitted once."""


def open_tensorrt(
    folder: Path | None, model_sha256: str, settings: DetectorSettings, trt: TensorRt | None = None, cuda: Cuda | None = None
) -> TensorRtEngine:
    """The engine that this device has built of a model; raises ``Refusal`` where there is none, or it does not run."""
    if trt is None or cuda is None:
        if has_device_file() and not has_engine(folder, model_sha256):
            # Nor does it take memory there, as asking it would.
            raise Refusal(f"an engine is wanted, but {NONE_BUILT}")
        trt, cuda = _asked_for(folder)
    found = find_engine(folder, model_sha256, device_of(trt, cuda))
    if found.file is None:
        kind = Outdated if found.is_outdated else Refusal
        raise kind(f"an engine for {cuda.info.name} is wanted, but {found.reason}")
    strikes = Strikes(found.file.path)
    if (count := strikes.count()) >= MOST_STRIKES:
        raise Refusal(
            f"an engine that works is wanted, but {found.file.path} has ended its detector {count} times within the hour; "
            f"{AGAIN}, or once 'appliance models build' has made it anew"
        )
    strikes.begin()
    try:
        return _opened(found.file, trt, settings, cuda, strikes)
    except Refusal:
        strikes.withdraw()
        raise


def _asked_for(folder: Path | None) -> tuple[TensorRt, Cuda]:
    """Both, where asking for them has not been the end of whoever asked."""
    if folder is None:
        return load_tensorrt(), open_cuda()
    door = Strikes(folder / DOOR)
    if (count := door.count()) >= MOST_TRIES:
        raise Refusal(
            f"a GPU that answers is wanted, but asking for it has ended its detector {count} times within the hour; {AGAIN}, and "
            "'nvidia-smi' tells how it is"
        )
    if has_device_file():
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
    door.begin()
    try:
        with ended_after(LONGEST_OPENING_S, "asking for the GPU"):
            return load_tensorrt(), open_cuda()
    finally:
        door.end()


def _opened(file: EngineFile, trt: TensorRt, settings: DetectorSettings, cuda: Cuda, strikes: Strikes) -> TensorRtEngine:
    try:
        with ended_after(LONGEST_OPENING_S, f"opening the engine {file.path}"):
            plan = _loaded(file, trt)
            return TensorRtEngine(plan, file.metadata, settings, cuda, strikes=strikes)
    except Outdated:
        raise
    except Refusal as refusal:
        # Larger pictures are wanted now, say.
        raise Outdated(f"{refusal.sentence} ({ANEW})") from None
    except OSError as error:
        raise Refusal(f"the engine {file.path} cannot be read: {error.strerror}") from None
    except RuntimeError as error:
        raise Refusal(f"the engine {file.path} must run on {cuda.info.name}, found that it does not: {error}") from None


def _loaded(file: EngineFile, trt: TensorRt) -> LoadedPlan:
    try:
        return LoadedPlan(trt, checked_plan(file))
    except Spoilt as spoilt:
        raise Outdated(spoilt.sentence) from None
    except Refusal as refusal:
        raise Outdated(f"{refusal.sentence} ({file.path}; {ANEW})") from None


def device_of(trt: TensorRt, cuda: Cuda) -> Device:
    """What engines are built for, here."""
    major, minor = cuda.info.capability
    return Device(tensorrt=title_of(trt), gpu=f"{cuda.info.name}, compute capability {major}.{minor}", driver=cuda.info.driver)


class TensorRtEngine:
    """See ``Engine``. Two slots take turns, so that copying to and from the GPU goes on while it calculates.

    A failure is a ``GpuError`` with what has happened. After one that is not final, as where there is no room for a larger batch,
    only that batch is lost, and all others are still under way; after one that is, everything is given back, and whatever is
    asked next fails the same way.
    """

    def __init__(
        self, plan: Plan, metadata: dict[str, str], settings: DetectorSettings, cuda: Cuda, *, strikes: Strikes | None = None
    ) -> None:
        """``strikes`` hears how it does."""
        self._strikes = strikes
        rule = plan.input.rule(settings.input_px or input_px_in(metadata))
        self.info = NetworkInfo(rule, metadata, f"{plan.title} {metadata.get(PRECISION, 'f16')}")
        self.capacity = SLOTS
        self.max_batch = min(settings.max_batch or plan.input.most_pictures, plan.input.most_pictures)
        self._broken: GpuError | None = None
        self._aside: deque[Floats | GpuError] = deque()
        """What became of batches that are not asked for yet."""
        self._under_way: deque[Slot] = deque()
        self._idle: deque[Slot] = deque()
        with ExitStack() as undo:
            for _ in range(SLOTS):
                slot = Slot(cuda, plan)
                undo.callback(slot.close)
                self._idle.append(slot)
            undo.push(_let_go_of_contexts)
            shape = rule.shape_for(*USUAL_RATIO)
            several = {*range(2, EACH_UP_TO + 1), self.max_batch}
            self._make_all_ready([1, *(size for size in several if plan.input.takes((size, *shape)))], shape)
            if strikes is not None:
                undo.callback(strikes.end)
            self._close = weakref.finalize(self, undo.pop_all().close)

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """See ``Engine``; pictures are copied at once. With all slots at work the oldest answer is waited for and put aside."""
        self._refuse_broken()
        try:
            if not self._idle:
                self._put_oldest_aside()
            self._make_ready(size_of(pictures))
            slot = self._idle[0]
            slot.start(pictures)
        except GpuError as error:
            self._note(error)
            raise
        self._idle.popleft()
        self._under_way.append(slot)

    def collect(self) -> Floats:
        """See ``Engine``."""
        if self._aside:
            answer = self._aside.popleft()
            if isinstance(answer, GpuError):
                raise answer
            return answer
        self._refuse_broken()
        try:
            return self._finish_oldest()
        except GpuError as error:
            self._note(error)
            raise

    def close(self) -> None:
        """See ``Engine``; what is under way is waited for, and lost."""
        self._close()
        self._broken = self._broken or GpuError("the engine was to be used, found that it has been closed")
        for slots in (self._under_way, self._idle):
            slots.clear()

    def _put_oldest_aside(self) -> None:
        try:
            self._aside.append(self._finish_oldest().copy())
        except GpuError as error:
            if error.is_final:
                raise
            # It is no fault of the batch that is to begin.
            self._note(error)
            self._aside.append(error.with_traceback(None))

    def _finish_oldest(self) -> Floats:
        slot = self._under_way.popleft()
        self._idle.append(slot)
        answer = slot.finish()
        if self._strikes is not None:
            self._strikes.has_worked()
        return answer

    def _make_all_ready(self, batches: Sequence[int], shape: tuple[int, int]) -> None:
        """For so many pictures at a time of the usual shape, so that no frame waits for that; and an engine may load and not run.

        The largest batch first, because memory that grows makes all else anew; one that there is no room for is never given.
        """
        for pictures in sorted(set(batches), reverse=True):
            if pictures > self.max_batch:
                continue
            try:
                self._make_ready((pictures, *shape))
            except OutOfGpuMemory as error:
                if pictures == 1:
                    raise
                self.max_batch = min(pictures - 1, EACH_UP_TO)
                _let_go_of_contexts(None, None, error.__traceback__)
                logger.warning("%d pictures at a time are too many, so at most %d are: %s", pictures, self.max_batch, str(error))

    def _make_ready(self, size: Size) -> None:
        """All idle slots at once, so that a new size costs its time once and not whenever another slot has its turn."""
        try:
            for slot in tuple(self._idle):
                slot.make_ready(size)
        except OutOfGpuMemory:
            # What one of them has got already would be missing for something smaller.
            for slot in tuple(self._idle):
                slot.forget()
            raise

    def _note(self, error: GpuError) -> None:
        if self._strikes is not None:
            self._strikes.has_failed()
        if error.is_final:
            self._broken = GpuError(str(error))
            _let_go_of_contexts(None, None, error.__traceback__)
            self.close()

    def _refuse_broken(self) -> None:
        if self._broken is not None:
            raise GpuError(str(self._broken))


def _let_go_of_contexts(kind: object, error: object, trace: TracebackType | None) -> None:
    """Where an error was raised somebody still holds a context, which must not outlive its memory."""
    clear_frames(trace)
