"""What is in ``docker/``: alert rules and the dashboard, and all that they ask Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

DOCKER = Path(__file__).resolve().parents[2] / "docker"


def loaded(name: str) -> Any:
    """A YAML file of the folder."""
    return YAML(typ="safe").load(DOCKER / name)


def rules() -> list[dict[str, Any]]:
    """All alerts."""
    return [rule for group in loaded("alerts.yml")["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    tree: dict[str, Any] = json.loads((DOCKER / "grafana-dashboard.json").read_text())
    return tree


def panels() -> list[dict[str, Any]]:
    """Its panels, without the rows."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression as Prometheus gets it."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], _filled_in(target["expr"])
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["name"], _filled_in(annotation["expr"])


def _filled_in(expression: str) -> str:
    """As Grafana does where all is chosen."""
    for name, value in (("$__rate_interval", "1m"), ("$instance", ".*"), ("$camera", ".*")):
        expression = expression.replace(name, value)
    return expression
