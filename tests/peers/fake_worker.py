"""Where a SIP worker would be, a fake one: records every request, answers as told, sends by hand."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable

from tests.peers.sip_text import Packet, answer, in_brackets, parse, sdp, write


class FakeWorker(asyncio.DatagramProtocol):
    """At 127.0.0.1:port; an INVITE gets `code` (200 with an answer, or a refusal), everything else 200."""

    def __init__(self, port: int, *, code: int = 200) -> None:
        self.port = port
        self.code = code
        self.requests: list[Packet] = []  # all but the probes
        self.answers: list[Packet] = []
        self.raw: list[bytes] = []  # requests as they came
        self._numbers = itertools.count(1)
        self._run = secrets.token_hex(6)
        self._arrived = asyncio.Event()

    async def __aenter__(self) -> FakeWorker:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.port)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def vanish(self) -> None:
        """Be gone, as a worker that was killed."""
        self._transport.close()

    def of(self, method: str) -> list[Packet]:
        """The requests of one method."""
        return [packet for packet in self.requests if packet.method == method]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = parse(data, addr)
        if packet.status:
            self.answers.append(packet)
        elif packet.method == "OPTIONS":
            self.reply(packet, 200)
            return
        elif not packet.get("to"):  # no good to us, and so to no worker
            self.raw.append(data)
            return
        else:
            self.raw.append(data)
            self.requests.append(packet)
            if packet.method == "INVITE":
                self.reply(packet, self.code, sdp() if self.code == 200 else "")
            elif packet.method != "ACK":
                self.reply(packet, 200)
            if packet.method == "CANCEL":
                self._give_up(packet)
        self._arrived.set()

    def _give_up(self, cancel: Packet) -> None:
        for invite in self.of("INVITE"):
            if invite["via"] == cancel["via"]:
                self.reply(invite, 487)

    def reply(self, request: Packet, code: int, body: str = "") -> None:
        """Answer a request."""
        contact = ("Contact", f"<sip:127.0.0.1:{self.port}>")
        self.send(answer(request, code, [contact], body, tag=f"w{self.port}"), request.source[1])

    def send(self, data: bytes, port: int) -> None:
        """Send exactly this to loopback."""
        self._transport.sendto(data, ("127.0.0.1", port))

    def invite(self, port: int, uri: str, *, to: str = "", call_id: str = "") -> Packet:
        """Begin a call through the edge's inner `port`; `to` is X-Callbox-To. The request as it was sent."""
        number = next(self._numbers)
        headers = [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self._run}{number};rport"),
            ("Route", f"<sip:127.0.0.1:{port};lr>"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:box@127.0.0.1>;tag=w{number}"),
            ("To", f"<{uri}>"),
            ("Call-ID", call_id or f"{self._run}-{number}"),
            ("CSeq", f"{number} INVITE"),
            ("Contact", f"<sip:box@127.0.0.1:{self.port}>"),
            *([("X-Callbox-To", to)] if to else []),
        ]
        data = write(f"INVITE {uri} SIP/2.0", headers, sdp())
        self.send(data, port)
        return parse(data)

    def within(self, invite: Packet, answered: Packet, method: str, port: int, body: str = "") -> Packet:
        """Send a request within the call that `answered` (a 200 to `invite`, or the INVITE itself) made."""
        number = next(self._numbers) + 100
        ours = bool(answered.status)
        routes = answered.routes()
        headers = [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self._run}{number};rport"),
            *(("Route", route) for route in (reversed(routes) if ours else routes)),
            ("Max-Forwards", "70"),
            ("From", invite["from"] if ours else f"{invite['to']};tag=w{self.port}"),
            ("To", answered["to"] if ours else invite["from"]),
            ("Call-ID", invite["call-id"]),
            ("CSeq", f"{invite['cseq'].split()[0] if method == 'ACK' else number} {method}"),
            ("Contact", f"<sip:box@127.0.0.1:{self.port}>"),
        ]
        data = write(f"{method} {in_brackets(answered['contact'])} SIP/2.0", headers, body)
        self.send(data, port)
        return parse(data)

    async def request(self, method: str, *, seconds: float = 3.0) -> Packet:
        """The next request of `method`, taken off the list."""
        return await self._take(self.requests, lambda packet: packet.method == method, method, seconds)

    async def answered(self, method: str, *, at_least: int = 200, seconds: float = 3.0) -> Packet:
        """The next answer to our `method` with such a code, taken off the list."""
        fits = f"{at_least} or more to {method}"
        return await self._take(
            self.answers, lambda packet: packet.method == method and packet.status >= at_least, fits, seconds
        )

    async def _take(
        self, among: list[Packet], fits: Callable[[Packet], bool], what: str, seconds: float
    ) -> Packet:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for packet in among:
                        if fits(packet):
                            among.remove(packet)
                            return packet
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            seen = [packet.first for packet in among]
            raise TimeoutError(f"worker {self.port}: no {what} in {seconds} s, only {seen}") from None
