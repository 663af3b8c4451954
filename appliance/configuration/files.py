"""The one file of a site: who changes it is alone, and it is the former one or the new one, whole, at every moment."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.errors import Refusal

PATIENCE_S = 30.0
PAUSE_S = 0.01


class SiteFile:
    """A file that is replaced as a whole; a link to it stays a link."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def target(self) -> Path:
        """The file itself, where ``path`` is a link to it."""
        return Path(os.path.realpath(self.path))

    def read(self) -> bytes:
        """What is in it; raises ``Refusal`` where it cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise Refusal(f"the configuration {self.path} cannot be read: {error.strerror}", usage=True) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, no other writer changes it; a lock of the system, on the folder, that ends with the process."""
        folder = self.target.parent
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Refusal(f"the configuration's folder {folder} cannot be opened: {error.strerror}", usage=True) from None
        try:
            self._lock(handle)
            yield
        finally:
            os.close(handle)

    def _lock(self, handle: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Refusal(f"another change of {self.path} has not ended within {PATIENCE_S:g} s") from None
                time.sleep(PAUSE_S)

    @contextmanager
    def replaced(self, content: bytes) -> Iterator[None]:
        """New content from the beginning of the block on, and the former file again where the block raises anything; but not over
        what somebody has made of it meanwhile.
        """
        target = self.target
        new, former = _beside(target)
        try:
            try:
                self.sweep()
                _keep(target, former)
                _write_as(new, content, target)
                os.replace(new, target)
                _sync_folder(target.parent)
            except OSError as error:
                raise Refusal(f"the configuration {self.path} cannot be written: {_reason(error, target)}") from None
            try:
                yield
            except BaseException:
                if _is_still(target, content):
                    os.replace(former, target)
                    _sync_folder(target.parent)
                raise
        finally:
            with suppress(OSError):
                self.sweep()

    def sweep(self) -> None:
        """Remove what a writer that was killed has left beside it; only for who is alone."""
        for path in _beside(self.target):
            path.unlink(missing_ok=True)


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.former")


def _keep(target: Path, former: Path) -> None:
    """A second name for the file as it is, so that putting it back needs no room; a copy where the disk knows no such names."""
    if not target.exists():
        return
    try:
        os.link(target, former)
    except OSError:
        _write_as(former, target.read_bytes(), target)


def _is_still(target: Path, content: bytes) -> bool:
    """Whether nobody has changed it; a file that is gone was not edited."""
    try:
        return target.read_bytes() == content
    except FileNotFoundError:
        return True


def _write_as(path: Path, content: bytes, like: Path) -> None:
    """A new file with the owner and the permissions of another one, on the disk when this returns."""
    wanted = like.stat()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        is_own = os.fstat(handle)
        if (is_own.st_uid, is_own.st_gid) != (wanted.st_uid, wanted.st_gid):
            os.fchown(handle, wanted.st_uid, wanted.st_gid)
        os.fchmod(handle, wanted.st_mode & 0o7777)
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(content)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError, target: Path) -> str:
    if isinstance(error, PermissionError):
        return f"a new file must be made in {target.parent}, with the same owner, which is not permitted"
    return f"{error.strerror}, in {target.parent}"
