"""What a model says about itself: ``manifest.toml`` beside it, or the metadata that its exporter wrote into it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from pydantic import Field, ValidationError

from appliance.config import first_fault
from appliance.counted import Name, Settings
from appliance.errors import Refusal

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Manifest(Settings):
    """A model version's own description."""

    name: Name
    version: str
    file: str = "model.onnx"
    classes: tuple[str, ...] = ()
    """In the order of their ids; empty where the model file names them itself."""
    licence: str = ""
    """Of the weights."""
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    """Of the file, which is refused if it has another; empty where nobody has noted it."""
    input_px: int | None = Field(default=None, ge=32, le=4096)
    """The longer side of the input that it was trained for, where it takes any."""
    made_by: str = ""
    """The command that made it."""
    figures: dict[str, float] = {}
    """What was measured when it was made."""


def read_manifest(path: Path) -> Manifest:
    """The manifest in a TOML file."""
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Refusal(f"the manifest {path} cannot be read: {error.strerror}", usage=True) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal(f"the manifest {path} must be TOML, found a fault: {error}", usage=True) from None
    except ValidationError as error:
        raise Refusal(f"the manifest {path}: {first_fault(error)}", usage=True) from None


def names_in(metadata: dict[str, str]) -> tuple[str, ...] | None:
    """The class names that ultralytics writes as ``{0: 'person', 1: 'bicycle', …}``; None where there are none."""
    try:
        names = ast.literal_eval(metadata["names"])
    except (KeyError, ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[class_id] for class_id in range(len(names))]
    return tuple(str(name) for name in names) or None if isinstance(names, (list, tuple)) else None
