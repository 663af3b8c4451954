"""Versions come into a store and go out of it as a whole: a cut, a full disk or two at once leave nothing behind.

What is on its way lies in a folder ``.….part`` of the store, which is locked while somebody works there; an unlocked one has been
left by a program that was killed. A version's files cannot be written any more, and its manifest is sealed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EACCES, EPERM, EROFS
from pathlib import Path

from appliance.errors import Refusal
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.store import MANIFEST, order_of, versions_of
from appliance.models.writing import as_toml

PART = ".part"
CHUNK_BYTES = 1 << 20
FOLDER_MODE, FILE_MODE = 0o755, 0o444
OF_ANOTHER_USER = "; it is another user's: call this as the one whom it belongs to, or 'chown' it"
REMEDIES = {EROFS: "; mount it so that it can be written", EACCES: OF_ANOTHER_USER, EPERM: OF_ANOTHER_USER}


@contextmanager
def draft_in(store: Path) -> Iterator[Path]:
    """A folder for a version on its way, which is gone afterwards where it has not become one."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        with _alone(store):
            _sweep(store)
            draft = Path(tempfile.mkdtemp(prefix=".", suffix=PART, dir=store))
            handle = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            os.close(handle)
    except OSError as error:
        place = f", {error.filename}" if error.filename else ""
        remedy = REMEDIES.get(error.errno or 0, "")
        raise Refusal(f"the model store {store} cannot be changed: {error.strerror}{place}{remedy}") from None


def copied(pieces: Iterable[bytes], target: Path) -> str:
    """Write a file of a draft; the sha256 of what was written."""
    digest = hashlib.sha256()
    with target.open("xb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file, piece by piece."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def keep(draft: Path, manifest: Manifest, stores: Sequence[Path], version: str | None) -> Path:
    """Make a version of a draft that holds all its files but the manifest; its folder, in the first of the stores.

    Without a version it becomes the one after the highest that any store has of the name. Raises ``Refusal`` where there is such
    a version already, or the same model under that name.
    """
    store = stores[0]
    with _alone(store):
        _refuse_twins(store, manifest)
        number = version or next_version(manifest.name, stores)
        manifest = manifest.model_copy(update={"version": number}).sealed()
        folder = store / manifest.name / manifest.version
        if folder.exists():
            raise Refusal(
                f"a new version is wanted, but {manifest.label} is in {store} already, and no version ever changes", usage=True
            )
        copied([as_toml(manifest).encode()], draft / MANIFEST)
        # Told by what everybody will read.
        read_manifest(draft / MANIFEST)
        for path in draft.iterdir():
            path.chmod(FILE_MODE)
        draft.chmod(FOLDER_MODE)
        _sync(draft)
        folder.parent.mkdir(exist_ok=True)
        os.rename(draft, folder)
        _sync(folder.parent)
        _sync(store)
    return folder


def next_version(name: str, stores: Sequence[Path]) -> str:
    """One more than the highest number that a version of this name begins with."""
    firsts = [order_of(folder.name)[0][1] for store in stores for folder in versions_of(store, name)]
    return str(max(firsts, default=0) + 1)


def delete(folder: Path) -> None:
    """Take a version out of its store: at once and as a whole, then file by file."""
    store = folder.parent.parent
    with draft_in(store) as draft:
        os.rename(folder, draft / folder.name)
        with suppress(OSError):
            # Of the name's last version.
            folder.parent.rmdir()
        _sync(store)


def _refuse_twins(store: Path, manifest: Manifest) -> None:
    for folder in versions_of(store, manifest.name):
        try:
            other = read_manifest(folder / MANIFEST)
        except Refusal:
            # One that cannot be read is nobody's twin.
            continue
        if (other.sha256, other.classes) == (manifest.sha256, manifest.classes):
            raise Refusal(f"a new model is wanted, but this one is in {store} already, as {other.label}", usage=True)


@contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Inside, nobody else changes the store; a lock of the system, which ends with the process."""
    handle = os.open(store, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sweep(store: Path) -> None:
    """Remove what killed programs have left; only for who is alone."""
    for left in store.glob(f".*{PART}"):
        with suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
