"""A process that waits in the kernel for a device cannot be ended: it is left behind, and all others begin anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.clock import NS_PER_S
from appliance.supervise import child
from appliance.supervise.preflight import is_alive
from appliance.supervise.supervisor import Supervisor
from tests.stuck import stuck_file, until_stuck
from tests.supervise.players import Part, player
from tests.supervise.scripted import machine_of, plays, run
from tests.waiting import wait_until

HANGS = "detect has died (cannot be ended: the kernel waits for a device on its behalf)"


@pytest.mark.parametrize(
    ("is_replaced", "silence_s", "told"),
    [
        pytest.param(False, 1.0, [HANGS], id="when it hangs"),
        pytest.param(True, 60.0, [], id="when another one shall take its place"),
    ],
)
def test_who_cannot_even_be_killed_is_left_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_replaced: bool,
    silence_s: float,
    told: list[str],
) -> None:
    monkeypatch.setattr(child, "STUCK_NS", NS_PER_S // 2)
    monkeypatch.setattr(child, "STOP_S", 0.5)
    with ExitStack() as device:
        file = device.enter_context(stuck_file(tmp_path / "device"))
        part = Part(words=str(file.path), notes=str(tmp_path / "first life"))
        machine = machine_of(tmp_path, detect=player("detect", "stuck", silence_s=silence_s, part=part), gives_up=False)

        def script(supervisor: Supervisor) -> Iterator[Callable[[], bool]]:
            yield plays(supervisor, 1)
            before = {name: child.pid for name, child in supervisor.children.items()}
            file.until_asked()
            if is_replaced:
                supervisor.change(machine_of(tmp_path, gives_up=False))
            # Whoever talked to it is gone; it is not.
            yield lambda: all(child.pid not in (0, before[name]) for name, child in supervisor.children.items())
            until_stuck(before["detect"])
            yield plays(supervisor, 2)
            device.close()
            wait_until("it is gone after all", lambda: not is_alive(before["detect"]))

        run(machine, script)
    for sentence in (*told, "count has died (detect cannot be ended"):
        assert sentence in caplog.text
