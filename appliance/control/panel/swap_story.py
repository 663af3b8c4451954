"""A swap of models in words: which steps are behind it, which one it is at, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.messages.health import SwapHealth
from appliance.swap.journal import Step

# In the order in which they come, and what is true after each of them.
STEPS = {
    "staged": "The file is what it was when it was brought",
    "accepted": "It works, in a process of its own",
    "agrees": "On live pictures it sees what the other one sees",
    "loaded": "It is loaded beside the other one",
    "learned": "Its classes are known",
    "taken": "Cameras' pictures are made for it",
    "switched": "It counts, on probation",
    "kept": "It has proved itself",
}
# The step that is passed by order instead of by proof.
FORCED, FORCED_WORDS = "forced", "It does not see what the other one sees, and was wanted all the same"
ENDS = {
    "kept": "counts now",
    "refused": "was refused",
    "returned": "was taken back",
    "called off": "was called off",
    "cut off": "was cut off: the machine stopped",
    "overruled": "counted, and somebody has named another one since",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A step, and where it is: done, now, open or failed."""

    text: str
    state: str


def title_of(swap: SwapHealth) -> str:
    """One sentence."""
    return f"{swap.model} {ENDS.get(swap.step, 'is over') if swap.is_over else 'is being brought in'}"


def is_good(swap: SwapHealth) -> bool:
    """Whether nobody needs to look."""
    return not swap.is_over or swap.step == "kept"


def stages_of(swap: SwapHealth, reached: str) -> tuple[Stage, ...]:
    """All steps; ``reached`` is the last good one."""
    names = list(STEPS)
    last = names.index("agrees" if reached == FORCED else reached) if reached in STEPS or reached == FORCED else -1
    stages = []
    for place, (name, text) in enumerate(STEPS.items()):
        words = FORCED_WORDS if name == "agrees" and reached == FORCED else text
        stages.append(Stage(words, _state(swap, place, last)))
    return tuple(stages)


def _state(swap: SwapHealth, place: int, last: int) -> str:
    if place <= last:
        return "done"
    if place == last + 1 and (not swap.is_over or swap.step != "kept"):
        return "failed" if swap.is_over else "now"
    return "open"


def end_words(step: Step) -> str:
    """What became of it."""
    return ENDS.get(step.step, f"is at '{step.step}'")
