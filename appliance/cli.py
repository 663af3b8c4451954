"""The command line."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import appliance
from appliance import counting, log
from appliance.access.commands import token
from appliance.bench.commands import bench
from appliance.catalogue.commands import models
from appliance.config import home_expanded
from appliance.configuration.commands import config as config_commands
from appliance.demo.commands import demo
from appliance.doctor.commands import doctor
from appliance.errors import Refusal
from appliance.evaluate.commands import evaluate
from appliance.evaluate.model_commands import compare
from appliance.first_site import write_first_site
from appliance.options import parse_line, parse_zone, result_option
from appliance.progress import ProgressBar
from appliance.publish.commands import mqtt, replay
from appliance.results import refuse_targets
from appliance.running import run_site
from appliance.scene.commands import scene
from appliance.selftest.commands import selftest
from appliance.signpost import Signpost
from appliance.site_file import load_site, parse_site
from appliance.standard_output import STANDARD_OUTPUT, ending_with_its_reader
from appliance.status import reload, status
from appliance.supervise.supervisor import Supervisor
from appliance.swap_commands import activate, cancel, delete, history, roll_back
from appliance.whereabouts import site_place

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(bench)
app.command()(demo)
app.command()(doctor)
app.command()(reload)
app.command()(replay)
app.command()(scene)
app.command()(selftest)
app.command()(status)
app.add_typer(config_commands)
app.add_typer(evaluate)
models.command()(activate)
models.command("rollback")(roll_back)
models.command()(cancel)
models.command()(history)
models.command()(delete)
models.command()(compare)
app.add_typer(models)
app.add_typer(mqtt)
app.add_typer(token)
console = Console()

VIDEO_ENDINGS = (".mp4", ".mkv", ".mov")

SET_HELP = "Override a setting by its dotted name."
SITE_HELP = "Left out: site.yaml here or in your data folder, where an empty one is begun if there is none."
LineOption = Annotated[list[str] | None, typer.Option(metavar="NAME=x1,y1,x2,y2[,…]", help="A line, in fractions of the frame.")]
ZoneOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME=x1,y1,x2,y2,x3,y3[,…]", help="A zone: who comes in, who goes out.")
]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=SET_HELP)]


def main() -> None:
    """Run the command line; a refusal is one sentence on stderr."""
    with ending_with_its_reader():
        try:
            app()
        except Refusal as refusal:
            say(refusal.sentence)
            sys.exit(2 if refusal.usage else 1)
        except BrokenPipeError:
            raise
        except OSError as error:  # a disk that is full, a folder that is gone: the system's reason is the sentence
            say(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
            sys.exit(1)


def say(sentence: str) -> None:
    """One line on stderr, for people."""
    print(f"appliance: {' '.join(sentence.split())}", file=sys.stderr)  # noqa: T201  # this is where sentences end up


def _say_version(wanted: bool) -> None:
    if wanted:
        console.print(appliance.__version__)
        raise typer.Exit


@app.callback()
def about(
    is_version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Counts what crosses which line in video, live or from files."""
    del is_version


@app.command()
def version() -> None:
    """Print the version."""
    _say_version(True)


