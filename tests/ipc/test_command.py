"""Orders and reports between real processes: each goes to one life of a process, and last words are heard."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import pytest
import zmq

from appliance.ipc.channel import wait
from appliance.ipc.command import CommandLink, CommandPost
from appliance.letterbox import InputRule
from appliance.messages.message import pack
from appliance.messages.orders import Begin, Checkpoint, ModelInfo, SourceInfo
from appliance.messages.reports import Beat, Began, Finished, Ready, Refused, Report
from tests.processes import Peer, until_told
from tests.waiting import wait_until

MODEL = ModelInfo(("car", "truck"), InputRule(fixed=(96, 128)), "paper")
SOURCE = SourceInfo(1280, 720, 25.0, 750, "pencil")
CHECKPOINT = Checkpoint(7, 280_000_000, b"tracker", b"counter")


@pytest.fixture
def post(tmp_path: Path) -> Iterator[CommandPost]:
    """The supervisor's end, in ``tmp_path``."""
    post = CommandPost(tmp_path)
    yield post
    post.close()


def an_order(epoch: int) -> Begin:
    return Begin("yard", epoch, CHECKPOINT, MODEL, "/proc/1/fd/3")


def obedient(pipe: Connection, folder: Path, name: str) -> None:
    """Is ready, then carries out every order and tells its pipe."""
    link = CommandLink(folder, name)
    link.ready(MODEL)
    while True:
        wait((link,), 1.0)
        while (order := link.take()) is not None:
            assert isinstance(order, Begin)
            link.began(order, checkpoint=order.checkpoint, source=SOURCE)
            pipe.send(order)


def talkative(pipe: Connection, folder: Path, name: str) -> None:
    """Makes many reports and then waits for its end."""
    link = CommandLink(folder, name)
    for epoch in range(100):
        link.began(an_order(epoch))
    pipe.send("said")
    until_told(pipe)


def busy(pipe: Connection, folder: Path, name: str) -> None:
    """Works, beats more often than anybody wants to know, and comes to an end."""
    link = CommandLink(folder, name)
    for _ in range(1000):
        link.heart.frames += 1
        link.beat()
    link.finished("yard", 3, "the source has stopped")
    until_told(pipe)


def unwilling(pipe: Connection, folder: Path, name: str) -> None:
    """Refuses as its first act, and ends."""
    del pipe
    link = CommandLink(folder, name)
    link.refuse("a camera is wanted, found a toaster", usage=True)
    link.close()


def hear(post: CommandPost, count: int) -> list[tuple[str, Report]]:
    """The next reports."""
    heard: list[tuple[str, Report]] = []

    def enough() -> bool:
        wait((post,), 0.1)
        while len(heard) < count and (report := post.take()) is not None:
            heard.append(report)
        return len(heard) >= count

    wait_until(f"{count} reports", enough, 60.0)
    return heard


def test_an_order_is_carried_out_and_reported(post: CommandPost, tmp_path: Path) -> None:
    with Peer(obedient, tmp_path, "count") as count, Peer(obedient, tmp_path, "track.0") as track:
        ready = dict(hear(post, 2))
        assert ready == {"count": Ready(count.pid, MODEL), "track.0": Ready(track.pid, MODEL)}
        post.order("track.0", track.pid, an_order(1))
        post.order("track.0", track.pid, an_order(2))
        assert [track.hear(), track.hear()] == [an_order(1), an_order(2)]
        expected = [("track.0", Began(track.pid, "yard", epoch, CHECKPOINT, SOURCE)) for epoch in (1, 2)]
        assert hear(post, 2) == expected


def test_an_order_to_the_dead_is_lost_and_never_comes_to_the_successor(post: CommandPost, tmp_path: Path) -> None:
    with Peer(obedient, tmp_path, "count") as first:
        hear(post, 1)
        first.kill()
        post.order("count", first.pid, an_order(1))
    with Peer(obedient, tmp_path, "count") as second:
        assert hear(post, 1) == [("count", Ready(second.pid, MODEL))]
        post.order("count", first.pid, an_order(2))
        post.order("count", second.pid, an_order(3))
        assert second.hear() == an_order(3)


def test_late_reports_of_the_dead_keep_their_name_beside_the_successors(post: CommandPost, tmp_path: Path) -> None:
    """ZeroMQ gives a nameless address to what is still unread of a connection whose name is taken over by another."""
    with Peer(talkative, tmp_path, "count") as first:
        first.hear()
        hear(post, 1)
        first.kill()
    with Peer(talkative, tmp_path, "count") as second:
        second.hear()
        heard: list[tuple[str, Report]] = []
        while [report.pid for _, report in heard].count(second.pid) < 100:
            heard += hear(post, 1)
    assert {name for name, _ in heard} == {"count"}
    for pid in (first.pid, second.pid):
        epochs = [report.epoch for _, report in heard if isinstance(report, Began) and report.pid == pid]
        assert epochs == list(range(epochs[0], 100))


def test_a_beat_is_sent_twice_a_second_at_most_and_once_more_at_the_end(post: CommandPost, tmp_path: Path) -> None:
    with Peer(busy, tmp_path, "count") as peer:
        heard = hear(post, 2)
        while not isinstance(heard[-1][1], Finished):
            heard += hear(post, 1)
    *beats, (_, finished) = heard
    assert finished == Finished(peer.pid, "yard", 3, "the source has stopped")
    assert 2 <= len(beats) <= 10
    last = beats[-1][1]
    assert isinstance(last, Beat)
    assert last.frames == 1000
    assert last.cpu_ns > 0
    assert last.peak_memory_bytes > 1_000_000


@pytest.mark.parametrize("attempt", range(3))
def test_a_refusal_is_heard_of_a_process_that_ends_at_once(post: CommandPost, tmp_path: Path, attempt: int) -> None:
    with Peer(unwilling, tmp_path, "decode.yard") as peer:
        heard = hear(post, 2)
    assert heard[0] == ("decode.yard", Refused(peer.pid, "a camera is wanted, found a toaster", True))
    assert isinstance(heard[1][1], Beat), f"attempt {attempt}: the last words say what was done"


def test_what_is_no_report_is_refused(post: CommandPost, tmp_path: Path) -> None:
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    socket.set(zmq.IDENTITY, b"count/1")
    socket.connect(f"ipc://{tmp_path / 'command'}")
    socket.send(pack(an_order(1)))
    wait((post,), 10.0)
    with pytest.raises(msgspec.ValidationError):
        post.take()
    socket.close()
