"""A SIP leg as the brain holds it: the worker does what it is told and tells what happens."""

from __future__ import annotations

import asyncio
import contextlib
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
from drivers.sip.record import AGENT_HEADER, PHONE_HEADER, TRUNK_HEADER
from drivers.sip.referral import Referral
from drivers.wire import Message, Peer, WireError, WireLost

log = logging.getLogger(__name__)

REPLY_SECONDS = 2.0  # a worker answers in a millisecond; one that takes longer is stuck
RELEASE_SECONDS = 0.03  # a process that died gives its ports back after its wire, and its successor needs 0.3
AGAIN_SECONDS = 0.5  # RFC 3261's T1, when a lost datagram is sent again
ACK_SECONDS = 10.0  # from our 200 OK to the phone's ACK, three retransmissions at the least


class SipLeg(Leg):
    """One leg in a SIP worker. `refusal` is the code an inbound leg is refused with: 603, or 486 for busy.

    `agent` and `phone` say whose registered phone calls us, `trunk` the line a call comes from or goes to
    ("" for others; the edge vouches for them), `headers` what else it told of a caller. `code` is SIP's at
    the end, `forwarded` where a 3xx sent us, which nobody follows by itself. `referrals` are wishes to
    transfer, each answered by `tell_referrer`. `silent_since` is the loop time of the last packet
    when the far end has sent none for a while, None while it sends.
    """

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
        self.headers: dict[str, str] = dict(described.get("headers", {}))
        self.call_id = str(described.get("call_id", ""))
        self.agent = self.headers.get(AGENT_HEADER, "")
        self.phone = self.headers.get(PHONE_HEADER, "")
        self.trunk = str(described.get("account", "")) or self.headers.get(TRUNK_HEADER, "")
        self.code = 0
        self.forwarded = ""
        self.silent_since: float | None = None
        self.referrals: asyncio.Queue[Referral] = asyncio.Queue()
        self.worker = worker
        self._farewell: Message | None = None
        self._wire = peer
        if int(described["slot"]) >= 0:
            self.audio = SlotAudio(worker, int(described["slot"]))

    async def until_silent(self, silent: bool = True) -> None:
        """Wait until the far end's packets have stopped (or come again); raises LegEnded at the end."""
        while (self.silent_since is not None) is not silent:
            if self.state is LegState.ENDED:
                raise LegEnded(self)
            await self._changed.wait()

    async def tell_referrer(self, code: int, reason: str, last: bool) -> None:
        """Tell the phone that referred how its transfer goes: 100, 180, 200, 486 (RFC 3515 2.4.4).

        After `last` nothing more may follow. Raises DriverError, LegEnded when the phone is gone.
        """
        await self._ask("notify", code=code, reason=reason, last=last)

    def happened(self, event: Message) -> None:
        """Take one of the worker's events about this leg."""
        kind = event["event"]
        if kind == "ringing":
            self.moved(LegState.RINGING)
        elif kind == "early":
            self.sounds(SlotAudio(self.worker, int(event["slot"])))
        elif kind == "up":
            self.sounds(SlotAudio(self.worker, int(event["slot"])))
            self.moved(LegState.UP)
        elif kind == "digit":
            self.heard(str(event["digit"]))
        elif kind == "held":
            self.held_by_far_end(bool(event["held"]))
        elif kind == "farewell":
            self._farewell = event["farewell"]
        elif kind == "silent":
            self._silent(asyncio.get_running_loop().time() - float(event["seconds"]))
        elif kind == "sounding":
            self._silent(None)
        elif kind == "ended" and self.state is not LegState.ENDED:
            self.code, self.forwarded = int(event["code"]), str(event.get("forwarded", ""))
            self.moved(LegState.ENDED, EndCause[str(event["cause"]).upper()])

    def give_up(self, code: int) -> None:
        """Nobody here wants the leg: refuse it with `code`, or end it, without waiting for the worker."""
        reply = self._wire.start("hangup", leg=self.id, code=code)
        reply.add_done_callback(lambda told: told.cancelled() or told.exception())

    def _silent(self, since: float | None) -> None:
        self.silent_since = since
        self._wake()

    def say_farewell(self) -> None:
        """The worker died: tell the phone in its place, twice, as a datagram may get lost."""
        last_word = self._farewell
        if last_word is None or self.state is LegState.ENDED:
            return

        def send() -> None:
            family = socket.AF_INET6 if ":" in last_word["host"] else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                if last_word.get("source") and family == socket.AF_INET:
                    with contextlib.suppress(OSError):  # its successor has the port already
                        sock.bind(("127.0.0.1", int(last_word["source"])))
                try:
                    sock.sendto(str(last_word["text"]).encode(), (last_word["host"], int(last_word["port"])))
                except OSError as error:
                    log.info("leg %s: its phone could not be told of the end: %s", self.id, error)

        loop = asyncio.get_running_loop()
        loop.call_later(RELEASE_SECONDS, send)
        loop.call_later(AGAIN_SECONDS, send)

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

    async def _progress(self) -> None:
        await self._ask("progress")  # `early` is told before the reply, where the caller offered sound

    async def _set_label(self) -> None:
        await self._ask("label", label=self.label)

    async def _ask(self, op: str, **fields: Any) -> None:
        try:
            await ask(self._wire, self.worker, op, leg=self.id, **fields)
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
