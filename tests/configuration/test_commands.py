"""``appliance config``: what it says, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from appliance.configuration import changes
from appliance.configuration.commands import config
from appliance.configuration.schema import json_schema
from appliance.configuration.store import ConfigurationStore, Wish
from appliance.errors import Refusal
from tests.configuration.sites import CONFIGS, TEXT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(TEXT.replace("data_dir: data", f"data_dir: {tmp_path / 'data'}"))
    return path


def run(*words: object) -> str:
    """What a command prints."""
    result: Result = CliRunner().invoke(config, [str(word) for word in words], env={"COLUMNS": "200"})
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_a_site_is_one(path: Path) -> None:
    assert run("check", path) == f"{path} is a site with 2 cameras, 1 line, 0 zones\n"


def test_overrides_are_judged_too(path: Path) -> None:
    assert "2 cameras" in run("check", path, "--set", "detector.confidence=0.5")
    with pytest.raises(Refusal, match=r"'detector.confidence': .* found 2$") as refusal:
        run("check", path, "--set", "detector.confidence=2")
    assert refusal.value.usage


def test_a_fault_is_told_with_its_place(path: Path) -> None:
    path.write_text(TEXT.replace("confidence", "confidences"))
    with pytest.raises(Refusal, match=r"s' is not a known setting; 'confidence' is \(line 21, column 3\)$") as refusal:
        run("check", path)
    path.write_text(TEXT.replace("source:", "sorce:"))
    with pytest.raises(Refusal, match=r"'cameras.0.sorce' is not a known setting; 'source' is \(line "):
        run("check", path)
    assert refusal.value.usage


def test_history_and_differences(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no revision of .* was recorded so far"):
        run("history", path)
    store = ConfigurationStore(path)
    store.change(changes.remove_camera("yard"), Wish("anna"))
    assert run("diff", path) == "nothing is different\n"
    path.write_text(path.read_text().replace("site: north", "site: south"))
    assert run("diff", path).splitlines()[:2] == ["--- revision 2", f"+++ {path}"]
    assert "-site: north\n+site: south\n" in run("diff", path)
    assert "-  - name: yard\n" in run("diff", path, 1)
    with pytest.raises(Refusal, match="has no revision 7"):
        run("diff", path, 7)
    listed = run("history", path, "--json", tmp_path / "history.json")
    assert "anna" in listed
    assert "camera yard gone" in listed
    assert [row["number"] for row in json.loads((tmp_path / "history.json").read_text())] == [2, 1]


def test_history_of_a_file_that_is_faulty_now(path: Path, tmp_path: Path) -> None:
    ConfigurationStore(path).heal()
    path.write_text("site: [")
    with pytest.raises(Refusal, match="line 1"):
        run("history", path)
    assert "as it was found" in run("history", path, "--data-dir", tmp_path / "data")


def test_the_schema_is_one_and_knows_what_we_ship(tmp_path: Path) -> None:
    run("schema", "--out", tmp_path / "schema.json")
    schema = json.loads((tmp_path / "schema.json").read_text())
    assert json.loads(run("schema")) == schema == json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for shipped in CONFIGS.glob("*.yaml"):
        jsonschema.validate(YAML(typ="safe").load(shipped.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError, match="speed"):
        jsonschema.validate({"cameras": [{"name": "a", "source": "b"}], "detector": {"model": "m", "speed": 3}}, schema)


def test_the_schema_tells_what_the_settings_are_for() -> None:
    schema = json_schema()
    assert schema["properties"]["data_dir"]["description"] == "The ledger lives here."
    camera = schema["$defs"]["CameraSettings"]["properties"]
    assert camera["stall_s"]["description"].startswith("How long a camera may send no picture")
    assert "from" in schema["$defs"]["LineSettings"]["properties"]
