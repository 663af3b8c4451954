"""The wires between real processes: everything arrives, once and in order, also when the reader is started anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pytest
import zmq

from appliance.boxes import Detections
from appliance.ipc.channel import Receiver, Sender, address_of, wait
from appliance.messages.frames import Credit, DetectedFrame, EndOfStream, TrackedFrame
from appliance.messages.message import pack
from appliance.topics import BOXES, CREDITS, TICKETS, TOPICS, TRACKS, Topic
from tests.examples import ticket_for, two_boxes, two_tracks
from tests.processes import Peer
from tests.waiting import wait_until

M = TypeVar("M")
OWNER = "device"
NUMBERED: Topic[Credit] = Topic("numbered", Credit, per="device", depth=4096)
"""A deep wire of the simplest messages."""


class Wires:
    """Makes ends of wires in one folder, and closes them all in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ends: list[object] = []

    def receiver(self, topic: Topic[M], owner: str = OWNER) -> Receiver[M]:
        """A reading end."""
        self._ends.append(end := Receiver(self.folder, topic, owner))
        return end

    def sender(self, topic: Topic[M], owner: str = OWNER) -> Sender[M]:
        """A writing end."""
        self._ends.append(end := Sender(self.folder, topic, owner))
        return end

    def close(self) -> None:
        """Close all sockets of this process."""
        zmq.Context.instance().destroy()
        self._ends.clear()


@pytest.fixture
def wires(tmp_path: Path) -> Iterator[Wires]:
    """Wires that end in a folder of their own."""
    wires = Wires(tmp_path)
    yield wires
    wires.close()


def write_numbers(pipe: Connection, folder: Path, camera: str) -> None:
    """Sends as many messages as it is told, numbered, and says so."""
    sender, number = Sender(folder, NUMBERED, OWNER), 0
    while True:
        for _ in range(pipe.recv()):
            sender.send(Credit(camera, 1, number))
            number += 1
        pipe.send(number)


def read_numbers(pipe: Connection, folder: Path) -> None:
    """Tells the number of every message."""
    receiver = Receiver(folder, NUMBERED, OWNER)
    pipe.send("ready")
    while True:
        wait((receiver,), 1.0)
        while (message := receiver.take()) is not None:
            pipe.send(message.frame)


def take_many(receiver: Receiver[Credit], count: int) -> list[Credit]:
    """At least so many messages."""
    taken: list[Credit] = []

    def enough() -> bool:
        wait((receiver,), 0.1)
        while (message := receiver.take()) is not None:
            taken.append(message)
        return len(taken) >= count

    wait_until(f"{count} messages", enough)
    return taken


def test_messages_arrive_in_order(wires: Wires) -> None:
    receiver, taken = wires.receiver(NUMBERED), []
    with Peer(write_numbers, wires.folder, "yard") as peer:
        for count in (1, 40, 4000):
            peer.say(count)
            taken += take_many(receiver, count)
    assert [message.frame for message in taken] == list(range(4041))
    assert receiver.take() is None


def test_each_writer_keeps_its_order(wires: Wires) -> None:
    receiver = wires.receiver(NUMBERED)
    with Peer(write_numbers, wires.folder, "yard") as yard, Peer(write_numbers, wires.folder, "gate") as gate:
        for peer in (yard, gate):
            peer.say(1000)
        taken = take_many(receiver, 2000)
    for camera in ("yard", "gate"):
        assert [message.frame for message in taken if message.camera == camera] == list(range(1000))


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.name for topic in TOPICS])
def test_a_wire_holds_its_depth_until_the_reader_comes_and_never_waits(wires: Wires, topic: Topic[object]) -> None:
    sender = wires.sender(topic)
    message = Credit("yard", 1, 7) if topic is CREDITS else EndOfStream("yard", 1)
    for _ in range(topic.depth):
        sender.send(message)
    with pytest.raises(zmq.Again):
        sender.send(message)
    receiver = wires.receiver(topic)
    for _ in range(topic.depth):
        wait((receiver,), 10.0)
        assert receiver.take() == message
    assert receiver.take() is None


