"""Who may come in at the https port: bounded connections, a TLS handshake in time, a short stay.

A connection is counted before its handshake, so that one who only connects cannot use up the brain's files.
It lasts STAY_SECONDS; `stay` lets one remain (the push to a signed-in page). Requests are aiohttp's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Callable
from typing import cast

from appliance.web.complaints import Complaints
from appliance.web.throttle import Throttle

HANDSHAKE_SECONDS = 5.0
STAY_SECONDS = 30.0  # a request and its answer; a browser opens another connection when it needs one
MOST_AT_ONCE = 200
MOST_OF_ONE_SOURCE = 40  # an office behind one address loads the page; the pushes are not counted
BURST = 100  # connections of one source at once, then TO_REFILL_SECONDS each
TO_REFILL_SECONDS = 0.05

Factory = Callable[[], asyncio.Protocol]


class Door:
    """Listens, and hands those who come in to the protocols that `factory` makes."""

    def __init__(
        self, factory: Factory, tls: Callable[[], ssl.SSLContext], complaints: Complaints, throttle: Throttle
    ) -> None:
        self._factory = factory
        self._tls = tls
        self._complaints = complaints
        self._throttle = throttle
        self._guests: dict[asyncio.Transport, _Guest] = {}  # by the transport that requests come from
        self._inside: Counter[str] = Counter()
        self._letting_in: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> None:
        """Raises OSError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Guest(self), address, port, reuse_address=True)

    async def close(self) -> None:
        """Nobody comes in any more, and those inside are shown out."""
        if self._server is not None:
            self._server.close()
        for task in list(self._letting_in):
            task.cancel()
        await asyncio.gather(*self._letting_in, return_exceptions=True)
        for transport in list(self._guests):
            transport.abort()

    def stay(self, transport: asyncio.BaseTransport | None) -> None:
        """The one who asks over `transport` may remain, and does not count any more."""
        guest = self._guests.get(cast(asyncio.Transport, transport))
        if guest is not None:
            guest.uncount()

    # --- what a guest asks of the door ----------------------------------------------------------------

    def refuses(self, source: str) -> str:
        """Why `source` may not come in now, or ""."""
        if self._inside[source] >= MOST_OF_ONE_SOURCE:
            return f"{MOST_OF_ONE_SOURCE} connections are open"
        if self._inside.total() >= MOST_AT_ONCE:
            return f"{MOST_AT_ONCE} connections of all are open"
        if self._throttle.wait_seconds(source):
            return "connects too often"
        return ""

    def come_in(self, guest: _Guest) -> None:
        """Count it, and begin the handshake."""
        if why := self.refuses(guest.source):
            self._complaints.say(guest.source, f"{why}; the next ones are refused")
            guest.transport.abort()
            return
        self._throttle.take(guest.source)
        self._inside[guest.source] += 1
        task = asyncio.create_task(self._let_in(guest), name=f"https {guest.source}")
        self._letting_in.add(task)
        task.add_done_callback(self._letting_in.discard)

    def goes(self, guest: _Guest) -> None:
        """It is not counted any more."""
        self._inside[guest.source] -= 1
        self._inside += Counter()  # forget those at 0

    async def _let_in(self, guest: _Guest) -> None:
        loop = asyncio.get_running_loop()
        visit = _Visit(self._factory(), guest, self._guests)
        try:
            secure = await loop.start_tls(
                guest.transport,
                visit,
                self._tls(),
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=1.0,
            )
        except (OSError, ConnectionError) as error:  # ssl.SSLError is an OSError
            self._complaints.say(guest.source, f"the TLS handshake failed: {str(error) or 'gone'}")
            guest.transport.abort()
            guest.uncount()
            return
        except asyncio.CancelledError:
            guest.transport.abort()
            guest.uncount()
            raise
        if secure is None:
            guest.uncount()
            return
        visit.begin(secure)


class _Guest(asyncio.Protocol):
    """One TCP connection, before its handshake."""

    transport: asyncio.Transport
    source = ""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._counted = False
        self.leaving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if not peer:  # gone before it was here
            self.transport.abort()
            return
        self.source = str(peer[0])
        self.transport.pause_reading()  # what comes is for the handshake
        self._counted = True
        self._door.come_in(self)

    def uncount(self) -> None:
        """It may remain, or is gone."""
        if self.leaving is not None:
            self.leaving.cancel()
        if self._counted:
            self._counted = False
            self._door.goes(self)


class _Visit(asyncio.Protocol):
    """Stands before aiohttp's protocol, to know when the visit ends."""

    def __init__(
        self, inner: asyncio.Protocol, guest: _Guest, guests: dict[asyncio.Transport, _Guest]
    ) -> None:
        self._inner = inner
        self._guest = guest
        self._guests = guests
        self._begun = False
        self._early = b""

    def begin(self, transport: asyncio.Transport) -> None:
        """The handshake is done."""
        self._begun = True
        self._transport = transport
        self._guests[transport] = self._guest
        loop = asyncio.get_running_loop()
        self._guest.leaving = loop.call_later(STAY_SECONDS, transport.abort)
        self._inner.connection_made(transport)
        if self._early:
            self._inner.data_received(self._early)
            self._early = b""

    def data_received(self, data: bytes) -> None:
        if self._begun:
            self._inner.data_received(data)
        else:
            self._early += data  # came with the last of the handshake

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._begun else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._guest.uncount()
        if self._begun:
            self._guests.pop(self._transport, None)
            with contextlib.suppress(ConnectionError):
                self._inner.connection_lost(error)
