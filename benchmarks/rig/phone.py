"""A telephone made of two UDP sockets that writes down when things came: no library between us and the box.

It rings and answers every call, speaks one sound and judges what it hears: packets that are missing, late,
or digital silence. Not a SIP stack: loopback only, and nothing is ever sent twice.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FRAME_SECONDS = 0.02
SO_TIMESTAMPNS = 35  # Linux, asm-generic/socket.h
STAMP_BYTES = socket.CMSG_SPACE(16)  # one struct timespec
SILENCE = b"\xd5" * 160  # A-law zero
TONE = bytes.fromhex("34 21 21 34 b4 a1 a1 b4") * 20  # 1 kHz at 0 dBm0, ITU-T G.711 table 5

ANSWER = """\
v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} RTP/AVP 8\r
a=ptime:20\r
a=sendrecv\r
"""


@dataclass
class Heard:
    """What came by RTP since `begin`."""

    packets: int = 0
    missing: int = 0  # gaps in the sequence numbers
    silent: int = 0  # packets that were digital silence all through
    longest_wait: float = 0.0  # s between two packets
    last_at: float = 0.0
    last_number: int = -1

    def take(self, number: int, payload: bytes, at: float) -> None:
        """One packet, number modulo 65536, at `at` (monotonic seconds)."""
        if self.last_number >= 0:
            self.missing += (number - self.last_number - 1) & 0xFFFF
            self.longest_wait = max(self.longest_wait, at - self.last_at)
        self.packets += 1
        self.silent += payload == SILENCE
        self.last_number, self.last_at = number, at


@dataclass
class Call:
    """One call as the phone saw it; times are monotonic seconds, 0 = not yet."""

    dialogue: dict[str, str]
    far: tuple[str, int]
    invited_at: float
    acknowledged_at: float = 0.0
    bye_at: float = 0.0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Phone(asyncio.DatagramProtocol):
    """sip:user@127.0.0.1:port. `on_packet(payload, at)` gets every RTP packet instead of `heard`."""

    def __init__(self, user: str, *, on_packet: Callable[[bytes, float], None] | None = None) -> None:
        self.user = user
        self.calls: list[Call] = []
        self.rang: asyncio.Queue[Call] = asyncio.Queue()
        self.heard = Heard()
        self._on_packet = on_packet
        self._sip, self._rtp = _udp_socket(), _udp_socket()
        self.port: int = self._sip.getsockname()[1]
        self.uri = f"sip:{user}@127.0.0.1:{self.port}"
        self.far_rtp: tuple[str, int] | None = None
        self._rtp_port: int = self._rtp.getsockname()[1]
        self._numbers = itertools.count(1)
        self._packets = 0

    async def open(self) -> None:
        """Be reachable."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._sip)
        loop.add_reader(self._rtp, self._rtp_readable)

    def close(self) -> None:
        """Be gone."""
        asyncio.get_running_loop().remove_reader(self._rtp)
        self._transport.close()
        self._rtp.close()

    def hang_up(self) -> float:
        """Send BYE in the present call; when, in monotonic seconds."""
        call = self.calls[-1]
        self.far_rtp = None
        lines = [
            f"BYE {call.dialogue['contact']} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self.port}{next(self._numbers)};rport",
            "Max-Forwards: 70",
            f"From: {call.dialogue['to']}",
            f"To: {call.dialogue['from']}",
            f"Call-ID: {call.dialogue['call-id']}",
            "CSeq: 1 BYE",
            "Content-Length: 0",
        ]
        call.bye_at = time.monotonic()
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), call.far)
        call.ended.set()
        return call.bye_at

    def speak(self, payload: bytes) -> None:
        """Send one packet of 160 A-law samples; nothing happens outside of a call."""
        if self.far_rtp is not None:
            head = struct.pack(
                "!BBHII", 0x80, 8, self._packets & 0xFFFF, self._packets * 160 & 0xFFFFFFFF, self.port
            )
            self._packets += 1
            self._rtp.sendto(head + payload, self.far_rtp)

    # --- asyncio's callbacks ---------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        at = time.monotonic()
        head, _, body = data.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        method = first.split()[0]
        if method == "INVITE":
            self._invited(headers, body, addr, at)
        elif method == "ACK":
            self.calls[-1].acknowledged_at = at
            self.calls[-1].answered.set()
        elif method in ("BYE", "CANCEL"):
            self._respond(headers, addr, "200 OK")
            self.far_rtp = None
            self.calls[-1].ended.set()

    def _invited(self, headers: dict[str, str], body: str, addr: tuple[str, int], at: float) -> None:
        contact = headers["contact"].partition("<")[2].partition(">")[0]
        to = f"{headers['to']};tag={self.port}" if "tag=" not in headers["to"] else headers["to"]
        if not (self.calls and self.calls[-1].dialogue["call-id"] == headers["call-id"]):
            self._respond({**headers, "to": to}, addr, "180 Ringing")
            self.calls.append(Call({**headers, "to": to, "contact": contact}, addr, at))
            self.rang.put_nowait(self.calls[-1])
        port = body.partition("m=audio ")[2].split()[0]
        self.far_rtp = ("127.0.0.1", int(port))
        self._respond({**headers, "to": to}, addr, "200 OK", ANSWER.format(port=self._rtp_port))

    def _respond(self, request: dict[str, str], addr: tuple[str, int], status: str, body: str = "") -> None:
        lines = [
            f"SIP/2.0 {status}",
            *(f"{name}: {request[name]}" for name in ("via", "from", "to", "call-id", "cseq")),
            f"Contact: <{self.uri}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), addr)

    def _rtp_readable(self) -> None:
        to_monotonic = time.monotonic() - time.time()
        try:
            while True:
                packet, stamps, _, _ = self._rtp.recvmsg(2048, STAMP_BYTES)
                at = to_monotonic + _stamp(stamps)
                if packet[1] & 0x7F != 8:
                    continue
                if self._on_packet is not None:
                    self._on_packet(packet[12:], at)
                else:
                    self.heard.take(packet[2] << 8 | packet[3], packet[12:], at)
        except BlockingIOError:
            return


async def keep_speaking(phones: list[Phone], payload: bytes = TONE) -> None:
    """All phones say `payload` over and over, for ever. Run it as a task.

    They are spread over the middle of the box's 20 ms tick: a packet that comes at the very tick is in time
    or not by chance, and that chance would be counted as the box's.
    """
    step = FRAME_SECONDS / 2 / len(phones)
    tick = time.monotonic() // FRAME_SECONDS + 1
    while True:
        for number, phone in enumerate(phones):
            due = (tick + 0.25) * FRAME_SECONDS + number * step
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            phone.speak(payload)
        tick += 1


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> float:
    """When the kernel had the packet, seconds since 1970: a far end that is slow to look adds nothing."""
    seconds, nanoseconds = struct.unpack("ll", ancillary[0][2])
    return float(seconds + nanoseconds * 1e-9)


def _udp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(("127.0.0.1", 0))
    return sock
