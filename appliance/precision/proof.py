"""What a reduced model is worth beside the one that it was made from, on footage that it was not calibrated with."""

from __future__ import annotations

import msgspec

# Points of map50.
WARN_POINTS, REFUSE_POINTS = 1.0, 3.0


class Pace(msgspec.Struct, frozen=True):
    """How long a picture took on this device, milliseconds, all of them in turns."""

    p50_ms: float
    p99_ms: float


class Contestant(msgspec.Struct, frozen=True):
    """One model in one precision, judged by what the original sees in f32."""

    precision: str
    """What it calculates in."""
    pace: Pace
    counts: dict[str, int]
    """By ``line direction``."""
    map50: float | None
    """None where there was too little to judge by."""
    map50_95: float | None
    f1: float
    """Of its boxes, IoU of 0.5, same class."""
    ap50: dict[str, float]
    """Of the classes that are in the mean, by name."""


class Proof(msgspec.Struct, frozen=True):
    """The original in f32, then what this device makes of it where that is something else, then the new one."""

    backend: str
    frames: int
    objects: dict[str, int]
    """That the original is sure of, by class."""
    contestants: tuple[Contestant, ...]

    @property
    def original(self) -> Contestant:
        """In f32."""
        return self.contestants[0]

    @property
    def usual(self) -> Contestant:
        """The original as this device runs it."""
        return self.contestants[-2]

    @property
    def new(self) -> Contestant:
        """The reduced one."""
        return self.contestants[-1]

    @property
    def lost_points(self) -> float | None:
        """Of map50; None where there was too little to judge by."""
        return None if self.new.map50 is None else 100 * (1 - self.new.map50)

    @property
    def times_as_fast(self) -> float:
        """The new one, beside the original as this device runs it."""
        return self.usual.pace.p50_ms / self.new.pace.p50_ms if self.new.pace.p50_ms else 0.0

    @property
    def other_counts(self) -> dict[str, tuple[int, int]]:
        """Where the new one counts otherwise: by way, what the original counts and what it counts."""
        new = self.new.counts
        return {way: (count, new[way]) for way, count in self.original.counts.items() if count != new[way]}

    def figures(self) -> dict[str, float]:
        """For a manifest."""
        figures = {"proof_frames": float(self.frames), "proof_objects": float(sum(self.objects.values()))}
        for name, value in (("map50", self.new.map50), ("map50_95", self.new.map50_95)):
            if value is not None:
                figures[name] = round(value, 4)
        figures |= {"f1": round(self.new.f1, 4), "times_as_fast": round(self.times_as_fast, 3)}
        for each in self.contestants:
            figures |= {f"{each.precision}_p50_ms": each.pace.p50_ms, f"{each.precision}_p99_ms": each.pace.p99_ms}
        for each in (self.original, self.new):
            figures |= {f"{each.precision} {way}": float(count) for way, count in each.counts.items()}
        return figures


def objection(proof: Proof) -> str:
    """Why it is refused; nothing where it is not."""
    lost = proof.lost_points
    if lost is None:
        objects = sum(proof.objects.values())
        return f"there was too little to judge by: the original is sure of {objects} objects in {proof.frames} frames"
    if lost > REFUSE_POINTS:
        return f"it loses {lost:.1f} points of map50 against the original in f32; at most {REFUSE_POINTS:g} are wanted"
    return ""


def remarks(proof: Proof) -> tuple[str, ...]:
    """What whoever uses it should know."""
    found = [objection(proof)] if objection(proof) else []
    lost = proof.lost_points
    if not found and lost is not None and lost > WARN_POINTS:
        found.append(f"it loses {lost:.1f} points of map50 against the original in f32")
    if proof.other_counts:
        ways = ", ".join(f"{way} {new} instead of {old}" for way, (old, new) in proof.other_counts.items())
        found.append(f"it counts otherwise than the original in f32: {ways}")
    if proof.times_as_fast < 1:
        found.append(f"on this device it is slower than the original in {proof.usual.precision}")
    return tuple(found)
