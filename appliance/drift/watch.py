"""One camera and the model that looks through it, sample by sample: learning, steady or drifting, and why. Time is an argument.

    learning ──▶ steady ◀──▶ drifting

Day and night have baselines of their own. Which it is, the picture says: clocks are wrong, and halls have lamps. What drifts
stays so until it has been well again for some windows, in whatever light those were.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.boxes import Detections
from appliance.clock import NS_PER_S
from appliance.config import DriftSettings
from appliance.drift.book import ObjectBook, Page, PictureBook
from appliance.drift.object_baseline import ObjectBaseline
from appliance.drift.picture import Look
from appliance.drift.picture_baseline import PictureBaseline
from appliance.drift.sampling import Sampler
from appliance.drift.window import Sample, Window
from appliance.messages.reports import DriftHealth

LEARNING, STEADY, DRIFTING = "learning", "steady", "drifting"
DAY, NIGHT = "day", "night"
# It is day again when it is so much brighter than where night begins.
DAWN = 1.3
# Over which the light is averaged: a headlight is no dawn.
LIGHT_NS = 60 * NS_PER_S
SAMPLE_NS = NS_PER_S
# A short window has its samples sooner after each other.
LEAST_SAMPLES = 20
# A window with fewer, because the camera was gone for a part of it, tells nothing.
LEAST_TAKEN = 10


def sample_every_ns(settings: DriftSettings) -> int:
    """The time between two samples."""
    return min(SAMPLE_NS, round(settings.window_s * NS_PER_S) // LEAST_SAMPLES)


@dataclass(slots=True)
class Light:
    """Whether it is day or night, by the picture's own brightness."""

    night_below: float
    name: str = ""
    brightness: float = 0.0
    """Averaged."""

    def see(self, brightness: float, since_ns: int) -> bool:
        """One more sample, so long after the one before; whether it is another light now."""
        before = self.name
        self.brightness += (brightness - self.brightness) * (min(1.0, since_ns / LIGHT_NS) if before else 1)
        if self.brightness < self.night_below or (not before and self.brightness < self.night_below * DAWN):
            self.name = NIGHT
        elif self.brightness >= self.night_below * DAWN or not before:
            self.name = DAY
        return self.name != before


class Watch:
    """Of one camera."""

    def __init__(self, settings: DriftSettings, confidence: float, pictures: PictureBook, objects: ObjectBook) -> None:
        """The books are written on."""
        self._settings, self.pictures, self.objects = settings, pictures, objects
        self._window_ns = round(settings.window_s * NS_PER_S)
        self._sampler = Sampler(confidence)
        self._light = Light(settings.night_below)
        self._window = Window()
        self._began_ns = self._last_ns = 0

    def read(self, objects: ObjectBook) -> None:
        """It is another model that looks through the camera, which is the same as before."""
        self.objects, self._window = objects, Window()

    def forget(self) -> None:
        """Learn anew: this is how it shall be from now on."""
        self.pictures, self.objects, self._window = PictureBook(), ObjectBook(), Window()

    def see(self, look: Look, seen: Detections, size: tuple[int, int], names: tuple[str, ...], now_ns: int) -> bool:
        """One more sample at a monotonic time, of a picture of this size (width, height); whether a window is over with it."""
        return self.add(self._sampler.sample(look, seen, size, names), now_ns)

    def add(self, sample: Sample, now_ns: int) -> bool:
        """The same, where it is known what is new in the picture."""
        is_other_light = self._light.see(sample.look.brightness, now_ns - self._last_ns)
        if sample.look.shape != self.pictures.shape:
            self.pictures, self._window = PictureBook(shape=sample.look.shape), Window()
        if is_other_light or now_ns - self._last_ns > self._window_ns:
            # Half of one and half of another tell of neither.
            self._window = Window()
        self._last_ns = now_ns
        if not self._window.pictures.number:
            self._began_ns = now_ns
        is_over = now_ns - self._began_ns >= self._window_ns
        if is_over:
            self.close()
            self._began_ns = now_ns
        self._window.add(sample)
        return is_over

    def close(self) -> None:
        """A window is over."""
        window, self._window = self._window, Window()
        if window.pictures.number < LEAST_TAKEN:
            return
        light = self._light.name
        self.pictures.turn(self._picture_page(light), window, self._settings)
        self.objects.turn(self._object_page(light), window, self._settings)
        # In winter the rush hour is at night.
        busiest = max(page.baseline.most_seen for page in self.objects.pages.values())
        for page in self.objects.pages.values():
            page.baseline.most_seen = busiest

    def _picture_page(self, light: str) -> Page[PictureBaseline]:
        return self.pictures.pages.setdefault(light, Page(PictureBaseline()))

    def _object_page(self, light: str) -> Page[ObjectBaseline]:
        return self.objects.pages.setdefault(light, Page(ObjectBaseline()))

    def health(self, now_ns: int) -> DriftHealth:
        """How it is; ``now_ns`` is wall clock, and noted where this is another state than before."""
        trends = {**self.pictures.trends, **self.objects.trends}
        reasons = [trend.sentence for trend in (*self.pictures.off(), *self.objects.off())]
        learned = self._learned()
        state = DRIFTING if reasons else STEADY if learned >= 1 else LEARNING
        if not self._light.name:
            # Nothing has been seen yet in this life.
            state = self.pictures.state or LEARNING
        return DriftHealth(
            state=state,
            since_ns=self._since_ns(state, now_ns),
            sentence="; ".join(reasons),
            light=self._light.name,
            learned=round(learned, 3),
            levels={name: round(trend.level, 3) for name, trend in trends.items()},
        )

    def _learned(self) -> float:
        """How much is known of what there is to be known in this light, 0..1; where nothing passes at night, the day will do."""
        light = self._light.name
        pictures, objects = self.pictures.pages.get(light), self.objects.pages.get(light)
        if pictures is None or objects is None:
            return 0.0
        learned = pictures.learned(self._settings)
        return learned if self.objects.knows_any else min(learned, objects.learned(self._settings))

    def _since_ns(self, state: str, now_ns: int) -> int:
        """Kept with the pictures, so that a restart is no new state."""
        if state != self.pictures.state:
            self.pictures.state, self.pictures.since_ns = state, now_ns
        return self.pictures.since_ns
