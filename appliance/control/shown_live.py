"""Trials and pictures as HTTP shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from appliance.control.live.guest import Found
from appliance.control.live.trial import Trial
from appliance.control.shown import Time
from appliance.times import rfc_3339


class TrialCrossingShown(BaseModel):
    """What would have been counted."""

    time: Time
    direction: str
    class_name: str = Field(serialization_alias="class")
    track_id: int


class TrialShown(BaseModel):
    """What a line or zone would have counted."""

    start: Time | None = Field(description="Of the minutes it was tried on; null where nothing is remembered yet.")
    end: Time | None
    frames: int
    crossings: list[TrialCrossingShown]
    counts: dict[str, dict[str, int]] = Field(
        description="By direction and class.", examples=[{"northbound": {"car": 12, "truck": 1}}]
    )


class BoxShown(BaseModel):
    """One object."""

    class_name: str = Field(serialization_alias="class", examples=["car"])
    confidence: float
    box: list[float] = Field(description="Left, top, right, bottom, pixels of the picture.", min_length=4, max_length=4)


class FoundShown(BaseModel):
    """What the detector saw on a picture."""

    width: int
    height: int
    boxes: list[BoxShown]


def trial_of(trial: Trial) -> TrialShown:
    """As it is shown."""
    return TrialShown(
        start=rfc_3339(trial.start_ns) if trial.frames else None,
        end=rfc_3339(trial.end_ns) if trial.frames else None,
        frames=trial.frames,
        crossings=[
            TrialCrossingShown(
                time=rfc_3339(one.time_ns), direction=one.direction, class_name=one.class_name, track_id=one.track_id
            )
            for one in trial.crossings
        ],
        counts=trial.counts,
    )


def found_of(found: Found) -> FoundShown:
    """As it is shown."""
    boxes = zip(found.classes, found.confidences, found.boxes.round(1).tolist())
    return FoundShown(
        width=found.width,
        height=found.height,
        boxes=[BoxShown(class_name=name, confidence=round(score, 4), box=box) for name, score, box in boxes],
    )