@app.command()
def count(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    video: Annotated[str, typer.Argument(help="A video file.")],
    model: Annotated[str, typer.Option(help="An ONNX file, or the name of a model in engines/.")],
    line: LineOption = None,
    zone: ZoneOption = None,
    classes: Annotated[str, typer.Option(help="What to count, as in car,truck,bus; all if left out.")] = "",
    anchor: Annotated[str, typer.Option(help="center, bottom_center or top_center of the box has to cross.")] = "center",
    first: Annotated[int, typer.Option("--from", metavar="FRAME", help="The first frame, from 0.")] = 0,
    last: Annotated[int | None, typer.Option("--to", metavar="FRAME", help="The last frame, counted too.")] = None,
    backend: Annotated[str, typer.Option(help="auto, tensorrt, openvino or onnxruntime.")] = "auto",
    json_file: Annotated[Path | None, result_option("--json", "Write the result as JSON.")] = None,
    csv_file: Annotated[Path | None, result_option("--csv", "Write the crossings as CSV.")] = None,
    video_file: Annotated[Path | None, typer.Option("--video", metavar="FILE", help="Write an annotated video.")] = None,
    ledger: Annotated[Path | None, typer.Option(help="Keep the ledger in this file.")] = None,
    overrides: SetOption = None,
) -> None:
    """Count what crosses lines and the boundaries of zones in a video file: every frame, as fast as it goes."""
    if video.startswith("rtsp"):
        raise Refusal(
            "count takes video files, found a live camera: that stands in a site's file, for 'appliance run'", usage=True
        )
    lines = [parse_line(text, classes, anchor) for text in line or ()]
    zones = [parse_zone(text, classes, anchor) for text in zone or ()]
    if not lines and not zones:
        raise Refusal("count needs a --line or a --zone, found neither", usage=True)
    camera = {"name": counting.CAMERA, "source": video, "pace": "file", "first_frame": first, "last_frame": last}
    tree = {
        "cameras": [camera | {"lines": lines, "zones": zones}],
        "detector": {"model": model, "backend": backend},
        "counter": {"record_tracks": video_file is not None},
        "slots": counting.SLOTS,
    }
    site = parse_site(tree, overrides or (), "the command")
    log.set_up("supervisor", site.log_level)
    if video_file is not None and video_file.suffix.lower() not in VIDEO_ENDINGS:
        raise Refusal(f"--video wants a file that ends with {' or '.join(VIDEO_ENDINGS)}, found {video_file}", usage=True)
    if ledger == STANDARD_OUTPUT:
        raise Refusal(f"--ledger wants a file, found '{ledger}'", usage=True)
    taken = {video: "the video", model: "the model"} | ({} if ledger is None else {str(ledger): "that of --ledger"})
    refuse_targets({"--json": json_file, "--csv": csv_file, "--video": video_file}, taken)
    with counting.job_ledger(ledger, site.data_dir) as book:
        with ProgressBar(console, site.cameras) as bar:
            result = counting.count_video(site, book, bar.show)
        tell(result, json_file, csv_file, video_file)


def tell(result: counting.CountResult, json_file: Path | None, csv_file: Path | None, video_file: Path | None) -> None:
    """Give the result in every form that is wanted; raises ``Refusal`` at the end where it is not the whole of it."""
    if result.frames:
        console.print(table_of(result), markup=False)
    if json_file is not None:
        counting.write_json(result, json_file)
    if csv_file is not None:
        counting.write_csv(result, csv_file)
    if video_file is not None and result.frames:
        from appliance.evaluate.annotated_video import write_annotated

        write_annotated(result, video_file, console)
    if result.problem:
        raise Refusal(result.problem)
    if result.work.stopped:
        raise Refusal(f"stopped after {result.frames} frames, before the end")
    if result.damaged:
        stretches = "1 damaged stretch" if result.damaged == 1 else f"{result.damaged} damaged stretches"
        say(f"{result.site.cameras[0].source} has {stretches}; what could not be decoded there is not counted")


def table_of(result: counting.CountResult) -> Table:
    """The counts for people."""
    table = Table("line", "direction", "total", "of which", title=f"{result.frames} frames, {result.work.seconds:.1f} s")
    for line, directions in result.totals().items():
        for direction, counts in directions.items():
            classes = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if name != "total")
            table.add_row(line, direction, str(counts["total"]), classes)
    return table


@app.command()
def run(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help=f"The site, a YAML file. {SITE_HELP}")] = None,
    overrides: SetOption = None,
) -> None:
    """Run a site until it is told to stop. SIGHUP has it read the file again: cameras and lines may come, go and change."""
    if config is None:
        config = own_site()
    site = load_site(config, overrides or ())
    log.set_up("supervisor", site.log_level)
    ledger = home_expanded(site.data_dir) / "ledger.sqlite"
    signpost = Signpost(console, site.control)
    with counting.job_ledger(ledger, site.data_dir), ProgressBar(console, site.cameras) as bar:

        def watch(supervisor: Supervisor) -> None:
            bar.show(supervisor)
            signpost.look(supervisor)

        read_again = partial(load_site, config, overrides or ())
        run_site(site, ledger, until_finished=False, watch=watch, read_again=read_again, site_file=config.absolute())


def own_site() -> Path:
    """The site of who names none; begun here where there is none yet."""
    path = site_place()
    is_new = not path.exists()
    if is_new:
        write_first_site(path)
    console.print(f"Site: {path}{', a new one' if is_new else ''}", highlight=False, markup=False, soft_wrap=True)
    return path
