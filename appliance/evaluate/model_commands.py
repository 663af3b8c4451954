"""``appliance models compare``: two models on one video, and the truth beside them where it is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from appliance.catalogue.precision_commands import CameraOption, LineOption, site_with_lines
from appliance.catalogue.terminal import ConfigOption, SetOption, console, site_of, tell
from appliance.decode.source import check_file
from appliance.errors import Refusal
from appliance.models.store import stores_of
from appliance.options import result_option
from appliance.results import refuse_targets, write_whole

if TYPE_CHECKING:
    from appliance.evaluate.two_models import Contest

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="NAME[@VERSION], or an ONNX file.")]


def compare(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    one: ModelArgument,
    other: ModelArgument,
    video: Annotated[Path, typer.Argument(help="A video file.")],
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help="The true crossings, JSON.")] = None,
    directions: Annotated[str, typer.Option(metavar="A=B[,…]", help="Words of the truth for directions.")] = "",
    line: LineOption = None,
    classes: Annotated[str, typer.Option(help="What is counted, as in car,truck,bus; all if left out.")] = "",
    camera: CameraOption = "",
    first: Annotated[int, typer.Option("--from", metavar="FRAME", help="The first frame, from 0.")] = 0,
    last: Annotated[int | None, typer.Option("--to", metavar="FRAME", help="The last frame, counted too.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the frame that they disagree on most.")] = None,
    json_file: Annotated[Path | None, result_option("--json", "Write it as JSON, too.")] = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Count a video with two models, in turns: counts, how alike they see, how long a picture takes."""
    from appliance.evaluate.count_files import read_truth
    from appliance.evaluate.count_trial import Reading, translation
    from appliance.evaluate.two_models import Contest
    from appliance.evaluate.two_models_report import as_json, judged, show

    check_file(str(video))
    if picture is not None and picture.suffix.lower() != ".png":
        raise Refusal(f"--picture wants a file that ends with .png, found {picture}", usage=True)
    refuse_targets({"--json": json_file, "--picture": picture}, {str(video): "the video", str(truth or video): "the truth"})
    known = None if truth is None else read_truth(truth)
    reading = Reading(translation("--directions", directions), {}, first, last)
    site = site_of(config, overrides)
    stores = stores_of(site.data_dir)
    site = site_with_lines(site, line, classes, camera)
    file = {"source": str(video), "first_frame": first, "last_frame": last}
    site = site.model_copy(update={"cameras": (site.cameras[0].model_copy(update=file),)})
    contest = Contest((one, other), site, stores, keeps_picture=picture is not None)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("looking", total=None)
        contest.run(lambda done: progress.update(task, completed=done))
    verdict = judged(contest, known, reading)
    show(verdict, console)
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(verdict, video), indent=1, allow_nan=False) + "\n")
    if picture is not None:
        _draw(contest, picture)


def _draw(contest: Contest, picture: Path) -> None:
    from appliance.evaluate.two_models_picture import draw

    if contest.worst is None:
        tell(f"the two never disagree; there is nothing to draw, and {picture} is not written")
        return
    write_whole(picture, draw(contest, contest.worst))
    tell(f"they disagree most on frame {contest.worst.frame}: {picture}")
