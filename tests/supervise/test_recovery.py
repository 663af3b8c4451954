"""How a stream begins and begins again, as tables: what is reported, and who is ordered what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.letterbox import InputRule
from appliance.messages.orders import Begin, Checkpoint, ModelInfo, SourceInfo
from appliance.messages.reports import Began
from appliance.supervise.recovery import CameraStream, Stage

MODEL = ModelInfo(("car",), InputRule(), "paper")
SOURCE = SourceInfo(1280, 720, 25.0, 750, "pencil")
PROCESSES = ("decode", "detect", "track", "count")
RING = "/proc/1/fd/3"


def a_checkpoint(frame: int) -> Checkpoint:
    return Checkpoint(frame, frame * 40_000_000, b"tracker", b"counter")


@dataclass
class Play:
    """A stream, and everything that it has ordered: who, epoch, frame of the checkpoint."""

    stream: CameraStream = field(default_factory=lambda: CameraStream("yard", PROCESSES, ring=RING))
    ledger: int = -1
    """The frame of the checkpoint that count has."""
    orders: list[tuple[str, int, int]] = field(default_factory=list)

    def begin(self) -> None:
        """All processes are up."""
        self._note(self.stream.begin(MODEL))

    def answer(self, process: str, epoch: int | None = None) -> None:
        """A process says that it has begun."""
        checkpoint = a_checkpoint(self.ledger) if process == "count" else None
        source = SOURCE if process == "decode" else None
        report = Began(1, "yard", self.stream.epoch if epoch is None else epoch, checkpoint, source)
        self._note(self.stream.began(process, report, MODEL))

    def _note(self, order: tuple[str, Begin] | None) -> None:
        if order is not None:
            process, begin = order
            assert (begin.camera, begin.model, begin.ring) == ("yard", MODEL, RING)
            self.orders.append((process, begin.epoch, begin.checkpoint.frame))


def play(*steps: str) -> Play:
    """Do the steps: ``begin``, ``die``, ``finish``, ``ledger 7``, or ``count``, ``track 1``: who answers, of which epoch."""
    play = Play()
    for step in steps:
        word, _, number = step.partition(" ")
        simple: dict[str, Callable[[], None]] = {"begin": play.begin, "die": play.stream.tear}
        if word in simple:
            simple[word]()
        elif word == "ledger":
            play.ledger = int(number)
        elif word == "finish":
            play.stream.finish(int(number) if number else play.stream.epoch, "")
        else:
            play.answer(word, int(number) if number else None)
    return play


START = ("begin", "count", "track", "detect", "decode")
FIRST = [("count", 1, -1), ("track", 1, -1), ("detect", 1, -1), ("decode", 1, -1)]


def again(epoch: int, frame: int, before: int) -> list[tuple[str, int, int]]:
    """The orders of a later epoch: count has its checkpoint itself, the others get it from count's answer."""
    return [("count", epoch, before), *((process, epoch, frame) for process in ("track", "detect", "decode"))]


