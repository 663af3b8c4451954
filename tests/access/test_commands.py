"""``appliance token``: what it makes, shows and takes away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from appliance.access.commands import token
from appliance.access.guard import Guard
from appliance.access.moment import now
from appliance.access.roles import Role
from appliance.access.tokens import Denial, Token
from appliance.catalogue.terminal import site_of
from appliance.errors import Refusal

RUNNER = CliRunner()


def run(*words: str, data_dir: Path) -> str:
    """What it prints on stdout."""
    outcome = RUNNER.invoke(token, [*words, "--data-dir", str(data_dir)], catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.stdout


def test_a_token_is_shown_once_and_works(tmp_path: Path) -> None:
    outcome = RUNNER.invoke(token, ["create", "door", "--role", "operator", "--days", "7", "--data-dir", str(tmp_path / "new")])
    text = outcome.stdout.strip()
    assert re.fullmatch(r"apl_[\w-]{63}", text)
    assert re.fullmatch(
        r"door may act as operator until [\dT:Z-]+, at the site in .*/new\. This token is shown only now\.\n", outcome.stderr
    )
    with Guard(tmp_path / "new") as guard:
        found = guard.check_token(text, "192.0.2.1", now())
        assert isinstance(found, Token)
        assert (found.name, found.role) == ("door", Role.OPERATOR)
        entry = guard.audit.entries(1)[0]
        assert entry.actor.address == "command line"
        assert entry.actor.name.startswith("user ")
    assert text not in run("list", data_dir=tmp_path / "new")


def test_the_list_tells_all_but_the_secret(tmp_path: Path) -> None:
    assert run("list", data_dir=tmp_path / "none") == "there are no tokens\n"
    assert not (tmp_path / "none").exists()
    text = run("create", "zoo", "--role", "viewer", data_dir=tmp_path).strip()
    run("create", "ant", "--role", "admin", "--days", "1", data_dir=tmp_path)
    with Guard(tmp_path) as guard:
        guard.check_token(text, "192.0.2.1", now())
    shown = run("list", "--json", str(tmp_path / "list.json"), data_dir=tmp_path)
    assert shown.index("ant") < shown.index("zoo")
    assert text[16:] not in shown + (tmp_path / "list.json").read_text()
    ant, zoo = json.loads((tmp_path / "list.json").read_text())
    assert (ant["name"], ant["role"], ant["last_used"], ant["expired"]) == ("ant", "admin", None, False)
    assert (zoo["name"], zoo["id"], zoo["expires"]) == ("zoo", text[4:16], None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", zoo["last_used"])


def test_revoking(tmp_path: Path) -> None:
    text = run("create", "door", "--role", "viewer", data_dir=tmp_path).strip()
    with Guard(tmp_path) as guard:
        assert isinstance(guard.check_token(text, "192.0.2.1", now()), Token)
        assert run("revoke", "door", data_dir=tmp_path) == f"door ({text[4:16]}) is revoked\n"
        assert guard.check_token(text, "192.0.2.1", now()) is Denial.UNKNOWN


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("create a --role boss", "--role wants viewer, operator or admin, found 'boss'"),
        ("create a --role viewer --days 0", "--days wants 1 to 3650, found 0"),
        ("create a --role viewer --days 4000", "--days wants 1 to 3650, found 4000"),
        ("create a/b --role viewer", "the name of a token is 1 to 64 letters, digits, '-', '_' and '.', found 'a/b'"),
        ("revoke a", "there are no tokens in "),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, words: str, sentence: str) -> None:
    refusal = RUNNER.invoke(token, [*words.split(), "--data-dir", str(tmp_path)]).exception
    assert isinstance(refusal, Refusal)
    assert refusal.sentence.startswith(sentence)
    assert refusal.usage


@pytest.mark.parametrize(
    "words", [["create", "a"], ["create", "--role", "viewer"], ["create", "a", "--role"], ["revoke"]], ids=str
)
def test_words_that_are_none_are_wrong_usage(words: list[str]) -> None:
    assert RUNNER.invoke(token, words).exit_code == 2


def test_a_token_is_made_where_the_site_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the site's file here, else of that in the data folder, else in that folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    home, site = tmp_path / "home" / "appliance", "cameras: []\ndetector: {model: demo}\ndata_dir: "

    def makes_in(folder: Path, name: str) -> bool:
        outcome = RUNNER.invoke(token, ["create", name, "--role", "viewer"], catch_exceptions=False)
        with Guard(folder) as guard:
            return outcome.exit_code == 0 and name in [each.name for each in guard.tokens.listed()]

    assert makes_in(home, "first")
    (home / "site.yaml").write_text(f"{site}{tmp_path}/second\n")
    assert makes_in(tmp_path / "second", "second")
    (tmp_path / "here" / "site.yaml").write_text(f"{site}{tmp_path}/third\n")
    assert makes_in(tmp_path / "third", "third")
    # Models are brought to the same place.
    assert str(site_of(None, None).data_dir) == f"{tmp_path}/third"
