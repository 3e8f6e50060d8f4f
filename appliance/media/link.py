"""The brain's connection to the engine: kept for ever, told things without waiting."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers import wire

log = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0  # the engine answers within a millisecond
RETRY_SECONDS = 0.05  # an engine is back within 1 s, most of which is its own start


class EngineLink:
    """Connects to `socket`, again and again.

    `on_met(state)` gets what a newly met engine holds, `on_up(up)` its coming and going, `on_event` its news.
    """

    def __init__(
        self,
        socket: Path,
        *,
        on_met: Callable[[Mapping[str, Any]], None],
        on_up: Callable[[bool], None],
        on_event: Callable[[wire.Message, list[int]], None],
    ) -> None:
        self._socket = socket
        self._on_met = on_met
        self._on_up = on_up
        self._on_event = on_event
        self.up = asyncio.Event()  # set while an engine is listening
        self._peer: wire.Peer | None = None

    async def run(self) -> None:
        """Keep connected for ever."""
        while True:
            lost = asyncio.Event()
            if await self._connect(lost.set):
                self.up.set()
                self._on_up(True)
                await lost.wait()
                self._peer = None
                self.up.clear()
                self._on_up(False)
            await asyncio.sleep(RETRY_SECONDS)

    async def _connect(self, on_close: Callable[[], None]) -> bool:
        try:
            sock = wire.connect(self._socket)
        except OSError:
            return False
        peer = wire.Peer(sock, on_event=self._on_event, on_close=on_close)
        try:
            hello = await peer.request("hello")
        except (wire.WireError, wire.WireLost) as error:
            log.warning("media: the engine does not say hello: %s", error)
            peer.close()
            return False
        self._peer = peer
        self._on_met(hello.get("state", {}))
        return True

    def close(self) -> None:
        """Leave the engine as it is."""
        if self._peer is not None:
            self._peer.close()

    @property
    def there(self) -> bool:
        """Whether something told now would be heard."""
        return self._peer is not None and not self._peer.closed

    def tell(
        self,
        op: str,
        *,
        fds: Sequence[int] = (),
        then: Callable[[Mapping[str, Any]], None] | None = None,
        **f: Any,
    ) -> None:
        """Send now, never wait; a refusal is logged, an engine that is away is told all when it is back."""
        if self._peer is None or self._peer.closed:
            return

        def answered(future: asyncio.Future[tuple[wire.Message, list[int]]]) -> None:
            if future.cancelled() or future.exception() is not None:
                return
            reply, received = future.result()
            wire.close_all(received)
            if "error" in reply:
                log.warning("media: the engine refused %s: %s", op, reply["error"])
            if then is not None:
                then(reply)

        self._peer.start(op, fds=fds, **f).add_done_callback(answered)

    async def ask(self, op: str, **f: Any) -> None:
        """The same, and wait until it is done, or an engine is not there to do it."""
        if self._peer is not None:
            with contextlib.suppress(wire.WireError, wire.WireLost, TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._peer.request(op, **f)

    async def descriptor(self, port: str) -> int | None:
        """A duplicate of the descriptor the engine holds for a serial port; None where there is none."""
        if self._peer is None:
            return None
        with contextlib.suppress(wire.WireError, wire.WireLost):
            _, fds = await self._peer.request_fds("fd", port=port)
            if fds:
                return fds[0]
        return None
