"""What the commands about models have in common: their words, and whom they speak for."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from appliance.config import SiteSettings
from appliance.options import result_option
from appliance.site_file import load_site, parse_site
from appliance.whereabouts import site_place

console = Console()

SITE_HELP = "The site, a YAML file, for its data_dir and its lines. Left out: site.yaml here or in your data folder."
NameArgument = Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="As 'appliance models list' shows it.")]
ConfigOption = Annotated[Path | None, typer.Option(metavar="FILE", help=SITE_HELP)]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="As in data_dir=DIR.")]
JsonOption = Annotated[Path | None, result_option("--json", "Write it as JSON, too.")]


def site_of(config: Path | None, overrides: list[str] | None) -> SiteSettings:
    """The site that is meant: where none is named, the one that ``appliance run`` takes; one without anything where none is."""
    if config is not None or site_place().exists():
        return load_site(config or site_place(), overrides or ())
    return parse_site({"cameras": [], "detector": {"model": "demo"}}, overrides or (), "the command")


def me() -> str:
    """Who is at the keyboard."""
    try:
        return f"user {pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        # A container's user often has no name.
        return f"user {os.getuid()}"


def tell(sentence: str) -> None:
    """One line, as it is."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
