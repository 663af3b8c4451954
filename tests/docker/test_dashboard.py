"""The dashboard, as Grafana reads it, and the files that bring it there."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.docker.files import dashboard, loaded, panels, rules

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
KINDS = {"stat", "timeseries", "state-timeline", "heatmap"}
UNITS = {"none", "short", "s", "percentunit", "hertz", "cps", "bytes", "celsius", "watt"}
COLUMNS = 24


def test_every_panel_says_what_it_shows_of_which_source_and_in_which_unit() -> None:
    for panel in panels():
        assert panel["type"] in KINDS
        assert panel["title"], panel
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == SOURCE, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert references == sorted(set(references)), panel["title"]
        assert references, panel["title"]
        assert all(target["datasource"] == SOURCE and target["expr"] for target in panel["targets"]), panel["title"]


def test_no_two_panels_are_one_or_lie_upon_each_other() -> None:
    everything = dashboard()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    titles = [panel["title"] for panel in everything]
    assert len(set(titles)) == len(titles)
    for panel in everything:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS, panel["title"]
    for one, other in combinations(everything, 2):
        assert _are_apart(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


def _are_apart(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    return beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_each_row_is_a_question_and_the_first_one_comes_first() -> None:
    rows = [panel for panel in dashboard()["panels"] if panel["type"] == "row"]
    assert all(row["title"].endswith("?") and not row["collapsed"] for row in rows)
    first, *_ = dashboard()["panels"]
    assert (first["title"], first["gridPos"]["y"]) == ("Is it counting?", 0)


def test_its_variables_are_there_and_used() -> None:
    names = [variable["name"] for variable in dashboard()["templating"]["list"]]
    assert names == ["datasource", "instance", "camera"]
    expressions = [target["expr"] for panel in panels() for target in panel["targets"]]
    assert all('instance=~"$instance"' in expression for expression in expressions)
    about_cameras = [expression for expression in expressions if "appliance_camera_" in expression]
    assert all('camera=~"$camera"' in expression for expression in about_cameras)
    assert dashboard()["uid"] == "appliance"
    assert dashboard()["schemaVersion"] >= 36


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_tells_how_bad_it_is_what_it_means_and_where_to_look(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
    description = rule["annotations"]["description"]
    assert len(description) > 40
    assert description[-1] in ".?"


def test_grafana_finds_both() -> None:
    [source] = loaded("grafana/datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["access"], source["isDefault"]) == ("prometheus", "proxy", True)
    [provider] = loaded("grafana/dashboards/appliance.yml")["providers"]
    assert (provider["type"], provider["options"]) == ("file", {"path": "/var/lib/grafana/dashboards"})
