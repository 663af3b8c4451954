"""What a line or zone would have counted on the last minutes: the same counter, on the tracks that it saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from appliance.config import CameraSettings, CounterSettings
from appliance.count.camera import counted_lines, counter_settings
from appliance.count.counter import Counter, Decision
from appliance.counted import LineSettings, ZoneSettings
from appliance.errors import Refusal
from appliance.ipc.requests import ask
from appliance.messages.message import Unpacker
from appliance.messages.questions import Recall, Recalled, Remembered
from appliance.topics import RECALLS

ANSWER_S = 3.0
FRAMES: Unpacker[Remembered] = Unpacker(Remembered)


@dataclass(frozen=True, slots=True)
class TrialCrossing:
    """What would have been counted; wall clock."""

    time_ns: int
    direction: str
    class_name: str
    track_id: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it; wall clock, 0 where nothing is remembered."""

    start_ns: int
    end_ns: int
    frames: int
    crossings: tuple[TrialCrossing, ...]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """By direction and class."""
        counts: dict[str, dict[str, int]] = {}
        for crossing in self.crossings:
            by_class = counts.setdefault(crossing.direction, {})
            by_class[crossing.class_name] = by_class.get(crossing.class_name, 0) + 1
        return counts


def recall(folder: Path, camera: str) -> Recalled:
    """The last minutes of a camera; raises ``Refusal`` where the counter does not answer."""
    recalled = ask(folder, RECALLS, Recall(camera), ANSWER_S)
    if recalled is None:
        raise Refusal(f"the tracks of {camera} are wanted, but the counter does not answer")
    return recalled


def try_out(recalled: Recalled, item: LineSettings | ZoneSettings, wanted: CounterSettings) -> Trial:
    """Count once more, with this line alone; raises ``Refusal`` for a class that the model does not know."""
    if not recalled.frames:
        return Trial(0, 0, 0, ())
    for name in item.classes:
        if name not in recalled.names:
            raise Refusal(f"'{name}' is wanted, but the model knows no such class", usage=True)
    camera = CameraSettings(name="trial", source="nothing")
    camera = camera.model_copy(update={"lines" if isinstance(item, LineSettings) else "zones": (item,)})
    frame_size = (recalled.frame_width, recalled.frame_height)
    counter = Counter(counted_lines(camera, recalled.names, frame_size), counter_settings(wanted, recalled.names))
    decisions: list[tuple[Decision, int]] = []
    first_ns = offset_ns = 0
    for content in recalled.frames:
        frame = FRAMES.decode(content)
        offset_ns = frame.capture_ns - frame.pts_ns
        first_ns = first_ns or frame.capture_ns
        decisions += [(one, offset_ns) for one in counter.update(frame.tracks, frame.frame, frame.pts_ns)]
    decisions += [(one, offset_ns) for one in counter.finish()]
    crossings = (_crossing(one, offset, item, recalled.names) for one, offset in decisions if one.counted)
    return Trial(first_ns, frame.capture_ns, len(recalled.frames), tuple(crossings))


def _crossing(decision: Decision, offset_ns: int, item: LineSettings | ZoneSettings, names: tuple[str, ...]) -> TrialCrossing:
    direction = item.directions.forward if decision.net > 0 else item.directions.backward
    return TrialCrossing(decision.time_ns + offset_ns, direction, names[decision.class_id], decision.track_id)


def item_of(kind: str, tree: object) -> LineSettings | ZoneSettings:
    """A line or a zone as it would stand in the file; raises ``Refusal`` where it could not."""
    settings: type[LineSettings] | type[ZoneSettings] = LineSettings if kind == "lines" else ZoneSettings
    try:
        return settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refusal(f"{place or kind[:-1]}: {first['msg']}", usage=True) from None
