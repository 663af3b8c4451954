"""``appliance selftest``: a verdict on this installation, on this machine."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from appliance import log
from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import refuse_targets, write_whole

MODEL = "demo"


def selftest(
    model: Annotated[str, typer.Option(help="An ONNX file that knows the demo's classes, or a name in engines/.")] = MODEL,
    json_file: Annotated[Path | None, result_option("--json", "Write the findings as JSON.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a setting.")] = None,
) -> None:
    """Prove every part on this machine against a scene whose truth is known; under half a minute, exit code 0 if all is well."""
    from appliance.running import scratch_folder
    from appliance.selftest.checks import CHECKS
    from appliance.selftest.lab import Lab

    refuse_targets({"--json": json_file}, {})
    log.set_up("supervisor", "error")
    console = Console()
    findings: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    with scratch_folder("appliance-selftest-") as folder:
        lab = Lab(folder, model, tuple(overrides or ()))
        for check in CHECKS:
            if check.needs in failed:
                verdict, said, seconds = "left out", f"needs: {check.needs}", 0.0
            else:
                verdict, said, seconds = _try(check.run, lab)
            if verdict != "good":
                failed[check.name] = said
            findings.append({"check": check.name, "verdict": verdict, "found": said, "seconds": seconds})
            mark = {"good": "[green]good[/]", "failed": "[bold red]failed[/]"}.get(verdict, "[yellow]left out[/]")
            console.print(f"{mark} [bold]{check.name}[/]: ", end="")
            console.print(said, markup=False, highlight=False)
        if json_file is not None:
            outcome = {"good": not failed, "checks": findings, "hardware": lab.hardware, "figures": lab.figures}
            write_whole(json_file, json.dumps(outcome, indent=1) + "\n")
    if failed:
        name, said = next(iter(failed.items()))
        raise Refusal(f"the self-test failed at {name}: {said}")


def _try(run: Any, lab: Any) -> tuple[str, str, float]:
    began = time.perf_counter()
    try:
        verdict, said = "good", run(lab)
    except Refusal as refusal:
        verdict, said = "failed", refusal.sentence
    except OSError as error:  # the system's own reason, as for every command
        verdict, said = "failed", error.strerror or str(error)
    return verdict, said, round(time.perf_counter() - began, 2)
