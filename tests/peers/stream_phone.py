"""DigestPhone over TCP, TLS or WebSocket: one connection that the phone opens, used both ways."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import aiohttp

from tests.peers.digest_phone import DigestPhone


class StreamPhone(DigestPhone):
    """Over TCP, or TLS with `tls`; it verifies the box if that context does."""

    def __init__(
        self, user: str, password: str, edge_port: int, *, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(user, password, edge_port)
        self.kind = "TLS" if tls else "TCP"
        self._tls = tls

    async def __aenter__(self) -> StreamPhone:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.edge_port, ssl=self._tls)
        self.port = self._writer.get_extra_info("sockname")[1]
        self.contact = f"sip:{self.user}@127.0.0.1:{self.port};transport={self.kind.lower()}"
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        await self.close()

    async def close(self) -> None:
        """Hang up the connection."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self._writer.wait_closed()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await self._reader.readuntil(b"\r\n\r\n")
                if not head.strip():
                    continue
                lines = head.decode().lower().split("\r\n")
                size = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length"))
                self.datagram_received(
                    head + await self._reader.readexactly(size), ("127.0.0.1", self.edge_port)
                )


class BrowserPhone(DigestPhone):
    """Over a WebSocket, as JsSIP does (RFC 7118): no address of its own that anybody could reach."""

    def __init__(self, user: str, password: str, edge_port: int, *, tls: ssl.SSLContext) -> None:
        super().__init__(user, password, edge_port)
        self.kind = "WSS"
        self.contact = "sip:k3b1x@p8vq.invalid;transport=ws"
        self._tls = tls

    async def __aenter__(self) -> BrowserPhone:
        self._session = aiohttp.ClientSession()
        url = f"wss://127.0.0.1:{self.edge_port}/"
        self._socket = await self._session.ws_connect(url, ssl=self._tls, protocols=("sip",))
        self.address, self.port = "p8vq.invalid", 0
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        await self.close()
        await self._session.close()
        await asyncio.sleep(0.1)  # aiohttp ends TLS behind our back

    async def close(self) -> None:
        """Close the page."""
        await self._socket.close()

    def send(self, data: bytes) -> None:
        self._sending = asyncio.create_task(self._socket.send_str(data.decode()))

    async def _read(self) -> None:
        async for message in self._socket:
            if message.data.strip():
                self.datagram_received(message.data.encode(), ("127.0.0.1", self.edge_port))
