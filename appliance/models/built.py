"""Engines that this device has built of models, in one folder: each fits one model, one TensorRT, one GPU, and one driver.

An engine is code that runs as it is, so none is looked for anywhere else. Its header tells what it was built from and for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from appliance.config import home_expanded
from appliance.counted import Settings
from appliance.errors import Refusal
from appliance.models.engine_file import EngineFile, read_engine, write_engine
from appliance.models.manifest import SHA256
from appliance.models.strikes import Strikes, is_held

BUILT = "built"
ENDING = ".engine"
# Of the header.
KEY, PLAN_SHA256 = "key", "plan_sha256"
PRECISION, BEST_ANCHORS, BUILT_AS = "precision", "best_anchors", "built_as"
NONE_BUILT = "no engine of this model was built here ('appliance models build' does that)"
ANEW = "'appliance models build' makes it anew; a machine that counts does so by itself"
# Characters of a name.
MOST_OF_A_DIGEST = 20


def built_folder(data_dir: Path) -> Path:
    """Where a site's are."""
    return home_expanded(data_dir) / BUILT


class Device(Settings):
    """What an engine depends on, beside the model."""

    tensorrt: str
    """Which one, and its release."""
    gpu: str
    """Its name and its compute capability."""
    driver: str

    def differences(self, other: Device) -> str:
        """What another one has instead, in words; empty where nothing differs."""
        pairs = ((name, str(getattr(self, name)), str(getattr(other, name))) for name in type(self).model_fields)
        return " and ".join(f"{name} {theirs} instead of {ours}" for name, ours, theirs in pairs if ours != theirs)


class EngineKey(Settings):
    """What an engine is built from, for, and how; where any of it is another one, so is the engine."""

    model_sha256: str = Field(pattern=SHA256)
    device: Device
    flags: str
    """How it was built."""

    @property
    def file_name(self) -> str:
        """Of the engine."""
        digest = hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
        return f"{self.model_sha256[:MOST_OF_A_DIGEST]}-{digest[:MOST_OF_A_DIGEST]}{ENDING}"


class BuiltAs(Settings):
    """What was wished of an engine, for when it has to be built again."""

    calculates: str
    max_batch: int
    best_anchors: int
    level: int
    head: str
    largest_px: int

    @staticmethod
    def of(file: EngineFile) -> BuiltAs:
        """That of an engine; raises ``Refusal`` where it does not tell."""
        try:
            return BuiltAs.model_validate_json(file.metadata.get(BUILT_AS, ""))
        except ValidationError:
            raise Refusal(f"the engine {file.path} must tell how it was built, found that it does not") from None


class Spoilt(Refusal):
    """An engine is not any more what was built."""


@dataclass(frozen=True, slots=True)
class Found:
    """The engine to use, or why there is none."""

    file: EngineFile | None
    reason: str = ""
    is_outdated: bool = False
    """Whether there is one that fitted once."""


def keep_engine(folder: Path, key: EngineKey, metadata: dict[str, str], plan: bytes) -> Path:
    """Write an engine, whole or not at all; where it is."""
    path = folder / key.file_name
    header = metadata | {KEY: key.model_dump_json(), PLAN_SHA256: hashlib.sha256(plan).hexdigest()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_engine(path, header, plan)
    except OSError as error:
        raise Refusal(f"the engine {path} cannot be written: {error.strerror}") from None
    return path


def find_engine(folder: Path | None, model_sha256: str, device: Device) -> Found:
    """The newest engine of a model that was built for just this."""
    outdated = ""
    for file, key in _newest_first(folder, model_sha256):
        if not (difference := device.differences(key.device)):
            return Found(file)
        outdated = outdated or difference
    if outdated:
        return Found(None, f"the engine of this model was built for {outdated} ({ANEW})", is_outdated=True)
    if has_engine(folder, model_sha256):
        return Found(None, "the engine of this model is cut off, or cannot be read ('appliance models build' makes it anew)")
    return Found(None, NONE_BUILT)


def has_engine(folder: Path | None, model_sha256: str) -> bool:
    """Whether one of this model was built here, be it of any use now or not."""
    return folder is not None and any(folder.glob(f"{model_sha256[:MOST_OF_A_DIGEST]}-*{ENDING}"))


def last_engine(folder: Path, model_sha256: str) -> EngineFile | None:
    """The newest engine of a model, whatever it was built for."""
    return next((file for file, _ in _newest_first(folder, model_sha256)), None)


def checked_plan(file: EngineFile) -> bytes:
    """The engine itself; raises ``Spoilt`` where it is not as it was written."""
    plan = b"".join(file.engine())
    wanted = file.metadata.get(PLAN_SHA256, "")
    if wanted and hashlib.sha256(plan).hexdigest() != wanted:
        raise Spoilt(f"the engine {file.path} must be as it was built, found that it is not ({len(plan)} bytes; {ANEW})")
    return plan


def take_up(engine: Path, folder: Path) -> None:
    """Put an engine that has been proved where it is found; from now on, whatever happens to the computer."""
    os.replace(engine, folder / engine.name)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    Strikes(folder / engine.name).forgive()


def prune(kept: Path, model_sha256: str) -> list[Path]:
    """Remove the other engines of a model, but for those that somebody works with; those removed."""
    removed = []
    for path in sorted(kept.parent.glob(f"{model_sha256[:MOST_OF_A_DIGEST]}-*{ENDING}")):
        if path != kept and not is_held(path):
            path.unlink(missing_ok=True)
            Strikes(path).forgive()
            removed.append(path)
    return removed


def _newest_first(folder: Path | None, model_sha256: str) -> list[tuple[EngineFile, EngineKey]]:
    return [each[1:] for each in sorted(_engines_of(folder, model_sha256), key=lambda each: -each[0])]


def _engines_of(folder: Path | None, model_sha256: str) -> Iterator[tuple[int, EngineFile, EngineKey]]:
    """With the time of each, ns."""
    for path in () if folder is None else folder.glob(f"{model_sha256[:MOST_OF_A_DIGEST]}-*{ENDING}"):
        try:
            file, time_ns = read_engine(path), path.stat().st_mtime_ns
            key = EngineKey.model_validate_json(file.metadata[KEY])
        except (OSError, KeyError, ValidationError, Refusal):
            # Cut off, not ours, or removed meanwhile.
            continue
        if key.model_sha256 == model_sha256 and os.path.basename(path) == key.file_name:
            yield time_ns, file, key
