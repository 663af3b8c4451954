"""How a route gets at the machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from appliance.control.house import House


def house_of(request: Request) -> House:
    """The machine that this application is for."""
    house: House = request.app.state.house
    return house


async def _asked(request: Request) -> House:
    # Not a plain function: FastAPI would have it wait for a thread.
    return house_of(request)


Inside = Annotated[House, Depends(_asked)]
