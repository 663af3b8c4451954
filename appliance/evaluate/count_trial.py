"""Counts and truth in the same words and on the same clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.errors import Refusal
from appliance.evaluate.count_files import Counted, TrueRow, Truth
from appliance.evaluate.counts import Trial
from appliance.evaluate.crossings import Crossing

# What a line is called that neither side names.
NAMELESS = "line"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the two sides."""

    directions: Mapping[str, str]
    """Words of the truth, and what the counts call them."""
    classes: Mapping[str, str]
    """Words of either side, and the common word for them."""
    first_frame: int = 0
    last_frame: int | None = None
    """Counted too."""

    def __post_init__(self) -> None:
        if self.first_frame < 0 or (self.last_frame is not None and self.last_frame < self.first_frame):
            found = f"found {self.first_frame} and {self.last_frame}"
            raise Refusal(f"--from and --to want frames from 0 on, the first not after the last, {found}", usage=True)

    def crossing(self, row: TrueRow, frames_per_second: float | None) -> Crossing:
        """What the row says; where frames per second are given, the frame is the clock."""
        time_s = row.frame / frames_per_second if frames_per_second else row.pts_s
        # Has been filled in.
        assert row.line is not None
        # Is the clock only where every row has it.
        assert time_s is not None
        return Crossing(row.line, row.direction, self.classes.get(row.class_name, row.class_name), row.frame, time_s)

    def has(self, frame: float) -> bool:
        """Whether a frame is within the wanted ones."""
        return self.first_frame <= frame and (self.last_frame is None or frame <= self.last_frame)

    def frames_of(self, truth: Truth) -> int:
        """How many frames are wanted."""
        if self.first_frame >= truth.frames:
            raise Refusal(f"--from wants one of the {truth.frames} frames of the truth, found {self.first_frame}", usage=True)
        last_frame = truth.frames - 1 if self.last_frame is None else min(self.last_frame, truth.frames - 1)
        return last_frame + 1 - self.first_frame


def translation(option: str, text: str) -> dict[str, str]:
    """``a=x,b+c=y`` as what each of a, b and c is called."""
    words: dict[str, str] = {}
    for piece in filter(None, text.split(",")):
        left, _, right = (part.strip() for part in piece.partition("="))
        for word in left.split("+"):
            if not word.strip() or not right or "=" in right or word.strip() in words:
                raise Refusal(f"{option} wants WORD=WORD or WORD+WORD=WORD, each left word once, found '{piece}'", usage=True)
            words[word.strip()] = right
    return words


def make_trial(counted: Counted, truth: Truth, reading: Reading) -> Trial:
    """What both say about the lines that both have watched.

    Where a true crossing has no time, frames are the clock of both sides. What is outside of the wanted frames is left out, on
    each side by its own frame; so nobody should be on a line at either end of them.
    """
    true_rows = _in_words_of(counted, truth, reading)
    true_lines = {row.line for row in true_rows if row.line} | truth.lines.keys() or {_only_line(counted, truth)}
    lines = _common_lines(counted, true_lines)
    rows_of_both = [*true_rows, *counted.crossings]
    movements = [(line, direction) for line in lines for direction in _directions(line, counted, rows_of_both)]
    clock = truth.fps if any(row.pts_s is None for row in true_rows) else None

    def crossings(rows: Iterable[TrueRow]) -> tuple[Crossing, ...]:
        return tuple(reading.crossing(row, clock) for row in rows if row.line in lines and reading.has(row.frame))

    frames = reading.frames_of(truth)
    notes = (*_notes_on_lines(counted, true_lines, lines), *_notes_on_frames(counted, frames))
    return Trial(crossings(true_rows), crossings(counted.crossings), tuple(movements), frames / truth.fps, notes)


def _in_words_of(counted: Counted, truth: Truth, reading: Reading) -> list[TrueRow]:
    """The true crossings with the counts' words for lines and directions."""
    named = []
    for row in truth.crossings:
        direction = reading.directions.get(row.direction, row.direction)
        named.append(row.model_copy(update={"line": row.line or _only_line(counted, truth), "direction": direction}))
    return named


def _only_line(counted: Counted, truth: Truth) -> str:
    """The line that is meant where none is named."""
    names = sorted(truth.lines or counted.lines) or [NAMELESS]
    if len(names) > 1:
        raise Refusal(f"a crossing of the truth must name its line where there are several, found {_listed(names)}", usage=True)
    return names[0]


def _common_lines(counted: Counted, true_lines: set[str]) -> list[str]:
    common = true_lines & counted.lines.keys()
    if not common and (counted.lines or counted.names_every_line):
        found = f"{_listed(counted.lines)} in the counts and {_listed(true_lines)} in the truth"
        raise Refusal(f"counts and truth must have a line in common, found {found}", usage=True)
    return sorted(common if counted.names_every_line else true_lines)


def _directions(line: str, counted: Counted, rows: Sequence[TrueRow]) -> list[str]:
    """The words for the two ways over a line; a third one is nobody's."""
    known = sorted(counted.lines.get(line, ()))
    others = sorted({row.direction for row in rows if row.line == line} - {*known})
    if len(known) + len(others) > 2:
        raise Refusal(
            f"line {line} has the directions {_listed(known)} in the counts, found {_listed(others)}: "
            "--directions says what a word of the truth is called in the counts",
            usage=True,
        )
    return known + others


def _notes_on_lines(counted: Counted, true_lines: set[str], lines: Sequence[str]) -> Iterator[str]:
    for side, names in (("truth", true_lines), ("counts", counted.lines.keys())):
        if others := {*names} - {*lines}:
            yield f"not compared, because only in the {side}: {_listed(others)}"


def _notes_on_frames(counted: Counted, frames: int) -> Iterator[str]:
    if counted.frames is not None and counted.frames < frames:
        yield f"only {counted.frames} of these {frames} frames were counted"
    if not counted.complete:
        yield "the counts say that they are not complete"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
