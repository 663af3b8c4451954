"""Models and their swaps as HTTP shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from appliance.control.shown import Time
from appliance.messages.health import SwapHealth
from appliance.models.listing import Listed
from appliance.swap.journal import Step
from appliance.times import rfc_3339


class StoredShown(BaseModel):
    """A version in a store."""

    model: str = Field(description="What it is asked for by.", examples=["yolov8n@1"])
    problem: str = Field(description="Why it cannot be used; empty where it can.")
    classes: list[str]
    input_px: int | None
    licence: str
    sha256: str
    figures: dict[str, float] = Field(description="What was measured when it was made.")


class SwapShown(BaseModel):
    """How far a swap is."""

    number: int
    model: str
    step: str = Field(examples=["staged", "accepted", "agrees", "loaded", "learned", "taken", "switched", "kept", "refused"])
    since: Time
    is_over: bool
    sentence: str
    figures: dict[str, float]


class ModelsShown(BaseModel):
    """What counts now, what is being brought in, and what there is."""

    live: str = Field(description="As in the configuration.")
    backend: str
    classes: list[str]
    swap: SwapShown | None = Field(description="The newest since the machine has started.")
    stored: list[StoredShown]


class StepShown(BaseModel):
    """A line of the journal."""

    swap: int
    time: Time
    model: str
    step: str
    sentence: str
    figures: dict[str, float]
    author: str


class ActivationWanted(BaseModel):
    """Which model shall count."""

    model: str = Field(min_length=1, max_length=300, examples=["yolov8n@2"])
    force: bool = Field(default=False, description="Also where it does not see what the other one sees.")


class SwapAnswer(BaseModel):
    """What came of it, as a sentence."""

    sentence: str


def swap_of(swap: SwapHealth) -> SwapShown:
    """As it is shown."""
    return SwapShown(
        number=swap.number,
        model=swap.model,
        step=swap.step,
        since=rfc_3339(swap.since_ns),
        is_over=swap.is_over,
        sentence=swap.sentence,
        figures=swap.figures,
    )


def stored_of(listed: Listed) -> StoredShown:
    """As it is shown."""
    manifest = listed.manifest
    return StoredShown(
        model=listed.label,
        problem=listed.problem,
        classes=[] if manifest is None else list(manifest.classes),
        input_px=None if manifest is None else manifest.input_px,
        licence="" if manifest is None else manifest.licence,
        sha256="" if manifest is None else manifest.sha256,
        figures={} if manifest is None else manifest.figures,
    )


def step_of(step: Step) -> StepShown:
    """As it is shown."""
    return StepShown(
        swap=step.swap,
        time=rfc_3339(step.time_ns),
        model=step.model,
        step=step.step,
        sentence=step.sentence,
        figures=step.figures or {},
        author=step.author,
    )
