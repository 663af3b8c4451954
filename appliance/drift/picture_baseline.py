"""What the pictures of a camera are like when all is well, in one light; and how another window is held against it.

A camera's light changes all day, and slowly: ten minutes of it are a narrow slice of the day, and the distance of Kolmogorov and
Smirnov between the two is near 1 though nothing is wrong. So for pictures that distance is necessary and not enough; what has to
be added is that the window's median lies beyond all that is usual by an amount which no weather explains. Neighbouring pictures
tell the same, so a window counts as ten independent ones, however many were looked at.

brightness  beyond the brightest or darkest fiftieth of the baseline, by 30 grey levels more. Overexposure and a stuck iris.
sharpness   a quotient that light, contrast and haze leave alone; below the worst tenth of the baseline by a share of it. Lenses
            that are dirty or out of focus, rain that has stayed on them.
view        where edges are, wherever the light comes from; up to eight kinds of light are kept, and the likest one counts. A
            camera that was turned or covered.

What this cannot see: a change smaller than the weather, and anything that was so already while it learned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.config import DriftSettings
from appliance.drift.bins import BRIGHTNESS, SHARPNESS
from appliance.drift.distances import RARE, Counts, chance_of, shift
from appliance.drift.finding import Finding
from appliance.drift.picture import agreement
from appliance.drift.window import Pictures, Window

# Of a window, as good as independent: at the usual length, one a minute.
INDEPENDENT = 10
# The least distances, 0..1; all but these shares of the window lie beyond nearly all of the baseline.
BRIGHTNESS_DISTANCE, SHARPNESS_DISTANCE = 0.9, 0.8
BRIGHTNESS_EDGE, BRIGHTNESS_MARGIN = 0.02, 30.0
SHARPNESS_EDGE = 0.1
# Kinds of light, and the agreement below which one is another kind.
MOST_VIEWS, SAME_LIGHT = 8, 0.85
# Below what has been seen while it learned.
VIEW_MARGIN = 0.1


@dataclass(slots=True)
class PictureBaseline:
    """Of one camera in one light; it learns until it is told that it has."""

    is_learned: bool = False
    windows: int = 0
    pool: Pictures = field(default_factory=Pictures)
    views: list[Counts] = field(default_factory=list)
    least_agreement: float = 1.0
    """Of the views in the second half of its learning with those before."""

    @property
    def has_enough(self) -> bool:
        """Whether that does for a baseline, once the time has come."""
        return True

    def learn(self, window: Window, share: float) -> None:
        """One more window in which all was well; ``share`` is how much of the time for learning is over."""
        self.windows += 1
        self.pool.join(window.pictures)
        alike = self._alike(window.pictures)
        if share > 0.5:
            self.least_agreement = min(self.least_agreement, alike)
        if alike < SAME_LIGHT and len(self.views) < MOST_VIEWS:
            self.views.append(window.pictures.view // window.pictures.number)

    def finish(self) -> None:
        """From now on this is how it is."""
        self.is_learned = True

    def judge(self, window: Window, settings: DriftSettings) -> list[Finding]:
        """How a window is, by this baseline."""
        now = window.pictures
        return [self._brightness(now), self._sharpness(now, settings.sharpness), self._view(now, settings.view)]

    def _alike(self, now: Pictures) -> float:
        return max((agreement(view, now.view) for view in self.views), default=-1.0)

    def _is_chance(self, distance: float, sides: int) -> bool:
        return chance_of(distance, INDEPENDENT * self.windows, INDEPENDENT, sides) > RARE

    def _brightness(self, now: Pictures) -> Finding:
        usual = self.pool.brightness
        darkest, brightest = (BRIGHTNESS.value(usual, share) for share in (BRIGHTNESS_EDGE, 1 - BRIGHTNESS_EDGE))
        median, apart = BRIGHTNESS.value(now.brightness), shift(usual, now.brightness).either
        beyond = max(darkest - median, median - brightest, 0.0) / BRIGHTNESS_MARGIN
        level = 0.0 if self._is_chance(apart, 2) else min(apart / BRIGHTNESS_DISTANCE, beyond)
        word = "darker" if median < darkest else "brighter"
        sentence = f"the picture is {word} than ever: {median:.0f} of 255, where it was between {darkest:.0f} and {brightest:.0f}"
        return Finding("brightness", level, sentence)

    def _sharpness(self, now: Pictures, most_share: float) -> Finding:
        usual = self.pool.sharpness
        least, median = SHARPNESS.value(usual, SHARPNESS_EDGE), SHARPNESS.value(now.sharpness)
        apart = shift(usual, now.sharpness).down
        lost = max(0.0, 1 - median / least) / most_share
        level = 0.0 if self._is_chance(apart, 1) else min(apart / SHARPNESS_DISTANCE, lost)
        return Finding(
            "sharpness", level, f"the picture is blurred: its sharpness fell from {SHARPNESS.value(usual):.2f} to {median:.2f}"
        )

    def _view(self, now: Pictures, least: float) -> Finding:
        alike = self._alike(now)
        # What does not agree with itself tells nothing.
        least = min(least, self.least_agreement - VIEW_MARGIN)
        sentence = f"the camera shows something else: its picture agrees with the usual ones by {alike:.2f}, not by {least:.2f}"
        return Finding("view", (1 - alike) / (1 - least), sentence)
