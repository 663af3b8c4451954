"""Who installs a wheel has all that a site begins with."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOOK = "from appliance.models.store import find_model, store_folder; print(find_model('demo', store_folder()).path)"


def said_by(*words: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd="/", env=os.environ | more, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_model_of_the_demo_comes_along(tmp_path: Path) -> None:
    said_by("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT))
    [wheel] = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as content:
        content.extractall(installed)
    model = Path(said_by("-c", LOOK, PYTHONPATH=str(installed)))
    assert model == installed / "appliance" / "engines" / "demo" / "1" / "model.onnx"
    assert model.read_bytes() == (ROOT / "engines" / "demo" / "1" / "model.onnx").read_bytes()
