"""A SIP leg as the brain holds it: the worker does what it is told and tells what happens."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from drivers.port import (
    DriverError,
    EndCause,
    Leg,
    LegEnded,
    LegState,
    PortLost,
    PortRefused,
    PortTimeout,
    SlotAudio,
)
from drivers.wire import Message, Peer, WireError, WireLost

log = logging.getLogger(__name__)

REPLY_SECONDS = 2.0  # a worker answers in a millisecond; one that takes longer is stuck
AGAIN_SECONDS = 0.5  # RFC 3261's T1, when a lost datagram is sent again
ACK_SECONDS = 10.0  # from our 200 OK to the phone's ACK, three retransmissions at the least


class SipLeg(Leg):
    """One leg in a SIP worker. `refusal` is the code an inbound leg is refused with: 603, or 486 for busy."""

    digits_in_audio = False
    refusal = 603

    def __init__(self, *, id: str, port: str, worker: str, peer: Peer, described: Message) -> None:
        state = LegState(described["state"])
        super().__init__(
            id=id,
            port=port,
            peer=str(described["peer"]),
            called=str(described["called"]),
            label=str(described["label"]),
            state=state,
        )
        self.inbound = bool(described["inbound"])
        self.held = bool(described["held"])
        self._farewell: Message | None = described.get("farewell")
        self._wire = peer
        self._worker = worker
        if int(described["slot"]) >= 0:
            self.audio = SlotAudio(worker, int(described["slot"]))

    def happened(self, event: Message) -> None:
        """Take one of the worker's events about this leg."""
        kind = event["event"]
        if kind == "ringing":
            self.moved(LegState.RINGING)
        elif kind == "up":
            self.audio = SlotAudio(self._worker, int(event["slot"]))
            self.moved(LegState.UP)
        elif kind == "digit":
            self.heard(str(event["digit"]))
        elif kind == "held":
            self.held_by_far_end(bool(event["held"]))
        elif kind == "farewell":
            self._farewell = event["farewell"]
        elif kind == "ended" and self.state is not LegState.ENDED:
            self.moved(LegState.ENDED, EndCause[str(event["cause"]).upper()])

    def say_farewell(self) -> None:
        """The worker died: tell the phone in its place, twice, as a datagram may get lost."""
        last_word = self._farewell
        if last_word is None or self.state is LegState.ENDED:
            return

        def send() -> None:
            family = socket.AF_INET6 if ":" in last_word["host"] else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                try:
                    sock.sendto(str(last_word["text"]).encode(), (last_word["host"], int(last_word["port"])))
                except OSError as error:
                    log.info("leg %s: its phone could not be told of the end: %s", self.id, error)

        send()
        asyncio.get_running_loop().call_later(AGAIN_SECONDS, send)

    async def _answer(self) -> None:
        await self._ask("answer")
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await self.until(LegState.UP)
        except TimeoutError:
            raise PortTimeout(
                f"leg {self.id}: the phone did not acknowledge our answer in {ACK_SECONDS:g} s; hang up"
            ) from None

    async def _hangup(self) -> None:
        await self._ask("hangup", code=self.refusal)

    async def _send_digits(self, digits: str) -> None:
        await self._ask("digits", digits=digits)

    async def _ask(self, op: str, **fields: Any) -> None:
        try:
            await ask(self._wire, self._worker, op, leg=self.id, **fields)
        except DriverError:
            if self.state is LegState.ENDED:  # it ended while we asked, which says more than the refusal
                raise LegEnded(self) from None
            raise


async def ask(peer: Peer, worker: str, op: str, **fields: Any) -> Message:
    """One request to a worker; its refusal, death or silence as a DriverError."""
    try:
        async with asyncio.timeout(REPLY_SECONDS):
            return await peer.request(op, **fields)
    except WireError as error:
        raise PortRefused(str(error)) from error
    except WireLost:
        raise PortLost(f"worker {worker} is gone; its legs with it") from None
    except TimeoutError:
        raise PortTimeout(f"worker {worker}: no reply to {op} in {REPLY_SECONDS:g} s; restart it") from None
