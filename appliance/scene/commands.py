"""``appliance scene``: a clip of synthetic traffic, and what is true in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from appliance.errors import Refusal
from appliance.scene.settings import SceneSettings

USUAL = SceneSettings()
SIZE_HELP = "Width and height in pixels, as in 960x540."


def scene(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    out: Annotated[Path, typer.Option(metavar="FILE", help="The clip to write: .mp4, .mkv or .mov.")],
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is true as JSON.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another street.")] = USUAL.seed,
    size: Annotated[str, typer.Option(metavar="WxH", help=SIZE_HELP)] = "960x540",
    fps: Annotated[int, typer.Option(help="Frames per second.")] = USUAL.frames_per_second,
    seconds: Annotated[float, typer.Option(help="At least so long; it ends when nobody is on a line.")] = USUAL.seconds,
    density: Annotated[float, typer.Option(help="How busy it is, 0 to 3.")] = USUAL.density,
    light: Annotated[str, typer.Option(help="day, dusk or auto.")] = USUAL.light,
    rain: Annotated[bool | None, typer.Option("--rain/--no-rain", help="As the seed has it if left out.")] = None,
) -> None:
    """Make a clip of synthetic traffic, with the exact truth of every crossing."""
    from appliance.scene.clip import write_scene

    width, height = parse_size(size)
    settings = SceneSettings(seed, width, height, fps, seconds, density, light, rain)
    if out.suffix.lower() not in (".mp4", ".mkv", ".mov"):
        raise Refusal(f"--out wants a file that ends with .mp4, .mkv or .mov, found {out}", usage=True)
    if truth is not None and truth.resolve() == out.resolve():
        raise Refusal(f"--truth wants a file of its own, but {truth} is that of --out", usage=True)
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("painting", total=settings.frames)
        found = write_scene(settings, out, truth, lambda done, total: progress.update(task, completed=done, total=total))
    for name, directions in found.totals().items():
        console.print(f"{name}: {', '.join(f'{direction} {count}' for direction, count in directions.items())}")


def parse_size(size: str) -> tuple[int, int]:
    """``WxH`` as two numbers."""
    sides = re.fullmatch("([0-9]{1,6})x([0-9]{1,6})", size)
    if sides is None:
        raise Refusal(f"--size wants WxH in pixels, as in 960x540, found '{size}'", usage=True)
    return int(sides[1]), int(sides[2])
