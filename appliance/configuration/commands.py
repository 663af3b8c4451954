"""``appliance config``: whether a site's file is one, what may stand in it, and what has become of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from appliance.clock import NS_PER_S
from appliance.config import SiteSettings, home_expanded
from appliance.configuration.difference import unified
from appliance.configuration.files import SiteFile
from appliance.configuration.reading import read_site
from appliance.configuration.refusals import Faulty, Missing
from appliance.configuration.revisions import Revisions, RevisionTexts
from appliance.configuration.schema import json_schema
from appliance.configuration.store import FILE_NAME
from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import write_whole
from appliance.site_file import load_site

config = typer.Typer(
    name="config", help="The file of a site: is it one, what may stand in it, how it came to be.", no_args_is_help=True
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The site, a YAML file.")]
DataOption = Annotated[
    Path | None, typer.Option("--data-dir", metavar="FOLDER", help="Where the revisions are; left out, as the file says.")
]
JsonOption = Annotated[Path | None, result_option("--json", "Write it as JSON, too.")]


@config.command()
def check(
    file: FileArgument,
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a setting.")] = None,
) -> None:
    """Tell whether a file is a site, and if not, what is wrong with it and where."""
    try:
        site = read_site(SiteFile(file).read(), f"the configuration {file}").settings
    except Faulty:
        if not overrides:
            raise
    if overrides:
        site = load_site(file, overrides)
    Console().print(f"{file} is a site with {_extent(site)}", highlight=False, markup=False, soft_wrap=True)


@config.command()
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of showing it.")] = None,
) -> None:
    """All that may stand in a site's file, as JSON Schema."""
    text = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_whole(out, text)


@config.command()
def diff(
    file: FileArgument,
    number: Annotated[int | None, typer.Argument(metavar="REVISION", help="Left out: the newest that was recorded.")] = None,
    data_dir: DataOption = None,
) -> None:
    """Show what is different between a revision and the file as it is now."""
    content = SiteFile(file).read()
    with _revisions(file, data_dir) as revisions:
        found = revisions.newest() if number is None else revisions.at(number)
    if found is None:
        raise Missing(
            f"{file} has no revision{'' if number is None else f' {number}'}; 'appliance config history' lists them", usage=True
        )
    typer.echo(_difference(found, content, file) or "nothing is different\n", nl=False)


@config.command()
def history(
    file: FileArgument,
    most: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    data_dir: DataOption = None,
    json_file: JsonOption = None,
) -> None:
    """List who has changed what and when, the newest first."""
    with _revisions(file, data_dir) as revisions:
        listed = revisions.listed(most)
    table = Table("revision", "time", "by", "what")
    for revision in listed:
        time = datetime.fromtimestamp(revision.time_ns // NS_PER_S).isoformat(" ")
        table.add_row(str(revision.number), time, revision.author, revision.summary)
    Console().print(table, markup=False)
    if json_file is not None:
        write_whole(json_file, json.dumps([asdict(revision) for revision in listed], indent=1) + "\n")


def _extent(site: SiteSettings) -> str:
    numbers = {
        "camera": len(site.cameras),
        "line": sum(len(camera.lines) for camera in site.cameras),
        "zone": sum(len(camera.zones) for camera in site.cameras),
    }
    return ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for what, number in numbers.items())


def _difference(found: RevisionTexts, content: bytes, file: Path) -> str:
    before, now = (text.decode("utf-8", "replace") for text in (found.content, content))
    return unified(before, now, f"revision {found.revision.number}", str(file))


def _revisions(file: Path, data_dir: Path | None) -> Revisions:
    """Those that there are; looking makes none."""
    target = SiteFile(file)
    folder = data_dir or read_site(target.read(), f"the configuration {file}").settings.data_dir
    path = home_expanded(folder) / FILE_NAME
    if not path.exists():
        raise Refusal(f"no revision of {file} was recorded so far: there is no {path}")
    return Revisions(path, target.target)
