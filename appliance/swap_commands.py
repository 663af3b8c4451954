"""``appliance models activate``, ``rollback``, ``cancel``, ``history`` and ``delete``: what concerns the machine that counts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from appliance.catalogue.terminal import ConfigOption, NameArgument, SetOption, console, me, site_of, tell
from appliance.catalogue.users import refuse_at_work, refuse_used, site_files
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.channel import Listener, wait
from appliance.ipc.requests import ask
from appliance.messages.health import Health, SwapHealth
from appliance.messages.questions import Activate, CallOff
from appliance.models.store import BETWEEN, find_version, own_store, stores_of
from appliance.models.versions import delete as delete_version
from appliance.readiness import health_of, machine_folders, site_folders
from appliance.swap.journal import AGREEMENT, Step, ends_of, steps_in
from appliance.times import rfc_3339
from appliance.topics import HEALTH, REQUESTS

ANSWER_S, SILENCE_S = 10.0, 20.0
# At most.
STEPS_OF_A_SWAP = 12
# How it can end, and whether that is what was wanted.
GOOD_END = "kept"
FORCE = "where you know that the new one is right, 'models activate --force' brings it in all the same"
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Tell how it goes until it is over.")]


def activate(
    model: Annotated[str, typer.Argument(metavar="NAME[@VERSION]|FILE", help="A model of the store, or an ONNX file.")],
    force: Annotated[bool, typer.Option(help="Also where it does not see what the other one sees.")] = False,
    follow: WaitOption = True,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Bring another model in the place of the one that counts: proved first, and taken back by itself where it fails."""
    # The machine may run elsewhere.
    wanted = os.path.abspath(model) if os.path.isfile(model) else model
    _begin(_machine(config, overrides), Activate(wanted, me(), force), follow=follow)


def roll_back(follow: WaitOption = True, config: ConfigOption = None, overrides: SetOption = None) -> None:
    """Bring back the model that was kept before the one that counts."""
    _begin(_machine(config, overrides), Activate("", me()), follow=follow)


def cancel(config: ConfigOption = None, overrides: SetOption = None) -> None:
    """Leave everything as it was before the swap that is under way."""
    tell(_asked(_machine(config, overrides), CallOff(me())))


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


def delete(name: NameArgument, config: ConfigOption = None, overrides: SetOption = None) -> None:
    """Take a version away for good; never one that a site, or a machine that runs, works with."""
    site = site_of(config, overrides)
    if BETWEEN not in name:
        raise Refusal(f"a NAME{BETWEEN}VERSION is wanted, so that no other version goes by mistake, found '{name}'", usage=True)
    folder = find_version(name, *stores_of(site.data_dir))
    if folder.parent.parent != own_store(site.data_dir):
        raise Refusal(f"a model that somebody has brought is wanted, but {name} comes with this program", usage=True)
    refuse_used(folder, site_files(config, site.data_dir))
    for machine in machine_folders():
        _refuse_at_work(folder, machine)
    delete_version(folder)
    tell(f"{name} is gone")


def _refuse_at_work(folder: Path, machine: Path) -> None:
    if not os.access(machine, os.R_OK | os.X_OK):
        # Of another user, with models of his own.
        return
    listener: Listener[Health] = Listener(machine, HEALTH, "machine")
    try:
        health = _heard(listener)
    finally:
        listener.close()
    if health is not None:
        refuse_at_work(folder, health)
    elif machine.exists():
        raise Refusal(f"a model that no machine works with is wanted, but {machine.name}, which runs, tells nothing")


def _begin(folder: Path, wanted: Activate, *, follow: bool) -> None:
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
    """Tell all steps of the swap that comes after that one; raises ``Refusal`` where the other model goes on."""
    told: set[tuple[str, str]] = set()
    while True:
        health = _next(listener)
        swap = health.swap
        if swap is None or swap.number <= before:
            continue
        steps = [(step.step, step.sentence) for step in _written_down(health) if step.swap == swap.number]
        # A journal that cannot be written stops nothing; and what is heard may be older than what is written.
        for step, sentence in (*steps, (swap.step, swap.sentence)):
            if (step, sentence) not in told:
                told.add((step, sentence))
                tell(f"{step}{': ' if sentence else ''}{sentence}")
        if swap.is_over:
            break
    if swap.step != GOOD_END:
        raise Refusal(outcome_of(swap))


def outcome_of(swap: SwapHealth) -> str:
    """What became of a model that was not kept, and what could be done where only people know which of the two is right."""
    advice = f"; {FORCE}" if swap.step == "refused" and AGREEMENT in swap.figures else ""
    return f"the model {swap.model} was not kept ({swap.step}); the one before counts on{advice}"


def _written_down(health: Health) -> list[Step]:
    """The newest swap's steps, as far as this user may read them."""
    with suppress(Refusal):
        return steps_in(Path(health.data_dir), STEPS_OF_A_SWAP)
    return []


def _next(listener: Listener[Health]) -> Health:
    health = _heard(listener)
    if health is None:
        raise Refusal("the machine is not heard any more; 'appliance models history' tells what became of it")
    return health


def _heard(listener: Listener[Health]) -> Health | None:
    """What is told next; None where nothing is."""
    deadline_ns = monotonic_ns() + round(SILENCE_S * NS_PER_S)
    while monotonic_ns() < deadline_ns:
        wait((listener,), 1.0)
        if (health := listener.take()) is not None:
            return health
    return None


def _machine(config: Path | None, overrides: list[str] | None) -> Path:
    """The one that runs, or where a site is named, the one with its data."""
    folders = site_folders()
    if config is not None or overrides:
        data_dir = os.path.realpath(site_of(config, overrides).data_dir)
        found = [(folder, health) for folder in folders if (health := health_of(folder)) is not None]
        folders = [folder for folder, health in found if os.path.realpath(health.data_dir) == data_dir]
    if len(folders) != 1:
        advice = "; '--config FILE' or '--set data_dir=DIR' says which" if folders else ""
        raise Refusal(f"one machine of this user that runs on this computer is wanted, found {len(folders) or 'none'}{advice}")
    return folders[0]


def _asked(folder: Path, question: Activate | CallOff) -> str:
    answer = ask(folder, REQUESTS, question, ANSWER_S)
    if answer is None:
        raise Refusal("the machine has not answered in time")
    if not answer.is_done:
        raise Refusal(answer.sentence)
    return answer.sentence
