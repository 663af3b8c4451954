"""What a model says about itself: ``manifest.toml`` beside it, or the metadata that its exporter wrote into it."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from appliance.config import first_fault
from appliance.counted import Name, Settings
from appliance.errors import Refusal

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHA256 = "^[0-9a-f]{64}$"
NO_OR_SHA256 = "^([0-9a-f]{64})?$"
# In a reference.
MOST_BOXES = 100
# No model needs more, and the file of somebody else is not read whatever its size.
LARGEST_MANIFEST_BYTES = 1_000_000


def _check_file_name(name: str) -> str:
    if not 0 < len(name) <= 100 or name.startswith((".", "-")) or any(not (sign.isalnum() or sign in "._+-") for sign in name):
        raise ValueError("a name of 1 to 100 letters, digits, '.', '_', '+' and '-' is wanted, not beginning with '.' or '-'")
    return name


FileName = Annotated[str, AfterValidator(_check_file_name)]
"""Of something that lies in the version's own folder; a version is called like this, too."""

Box = tuple[float, float, float, float, float, int]
"""x_min, y_min, x_max, y_max in pixels of the network's input; score; class id."""


class Lineage(Settings):
    """What a version was made from."""

    source: str
    """The name of the file that was brought."""
    source_sha256: str = Field(pattern=SHA256)
    exporter: str = ""
    """The program that made the ONNX file, its version, and the operator set; as far as the file tells."""
    date: str
    """When it was brought, UTC."""
    who: str
    """Who brought it."""
    made_from: str = ""
    """The name@version that this one was calculated from, where it was,"""
    made_from_sha256: str = Field(default="", pattern=NO_OR_SHA256)
    """and the sha256 of that one's file."""


class Calibration(Settings):
    """What the numbers of a reduced model were chosen by."""

    videos: dict[str, str]
    """The names of the files, by their sha256."""
    pictures: int
    """Frames of these videos that it was calibrated with; none for one that needs no calibration."""
    proven_on: int
    """Frames that were held back, for what is among the figures."""


class Reference(Settings):
    """What the model sees in a picture, calculated in f32 on a CPU."""

    picture: FileName
    """In the version's folder, PNG."""
    picture_sha256: str = Field(pattern=SHA256)
    backend: str
    """What calculated it."""
    shape: tuple[int, int]
    """(height, width) of the network's input, in which the picture lies as a camera's does."""
    low_score: float
    """The least score of a box that was noted,"""
    overlap: float
    """and the overlap (IoU) above which the better one of two was kept."""
    boxes: tuple[Box, ...] = Field(max_length=MOST_BOXES)
    """The best first."""


class Manifest(Settings):
    """A model version's own description."""

    name: Name
    version: FileName
    file: FileName = "model.onnx"
    classes: tuple[str, ...] = ()
    """In the order of their ids; empty where the model file names them itself."""
    licence: str = ""
    """Of the weights."""
    sha256: str = Field(default="", pattern=NO_OR_SHA256)
    """Of the file, which is refused if it has another; empty where nobody has noted it."""
    head: str = Field(default="", pattern="^(channels_first|anchors_first|end_to_end)?$")
    """The layout of the output, see ``detect.yolo``; empty where nobody has looked."""
    precision: str = Field(default="", pattern="^(f32|f16|int8)?$")
    """What the weights are stored in."""
    input_px: int | None = Field(default=None, ge=32, le=4096)
    """The longer side of the input that it was trained for, where it takes any."""
    input_shape: tuple[int, int] | None = None
    """(height, width) of the input, where it takes no other."""
    any_batch: bool | None = None
    """Whether it takes more than one picture at a time."""
    made_by: str = ""
    """The command that made it."""
    lineage: Lineage | None = None
    reference: Reference | None = None
    calibration: Calibration | None = None
    remarks: tuple[str, ...] = ()
    """What whoever uses it should know; sentences."""
    figures: dict[str, float] = {}
    """What was measured when it was made."""
    seal: str = Field(default="", pattern=NO_OR_SHA256)
    """The sha256 of all of the above but the figures; who changes something by hand is found out."""

    @property
    def label(self) -> str:
        """What it is asked for by."""
        return f"{self.name}@{self.version}"

    def sealed(self) -> Manifest:
        """The same with a seal that fits."""
        return self.model_copy(update={"seal": self._seal()})

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed since it was sealed; one that nobody has sealed is what it is."""
        return self.seal == self._seal() if self.seal or self.lineage is not None else True

    def _seal(self) -> str:
        # Without defaults, so that a field that a later version of this program adds does not break it.
        tree = self.model_dump(mode="json", exclude={"seal", "figures"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """The manifest in a TOML file; raises ``Refusal`` where it is none, or is not as it was written."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_MANIFEST_BYTES + 1)
    except OSError as error:
        raise Refusal(f"the manifest {path} cannot be read: {error.strerror}", usage=True) from None
    return parse_manifest(content, str(path))


def parse_manifest(content: bytes, place: str) -> Manifest:
    """The manifest in this text; ``place`` is where it was found, for people."""
    if len(content) > LARGEST_MANIFEST_BYTES:
        raise Refusal(f"the manifest {place} must have at most {LARGEST_MANIFEST_BYTES} bytes, found more", usage=True)
    try:
        manifest = Manifest.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(f"the manifest {place} must be TOML, found a fault: {error}", usage=True) from None
    except ValidationError as error:
        raise Refusal(f"the manifest {place}: {first_fault(error)}", usage=True) from None
    if not manifest.is_whole:
        raise Refusal(
            f"the manifest {place} must be as it was written when {manifest.label} was brought, found that it was changed since; "
            "import the model again with what it should say",
            usage=True,
        )
    return manifest


def names_in(metadata: dict[str, str]) -> tuple[str, ...] | None:
    """The class names that ultralytics writes as ``{0: 'person', 1: 'bicycle', …}``; None where there are none."""
    names = _literal(metadata.get("names"))
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[class_id] for class_id in range(len(names))]
    return tuple(str(name) for name in names) or None if isinstance(names, (list, tuple)) else None


def input_px_in(metadata: dict[str, str]) -> int | None:
    """The longer side of the input that ultralytics writes as ``[640, 640]``; None where it says nothing."""
    found = _literal(metadata.get("imgsz"))
    sides = found if isinstance(found, (list, tuple)) else [found]
    longest = max((side for side in sides if isinstance(side, int)), default=0)
    return longest if 32 <= longest <= 4096 else None


def exporter_in(metadata: dict[str, str]) -> str:
    """Who made the file, as far as it says so: ultralytics writes its version and ``author``."""
    author, version = metadata.get("author", ""), metadata.get("version", "")
    return f"{author} {version}".strip().lower()[:100] if author else ""


def _literal(text: str | None) -> object:
    """A plain value in Python's notation, which is read and never run; None where it is none."""
    try:
        return ast.literal_eval(text) if text is not None else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
