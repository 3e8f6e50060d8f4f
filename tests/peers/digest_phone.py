"""A phone on UDP that registers and calls with a password, and lies wherever a test wants it to.

Unlike raw_phone.py it knows digests and route sets; unlike baresip it sends exactly what it is told.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets

from tests.peers.sip_text import Packet, answer, credentials, in_brackets, parse, sdp, write

Headers = list[tuple[str, str]]


class DigestPhone(asyncio.DatagramProtocol):
    """`user` with `password` at the edge `edge_address`:`edge_port`, speaking from `address` (127.0.0.x)."""

    def __init__(
        self, user: str, password: str, edge_port: int, *, address: str = "127.0.0.1", realm: str = "callbox"
    ) -> None:
        self.user = user
        self.password = password
        self.edge_port = edge_port
        self.edge_address = "127.0.0.1"
        self.address = address
        self.realm = realm
        self.code = 200  # what an INVITE gets
        self.sdp = sdp()  # what a 200 says
        self.received: list[Packet] = []
        self.sent: list[Packet] = []  # requests
        self.port = 0
        self.contact = ""
        self.kind = "UDP"  # in Via
        self._answers: dict[str, asyncio.Queue[Packet]] = {}
        self._requests: asyncio.Queue[Packet] = asyncio.Queue()
        self._numbers = itertools.count(1)
        self._tag = secrets.token_hex(4)

    async def __aenter__(self) -> DigestPhone:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        self.contact = f"sip:{self.user}@{self.address}:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = parse(data, addr)
        self.received.append(packet)
        if not packet.get("cseq") or not packet.get("call-id"):
            return
        if packet.status:
            if packet["call-id"] in self._answers and packet.method != "CANCEL":
                self._answers[packet["call-id"]].put_nowait(packet)
            return
        if packet.method == "INVITE":
            self.reply(packet, self.code, self.sdp if self.code == 200 else "")
        elif packet.method != "ACK":
            self.reply(packet, 200)
        if packet.method != "OPTIONS":
            self._requests.put_nowait(packet)

    def reply(self, request: Packet, code: int, body: str = "") -> None:
        """Answer a request."""
        data = answer(request, code, [("Contact", f"<{self.contact}>")], body, tag=self._tag)
        self.send(data)

    def send(self, data: bytes) -> None:
        """Send exactly this."""
        self._transport.sendto(data, (self.edge_address, self.edge_port))

    def throw(self, data: bytes) -> None:
        """Send this, which may be no message at all; what comes back is nobody's business."""
        if data:
            self._transport.sendto(data, (self.edge_address, self.edge_port))

    async def request(self, method: str, *, seconds: float = 3.0) -> Packet:
        """The next request of `method` from the edge (it has been answered)."""
        async with asyncio.timeout(seconds):
            while (packet := await self._requests.get()).method != method:
                pass
            return packet

    async def register(
        self, *, seconds: int = 300, contact: str = "", extra: Headers | None = None
    ) -> Packet:
        """REGISTER with the digest that is asked for; the final answer."""
        value = contact or f"<{self.contact}>"
        headers = [("Contact", value), ("Expires", str(seconds)), *(extra or [])]
        uri, to = f"sip:{self.realm}", f"<sip:{self.user}@{self.realm}>"
        return (await self.ask("REGISTER", uri, to=to, headers=headers))[1]

    async def invite(
        self, number: str, *, headers: Headers | None = None, body: str = ""
    ) -> tuple[Packet, Packet]:
        """Call `number`; (the request that counted, its final answer). A 200 has been acknowledged."""
        uri = f"sip:{number}@{self.realm}"
        own: Headers = [("Contact", f"<{self.contact}>"), *(headers or [])]
        sent, final = await self.ask("INVITE", uri, headers=own, body=body or sdp())
        if final.status == 200:
            self.within(sent, final, "ACK")
        return sent, final

    async def ask(
        self,
        method: str,
        uri: str,
        *,
        to: str = "",
        headers: Headers | None = None,
        body: str = "",
        call_id: str = "",
        seconds: float = 4.0,
    ) -> tuple[Packet, Packet]:
        """A request, again with credentials if it is challenged; the last one sent, and its final answer."""
        call_id = call_id or f"{secrets.token_hex(8)}@{self.address}"
        sent = self.say(method, uri, call_id, to=to, headers=headers, body=body)
        final = await self.final(call_id, seconds=seconds)
        if final.status in (401, 407):
            if method == "INVITE":
                self._refusal_ack(sent, final)
            proof = self.proof(final, method, uri)
            sent = self.say(method, uri, call_id, to=to, headers=[*(headers or []), proof], body=body)
            final = await self.final(call_id, seconds=seconds)
        if method == "INVITE" and final.status >= 300:
            self._refusal_ack(sent, final)
        return sent, final

    def proof(self, challenge: Packet, method: str, uri: str, **more: int | bool) -> tuple[str, str]:
        """The header that answers a 401 or 407."""
        asked, name = ("www-authenticate", "Authorization")
        if challenge.status == 407:
            asked, name = ("proxy-authenticate", "Proxy-Authorization")
        value = credentials(
            challenge[asked],
            method=method,
            uri=uri,
            user=self.user,
            password=self.password,
            **more,  # type: ignore[arg-type]
        )
        return name, value

    def say(
        self,
        method: str,
        uri: str,
        call_id: str,
        *,
        to: str = "",
        headers: Headers | None = None,
        body: str = "",
    ) -> Packet:
        """Send one request; it as it was sent."""
        self._answers.setdefault(call_id, asyncio.Queue())
        number = next(self._numbers)
        own = [
            (
                "Via",
                f"SIP/2.0/{self.kind} {self.address}:{self.port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            ),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self.user}@{self.realm}>;tag={self._tag}"),
            ("To", to or f"<{uri}>"),
            ("Call-ID", call_id),
            ("CSeq", f"{number} {method}"),
        ]
        data = write(f"{method} {uri} SIP/2.0", [*own, *(headers or [])], body)
        self.send(data)
        self.sent.append(parse(data))
        return self.sent[-1]

    def cancel(self, invite: Packet) -> None:
        """Take back an INVITE that is not answered yet (RFC 3261 9.1)."""
        kept = [(name, invite[name]) for name in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
        cseq = ("CSeq", f"{invite['cseq'].split()[0]} CANCEL")
        self.send(write(f"CANCEL {invite.uri} SIP/2.0", [*kept, cseq]))

    def within(
        self,
        invite: Packet,
        answered: Packet,
        method: str,
        *,
        headers: Headers | None = None,
        body: str = "",
        routes: list[str] | None = None,
    ) -> Packet:
        """Send a request within our call; `routes` in place of those of the call."""
        self._answers.setdefault(invite["call-id"], asyncio.Queue())
        number = invite["cseq"].split()[0] if method == "ACK" else next(self._numbers)
        path = list(reversed(answered.routes())) if routes is None else routes
        own = [
            (
                "Via",
                f"SIP/2.0/{self.kind} {self.address}:{self.port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            ),
            *(("Route", route) for route in path),
            ("Max-Forwards", "70"),
            ("From", invite["from"]),
            ("To", answered["to"]),
            ("Call-ID", invite["call-id"]),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<{self.contact}>"),
        ]
        data = write(f"{method} {in_brackets(answered['contact'])} SIP/2.0", [*own, *(headers or [])], body)
        self.send(data)
        return parse(data)

    async def final(self, call_id: str, *, seconds: float = 4.0) -> Packet:
        """The next final answer of that Call-ID."""
        async with asyncio.timeout(seconds):
            while (packet := await self._answers[call_id].get()).status < 200:
                pass
            return packet

    async def silence(self, call_id: str, *, seconds: float = 0.5) -> bool:
        """Whether nothing at all comes back."""
        try:
            await self.final(call_id, seconds=seconds)
        except TimeoutError:
            return True
        return False

    def _refusal_ack(self, sent: Packet, final: Packet) -> None:
        headers = [
            ("Via", sent["via"]),
            ("Max-Forwards", "70"),
            ("From", sent["from"]),
            ("To", final["to"]),
            ("Call-ID", sent["call-id"]),
            ("CSeq", f"{sent['cseq'].split()[0]} ACK"),
        ]
        self.send(write(f"ACK {sent.uri} SIP/2.0", headers))
