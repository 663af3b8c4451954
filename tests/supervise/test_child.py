"""A real child process: started, watched, killed, buried, started again, stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.ipc.command import CommandPost
from appliance.messages.reports import Beat, Ready
from appliance.supervise.child import FIRST_DELAY_NS, LONGEST_DELAY_NS, Child
from tests.supervise.players import Part, player
from tests.system.cli import children_of
from tests.waiting import wait_until

Start = Callable[..., Child]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[CommandPost]:
    """Where the children report."""
    post = CommandPost(tmp_path)
    yield post
    post.close()


@pytest.fixture
def child_of(tmp_path: Path, post: CommandPost) -> Iterator[Start]:
    """Makes children and, in the end, kills them."""
    children = []

    def make(function: str, **more: float | Part) -> Child:
        children.append(child := Child(player("a-child", function, **more), tmp_path, "error"))  # type: ignore[arg-type]  # one of each
        return child

    yield make
    for child in children:
        child.stop(monotonic_ns())


def until_ready(child: Child, post: CommandPost) -> None:
    """Let it report, as the supervisor would."""

    def is_ready() -> bool:
        message = post.take()
        return message is not None and isinstance(message[1], Ready) and message[1].pid == child.pid

    wait_until("the child is ready", is_ready)
    child.is_ready = True
    child.hear()


def kill(child: Child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    wait_until("its death is noticed", child.has_died)


def test_a_child_is_alive_when_it_is_ready_and_is_named_and_alone_in_its_session(child_of: Start, post: CommandPost) -> None:
    child = child_of("idle")
    assert (child.pid, child.has_died()) == (0, False)
    child.start()
    until_ready(child, post)
    assert not child.has_died()
    assert not child.may_start(), "it lives"
    assert Path(f"/proc/{child.pid}/cmdline").read_bytes().rstrip(b"\0").endswith(b"a-child")
    assert os.getsid(child.pid) == child.pid, "a terminal's Ctrl-C does not come to it"


def test_a_killed_child_is_noticed_and_may_start_again_at_once(child_of: Start, post: CommandPost) -> None:
    child = child_of("idle")
    child.start()
    until_ready(child, post)
    first = child.pid
    kill(child)
    assert child.bury() == -signal.SIGKILL
    assert (child.pid, child.is_ready, child.restarts) == (0, False, 1)
    assert child.may_start()
    child.start()
    until_ready(child, post)
    assert child.pid != first


def test_the_pause_before_another_life_doubles_with_every_death(child_of: Start) -> None:
    child, first_s = child_of("idle"), FIRST_DELAY_NS / NS_PER_S
    too_early_s = 0.0

    def may_start() -> bool:
        nonlocal too_early_s
        before_s = child.since_death_s
        if child.may_start():
            return True
        too_early_s = before_s
        return False

    for pause_s in (0, first_s, 2 * first_s, 4 * first_s, 8 * first_s):
        child.start()
        kill(child)
        child.bury()
        too_early_s = 0.0
        wait_until("it may start again", may_start)
        # However seldom this test was let look.
        assert too_early_s <= pause_s <= child.since_death_s
    assert LONGEST_DELAY_NS <= 60 * NS_PER_S


@pytest.mark.parametrize(
    ("function", "limits"),
    [
        pytest.param("idle", {"silence_s": 0.3}, id="nothing heard of it any more"),
        pytest.param("never_ready", {"start_s": 0.3}, id="not ready in time"),
    ],
)
def test_a_child_that_hangs_is_killed(child_of: Start, post: CommandPost, function: str, limits: dict[str, float]) -> None:
    child = child_of(function, **limits)
    began = time.monotonic()
    child.start()
    if function == "idle":
        until_ready(child, post)
        began = time.monotonic()
        child.hear()
    os.kill(child.pid, signal.SIGSTOP)
    wait_until("it is killed", child.has_died)
    # Not as late as by the other limit.
    assert 0.29 < time.monotonic() - began < 15.0
    assert child.bury() == -signal.SIGKILL
    assert child.last_end == "no sign of life for 0.3 s"


def test_signs_of_life_keep_it_alive(child_of: Start, post: CommandPost) -> None:
    child = child_of("idle", silence_s=2.0)
    child.start()
    until_ready(child, post)
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        child.hear()
        assert not child.has_died()


def test_its_work_is_that_of_all_its_lives(child_of: Start) -> None:
    child = child_of("idle")
    for frames, damaged, peak in ((5, 2, 100), (7, 1, 300), (11, 0, 200)):
        child.start()
        child.hear(Beat(child.pid, frames, 1, damaged, 10, 20, peak))
        work = child.work
        kill(child)
        child.bury()
        assert child.work == msgspec.structs.replace(work, pid=0)
    assert child.work == Beat(0, 23, 3, 2, 30, 60, 300)


def test_batches_and_late_frames_are_those_of_all_its_lives_and_tracks_those_of_now(child_of: Start) -> None:
    child = child_of("idle")
    for batches, late in (({1: 5, 4: 1}, {"gate": 2}), ({1: 2, 8: 1}, {"yard": 1, "gate": 1})):
        child.start()
        child.hear(Beat(child.pid, memory_bytes=100, batches=batches, batch_ns=7, tracks={"gate": 3}, stale_of=late))
        assert (child.work.tracks, child.work.memory_bytes) == ({"gate": 3}, 100)
        kill(child)
        child.bury()
    work = child.work
    assert (work.batches, work.batch_ns, work.stale_of) == ({1: 7, 4: 1, 8: 1}, 14, {"gate": 3, "yard": 1})
    assert (work.tracks, work.memory_bytes) == ({}, 0), "it is dead"


def test_it_stops_when_asked(child_of: Start, post: CommandPost) -> None:
    child = child_of("idle")
    child.start()
    until_ready(child, post)
    child.ask_to_stop()
    child.stop(monotonic_ns() + 60 * NS_PER_S)
    assert child.has_died()
    assert child.bury() == 0


def test_it_is_killed_where_asking_does_not_help(child_of: Start, post: CommandPost) -> None:
    child = child_of("deaf")
    child.start()
    until_ready(child, post)
    began = time.monotonic()
    child.ask_to_stop()
    child.stop(monotonic_ns() + NS_PER_S // 2)
    assert time.monotonic() - began > 0.4
    assert child.bury() == -signal.SIGKILL


def test_a_child_that_never_lived_is_stopped_easily(child_of: Start) -> None:
    child = child_of("idle")
    child.ask_to_stop()
    child.stop(monotonic_ns())
    assert child.pid == 0


def test_a_child_that_dies_before_it_has_read_its_assignment(child_of: Start) -> None:
    """The assignment is larger than a pipe, so that writing it waits for the reader, who is killed."""
    child = child_of("idle", part=Part(words="x" * 5_000_000))
    before = set(children_of(os.getpid()))

    def kill_it() -> None:
        (pid,) = wait_until("the child is there", lambda: set(children_of(os.getpid())) - before)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_it)
    killer.start()
    child.start()
    killer.join()
    wait_until("its death is noticed", child.has_died)
    assert child.bury() == -signal.SIGKILL
