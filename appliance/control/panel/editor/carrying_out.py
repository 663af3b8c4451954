"""A change asked of the machine, and what it came to: done, refused with a reason, or too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import HTTPException

from appliance.access.roles import Permission
from appliance.configuration.refusals import Faulty
from appliance.control.door import Caller
from appliance.control.panel.editor.saving import Conflict, Done, Known
from appliance.control.panel.visitor import LoggedOut, Visitor
from appliance.errors import Refusal


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not; faults by their places in the file, where it is the file's."""

    sentence: str
    faults: Mapping[str, str] = field(default_factory=dict)


async def carry_out(visitor: Visitor, change: Callable[[Caller], Done]) -> Done | Refused | Known:
    """What came of it; what others have made of the camera meanwhile, where that is why it was not done."""
    try:
        return await asyncio.to_thread(change, visitor.caller(Permission.LINES))
    except LoggedOut as refusal:
        return Refused(refusal.sentence)
    except Conflict as conflict:
        return conflict.theirs
    except Faulty as refusal:
        return Refused(_sentence(refusal.sentence), {fault.place: fault.reason for fault in refusal.faults})
    except Refusal as refusal:
        return Refused(_sentence(refusal.sentence))
    except HTTPException as error:
        return Refused(_sentence(str(error.detail)))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
