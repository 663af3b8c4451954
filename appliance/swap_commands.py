"""``appliance models activate``, ``rollback``, ``cancel`` and ``history``: another model for the machine that counts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from appliance.catalogue.terminal import ConfigOption, SetOption, console, me, site_of, tell
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.channel import Listener, wait
from appliance.ipc.requests import ask
from appliance.messages import Activate, CallOff, Health, SwapHealth
from appliance.readiness import machine_folders
from appliance.swap.journal import ends_of, steps_in
from appliance.times import rfc_3339
from appliance.topics import HEALTH, REQUESTS

ANSWER_S, SILENCE_S = 10.0, 20.0
# At most.
STEPS_OF_A_SWAP = 12
# How it can end, and whether that is what was wanted.
GOOD_END = "kept"
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Tell how it goes until it is over.")]


def activate(
    model: Annotated[str, typer.Argument(metavar="NAME[@VERSION]|FILE", help="A model of the store, or an ONNX file.")],
    force: Annotated[bool, typer.Option(help="Also where it does not see what the other one sees.")] = False,
    follow: WaitOption = True,
) -> None:
    """Bring another model in the place of the one that counts: proved first, and taken back by itself where it fails."""
    # The machine may run elsewhere.
    wanted = os.path.abspath(model) if os.path.isfile(model) else model
    _begin(Activate(wanted, me(), force), follow=follow)


def roll_back(follow: WaitOption = True) -> None:
    """Bring back the model that was kept before the one that counts."""
    _begin(Activate("", me()), follow=follow)


def cancel() -> None:
    """Leave everything as it was before the swap that is under way."""
    tell(_asked(_machine(), CallOff(me())))


def history(
    most: Annotated[int, typer.Option(min=1, max=1000, help="So many swaps, the newest.")] = 20,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """What became of every model that was to take another one's place."""
    ends = ends_of(steps_in(site_of(config, overrides).data_dir, most * STEPS_OF_A_SWAP), most)
    if not ends:
        tell("no model has been swapped yet")
        return
    table = Table("swap", "when", "model", "became", "why", "by")
    for step in ends:
        cells = (str(step.swap), rfc_3339(step.time_ns), step.model, step.step, step.sentence, step.author)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def _begin(wanted: Activate, *, follow: bool) -> None:
    folder = _machine()
    # Heard from before it begins, so that no step is missed.
    listener: Listener[Health] = Listener(folder, HEALTH, "machine")
    try:
        before = _next(listener).swap
        tell(_asked(folder, wanted))
        if follow:
            _follow(listener, 0 if before is None else before.number)
    finally:
        listener.close()


def _follow(listener: Listener[Health], before: int) -> None:
    """Tell the steps as they are seen; raises ``Refusal`` where the other model goes on."""
    for swap in _swaps(listener, before):
        tell(f"{swap.step}{': ' if swap.sentence else ''}{swap.sentence}")
        if swap.is_over and swap.step != GOOD_END:
            raise Refusal(f"the model {swap.model} was not kept ({swap.step}); the one before counts on")


def _swaps(listener: Listener[Health], before: int) -> Iterator[SwapHealth]:
    """Of the swap that comes after that one, whenever it is another step, to the last."""
    told = ""
    while True:
        swap = _next(listener).swap
        if swap is None or swap.number <= before:
            continue
        if swap.step != told:
            told = swap.step
            yield swap
        if swap.is_over:
            return


def _next(listener: Listener[Health]) -> Health:
    deadline_ns = monotonic_ns() + round(SILENCE_S * NS_PER_S)
    while monotonic_ns() < deadline_ns:
        wait((listener,), 1.0)
        if (health := listener.take()) is not None:
            return health
    raise Refusal("the machine is not heard any more; 'appliance models history' tells what became of it")


def _machine() -> Path:
    folders = machine_folders()
    if len(folders) != 1:
        raise Refusal(f"one machine of this user that runs on this computer is wanted, found {len(folders) or 'none'}")
    return folders[0]


def _asked(folder: Path, question: Activate | CallOff) -> str:
    answer = ask(folder, REQUESTS, question, ANSWER_S)
    if answer is None:
        raise Refusal("the machine has not answered in time")
    if not answer.is_done:
        raise Refusal(answer.sentence)
    return answer.sentence
