"""The file of a site that has nothing yet: where it is, that it is one, and that it stays one for people."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from appliance.configuration.changes import add_item, remove_value
from appliance.configuration.store import ConfigurationStore
from appliance.first_site import PORT, name_of, write_first_site
from appliance.site_file import load_site
from appliance.whereabouts import FILE, site_place


def test_the_file_that_is_written_is_a_site_for_people(tmp_path: Path) -> None:
    path = tmp_path / "a place: with a name" / FILE
    write_first_site(path)
    site = load_site(path)
    assert (site.cameras, site.detector.model) == ((), "demo")
    assert (site.control.bind, site.control.port, site.data_dir) == ("127.0.0.1", PORT, path.parent)
    assert site.site == name_of(socket.gethostname())


def test_its_comments_outlive_the_first_camera_and_the_last(tmp_path: Path) -> None:
    path = tmp_path / FILE
    write_first_site(path)
    before = path.read_text()
    store = ConfigurationStore(path)
    store.change(add_item("cameras", {"name": "gate", "source": "gate.mp4"}))
    assert path.read_text() == before.replace("cameras: []", "cameras:\n  - name: gate\n    source: gate.mp4")
    store.change(remove_value("cameras.gate"))
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("host", "name"),
    [("gate", "gate"), ("gate.example.org", "gate"), ("my host", "my-host"), ("-", "site"), ("x" * 70, "x" * 64), ("", "site")],
)
def test_a_hosts_name_becomes_that_of_its_site(host: str, name: str) -> None:
    assert name_of(host) == name


def test_a_file_here_comes_before_the_one_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert site_place() == Path("/home/me/.local/share/appliance/site.yaml")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert site_place() == Path("/home/me/.local/share/appliance/site.yaml")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert site_place() == Path("/data/appliance/site.yaml")
    (tmp_path / FILE).touch()
    assert site_place() == FILE
