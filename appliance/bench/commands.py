"""``appliance bench``: how fast this machine is, side by side with peers."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from appliance.bench.bench import Bench
from appliance.bench.gate import refuse_bad
from appliance.bench.inputs import choose_inputs
from appliance.bench.report import Report
from appliance.bench.running import PARTS, WITHOUT_INPUTS, run_parts, sigterm_as_sigint
from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import refuse_targets, write_whole

# Of what goes into a file or a pipe.
WIDTH = 160

# Whoever starts a program may have closed its standard output.
console = Console(width=None if sys.stdout is not None and sys.stdout.isatty() else WIDTH)


def bench(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    video: Annotated[str | None, typer.Option(help="A video file to measure on.")] = None,
    model: Annotated[str | None, typer.Option(help="An ONNX file, or the name of a model in engines/.")] = None,
    weights: Annotated[Path | None, typer.Option(help="The same model as a .pt file, for the peers.")] = None,
    line: Annotated[list[str] | None, typer.Option(metavar="NAME=x1,y1,x2,y2", help="A line that is counted at.")] = None,
    classes: Annotated[str, typer.Option(help="What to count, as in car,truck,bus; all if left out.")] = "",
    last: Annotated[int | None, typer.Option("--to", metavar="FRAME", help="The last frame, from 0, counted too.")] = None,
    peers: Annotated[Path | None, typer.Option(metavar="PYTHON", help="The Python of the peers' environment.")] = None,
    only: Annotated[str, typer.Option(metavar="PART[,…]", help=f"Some of {', '.join(PARTS)}.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="A short form of everything, to see that it works.")] = False,
    gate: Annotated[bool, typer.Option("--gate", help="Fail where a ratio is far from its target.")] = False,
    json_file: Annotated[Path | None, result_option("--json", "Write all figures as JSON.")] = None,
    markdown_file: Annotated[Path | None, result_option("--markdown", "Write the tables.")] = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw the ratios.")] = None,
) -> None:
    """Measure this machine, side by side with peers: tracker, file to counts, hand-over, cameras, backends."""
    parts = chosen_parts(only)
    needs_inputs = video is not None or model is not None or not set(parts) <= set(WITHOUT_INPUTS)
    if peers is not None and not peers.exists():
        raise Refusal(f"--peers wants the Python of an environment, but {peers} does not exist", usage=True)
    if plot_file is not None and plot_file.suffix.lower() != ".png":
        raise Refusal(f"--plot wants a file that ends with .png, found {plot_file}", usage=True)
    taken = {name: what for name, what in ((video, "the video"), (model, "the model")) if name is not None}
    refuse_targets({"--json": json_file, "--markdown": markdown_file, "--plot": plot_file}, taken)
    with sigterm_as_sigint(), tempfile.TemporaryDirectory(prefix="appliance-bench-") as name:
        folder = Path(name)
        inputs = choose_inputs(video, model, weights, line or [], classes, last, folder) if needs_inputs else None
        # Made absolute, because the peers run in a folder of their own; not resolved, because an environment's Python is a link.
        python = None if peers is None else peers.absolute()
        report = run_parts(Bench(inputs, python, quick, folder, say), parts, console)
        write(report, json_file, markdown_file, plot_file)
    if gate:
        refuse_bad(report.rows)


def chosen_parts(only: str) -> tuple[str, ...]:
    """The named parts, or all; in their own order."""
    wanted = [part.strip() for part in only.split(",") if part.strip()] or list(PARTS)
    for part in wanted:
        if part not in PARTS:
            raise Refusal(f"--only wants some of {', '.join(PARTS)}, found '{part}'", usage=True)
    return tuple(part for part in PARTS if part in wanted)


def say(words: str) -> None:
    """What goes on now."""
    console.print(f"  {words}", markup=False, highlight=False)


def write(report: Report, json_file: Path | None, markdown_file: Path | None, plot_file: Path | None) -> None:
    """Every form that is wanted."""
    if json_file is not None:
        write_whole(json_file, (json.dumps(report.as_json(), indent=1) + "\n").encode())
    if markdown_file is not None:
        write_whole(markdown_file, report.as_markdown().encode())
    if plot_file is not None:
        from appliance.bench.plot import draw

        write_whole(plot_file, draw(report))
