"""Logins, which stand in the environment or in a file and never in the configuration."""

from __future__ import annotations

import os
import stat
from itertools import count
from pathlib import Path
from urllib.parse import unquote

from appliance.errors import Refusal

# A line of a user and a password; whoever names a device or a disk image has mistyped.
MOST_BYTES = 4096


def login_of(reference: str) -> str:
    """The ``user:password`` that ``env:NAME`` or ``file:PATH`` names; empty where nothing is named."""
    if not reference:
        return ""
    kind, _, place = reference.partition(":")
    if "\0" in place:
        raise Refusal("a login is wanted in a variable or a file, found a zero byte in its name", usage=True)
    if kind == "env":
        login, what = os.environ.get(place, ""), f"the environment variable {place}"
    else:
        login, what = _first_line(Path(place)), f"the file {place}"
    if ":" not in login:
        # What was found is not told: it may be half a password.
        raise Refusal(
            f"a login is wanted as user:password in {what}, found {'something else' if login else 'nothing'}", usage=True
        )
    return login


def _first_line(path: Path) -> str:
    """Of a small file; whoever reads it may be the one process that everybody depends on."""
    try:
        # What is no file may never begin, and never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = os.read(descriptor, MOST_BYTES + 1) if is_file else b""
        finally:
            os.close(descriptor)
        line = content.partition(b"\n")[0].decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Refusal(f"a login is wanted in the file {path}, which cannot be read: {reason}", usage=True) from None
    if not is_file:
        raise Refusal(f"a login is wanted in the file {path}, which is no file", usage=True)
    if len(content) > MOST_BYTES:
        raise Refusal(f"a login is wanted in the file {path}, of at most {MOST_BYTES} bytes, found more", usage=True)
    return line


def login_from(user: str, password: str) -> str:
    """``user:password``; empty where there is no user."""
    if password and not user:
        raise Refusal("a password needs a user, found none", usage=True)
    if ":" in user or not (user + password).isprintable():
        raise Refusal("a user without ':' is wanted, and a password in one line", usage=True)
    return f"{user}:{password}" if user else ""


def taken_out(address: str) -> tuple[str, str, str]:
    """An address without its login, and the user and the password that were in it."""
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    login, at, place = host.rpartition("@")
    if not separator or not at:
        return address, "", ""
    user, _, password = login.partition(":")
    return f"{scheme}://{place}{slash}{path}", unquote(user), unquote(password)


def keep_login(folder: Path, name: str, login: str) -> str:
    """Write a login into a file of its own, which nobody else may read, and give the reference to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in count(1):
            path = folder.absolute() / f"{name}{'' if number == 1 else f'-{number}'}.login"
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                # Perhaps an earlier revision of the site wants it.
                continue
            break
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{login}\n")
    except OSError as error:
        raise Refusal(f"the login cannot be kept in {folder}: {error.strerror}") from None
    return f"file:{path}"


def forget_login(reference: str) -> None:
    """Remove what ``keep_login`` has written."""
    Path(reference.removeprefix("file:")).unlink(missing_ok=True)
