"""Message lamps of registered phones: Kamailio sends each device of an owner a NOTIFY (RFC 3842).

Nobody subscribes for it: phones that know the event take it as it comes, others answer with an error, which
is nobody's business. Browsers have the page. A device that registers anew is told again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from appliance.config.schema import Config
from appliance.edge.registry import Device
from appliance.edge.rpc import EdgeError, EdgeRpc

log = logging.getLogger(__name__)

TRANSPORTS = ("udp", "tcp", "tls")
SETTLE_SECONDS = 0.3  # several messages at once are told once


@dataclass(frozen=True)
class Waiting:
    """How many messages there are for somebody, new ones and those already heard."""

    new: int
    old: int


class Lamps:
    """`changed` whenever something may be different; what is told is asked for then."""

    def __init__(
        self,
        config: Config,
        rpc: EdgeRpc,
        *,
        devices: Callable[[str], Iterable[Device]],
        waiting: Callable[[str], Waiting],
    ) -> None:
        self._edge = config.edge
        self._rpc = rpc
        self._devices = devices
        self._waiting = waiting
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def changed(self, agent: str) -> None:
        """Tell the agent's devices soon."""
        if agent not in self._tasks:
            self._tasks[agent] = asyncio.create_task(self._soon(agent), name=f"lamps of {agent}")

    def close(self) -> None:
        """Tell nobody any more."""
        for task in self._tasks.values():
            task.cancel()

    async def _soon(self, agent: str) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        del self._tasks[agent]
        await self.show(agent)

    async def show(self, agent: str) -> None:
        """Tell every device now; one that cannot be reached is told when it registers again."""
        waiting = self._waiting(agent)
        for device in self._devices(agent):
            transport, _, address = device.source.partition(":")
            if transport not in TRANSPORTS:
                continue
            try:
                await self._notify(device, transport, address, waiting)
            except EdgeError as error:
                log.info("agent %s: the lamp of %s is not told: %s", agent, device.title, error)

    def _notify(
        self, device: Device, transport: str, address: str, waiting: Waiting
    ) -> Coroutine[Any, Any, Any]:
        edge = self._edge
        port = edge.tls_port if transport == "tls" else edge.sip_port
        account = f"sip:{device.agent}@{edge.realm}"
        headers = (
            f"From: <{account}>;tag=lamp\r\nTo: <{account}>\r\nContact: <sip:{edge.address}:{port}>\r\n"
            "Event: message-summary\r\nSubscription-State: active\r\n"
            "Content-Type: application/simple-message-summary\r\n"
        )
        body = (
            f"Messages-Waiting: {'yes' if waiting.new else 'no'}\r\n"
            f"Message-Account: sip:*98@{edge.address}:{port}\r\n"
            f"Voice-Message: {waiting.new}/{waiting.old} (0/0)\r\n"
        )
        here, there = f"{transport}:{edge.address}:{port}", f"sip:{address};transport={transport}"
        return self._rpc.ask("tm.t_uac_start", "NOTIFY", device.contact, there, here, headers, body)
