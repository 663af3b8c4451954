"""Releases of TensorRT and CUDA that our calls are held against: their Python sides, as ``scripts/nvidia`` fetches them.

The library behind one is not there. TensorRT's Python side asks it for nine functions when it is loaded, so a library that has
these, and nothing in them, is compiled; then every class and every signature can be looked at, and nothing can be made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FETCHED = ROOT / ".nvidia"
LIBRARIES = ("libnvinfer", "libnvinfer_plugin", "libnvonnxparser")
FUNCTIONS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)


def folder_of(release: str) -> Path:
    """Where it is; the test is skipped where it is not."""
    folder = FETCHED / release
    if not folder.is_dir():
        pytest.skip(f"{release} is not there: scripts/nvidia fetches it")
    return folder


def hollow_libraries(folder: Path, major: int) -> list[Path]:
    """What TensorRT's Python side of that major release loads; the test is skipped where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is there, which makes the hollow libraries")
    source = folder / "hollow.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in FUNCTIONS), encoding="ascii")
    made = [folder / f"{name}.so.{major}" for name in LIBRARIES]
    for path in made:
        command = [compiler, "-shared", "-fPIC", f"-Wl,-soname,{path.name}", "-o", str(path), str(source)]
        subprocess.run(command, check=True, timeout=60)
    return made


def answer_of(program: str, *arguments: Any, beside: Path) -> Any:
    """What a program prints, as JSON, that can import what is in a folder."""
    outcome = subprocess.run(
        [sys.executable, "-c", program, *(json.dumps(argument) for argument in arguments)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{beside}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)
