"""All that is remembered of one camera: of its pictures, and of what one model finds in them; as bytes, to outlive a restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import msgspec

from appliance.config import DriftSettings
from appliance.drift.finding import Finding, Trend
from appliance.drift.object_baseline import ObjectBaseline
from appliance.drift.picture_baseline import PictureBaseline
from appliance.drift.window import Window
from appliance.messages.message import Unpacker, pack

# Of this format; what is older or newer is learned anew.
VERSION = 1
# Of one light, for a baseline; of a dawn alone there is none.
LEAST_WINDOWS = 12


class Baseline(Protocol):
    """How something is in one light when all is well."""

    is_learned: bool
    windows: int

    @property
    def has_enough(self) -> bool:
        """Whether that does for a baseline, once the time has come."""

    def learn(self, window: Window, share: float) -> None:
        """One more window in which all was well; ``share`` is how much of the time for learning is over."""

    def finish(self) -> None:
        """From now on this is how it is."""

    def judge(self, window: Window, settings: DriftSettings) -> list[Finding]:
        """How a window is, by this baseline."""


B = TypeVar("B", bound=Baseline)


@dataclass(slots=True)
class Page(Generic[B]):
    """A baseline, and how many windows there have been since it was begun, in whatever light."""

    baseline: B
    elapsed: int = 0

    def share(self, settings: DriftSettings) -> float:
        """How much of the time for learning is over, 0..1."""
        wanted = lessons(settings)
        return min(1.0, self.elapsed / wanted, self.baseline.windows / min(LEAST_WINDOWS, wanted))

    def learned(self, settings: DriftSettings) -> float:
        """How much of the baseline is there, 0..1; not all of it as long as it still learns."""
        return 1.0 if self.baseline.is_learned else min(0.99, self.share(settings))


@dataclass(slots=True)
class Book(Generic[B]):
    """Baselines by light, and what has become of each statistic."""

    version: int = VERSION
    pages: dict[str, Page[B]] = field(default_factory=dict)
    trends: dict[str, Trend] = field(default_factory=dict)
    state: str = ""
    """The last that was told, and since when by wall clock."""
    since_ns: int = 0
    shape: tuple[int, int] = (0, 0)
    """(height, width) of the pictures; others have another sharpness."""
    sought: str = ""
    """For what and how the model looks at them; in other words, other objects are found."""

    def turn(self, page: Page[B], window: Window, settings: DriftSettings) -> None:
        """One more window, in the light of that page."""
        for each in self.pages.values():
            each.elapsed += 1
        baseline, wanted = page.baseline, lessons(settings)
        if baseline.is_learned:
            for finding in baseline.judge(window, settings):
                self.trends.setdefault(finding.statistic, Trend()).note(finding, settings.in_a_row)
            return
        baseline.learn(window, page.elapsed / wanted)
        if page.share(settings) >= 1 and baseline.has_enough:
            baseline.finish()

    @property
    def knows_any(self) -> bool:
        """Whether there is a baseline for some light."""
        return any(page.baseline.is_learned for page in self.pages.values())

    def off(self) -> Iterable[Trend]:
        """The statistics that are not as they were."""
        return (trend for trend in self.trends.values() if trend.is_off)


PictureBook = Book[PictureBaseline]
ObjectBook = Book[ObjectBaseline]

_pictures: Unpacker[PictureBook] = Unpacker(PictureBook)
_objects: Unpacker[ObjectBook] = Unpacker(ObjectBook)


def lessons(settings: DriftSettings) -> int:
    """Windows to learn from."""
    return max(1, round(settings.learn_h * 3600 / settings.window_s))


def as_bytes(book: PictureBook | ObjectBook) -> bytes:
    """To be kept."""
    return pack(book)


def picture_book(content: bytes) -> PictureBook | None:
    """What was kept; None for what is no such book."""
    return _checked(content, _pictures)


def object_book(content: bytes) -> ObjectBook | None:
    """What was kept; None for what is no such book."""
    return _checked(content, _objects)


def _checked(content: bytes, unpacker: Unpacker[Book[B]]) -> Book[B] | None:
    try:
        book = unpacker.decode(content)
    # A file that was cut off, or written by another version.
    except (msgspec.DecodeError, ValueError):
        return None
    return book if book.version == VERSION else None
