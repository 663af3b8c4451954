"""Where models are: a path, or a name in the model store, ``<store>/<name>/<version>/manifest.toml``."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Refusal
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.onnx_file import holds_graph

MANIFEST = "manifest.toml"
ZIP_MAGIC, PICKLE_MAGIC = b"PK\x03\x04", b"\x80"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk, and its manifest where it has one."""

    path: Path
    manifest: Manifest | None


def find_model(wanted: str, store: Path) -> ModelFile:
    """The model of that path or name; of a name the highest version."""
    path = Path(os.path.expanduser(wanted))
    if os.path.isdir(path):
        found = _in_folder(path)
    elif os.path.exists(path) or path.suffix or path.parent != Path():
        found = ModelFile(path, _manifest_beside(path))
    else:
        found = _in_folder(_newest_version(wanted, store))
    _check(found.path)
    _check_digest(found)
    return found


def _manifest_beside(path: Path) -> Manifest | None:
    """The manifest in the model's folder, if it is about this file."""
    if not os.path.exists(path.parent / MANIFEST):
        return None
    manifest = read_manifest(path.parent / MANIFEST)
    return manifest if manifest.file == path.name else None


def _in_folder(folder: Path) -> ModelFile:
    manifest = read_manifest(folder / MANIFEST)
    return ModelFile(folder / manifest.file, manifest)


def _newest_version(name: str, store: Path) -> Path:
    versions = [manifest.parent for manifest in store.glob(f"{name}/*/{MANIFEST}")]
    if not versions:
        known = sorted({manifest.parent.parent.name for manifest in store.glob(f"*/*/{MANIFEST}")})
        there = ", ".join(known) or "none"
        raise Refusal(f"a model file or the name of a model in {store} is wanted, found '{name}' (there: {there})", usage=True)
    return max(
        versions,
        key=lambda folder: [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in folder.name.split(".")],
    )


def _check_digest(found: ModelFile) -> None:
    """Refuse a file that is not the one that its manifest is about."""
    wanted = found.manifest.sha256 if found.manifest else ""
    if wanted and (digest := hashlib.sha256(found.path.read_bytes()).hexdigest()) != wanted:
        raise Refusal(
            f"the model {found.path} must have the sha256 {wanted[:12]}… of its manifest, found {digest[:12]}…", usage=True
        )


def _check(path: Path) -> None:
    """Refuse what is no model, and above all what would run as a program when loaded."""
    if not os.path.exists(path):
        raise Refusal(f"a model file is wanted, but {path} does not exist", usage=True)
    if not os.path.isfile(path):
        raise Refusal(f"a model file is wanted, but {path} is not a file", usage=True)
    try:
        with path.open("rb") as file:
            head = file.read(4)
        is_onnx = holds_graph(path)
    except OSError as error:
        raise Refusal(f"the model {path} cannot be read: {error.strerror}", usage=True) from None
    if path.suffix == ".pt" or head == ZIP_MAGIC or head.startswith(PICKLE_MAGIC):
        raise Refusal(
            f"an ONNX model is wanted, but {path} is a PyTorch checkpoint: a pickle, which runs as a program when it is loaded; "
            "export it to ONNX where you trust it",
            usage=True,
        )
    if not is_onnx:
        size = os.path.getsize(path)
        raise Refusal(f"an ONNX model is wanted, but {path} ({size} bytes) is none, or only the beginning of one", usage=True)
