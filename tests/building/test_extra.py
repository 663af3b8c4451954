"""Whoever installs the extra for a GPU can build engines with it: nothing else brings what building imports."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent.parent
# What is imported, and who brings it.
BRINGS = {"cuda": "cuda-bindings", "google": "onnx"}
PARTS = ("building/*.py", "detect/cuda*.py", "detect/tensorrt*.py", "detect/pixels_in.py")


def imported(path: Path) -> set[str]:
    """The first names of all that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("extra", ["nvidia", "jetpack6"])
def test_the_extra_for_a_gpu_has_all_that_building_imports(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"][extra]
    there = {re.split(r"[^A-Za-z0-9_-]", line)[0] for line in lines}
    wanted = set().union(*(imported(path) for part in PARTS for path in (ROOT / "appliance").glob(part)))
    outside = wanted - set(sys.stdlib_module_names) - {"appliance"}
    assert {"onnx", "cuda", "numpy"} <= outside
    assert {BRINGS.get(name, name) for name in outside} - there == set()
