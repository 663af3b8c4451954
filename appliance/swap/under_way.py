"""A swap that is under way, and what of it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.clock import wall_ns
from appliance.config import SiteSettings, named_classes
from appliance.detect.acceptance import Acceptance
from appliance.errors import Refusal
from appliance.messages.health import SwapHealth
from appliance.messages.orders import ModelInfo, Take
from appliance.messages.questions import Activate
from appliance.swap.journal import Step

NO_CAMERA = (
    "there is no camera on whose pictures it could be proved; add one first, or name the model in the site's file"
    " ('detector: model:') and start the machine anew"
)
FEW_PICTURES = "its probation has not come to its end, as where cameras send few pictures or none"
# Of one that is known, where nothing comes to watch it by.
SHORTEST_PROBATION_S = 1.0


@dataclass(slots=True)
class Swap:
    """One of them, or the last that was."""

    number: int
    wanted: Activate
    site: SiteSettings
    """With the new model."""
    before: ModelInfo
    """What the machine spoke of when it began."""
    is_back: bool = False
    """Whether it goes back to what has counted here before, and is not proved again."""
    step: str = "staged"
    since_ns: int = field(default_factory=wall_ns)
    sentence: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    is_over: bool = False
    deadline_ns: int = 0
    """Monotonic, of this step; 0: none."""
    detect_pid: int = 0
    acceptance: Acceptance | None = None
    digest: str = ""
    """The sha256 of the new model's file."""
    in_file: str = ""
    """What the site's file named when it began; empty where that could not be told."""
    written: frozenset[str] = frozenset()
    """What this machine has written there since, of swaps before."""
    classes: tuple[str, ...] | None = None
    """Of the new model, as soon as it is loaded."""

    @property
    def instead_of(self) -> frozenset[str]:
        """What it may take the place of in the site's file; nothing named: of whatever is there."""
        return self.written | {self.in_file} if self.in_file else frozenset()

    def take(self, names: tuple[str, ...]) -> Take:
        """The order to ask the new model from now on, in the numbers that classes have among these."""
        gates = self.site.gates
        if self.is_back and not self.site.cameras:
            gates = gates.model_copy(update={"probation_s": SHORTEST_PROBATION_S})
        return Take(self.number, names, gates.model_dump_json(), self.is_back)

    def dead_end(self, now_ns: int) -> tuple[str, str] | None:
        """Its last step, and why, where it does not get any further."""
        is_watched = self.step in ("taken", "switched")
        end = "returned" if is_watched else "refused"
        if not self.site.cameras and not self.is_back and self.acceptance is None:
            return end, NO_CAMERA
        if self.deadline_ns and now_ns > self.deadline_ns:
            return end, FEW_PICTURES if is_watched else f"the step after '{self.step}' has not come in time"
        return None

    def refuse_lines(self, site: SiteSettings) -> None:
        """Raise ``Refusal`` where a line or zone names a class that the new model, which is loaded, does not know."""
        if self.is_over or self.classes is None:
            return
        for name in named_classes(site.cameras):
            if name not in self.classes:
                what = f"'{name}' is wanted, but the model {self.wanted.model}, which is being brought in, knows no such class"
                raise Refusal(f"{what}; wait for its end, or call it off")

    def line(self) -> Step:
        """Where it is, for the journal."""
        digest = self.digest if self.step == "kept" else ""
        in_file = self.in_file if self.step == "staged" else ""
        figures, author = self.figures or None, self.wanted.author
        return Step(self.number, self.since_ns, self.wanted.model, self.step, self.sentence, figures, author, digest, in_file)

    def health(self, problem: str) -> SwapHealth:
        """The same for who looks on; ``problem`` is what stands in the way of what was kept."""
        sentence = "; ".join(filter(None, (self.sentence, problem if self.step == "kept" else "")))
        model = self.wanted.model
        return SwapHealth(self.number, model, self.step, self.since_ns, self.is_over, sentence, self.figures)
