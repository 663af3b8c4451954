"""A desk where questions are answered; whatever comes, it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from appliance.ipc.requests import RequestDesk
from appliance.messages.message import Unpacker, pack
from appliance.messages.orders import LearnAnew
from appliance.messages.questions import Activate, Answer, CallOff, Recall, Request
from appliance.topics import REQUESTS
from tests.waiting import wait_until

Desk = RequestDesk[Request | Activate | CallOff | LearnAnew, Answer]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk: Desk = RequestDesk(tmp_path, REQUESTS)
    yield desk
    desk.close()


WRONG: dict[str, list[bytes]] = {
    "nothing": [b"", b""],
    "no message": [b"", b"\xc1 what?"],
    "another message": [b"", pack(Recall("gate"))],
    "of another version": [b"", msgspec.msgpack.encode(["Request", "yes", 1, 2])],
    "half a character": [b"", b"\x92\xa8Activate\xa1\xff"],
    "too few parts": [b"x"],
    "too many parts": [b"", b"", b"", pack(Request())],
}


@pytest.mark.parametrize("parts", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_question_is_passed_over(desk: Desk, tmp_path: Path, parts: list[bytes]) -> None:
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(f"ipc://{tmp_path / REQUESTS.name}")
    socket.send_multipart(parts)
    socket.send_multipart([b"", pack(Activate("demo"))])
    assert wait_until("a question", desk.take) == Activate("demo")
    desk.answer(Answer(True, "so be it"))
    assert socket.poll(10_000)
    assert Unpacker[Answer](Answer).decode(socket.recv_multipart()[-1]) == Answer(True, "so be it")
    assert desk.take() is None
    socket.close()
