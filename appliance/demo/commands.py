"""``appliance demo``: traffic whose truth is known, counted in front of your eyes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from appliance import log
from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import refuse_targets, write_whole
from appliance.scene.commands import SIZE_HELP, USUAL, parse_size
from appliance.scene.settings import SceneSettings

MODEL = "demo"
MQTT_HELP = "Tell this broker of every crossing, instead of one of our own; ends when all are acknowledged."
FAST_HELP = "As fast as it goes, instead of at the pace of life."


def demo(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    seed: Annotated[int, typer.Option(help="Another seed is another street.")] = USUAL.seed,
    seconds: Annotated[float, typer.Option(help="Of traffic; it ends when nobody is on a line.")] = USUAL.seconds,
    size: Annotated[str, typer.Option(metavar="WxH", help=SIZE_HELP)] = f"{USUAL.width}x{USUAL.height}",
    density: Annotated[float, typer.Option(help="How busy it is, 0 to 3.")] = USUAL.density,
    light: Annotated[str, typer.Option(help="day, dusk or auto.")] = USUAL.light,
    rain: Annotated[bool | None, typer.Option("--rain/--no-rain", help="As the seed has it if left out.")] = None,
    model: Annotated[str, typer.Option(help="An ONNX file, or the name of a model in engines/.")] = MODEL,
    fast: Annotated[bool, typer.Option("--fast", help=FAST_HELP)] = False,
    forever: Annotated[bool, typer.Option("--forever", help="One street after the other, until stopped.")] = False,
    mqtt: Annotated[str, typer.Option(metavar="mqtt://HOST[:PORT]", help=MQTT_HELP)] = "",
    json_file: Annotated[Path | None, result_option("--json", "Write the last result as JSON.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a setting.")] = None,
) -> None:
    """Count a synthetic street, whose truth is known, with the whole machine; exit code 0 if the counts are true."""
    from appliance.demo.play import play
    from appliance.demo.screen import table_of
    from appliance.demo.site import EMBEDDED
    from appliance.demo.verdict import sentence

    width, height = parse_size(size)
    settings = SceneSettings(seed, width, height, seconds=seconds, density=density, light=light, rain=rain)
    refuse_targets({"--json": json_file}, {})
    log.set_up("supervisor", "warning")
    console = Console()
    # Who is in a hurry listens to nothing.
    broker = mqtt or ("" if fast else EMBEDDED)
    while True:
        outcome = play(
            settings, console, model=model, pace="file" if fast else "played", broker=broker, overrides=overrides or ()
        )
        console.print(table_of(outcome.table))
        if json_file is not None:
            write_whole(json_file, json.dumps(outcome.as_json(), indent=1) + "\n")
        if outcome.result.problem:
            raise Refusal(outcome.result.problem)
        if outcome.result.work.stopped:
            raise Refusal(f"stopped after {outcome.result.frames} frames, before the end")
        if not outcome.agrees:
            raise Refusal(f"seed {settings.seed}: {sentence(outcome.table)}")
        console.print(f"seed {settings.seed}: {sentence(outcome.table)}; {_pace(outcome.as_json())}")
        if not forever:
            return
        settings = replace(settings, seed=settings.seed + 1)


def _pace(outcome: dict[str, object]) -> str:
    latency = outcome["latency_ms"]
    mean = latency["mean"] if isinstance(latency, dict) else 0
    return f"{outcome['frames_per_second']} frames/s, {mean} ms from a frame's arrival to its count, {outcome['backend']}"
