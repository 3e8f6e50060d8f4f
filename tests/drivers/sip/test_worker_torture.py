"""RFC 4475's and RFC 5118's messages, and mutated ones, straight at a worker from its edge's address.

`python -m benchmarks.sip_soak --torture 20000` runs it for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
from pathlib import Path

import pytest

from drivers.port import DriverError, Leg, LegEnded, LegState
from drivers.sip.pool import SipPool
from tests.drivers.sip.bench import bench, needs_pjsua2
from tests.edge.mutate import mutated
from tests.edge.torture import SDP, messages, plain
from tests.peers.raw_phone import RawPhone, udp_socket

PLAIN = 50  # good ones among the originals, so that changes reach what is behind the parser

pytestmark = [pytest.mark.slow, pytest.mark.realtime, needs_pjsua2]


async def take_anything(pool: SipPool) -> None:
    """Whoever rings hears us, every sixth is answered, and hung up a moment later.

    Nobody acknowledges, and the library waits 10 s for that: more answers than the edge would let through
    in a second would use the worker up.
    """

    async def serve(leg: Leg, answers: bool) -> None:
        with contextlib.suppress(DriverError, LegEnded, TimeoutError):
            async with asyncio.timeout(0.3):
                await leg.progress()
                if answers:
                    await leg.answer()
        await leg.hangup()

    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            group.create_task(serve(await pool.next_ring(), number % 6 == 0))


async def endure(folder: Path, count: int, seed: int, *, seconds: float = 50.0) -> int:
    """Send them all; gives how many legs they made. Raises AssertionError when anything good went wrong."""
    with udp_socket() as sock:
        known = [*messages().values(), *ipv6(), *[plain().encode()] * PLAIN]
        edge = f"127.0.0.1:{sock.getsockname()[1]}"
        async with (
            bench(folder, max_legs=40, options=["--edge", edge], seconds=seconds) as (worker, pool),
            RawPhone() as phone,
        ):
            good = await pool.dial(phone.uri)
            await asyncio.wait_for(good.until(LegState.UP), 5)
            taking = asyncio.create_task(take_anything(pool))
            bad = itertools.islice(itertools.chain(known, mutated(known, seed)), count)
            for number, message in enumerate(bad):
                send(sock, made_new(message, number), worker.port)
                await asyncio.sleep(0.002)
                assert worker.process.returncode is None, f"it died of message {number}, or just before"
                if number % 500 == 499:
                    async with RawPhone("good") as other:
                        leg = await pool.dial(other.uri)
                        await asyncio.wait_for(leg.until(LegState.UP), 3)
                        await leg.hangup()
            rung = worker.log.read_bytes().count(b"'event': 'incoming'")
            async with asyncio.timeout(40):
                while worker_legs(pool) > 1:  # noqa: ASYNC110 - all but the good one
                    await asyncio.sleep(0.1)
            assert good.state is LegState.UP
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await good.hangup()
            await phone.asked("BYE")
        return rung


def worker_legs(pool: SipPool) -> int:
    """Legs the worker has told of and not ended."""
    return int(pool.status()["workers"][0]["legs"])  # type: ignore[index]


def send(sock: socket.socket, message: bytes, port: int) -> None:
    """One message from the edge, to whom everything comes back; like a proxy it answers what it is asked."""
    own = b"127.0.0.1:%d" % sock.getsockname()[1]
    with contextlib.suppress(BlockingIOError):
        sock.sendto(message.replace(b"127.0.0.1:9", own), ("127.0.0.1", port))
        while True:
            asked = sock.recv(65_536)
            if not asked.startswith((b"SIP/2.0", b"ACK")):
                sock.sendto(gone(asked), ("127.0.0.1", port))


def made_new(message: bytes, number: int) -> bytes:
    """A call of its own, and nothing in it leads away from this machine."""
    message = re.sub(rb"192\.\d+\.\d+\.\d+|[\w.-]*example\.(?:com|net)", b"127.0.0.1:9", message)
    message = message.replace(b"IP4 127.0.0.1:9", b"IP4 127.0.0.1")
    return message.replace(b"z9hG4bK-NAME", b"z9hG4bK-%d" % number).replace(b"NAME", b"n%d" % number)


def ipv6() -> list[bytes]:
    """What RFC 5118 section 4 adds."""
    via = "SIP/2.0/UDP {};received={};branch=z9hG4bK-NAME"
    made = [
        plain("REGISTER", "sip:[2001:db8::10]", Via=via.format("[2001:db8::9:1]", "127.0.0.1")),
        plain("REGISTER", "sip:2001:db8::10"),
        plain("REGISTER", "sip:[2001:db8::10:5070]"),
        plain("REGISTER", "sip:[2001:db8::10]:5070"),
        plain(Via=via.format("[2001:db8::9:1]", "[2001:db8::9:255]")),
        plain(Via=via.format("[2001:db8::9:1]", "2001:db8::9:255")),
        plain(Contact="<sip:u@[2001:db8::9:1]>", body=SDP.replace("IP4 192.0.2.1", "IP6 2001:db8::9:1")),
        plain(body=SDP.replace("IP4 192.0.2.1", "IP6 ::ffff:127.0.0.1")),
        plain(body=SDP.replace("IP4 192.0.2.1", "IP4 a.name.of.a.host")),
    ]
    return [message.encode() for message in made]


def gone(request: bytes) -> bytes:
    """The answer to a request for somebody who is not there any more."""
    same = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:")
    kept = [line for line in request.split(b"\r\n") if line.lower().startswith(same)]
    return b"\r\n".join([b"SIP/2.0 481 Gone", *kept, b"Content-Length: 0", b"", b""])


async def test_no_torture_ends_a_worker_or_a_good_call(tmp_path: Path) -> None:
    assert await endure(tmp_path, 1500, seed=4475) > 50
