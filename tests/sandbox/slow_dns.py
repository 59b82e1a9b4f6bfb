"""A slow way to a DNS server: `python -m tests.sandbox.slow_dns ADDRESS SERVER SECONDS`.

Takes queries at ADDRESS and hands each on to SERVER after SECONDS; the answer goes back at once. Prints a
line when it is ready.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class _Relay(asyncio.DatagramProtocol):
    def __init__(self, server: str, seconds: float) -> None:
        self.server = server
        self.seconds = seconds
        self.tasks: set[object] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(self.seconds, self.hand_on, data, address)

    def hand_on(self, query: bytes, client: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(
            loop.create_datagram_endpoint(
                lambda: _Question(query, client, self.transport), remote_addr=(self.server, 53)
            )
        )
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class _Question(asyncio.DatagramProtocol):
    def __init__(self, query: bytes, client: tuple[str, int], back: asyncio.DatagramTransport) -> None:
        self.query = query
        self.client = client
        self.back = back

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.transport.sendto(self.query)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.back.sendto(data, self.client)
        self.transport.close()


async def _serve(address: str, server: str, seconds: float) -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Relay(server, seconds), local_addr=(address, 53)
    )
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], float(sys.argv[3])))