def test_a_reader_that_was_killed_is_found_again(wires: Wires) -> None:
    sender, number = wires.sender(NUMBERED), 0
    for _ in range(3):
        with Peer(read_numbers, wires.folder) as reader:
            reader.hear()
            for _ in range(10):
                sender.send(Credit("yard", 1, number))
                number += 1
            while reader.hear() != number - 1:
                pass
            reader.kill()


def test_the_next_reader_gets_the_end_of_what_was_sent_meanwhile(wires: Wires) -> None:
    """What had reached the one that was killed is lost with it; epochs see to that."""
    sender = wires.sender(NUMBERED)
    with Peer(read_numbers, wires.folder) as reader:
        reader.hear()
        reader.kill()
    for number in range(1000):
        sender.send(Credit("yard", 1, number))
    receiver, numbers = wires.receiver(NUMBERED), [0]
    while numbers[-1] != 999:
        numbers += [message.frame for message in take_many(receiver, 1)]
    assert numbers[1:] == list(range(numbers[1], 1000))


def test_a_writer_that_was_killed_leaves_the_beginning_of_what_it_sent(wires: Wires) -> None:
    receiver = wires.receiver(NUMBERED)
    with Peer(write_numbers, wires.folder, "yard") as peer:
        peer.say(4000)
        taken = take_many(receiver, 1)
        peer.kill()
    with Peer(write_numbers, wires.folder, "gate") as peer:
        peer.say(5)
        while taken[-1] != Credit("gate", 1, 4):
            taken += take_many(receiver, 1)
    numbers = [message.frame for message in taken if message.camera == "yard"]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("sent", [two_boxes(), Detections.empty()], ids=["two", "none"])
def test_boxes_survive_the_wire(wires: Wires, sent: Detections) -> None:
    receiver = wires.receiver(BOXES)
    wires.sender(BOXES).send(DetectedFrame(ticket_for("/proc/1/fd/3"), sent))
    wait((receiver,), 10.0)
    message = receiver.take()
    assert isinstance(message, DetectedFrame)
    assert message.ticket == ticket_for("/proc/1/fd/3")
    for column in ("boxes", "scores", "classes"):
        found, wanted = getattr(message.detections, column), getattr(sent, column)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_array_equal(found, wanted)


def test_tracks_survive_the_wire(wires: Wires) -> None:
    receiver, sent = wires.receiver(TRACKS), two_tracks()
    wires.sender(TRACKS).send(TrackedFrame(ticket_for(""), sent, b"state"))
    wait((receiver,), 10.0)
    message = receiver.take()
    assert isinstance(message, TrackedFrame)
    assert message.state == b"state"
    assert message.tracks.ids.tolist() == [1, 9]
    assert message.tracks.confirmed.tolist() == [True, False]
    np.testing.assert_array_equal(message.tracks.boxes, sent.boxes)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pack(Credit("yard", 1, 1)), id="a message of another wire"),
        pytest.param(pack(ticket_for(""))[:-1], id="cut short"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xc1\xc1", id="no MessagePack"),
        pytest.param(pack(["FrameTicket", "yard", 1]), id="fields missing"),
    ],
)
def test_what_does_not_belong_on_the_wire_is_refused(wires: Wires, content: bytes) -> None:
    receiver = wires.receiver(TICKETS)
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
    socket.connect(address_of(wires.folder, TICKETS, OWNER))
    socket.send(content)
    wait((receiver,), 10.0)
    with pytest.raises(msgspec.DecodeError):
        receiver.take()
    socket.close()


def test_waiting_ends_with_the_first_message_on_any_wire(wires: Wires) -> None:
    one, other = wires.receiver(CREDITS, "one"), wires.receiver(CREDITS, "other")
    wires.sender(CREDITS, "other").send(Credit("yard", 1, 1))
    began = time.monotonic()
    wait((one, other), 30.0)
    assert time.monotonic() - began < 10.0
    assert (one.take(), other.take()) == (None, Credit("yard", 1, 1))


def test_waiting_ends_when_the_time_is_over(wires: Wires) -> None:
    receiver, began = wires.receiver(CREDITS), time.monotonic()
    wait((receiver,), 0.05)
    assert 0.04 < time.monotonic() - began < 5.0
