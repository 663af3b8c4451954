"""The control process: one loop that serves HTTP, hears how the machine is, and beats."""

from __future__ import annotations

import asyncio
import socket

from appliance.access.guard import Guard
from appliance.control.app import create_app
from appliance.control.house import House
from appliance.control.origin import is_loopback
from appliance.control.places import raise_limit_of_files
from appliance.control.routes.configuration import heal
from appliance.control.server import Server
from appliance.errors import Refusal
from appliance.ipc.channel import Listener
from appliance.ipc.command import CommandLink
from appliance.messages.orders import Describe
from appliance.process_settings import ControlProcess
from appliance.topics import COMMITS, HEALTH

TICK_S = 0.1


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    wanted = ControlProcess.model_validate_json(settings)
    raise_limit_of_files()
    with Guard(wanted.ledger.parent) as guard:
        if not is_loopback(wanted.control.bind) and not guard.tokens.listed():
            sentence = f"without a token it is served on loopback only, found '{wanted.control.bind}'"
            raise Refusal(f"{sentence}; 'appliance token create' makes one")
        asyncio.run(serve(link, wanted, guard, open_door(wanted.control.bind, wanted.control.port or 0)))


def open_door(bind: str, port: int) -> socket.socket:
    """Listen; raises ``Refusal`` where that cannot be."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((bind, port))
    except OSError as error:
        door.close()
        raise Refusal(f"the control plane wants to listen on {bind}, port {port}, found: {error.strerror}") from None
    return door


async def serve(link: CommandLink, settings: ControlProcess, guard: Guard, door: socket.socket) -> None:
    """Everything at once."""
    house = House(settings, link.folder)
    server = Server(create_app(house, guard), settings.control)
    listener, commits = Listener(link.folder, HEALTH, "machine"), Listener(link.folder, COMMITS, "device")
    serving = asyncio.create_task(server.serve([door]))
    while not server.started and not serving.done():
        await asyncio.sleep(TICK_S)
    link.ready()
    # Beside all else: it waits for the disk, and for the machine.
    healing = asyncio.create_task(asyncio.to_thread(heal, house))
    while not link.stopping and not serving.done():
        while (order := link.take_site()) is not None:
            if isinstance(order, Describe):
                house.describe(order)
        while (health := listener.take()) is not None:
            house.hear(health)
        while commits.take() is not None:
            house.hear_commit()
        link.beat()
        await asyncio.sleep(TICK_S)
    server.should_exit = True
    house.gallery.close()
    await asyncio.gather(serving, healing)
