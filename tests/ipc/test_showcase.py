"""A broadcast by subject, on real sockets."""

from __future__ import annotations

from pathlib import Path

from appliance.ipc.channel import Listener, Showcase, wait
from appliance.messages.frames import Committed
from appliance.topics import Topic
from tests.waiting import wait_until

NUMBERS: Topic[Committed] = Topic("numbers", Committed, per="device", depth=8)


def is_wanted(showcase: Showcase[Committed], subject: str) -> bool:
    showcase.look()
    return showcase.is_wanted(subject)


def test_it_knows_what_somebody_listens_to(tmp_path: Path) -> None:
    showcase: Showcase[Committed] = Showcase(tmp_path, NUMBERS, "device")
    assert not is_wanted(showcase, "gate")
    one: Listener[Committed] = Listener(tmp_path, NUMBERS, "device", chooses=True)
    other: Listener[Committed] = Listener(tmp_path, NUMBERS, "device", chooses=True)
    # Of a second one it would not be told.
    one.choose("gate")
    wait_until("somebody is heard", lambda: is_wanted(showcase, "gate"))
    other.choose("gate")
    # Not by how a name begins.
    assert not showcase.is_wanted("gat")
    assert not showcase.is_wanted("gate2")
    showcase.send("gate2", Committed(1))
    showcase.send("gate", Committed(2))
    wait((one,), 60)
    assert one.take() == Committed(2)
    assert one.take() is None
    one.leave("gate")
    other.leave("gate")
    wait_until("nobody is left", lambda: not is_wanted(showcase, "gate"))
    other.choose("gate")
    wait_until("somebody is back", lambda: is_wanted(showcase, "gate"))
    other.close()
    wait_until("he has gone", lambda: not is_wanted(showcase, "gate"))
    one.close()
    showcase.close()
