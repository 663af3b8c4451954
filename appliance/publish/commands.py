"""``appliance replay`` and ``appliance mqtt``: telling the past again, and what all messages look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from appliance import log
from appliance.config import home_expanded
from appliance.errors import Refusal
from appliance.ledger.reader import KeptCrossing
from appliance.results import write_whole
from appliance.site_file import load_site

mqtt = typer.Typer(name="mqtt", help="What is told over MQTT, for programs.", no_args_is_help=True)


def replay(
    config: Annotated[Path, typer.Option(metavar="FILE", help="The site, a YAML file.")],
    first: Annotated[str, typer.Option("--from", metavar="TIME", help="As in 2026-11-21T13:00:00Z, or a day.")],
    last: Annotated[str, typer.Option("--to", metavar="TIME", help="Up to this time, which is not in it any more.")],
    camera: Annotated[str, typer.Option(help="Of this camera only.")] = "",
    line: Annotated[str, typer.Option(help="Of this line or zone only.")] = "",
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Override a setting.")] = None,
) -> None:
    """Tell the broker of past crossings once more, each with the event id that it had: for who has lost what he knew."""
    from appliance.publish.replay import replay as tell_again
    from appliance.publish.replay import time_ns

    site = load_site(config, overrides or ())
    log.set_up("replay", site.log_level)
    if not site.mqtt.broker:
        raise Refusal(f"replay needs a broker, found no 'mqtt.broker' in {config}", usage=True)
    from_ns, to_ns = time_ns(first), time_ns(last)
    if from_ns >= to_ns:
        raise Refusal(f"--to must be after --from, found {first} and {last}", usage=True)

    def wanted(crossing: KeptCrossing) -> bool:
        return (not camera or crossing.camera == camera) and (not line or crossing.line == line)

    console = Console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("telling again", total=None)
        ledger = home_expanded(site.data_dir) / "ledger.sqlite"
        told = tell_again(site, ledger, from_ns, to_ns, wanted, lambda done: progress.update(task, completed=done))
    console.print(f"{told} crossings were told again, and acknowledged")


@mqtt.command()
def asyncapi(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of showing it.")] = None,
) -> None:
    """All topics and messages as an AsyncAPI 3 document."""
    from appliance.publish.asyncapi import text

    _give(text(), out)


@mqtt.command()
def schemas(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them there instead of showing them.")] = None,
) -> None:
    """The JSON Schema of each message."""
    from appliance.publish.asyncapi import json_schemas

    _give(json.dumps(json_schemas(), indent=2) + "\n", out)


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_whole(out, text)
