"""A telephone made of two UDP sockets: says exactly what a test wants, at the moment it wants, bad or good.

Not a SIP stack: no retransmission, no authentication, one dialogue at a time, loopback only.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

PCMA_SILENCE = 0xD5

SDP = """\
v=0\r
o=- 1 {version} IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} {profile} {payloads}\r
{attributes}a={direction}\r
"""


@dataclass
class Message:
    """One SIP message: first line, headers by lower-case name (the last of a name wins), body."""

    first: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    source: tuple[str, int] = ("", 0)

    @property
    def status(self) -> int:
        """The code of a response, 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of a request, or of the request that a response belongs to."""
        return self.headers["cseq"].split()[1]


def parse(data: bytes, source: tuple[str, int] = ("", 0)) -> Message:
    """Read a message that a worker sent."""
    head, _, body = data.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Message(first, {name.strip().lower(): value.strip() for name, _, value in pairs}, body, source)


class RawPhone(asyncio.DatagramProtocol):
    """sip:user@127.0.0.1:port; `answers` decides what an INVITE gets: 200 at once, or another final code.

    With `answers` 0 it gets nothing by itself: the test says `respond`. A BYE and all else gets 200 while
    it `obliges`.
    """

    def __init__(self, user: str = "raw", *, answers: int = 200, ptime_ms: int = 20) -> None:
        self.user = user
        self.answers = answers
        self.ptime_ms = ptime_ms
        self.obliges = True  # answers all but an INVITE by itself
        self.rtp = udp_socket()
        self.far_rtp = 0  # port
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._sip = udp_socket()
        self.port: int = self._sip.getsockname()[1]
        self.uri = f"sip:{user}@127.0.0.1:{self.port}"
        self._far: tuple[str, int] = ("127.0.0.1", 0)
        self._numbers = itertools.count(1)
        self._epoch = f"{self.port}-{time.monotonic_ns():x}-"  # the kernel gives the same port again soon
        self.last_number = 0  # CSeq of our last request
        self._dialogue: dict[str, str] = {}

    async def __aenter__(self) -> RawPhone:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._sip)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        self.rtp.close()

    # --- calling ---------------------------------------------------------------------------------------

    def invite(
        self, port: int, *, to: str = "box", sdp: str | None = None, headers: Sequence[str] = ()
    ) -> None:
        """Send an INVITE to the worker at `port`; `sdp` "" makes it a late offer."""
        self._far = ("127.0.0.1", port)
        self._dialogue = {
            "from": f"<sip:{self.user}@127.0.0.1>;tag=raw{next(self._numbers)}",
            "to": f"<sip:{to}@127.0.0.1>",
            "call-id": f"{self._epoch}-{next(self._numbers)}@raw",
            "target": f"sip:{to}@127.0.0.1:{port}",
        }
        self.request("INVITE", self.sdp() if sdp is None else sdp, headers=headers)

    def acknowledge(self, response: Message, sdp: str = "") -> None:
        """ACK a 200, with our answer when the offer was theirs."""
        self.take_in(response)
        self.request("ACK", sdp, number=int(response.headers["cseq"].split()[0]))

    def take_in(self, response: Message) -> None:
        """Take what a response says: our dialogue's tag, where our RTP goes."""
        self._dialogue["to"] = response.headers["to"]
        self._learn(response)

    def enter(self, invite: Message) -> None:
        """Speak in the dialogue of a call that came in: `request` is ours then, towards the caller."""
        self._far = invite.source
        self._dialogue = {
            "from": self._tagged(invite.headers["to"]),
            "to": invite.headers["from"],
            "call-id": invite.headers["call-id"],
            "target": invite.headers["contact"].partition("<")[2].partition(">")[0],
        }

    def request(
        self,
        method: str,
        body: str = "",
        *,
        number: int = 0,
        headers: Sequence[str] = (),
        content: str = "application/sdp",
    ) -> None:
        """Send a request in the dialogue."""
        number = number or next(self._numbers)
        self.last_number = number
        branch = f"{number}{'INVITE' if method == 'CANCEL' else method}"  # RFC 3261 9.1
        lines = [
            f"{method} {self._dialogue['target']} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self._epoch}{branch};rport",
            "Max-Forwards: 70",
            f"From: {self._dialogue['from']}",
            f"To: {self._dialogue['to']}",
            f"Call-ID: {self._dialogue['call-id']}",
            f"CSeq: {number} {method}",
            f"Contact: <{self.uri}>",
            *headers,
            *([f"Content-Type: {content}"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._far)

    async def response(self, method: str, *, at_least: int = 200, seconds: float = 5.0) -> Message:
        """The next response to `method` with a code of at least `at_least`."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self.inbox.get()
                if message.status >= at_least and message.method == method:
                    return message

    async def asked(self, method: str, *, seconds: float = 5.0) -> Message:
        """The next request `method` from the far end (it has been answered, unless `answers` is 0)."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self.inbox.get()
                if not message.status and message.method == method:
                    return message

    def sdp(
        self,
        *,
        payloads: str = "8",
        attributes: str = "",
        direction: str = "sendrecv",
        profile: str = "RTP/AVP",
        rtp_port: int = 0,
    ) -> str:
        """An offer or answer for our RTP socket, or the one at `rtp_port`."""
        return SDP.format(
            version=next(self._numbers),
            port=rtp_port or self.rtp.getsockname()[1],
            profile=profile,
            payloads=payloads,
            attributes=f"a=ptime:{self.ptime_ms}\r\n{attributes}",
            direction=direction,
        )

    # --- sound -----------------------------------------------------------------------------------------

    def send_rtp(self, number: int, payload: bytes, *, payload_type: int = 8) -> None:
        """Packet `number` of a stream of packets as long as `payload` (8 kHz, a byte a sample)."""
        head = struct.pack(
            "!BBHII", 0x80, payload_type, number & 0xFFFF, number * len(payload) & 0xFFFFFFFF, self.port
        )
        self.rtp.sendto(head + payload, ("127.0.0.1", self.far_rtp))

    # --- asyncio's callbacks ---------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[0] & 0x80:  # RTCP for a neighbour's RTP socket, whose next port is ours
            return
        message = parse(data, addr)
        if not message.status and message.method != "ACK":
            self._answer(message)
        self.inbox.put_nowait(message)

    def _answer(self, request: Message) -> None:
        if request.method != "INVITE":
            if self.obliges:
                self.respond(request, 200)
            return
        self._learn(request)
        if self.answers:
            self.respond(request, 180)
            self.respond(request, self.answers, self.sdp() if self.answers == 200 else "")

    def _tagged(self, to: str) -> str:
        return to if "tag=" in to else f"{to};tag=raw{self.port}"

    def respond(self, request: Message, code: int, body: str = "", *, headers: Sequence[str] = ()) -> None:
        """Answer a request."""
        lines = [
            f"SIP/2.0 {code} x",
            f"Via: {request.headers['via']}",
            f"From: {request.headers['from']}",
            f"To: {self._tagged(request.headers['to'])}",
            f"Call-ID: {request.headers['call-id']}",
            f"CSeq: {request.headers['cseq']}",
            *([] if any(line.startswith("Contact") for line in headers) else [f"Contact: <{self.uri}>"]),
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), request.source)

    def _learn(self, message: Message) -> None:
        """Where the far end wants our RTP."""
        for line in message.body.splitlines():
            if line.startswith("m=audio "):
                self.far_rtp = int(line.split()[1])


def udp_socket() -> socket.socket:
    """A UDP socket on loopback at a port of the kernel's choice."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock
