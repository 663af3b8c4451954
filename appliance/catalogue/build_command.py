"""``appliance models build``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from appliance.building.request import Calculates, Doing
from appliance.catalogue.terminal import ConfigOption, NameArgument, SetOption, console, site_of, tell
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.detect.acceptance import Verdict
from appliance.models.store import stores_of

LINE_INTERVAL_NS = 10 * NS_PER_S


def build(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    name: NameArgument,
    precision: Annotated[Calculates, typer.Option(help="int8 wants a model that 'models quantize' made.")] = Calculates.FP16,
    max_batch: Annotated[int, typer.Option(min=1, max=64, help="The most pictures at a time.")] = 8,
    best_anchors: Annotated[int, typer.Option(min=0, help="Only so many anchors leave the GPU, the best; 0 for all.")] = 0,
    workspace_mb: Annotated[float | None, typer.Option(help="Of the GPU's memory, while it is tried what is fastest.")] = None,
    memory_mb: Annotated[float | None, typer.Option(help="That the building process may take.")] = None,
    level: Annotated[int, typer.Option(min=0, max=5, help="How many ways are tried; 5 takes longest.")] = 3,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Build TensorRT's engine of a model for this device, prove it, and use it from the next start on."""
    from appliance.catalogue.building import BuildWish, build_engine

    site = site_of(config, overrides)
    with BuildProgress() as progress:
        wish = BuildWish(
            name,
            precision,
            site,
            max_batch,
            best_anchors,
            workspace_mb,
            memory_mb,
            level,
            tell=progress.show,
            judged=progress.judged,
        )
        made = build_engine(wish, stores_of(site.data_dir))
    tell(f"{name} in {precision.value} is built for {made.gpu}, by {made.backend} in {made.seconds:g} s, {made.megabytes:g} MB")


class BuildProgress:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=1.0)
        self._line_due_ns = 0

    def __enter__(self) -> BuildProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, doing: Doing) -> None:
        """What is being done."""
        self._progress.update(self._task, description=doing.phase, completed=doing.share)
        if not console.is_terminal and monotonic_ns() > self._line_due_ns:
            self._line_due_ns = monotonic_ns() + LINE_INTERVAL_NS
            tell(f"{doing.phase}, {doing.share:.0%}")

    def judged(self, verdict: Verdict) -> None:
        """What a gate says."""
        tell(f"{'good' if verdict.is_good else 'bad'} {verdict.gate}: {verdict.sentence}")
