"""One round of the demo: make a scene, count it, compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from appliance.clock import NS_PER_MS
from appliance.counting import CountResult, count_video
from appliance.demo.screen import Screen
from appliance.demo.site import demo_site, how_to_listen
from appliance.demo.verdict import Row, agrees, rows
from appliance.running import new_run_id, scratch_folder
from appliance.scene.clip import write_scene
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth


@dataclass(frozen=True, slots=True)
class Round:
    """What a round of the demo came to."""

    truth: Truth
    result: CountResult

    @property
    def table(self) -> list[Row]:
        """Counts beside the truth, at the end."""
        return rows(self.truth, self.result.crossings, self.truth.frames)

    @property
    def agrees(self) -> bool:
        """Whether every frame was counted, and every total is the true one."""
        return self.result.is_complete and agrees(self.table)

    def as_json(self) -> dict[str, Any]:
        """For machines: the count as ``appliance count`` gives it, the truth, the verdict and the latency."""
        work = self.result.work.work["count"]
        mean_ns = work.latency_ns / work.frames if work.frames else 0.0
        return self.result.as_json() | {
            "truth": self.truth.as_json("the clip of the scene"),
            "agrees": self.agrees,
            "latency_ms": {
                "mean": round(mean_ns / NS_PER_MS, 2),
                "worst": round(work.worst_latency_ns / NS_PER_MS, 2),
            },
        }


def play(settings: SceneSettings, console: Console, *, model: str, pace: str, broker: str, overrides: Iterable[str]) -> Round:
    """Make the scene's clip in a temporary folder, and count it while people look."""
    with scratch_folder("appliance-demo-") as folder:
        clip, ledger = folder / "scene.mp4", folder / "ledger.sqlite"
        with _painting(console, settings) as progress:
            task = progress.add_task("painting the scene", total=settings.frames)
            truth = write_scene(settings, clip, None, lambda done, total: progress.update(task, completed=done, total=total))
        site = demo_site(truth, clip, model=model, pace=pace, broker=broker, overrides=overrides)
        if listen := how_to_listen(site):
            console.print(f"every crossing is told over MQTT; to hear it: [bold]{listen}[/]", soft_wrap=True)
        run = new_run_id()
        with Live(console=console, auto_refresh=False, transient=True) as live:
            result = count_video(site, ledger, Screen(console, live, truth, ledger, run).watch, run)
        return Round(truth, result)


@contextmanager
def _painting(console: Console, settings: SceneSettings) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    if not console.is_terminal:
        console.print(f"painting a scene of {settings.seconds:g} s with the seed {settings.seed}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress
