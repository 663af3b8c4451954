"""``appliance doctor``: whether a site can run on this machine, before it does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from appliance import log
from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import refuse_targets, write_whole
from appliance.whereabouts import site_place

SITE_HELP = "Left out: site.yaml here or in your data folder."
MARKS = {"good": "[green]good[/]", "doubtful": "[yellow]doubtful[/]", "bad": "[bold red]bad[/]"}


def doctor(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help=f"The site, a YAML file. {SITE_HELP}")] = None,
    json_file: Annotated[Path | None, result_option("--json", "Write the findings as JSON.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a setting.")] = None,
) -> None:
    """Look at all that a site needs: memory, disk, clock, model, and through every camera; exit code 0 if nothing is bad."""
    from appliance.doctor.checks import BAD, findings
    from appliance.running import models_dir
    from appliance.site_file import load_site

    config = config or site_place()
    refuse_targets({"--json": json_file}, {str(config): "the site"})
    site = load_site(config, overrides or ())
    log.set_up("supervisor", "error")
    console = Console()
    found = []
    for finding in findings(site, models_dir()):
        found.append(finding)
        console.print(f"{MARKS[finding.verdict]} [bold]{finding.name}[/]: ", end="")
        console.print(finding.said, markup=False, highlight=False)
    bad = [finding for finding in found if finding.verdict == BAD]
    if json_file is not None:
        outcome = {"good": not bad, "findings": [asdict(finding) for finding in found]}
        write_whole(json_file, json.dumps(outcome, indent=1) + "\n")
    if bad:
        raise Refusal(f"{bad[0].name}: {bad[0].said}")