@pytest.mark.parametrize(
    ("steps", "orders", "stage"),
    [
        pytest.param((), [], Stage.WAITING, id="nothing yet"),
        pytest.param(("begin",), FIRST[:1], Stage.STARTING, id="count is told first"),
        pytest.param(START[:2], FIRST[:2], Stage.STARTING, id="then track"),
        pytest.param(START[:3], FIRST[:3], Stage.STARTING, id="then detect"),
        pytest.param(START[:4], FIRST, Stage.STARTING, id="decode last"),
        pytest.param(START, FIRST, Stage.PLAYING, id="and it plays"),
        pytest.param((*START, "finish"), FIRST, Stage.FINISHED, id="to its end"),
        pytest.param(("begin", "begin"), FIRST[:1], Stage.STARTING, id="it is not begun twice"),
        pytest.param((*START, "begin"), FIRST, Stage.PLAYING, id="nor while it plays"),
        pytest.param((*START, "die"), FIRST, Stage.WAITING, id="a death"),
        pytest.param(
            (*START, "ledger 7", "die", *START), FIRST + again(2, 7, -1), Stage.PLAYING, id="it goes on after the checkpoint"
        ),
        pytest.param(
            ("begin", "die", *START), [FIRST[0], *again(2, -1, -1)], Stage.PLAYING, id="death between count's order and answer"
        ),
        pytest.param(
            ("ledger 3", "begin", "count", "die", "ledger 5", *START),
            [("count", 1, -1), ("track", 1, 3), *again(2, 5, 3)],
            Stage.PLAYING,
            id="death between track's order and answer",
        ),
        pytest.param((*START[:3], "die", *START), FIRST[:3] + again(2, -1, -1), Stage.PLAYING, id="death while detect is told"),
        pytest.param((*START[:4], "die", *START), FIRST + again(2, -1, -1), Stage.PLAYING, id="death while decode is told"),
        pytest.param((*START, "die", "die", "die", *START), FIRST + again(2, -1, -1), Stage.PLAYING, id="three die at once"),
        pytest.param((*START, "finish", "die", "begin"), FIRST, Stage.FINISHED, id="death after the end"),
        pytest.param((*START, "die", "begin", "finish"), [*FIRST, ("count", 2, -1)], Stage.FINISHED, id="the end was written"),
        pytest.param((*START, "die", "finish"), FIRST, Stage.FINISHED, id="the end is told by one who dies"),
    ],
)
def test_orders(steps: tuple[str, ...], orders: list[tuple[str, int, int]], stage: Stage) -> None:
    played = play(*steps)
    assert played.orders == orders
    assert played.stream.stage is stage


@pytest.mark.parametrize(
    ("steps", "orders", "stage"),
    [
        pytest.param((*START, "die", "begin", "count 1"), [*FIRST, ("count", 2, -1)], Stage.STARTING, id="count"),
        pytest.param((*START, "die", "begin", "count", "track 1"), FIRST + again(2, -1, -1)[:2], Stage.STARTING, id="track"),
        pytest.param((*START, "die", *START[:4], "decode 1"), FIRST + again(2, -1, -1), Stage.STARTING, id="decode"),
        pytest.param((*START, "die", *START, "finish 1"), FIRST + again(2, -1, -1), Stage.PLAYING, id="the end"),
        pytest.param((*START, "die", "count"), FIRST, Stage.WAITING, id="before the next epoch has begun"),
    ],
)
def test_reports_of_an_older_epoch_change_nothing(
    steps: tuple[str, ...], orders: list[tuple[str, int, int]], stage: Stage
) -> None:
    played = play(*steps)
    assert played.orders == orders
    assert played.stream.stage is stage


@pytest.mark.parametrize("process", ["track", "detect", "decode", "another"])
def test_only_the_answer_of_who_was_told_counts(process: str) -> None:
    played = play("begin", process)
    assert played.orders == FIRST[:1]
    assert played.stream.source is None


def test_an_answer_counts_once() -> None:
    assert play("begin", "count", "count", "track", "track", "count").orders == FIRST[:3]


def test_what_is_known_of_source_and_checkpoint_is_kept_over_a_death() -> None:
    stream = play("ledger 9", *START, "die").stream
    assert stream.source == SOURCE
    assert stream.checkpoint.frame == 9


def test_a_problem_is_kept() -> None:
    stream = play(*START).stream
    stream.finish(1, "the source has stopped")
    assert stream.problem == "the source has stopped"


@given(st.lists(st.sampled_from(["begin", "die", "ledger 3", *PROCESSES, *(f"{name} 1" for name in PROCESSES), "finish 1"])))
def test_whatever_happens_each_epoch_is_told_from_count_to_decode(steps: list[str]) -> None:
    played = play(*steps)
    for epoch in range(1, played.stream.epoch + 1):
        told = [process for process, its_epoch, _ in played.orders if its_epoch == epoch]
        assert told == list(reversed(PROCESSES))[: len(told)]
        assert told[:1] == ["count"]
    assert [epoch for _, epoch, _ in played.orders] == sorted(epoch for _, epoch, _ in played.orders)


@given(st.lists(st.sampled_from(["die", *PROCESSES]), max_size=30))
def test_it_plays_again_after_any_disturbance(steps: list[str]) -> None:
    assert play("begin", *steps, "die", *START).stream.stage is Stage.PLAYING
