"""Where models are: a path, or a name in a model store, ``<store>/<name>/<version>/manifest.toml``.

There are several stores: a site's own, in its data folder, where imported models are, and the one with the models that come with
this program.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.config import home_expanded
from appliance.errors import Refusal
from appliance.models.engine_file import ENDING, NOT_RUN, is_engine
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.onnx_file import holds_graph

MANIFEST = "manifest.toml"
ENGINES = "engines"
ZIP_MAGIC, PICKLE_MAGIC = b"PK\x03\x04", b"\x80"
BETWEEN = "@"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk, and its manifest where it has one."""

    path: Path
    manifest: Manifest | None


def own_store(data_dir: Path) -> Path:
    """Where the models of a site are that somebody has brought."""
    return home_expanded(data_dir) / ENGINES


def store_folder() -> Path:
    """The models of the checkout that this is, or, installed, what came along."""
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / ENGINES
    return beside if beside.is_dir() else package / ENGINES


def stores_of(data_dir: Path) -> tuple[Path, Path]:
    """All that a site looks into, its own first."""
    return own_store(data_dir), store_folder()


def find_model(wanted: str, *stores: Path) -> ModelFile:
    """The model of that path, or of that name in the first store that has one; ``name@version``, or the highest version."""
    path = Path(os.path.expanduser(wanted))
    if os.path.isdir(path):
        found = _in_folder(path)
    elif os.path.exists(path) or not _is_name(wanted):
        found = ModelFile(path, _manifest_beside(path))
    else:
        found = _in_folder(find_version(wanted, *stores))
    _check(found.path)
    _check_digest(found)
    return found


def full_name(wanted: str, *stores: Path) -> str:
    """What is wanted, with the version that it means at this moment; a path is what it is, and so is what is not there."""
    if os.path.exists(os.path.expanduser(wanted)) or not _is_name(wanted):
        return wanted
    try:
        folder = find_version(wanted, *stores)
    except Refusal:
        return wanted
    return f"{folder.parent.name}{BETWEEN}{folder.name}"


def find_version(wanted: str, *stores: Path) -> Path:
    """The folder of ``name@version``, or of the name's highest version, in the first store that has one.

    An engine that somebody has brought is meant only where it is the only one: it cannot be run.
    """
    name, _, version = wanted.partition(BETWEEN)
    for store in stores:
        if folders := [folder for folder in versions_of(store, name) if version in ("", folder.name)]:
            return _as_it_says(next((folder for folder in reversed(folders) if not _holds_engine(folder)), folders[-1]))
    known = sorted({folder.parent.name for store in stores for folder in all_versions(store)})
    there = ", ".join(known) or "none"
    where = " or ".join(str(store) for store in stores)
    raise Refusal(f"a model file or the name of a model in {where} is wanted, found '{wanted}' (there: {there})", usage=True)


def _holds_engine(folder: Path) -> bool:
    return any(folder.glob(f"*{ENDING}"))


def versions_of(store: Path, name: str) -> list[Path]:
    """The folders of a name's versions, the highest last."""
    return sorted(
        (folder for folder in all_versions(store) if folder.parent.name == name), key=lambda folder: order_of(folder.name)
    )


def all_versions(store: Path) -> Iterator[Path]:
    """Every version's folder."""
    return (manifest.parent for manifest in store.glob(f"*/*/{MANIFEST}"))


def order_of(version: str) -> list[tuple[bool, int, str]]:
    """By which versions are ordered: part by part, numbers after words."""
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in version.split(".")]


def digest_of(path: Path) -> str:
    """The sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _is_name(wanted: str) -> bool:
    """Whether it may be the name of a model, with a version or without; a path has a slash or an ending."""
    name, at, version = wanted.partition(BETWEEN)
    if "/" in wanted or not name or wanted.endswith(".onnx"):
        return False
    return bool(version) if at else not Path(wanted).suffix


def intact_version(folder: Path) -> ModelFile:
    """The model of a version's folder, be it one that can run here or not; raises ``Refusal`` where it is not as it was."""
    return described_file(_in_folder(_as_it_says(folder)).path)


def described_file(path: Path) -> ModelFile:
    """A file with the manifest beside it, whatever it is; raises ``Refusal`` where it is not the one that the manifest means."""
    found = ModelFile(path, _manifest_beside(path))
    if not os.path.isfile(path):
        raise Refusal(f"a model file is wanted, but {path} does not exist", usage=True)
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


def _as_it_says(folder: Path) -> Path:
    """The folder of a version, if its manifest says the same."""
    label = read_manifest(folder / MANIFEST).label
    wanted = f"{folder.parent.name}{BETWEEN}{folder.name}"
    if label != wanted:
        raise Refusal(f"the manifest {folder / MANIFEST} must be about {wanted}, found {label}", usage=True)
    return folder


def _check_digest(found: ModelFile) -> None:
    """Refuse a file that is not the one that its manifest is about."""
    wanted = found.manifest.sha256 if found.manifest else ""
    if wanted and (digest := digest_of(found.path)) != wanted:
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
    if path.suffix == ".pt" or is_checkpoint(head):
        raise Refusal(
            f"an ONNX model is wanted, but {path} is a PyTorch checkpoint: a pickle, which runs as a program when it is loaded; "
            "'appliance models import' makes an ONNX model of one that you trust",
            usage=True,
        )
    if is_engine(path):
        raise Refusal(
            f"an ONNX model is wanted, but {path} is a TensorRT engine: {NOT_RUN}",
            usage=True,
        )
    if not is_onnx:
        size = os.path.getsize(path)
        raise Refusal(f"an ONNX model is wanted, but {path} ({size} bytes) is none, or only the beginning of one", usage=True)


def is_checkpoint(head: bytes) -> bool:
    """Whether a file that begins like this is PyTorch's: a ZIP archive with a pickle in it, or in its older form a pickle."""
    return head.startswith((ZIP_MAGIC, PICKLE_MAGIC))
