"""The supervisor with small real processes: whoever dies or hangs is replaced, and in the end nobody is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import RingSize
from appliance.messages.reports import Ready, Refused, Swapping
from appliance.supervise.child import in_words
from appliance.supervise.preflight import is_alive, sweep
from appliance.supervise.recovery import Stage
from appliance.supervise.spec import ProcessSpec
from appliance.supervise.supervisor import MOST_DEATHS_WITHOUT_PROGRESS, Supervisor
from tests.processes import Peer, until_told
from tests.supervise.players import MODEL, SOURCE, Part, player
from tests.supervise.scripted import NAMES, machine_of, players, plays, run
from tests.waiting import wait_until

BACK_S = 30.0  # 2 on a quiet machine; a busy one must not fail the test


def test_everybody_is_started_and_the_stream_plays(tmp_path: Path) -> None:
    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        yield plays(supervisor, 1)
        assert players() == {child.pid for child in supervisor.children.values()}

    supervisor = run(machine_of(tmp_path), script)
    assert supervisor.model == MODEL
    stream = supervisor.streams["yard"]
    assert (stream.source, stream.epoch) == (SOURCE, 1)
    assert not os.path.exists(stream.ring), "its memory is given back"


@pytest.mark.parametrize(
    "victims",
    [pytest.param((name,), id=name) for name in NAMES]
    + [pytest.param(("decode", "count"), id="two"), pytest.param(NAMES, id="all")],
)
def test_the_killed_are_back_soon_and_the_others_stay(tmp_path: Path, victims: tuple[str, ...]) -> None:
    took_s: list[float] = []

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        for epoch in (1, 2):
            yield plays(supervisor, epoch)
            before = {name: child.pid for name, child in supervisor.children.items()}
            began = time.monotonic()
            for name in victims:
                os.kill(before[name], signal.SIGKILL)
            yield plays(supervisor, epoch + 1)
            took_s.append(time.monotonic() - began)
            assert {name for name, child in supervisor.children.items() if child.pid != before[name]} == set(victims)

    supervisor = run(machine_of(tmp_path), script)
    assert max(took_s) < BACK_S
    assert {name: child.restarts for name, child in supervisor.children.items()} == {
        name: 2 if name in victims else 0 for name in NAMES
    }


def test_a_stream_goes_on_from_the_ledgers_newest_frame(tmp_path: Path) -> None:
    frames: list[int] = []

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        for epoch, frame in enumerate((-1, 7, 30), 1):
            (tmp_path / "ledger").write_text(str(frame))
            if epoch > 1:
                os.kill(supervisor.children["detect"].pid, signal.SIGKILL)
            yield plays(supervisor, epoch)
            frames.append(supervisor.streams["yard"].checkpoint.frame)

    run(machine_of(tmp_path), script)
    assert frames == [-1, 7, 30]


@pytest.mark.parametrize("gives_up", [True, False], ids=["a job", "a site"])
def test_a_job_ends_with_its_streams_and_a_site_goes_on(tmp_path: Path, gives_up: bool) -> None:
    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        yield plays(supervisor, 1)
        (tmp_path / "ledger").write_text("100")
        yield lambda: supervisor.streams["yard"].stage is Stage.FINISHED
        yield lambda: gives_up is False  # of a job, nobody asks any more

    assert run(machine_of(tmp_path, gives_up=gives_up), script).streams["yard"].stage is Stage.FINISHED


def test_a_death_after_the_end_begins_nothing_anew(tmp_path: Path) -> None:
    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        (tmp_path / "ledger").write_text("100")
        yield lambda: supervisor.streams["yard"].stage is Stage.FINISHED
        os.kill(supervisor.children["count"].pid, signal.SIGKILL)
        yield lambda: supervisor.children["count"].restarts == 1 and supervisor.children["count"].is_ready
        assert supervisor.streams["yard"].epoch == 1

    run(machine_of(tmp_path, gives_up=False), script)


@pytest.mark.parametrize(
    ("hanging", "is_stopped"),
    [
        pytest.param(player("hanging", "idle", silence_s=1.5), True, id="no heartbeat any more"),
        pytest.param(player("hanging", "never_ready", start_s=1.0), False, id="never ready"),
    ],
)
def test_whoever_hangs_is_replaced(tmp_path: Path, hanging: ProcessSpec, is_stopped: bool) -> None:
    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        child = supervisor.children["hanging"]
        if is_stopped:
            yield lambda: child.is_ready
            os.kill(child.pid, signal.SIGSTOP)
        else:
            yield lambda: child.pid > 0
        first, began = child.pid, time.monotonic()
        yield lambda: child.pid not in (0, first)
        # Not as late as by the other limit.
        assert 0.5 < time.monotonic() - began < 15.0
        assert not is_alive(first)

    assert run(machine_of(tmp_path, hanging), script).children["hanging"].restarts == 1


def test_nobody_is_taken_for_hanging_when_the_whole_computer_was_held_up(tmp_path: Path) -> None:
    """A laptop that sleeps, a virtual machine that is moved: all stand still, the supervisor with them, and all go on."""
    silence_s = 1.5

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        yield plays(supervisor, 1)
        pids = {child.pid for child in supervisor.children.values()}
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        stopped = time.monotonic()
        yield lambda: time.monotonic() > stopped + 0.3  # what they had said before has been heard
        signal.sigtimedwait((), 2 * silence_s)  # this is the supervisor's own thread
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        beats = {name: child.beat.frames for name, child in supervisor.children.items()}
        yield lambda: all(child.beat.frames > beats[name] for name, child in supervisor.children.items())
        assert {child.pid for child in supervisor.children.values()} == pids

    part = Part(notes=str(tmp_path / "ledger"))
    impatient = {name: player(name, name, silence_s=silence_s, part=part) for name in NAMES}
    assert not any(child.restarts for child in run(machine_of(tmp_path, gives_up=True, **impatient), script).children.values())


def test_a_refusal_ends_everything_with_its_sentence(tmp_path: Path) -> None:
    sentence = "a camera is wanted, found a toaster"
    refusing = player("decode", "refusing", part=Part(words=sentence))
    with pytest.raises(Refusal, match=sentence) as caught:
        run(machine_of(tmp_path, decode=refusing), lambda supervisor: iter([lambda: False]))
    assert caught.value.usage
    wait_until("everybody is gone", lambda: not players())


def test_a_passing_process_that_refuses_is_ended_by_whoever_hears_of_it(tmp_path: Path) -> None:
    heard: list[str] = []

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        def hear(process: str, report: Swapping | Ready | Refused) -> None:
            if isinstance(report, Refused):
                heard.append(report.sentence)
                supervisor.end_passing(process)

        supervisor.hear_swap = hear
        yield plays(supervisor, 1)
        spec = player("passing", "refusing", part=Part("no such model"))
        supervisor.begin_passing(replace(spec, is_vital=False, is_passing=True))
        child = supervisor.children["passing"]
        yield lambda: child.pid > 0
        # Its word is heard when it is found dead, and not before.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        supervisor._watch(child)
        assert "passing" not in supervisor.children

    run(machine_of(tmp_path, gives_up=False), script)
    assert heard == ["no such model"]


def earlier_detect(pipe: Connection, folder: Path) -> None:
    """Reports in the name of one that lives no more."""
    link = CommandLink(folder, "detect")
    link.swapping(1, "kept")
    link.close()
    pipe.send("done")
    until_told(pipe)


def test_what_an_earlier_life_reports_of_a_swap_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    heard: list[int] = []

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        supervisor.hear_swap = lambda process, report: heard.append(report.pid)
        yield plays(supervisor, 1)
        with Peer(earlier_detect, tmp_path) as earlier:
            earlier.hear()
            frames = supervisor.children["detect"].beat.frames
            yield lambda: supervisor.children["detect"].beat.frames > frames + 20
        assert not heard

    run(machine_of(tmp_path, gives_up=False), script)


def starts_noted_in(path: Path) -> list[float]:
    return [float(line) for line in path.read_text().splitlines()]


def test_a_process_that_dies_again_and_again_is_given_up_after_growing_pauses(tmp_path: Path) -> None:
    notes = tmp_path / "starts"
    crashing = player("detect", "crashing", part=Part("out of luck", str(notes)))
    sentence = f"detect has died {MOST_DEATHS_WITHOUT_PROGRESS + 1} times in a row without getting any further"
    with pytest.raises(Refusal, match=sentence):
        run(machine_of(tmp_path, detect=crashing), lambda supervisor: iter([lambda: False]))
    starts = starts_noted_in(notes)
    assert len(starts) == MOST_DEATHS_WITHOUT_PROGRESS + 1
    pauses = [after - before for before, after in zip(starts, starts[1:])]
    assert pauses[-1] > 0.8


def test_a_job_that_is_given_up_since_somebody_hangs_says_so(tmp_path: Path) -> None:
    hanging = player("detect", "never_ready", start_s=0.1)
    with pytest.raises(Refusal, match=r"detect has died .* the last time with no sign of life for 0.1 s"):
        run(machine_of(tmp_path, detect=hanging), lambda supervisor: iter([lambda: False]))


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (1, "exit code 1"),
        (-11, "SIGSEGV"),
        (-99, "signal 99"),
        (-4, "SIGILL: this CPU lacks an instruction that a library needs"),
    ],
)
def test_how_a_process_ended_is_said(exit_code: int, words: str) -> None:
    assert in_words(exit_code) == words


def test_a_site_never_gives_up(tmp_path: Path) -> None:
    notes = tmp_path / "starts"
    crashing = player("extra", "crashing", part=Part("out of luck", str(notes)))

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        yield plays(supervisor, 1)
        yield lambda: supervisor.children["extra"].restarts > MOST_DEATHS_WITHOUT_PROGRESS

    run(machine_of(tmp_path, crashing, gives_up=False), script)


def test_a_job_that_has_begun_to_count_ends_with_what_it_has(tmp_path: Path) -> None:
    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        for epoch in range(1, MOST_DEATHS_WITHOUT_PROGRESS + 3):
            yield plays(supervisor, epoch)
            os.kill(supervisor.children["detect"].pid, signal.SIGKILL)

    stream = run(machine_of(tmp_path), script).streams["yard"]
    assert stream.stage is Stage.FINISHED
    assert stream.problem.startswith("detect has died")


def test_full_shared_memory_ends_everything_with_a_sentence(tmp_path: Path) -> None:
    machine = replace(machine_of(tmp_path), ring_size=lambda model: RingSize(8, 2**37, 1))
    with pytest.raises(Refusal, match="/dev/shm is too small"):
        run(machine, lambda supervisor: iter([lambda: False]))
    wait_until("everybody is gone", lambda: not players())


def supervise(pipe: Connection, folder: Path) -> None:
    """A supervisor with somebody who does not listen among its children, until it is killed."""

    def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
        yield plays(supervisor, 1)
        yield lambda: supervisor.children["deaf"].is_ready
        pipe.send([child.pid for child in supervisor.children.values()])
        until_told(pipe)

    run(machine_of(folder, player("deaf", "deaf")), script)


def test_when_the_supervisor_is_killed_its_children_die(tmp_path: Path) -> None:
    with Peer(supervise, tmp_path) as supervisor:
        pids = supervisor.hear()
        os.kill(pids[0], signal.SIGSTOP)  # even one that cannot do anything
        assert all(is_alive(pid) for pid in pids)
        supervisor.kill()
        wait_until("all children are gone", lambda: not any(is_alive(pid) for pid in pids))


def test_folders_of_the_dead_are_swept_and_no_others(tmp_path: Path) -> None:
    with Peer(until_told) as dead:
        dead.kill()
    with Peer(until_told) as living:
        folders = {
            name: tmp_path / name
            for name in (f"a-{dead.pid}-x", f"a-{living.pid}-x", f"b-{dead.pid}-x", "a-b-c", f"a-{dead.pid}")
        }
        for folder in folders.values():
            folder.mkdir()
            (folder / "command").touch()
        assert list(sweep(tmp_path, "a-", is_alive)) == [folders[f"a-{dead.pid}-x"]]
        assert {name for name, folder in folders.items() if not folder.exists()} == {f"a-{dead.pid}-x"}
