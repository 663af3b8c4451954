"""``appliance token``: who may use the API and the panel."""

from __future__ import annotations

import json
import os
import pwd
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance.access.audit import Actor
from appliance.access.database import FILE
from appliance.access.guard import Guard
from appliance.access.roles import Role
from appliance.access.tokens import Token
from appliance.clock import NS_PER_MINUTE, NS_PER_S, wall_ns
from appliance.config import home_expanded
from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import write_whole
from appliance.site_file import load_site
from appliance.whereabouts import data_folder, site_place

token = typer.Typer(name="token", help="Who may use the API and the panel.", no_args_is_help=True)

NS_PER_DAY = 24 * 60 * NS_PER_MINUTE
MOST_DAYS = 3650
DataDirOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The data_dir of the site; left out: of site.yaml here or in your data folder.")
]


@token.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it, as in reporting.")],
    role: Annotated[str, typer.Option(help="viewer, operator or admin.")],
    days: Annotated[int | None, typer.Option(help="It expires after so many days; never if left out.")] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Make a token and show it, this once: only a hash of it is kept."""
    if role not in [known.value for known in Role]:
        raise Refusal(f"--role wants viewer, operator or admin, found {role!r}", usage=True)
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Refusal(f"--days wants 1 to {MOST_DAYS}, found {days}", usage=True)
    now_ns = wall_ns()
    expires_ns = None if days is None else now_ns + days * NS_PER_DAY
    folder = _folder(data_dir)
    with Guard(folder) as guard:
        made = guard.tokens.create(name, Role(role), _me(), now_ns, expires_ns)
    # Alone on stdout, for scripts.
    typer.echo(made.text)
    typer.echo(f"{name} may act as {role}{_until(made.token)}, at the site in {folder}. This token is shown only now.", err=True)


@token.command("list")
def list_tokens(
    json_file: Annotated[Path | None, result_option("--json", "Write it as JSON, too.")] = None,
    data_dir: DataDirOption = None,
) -> None:
    """All tokens: what each may do, when it was last used, and until when it is good."""
    now_ns = wall_ns()
    folder = _folder(data_dir)
    tokens: list[Token] = []
    # Looking makes no file.
    if (folder / FILE).exists():
        with Guard(folder) as guard:
            tokens = guard.tokens.listed()
    Console().print(_table_of(tokens, now_ns) if tokens else "there are no tokens")
    if json_file is not None:
        write_whole(json_file, json.dumps([_as_json(each, now_ns) for each in tokens], indent=1) + "\n")


@token.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The name or the id of a token.")],
    data_dir: DataDirOption = None,
) -> None:
    """Take a token away, and every session that was begun with it."""
    folder = _folder(data_dir)
    if not (folder / FILE).exists():
        raise Refusal(f"there are no tokens in {folder}", usage=True)
    with Guard(folder) as guard:
        revoked = guard.tokens.revoke(name, _me(), wall_ns())
    typer.echo(f"{revoked.name} ({revoked.id}) is revoked")


def _folder(named: Path | None) -> Path:
    """Where the tokens are: a token that is made elsewhere opens no door."""
    if named is None:
        place = site_place()
        named = load_site(place).data_dir if place.exists() else data_folder()
    return home_expanded(named)


def _me() -> Actor:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container's user often has no name.
        name = str(os.getuid())
    return Actor(f"user {name}", "command line")


def _table_of(tokens: list[Token], now_ns: int) -> Table:
    table = Table("name", "id", "role", "created", "last used", "expires")
    for each in tokens:
        expires = "never" if each.expires_ns is None else _when(each.expires_ns)
        row = (each.name, each.id, each.role.value, _when(each.created_ns), _when(each.last_used_ns))
        table.add_row(*(Text(cell) for cell in (*row, "expired" if each.is_expired(now_ns) else expires)))
    return table


def _as_json(each: Token, now_ns: int) -> dict[str, object]:
    return {
        "name": each.name,
        "id": each.id,
        "role": each.role.value,
        "created": _when(each.created_ns),
        "last_used": _when(each.last_used_ns) if each.last_used_ns else None,
        "expires": None if each.expires_ns is None else _when(each.expires_ns),
        "expired": each.is_expired(now_ns),
    }


def _until(made: Token) -> str:
    return "" if made.expires_ns is None else f" until {_when(made.expires_ns)}"


def _when(time_ns: int) -> str:
    if not time_ns:
        return "never"
    return datetime.fromtimestamp(time_ns // NS_PER_S, timezone.utc).strftime("%Y-%m-%dT%H:%MZ")
