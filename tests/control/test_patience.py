"""What is done with every connection."""

from __future__ import annotations

import asyncio
import socket

from appliance.control.patience import send_at_once


def test_nothing_waits_for_an_acknowledgement() -> None:
    """Each answer took 44 ms."""
    found: list[int] = []

    class Here(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            send_at_once(transport)
            found.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    async def play() -> None:
        # As the control process makes it, before its port is shown to anybody.
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        door.bind(("127.0.0.1", 0))
        async with await asyncio.get_running_loop().create_server(Here, sock=door):
            reader, writer = await asyncio.open_connection(*door.getsockname())
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    asyncio.run(play())
    assert found == [1]
