"""Looking through a camera for somebody who may want to add it, in a process of its own that cannot harm this one."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from pydantic import ValidationError

from appliance.config import CameraSettings, first_fault
from appliance.control.waiting import within
from appliance.decode.source import hidden
from appliance.decode.trial import Trial, Tried
from appliance.errors import Refusal

DEADLINE_S = 30.0
MOST = 2
HIDDEN = "***"


class Busy(Refusal):
    """Others are looked through now."""


@dataclass(slots=True)
class Looks:
    """Those of one machine; for its event loop alone."""

    under_way: int = 0

    async def look(self, camera: CameraSettings, login: str | None = None, deadline_s: float = DEADLINE_S) -> Tried:
        """The first picture; raises ``Refusal`` where there is none, and ``Busy`` where too many are wanted at once.

        ``login`` is ``user:password`` where that is kept nowhere yet.
        """
        if self.under_way >= MOST:
            raise Busy(f"at most {MOST} cameras are tried at once; try again in a moment")
        self.under_way += 1
        try:
            tried = await _looked(camera, login, deadline_s)
        finally:
            self.under_way -= 1
        if tried.problem:
            raise Refusal(without(login, tried.problem), usage=True)
        return tried


async def _looked(camera: CameraSettings, login: str | None, deadline_s: float) -> Tried:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "appliance.decode.trial",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # What libraries say there may have the password in it.
        stderr=asyncio.subprocess.DEVNULL,
    )
    order = msgspec.json.encode(Trial(camera.model_dump_json(), login, deadline_s))
    try:
        answer, _ = await within(deadline_s, process.communicate(order))
    except asyncio.TimeoutError:
        return Tried(f"{hidden(camera.source)} has shown no picture within {deadline_s:g} s")
    finally:
        # Also where whoever wanted to know has gone.
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        return Tried(f"{hidden(camera.source)} has ended its decoder ({_in_words(process.returncode)})")
    return msgspec.json.decode(answer, type=Tried)


def _in_words(exit_code: int) -> str:
    if exit_code == -signal.SIGALRM:
        return "it came to no end"
    return f"exit code {exit_code}" if exit_code > 0 else f"signal {-exit_code}"


def camera_to_try(source: str, *, has_login: bool = False, **more: str) -> CameraSettings:
    """The settings for a look; raises ``Refusal`` for what cannot be a camera."""
    if has_login and "://" not in source:
        raise Refusal(f"a login is for a camera with an address, found '{source}'", usage=True)
    try:
        return CameraSettings(name="new", source=source, **more)  # type: ignore[arg-type]
    except ValidationError as error:
        raise Refusal(first_fault(error), usage=True) from None


def without(login: str | None, sentence: str) -> str:
    """A sentence in which this login is not to be read, should it ever have got there."""
    if not login:
        return sentence
    user, _, password = login.partition(":")
    for secret in (login, f"{quote(user, safe='')}:{quote(password, safe='')}"):
        sentence = sentence.replace(secret, HIDDEN)
    return sentence
