"""Thousands of bad messages at a running edge, while good calls go on: `python -m tests.edge.rubbish`.

Half of the originals are plain, half know an account's password or belong to a call in progress, so that
what is behind the digest and behind the signed Route is reached as well.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import math
import secrets
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.edge.conftest import PHONES
from tests.edge.mutate import mutated
from tests.edge.torture import messages
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge
from tests.peers.fake_worker import FakeWorker
from tests.peers.sip_text import in_brackets, sdp, write

BATCH = 20
SOURCE_A_SECOND = 150.0
SOURCE_MOST = 250  # messages; some half are refused


@dataclass
class Outcome:
    """What came of it; `stray` are requests at a worker that no account and no call explains."""

    sent: int = 0
    good: int = 0
    bad: int = 0
    slowest_seconds: float = 0.0
    stray: list[str] = field(default_factory=list)


async def throw(edge: Edge, workers: list[FakeWorker], *, count: int, seed: int, a_second: float) -> Outcome:
    """All torture messages, then `count` mutated ones at `a_second`; good calls all the while.

    From many addresses, each below the limits of floods and refusals, which would spare the edge the most of
    it; one in ten by TCP.
    """
    outcome = Outcome()
    over = asyncio.Event()
    calling = asyncio.create_task(_good_calls(edge, outcome, over))
    async with AsyncExitStack() as stack:
        sources = []
        for number in range(math.ceil(max(a_second / SOURCE_A_SECOND, count / SOURCE_MOST))):
            phone = DigestPhone("eve-desk", "secret-e", edge.sip_port, address=f"127.0.2.{number + 1}")
            await stack.enter_async_context(phone)
            bad = itertools.chain(
                messages().values(), mutated([*messages().values(), *await _originals(phone)], seed + number)
            )
            sources.append((phone, bad))
        began = time.monotonic()
        for phone, bad in itertools.cycle(sources):
            if outcome.sent % 10 == 5:
                await _throw_by_tcp(edge, next(bad))
            else:
                phone.throw(next(bad))
            outcome.sent += 1
            if outcome.sent % BATCH == 0:
                phone.received.clear()
                await asyncio.sleep(max(0.0, began + outcome.sent / a_second - time.monotonic()))
            if outcome.sent >= count:
                break
        await asyncio.sleep(0.3)
    over.set()
    await calling
    outcome.stray = [packet for worker in workers for packet in _strays(worker)]
    return outcome


async def _throw_by_tcp(edge: Edge, message: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        _, writer = await asyncio.open_connection("127.0.0.1", edge.sip_port)
        writer.write(message)
        await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()


def _strays(worker: FakeWorker) -> list[str]:
    """INVITEs of nobody: each must have the name of a phone that knew its password."""
    known = set(PHONES)
    return [
        packet.first
        for packet in worker.of("INVITE")
        if "tag=" not in packet.get("to") and packet.get("x-callbox-phone") not in known
    ]


async def _originals(phone: DigestPhone) -> list[bytes]:
    """Good messages of somebody who has an account: out of a call, within it, and with credentials."""
    sent, final = await phone.invite("100")
    path = [("Route", route) for route in reversed(final.routes())]
    kept = [("From", sent["from"]), ("To", final["to"]), ("Call-ID", sent["call-id"])]
    uri = in_brackets(final["contact"])
    made = []
    for number, method in enumerate(("INVITE", "BYE", "REFER", "INFO", "ACK", "UPDATE", "NOTIFY")):
        via = ("Via", f"SIP/2.0/UDP {phone.address}:{phone.port};branch=z9hG4bK{secrets.token_hex(6)};rport")
        head = [via, ("Max-Forwards", "70"), *path, *kept, ("CSeq", f"{100 + number} {method}")]
        head += [("Contact", f"<{phone.contact}>"), ("Refer-To", "<sip:200@callbox>")]
        made.append(write(f"{method} {uri} SIP/2.0", head, sdp() if method in ("INVITE", "UPDATE") else ""))
    for method in ("INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE"):
        address = "sip:callbox" if method == "REGISTER" else "sip:100@callbox"
        body = sdp() if method == "INVITE" else ""
        asked = phone.say(
            method, address, f"m-{method}", headers=[("Contact", f"<{phone.contact}>")], body=body
        )
        answer = await phone.final(asked["call-id"])
        proof = [phone.proof(answer, method, address)] if answer.status in (401, 407) else []
        made.append(
            write(asked.first, [*[h for h in asked.headers if h[0] != "Content-Length"], *proof], body)
        )
    return made


async def _good_calls(edge: Edge, outcome: Outcome, over: asyncio.Event) -> None:
    number = 0
    while not over.is_set():
        number += 1
        async with DigestPhone("ana-desk", "secret-a", edge.sip_port, address="127.0.0.5") as phone:
            began = time.monotonic()
            try:
                sent, final = await phone.invite("100")
                assert final.status == 200, final.first
                phone.within(sent, final, "BYE")
                assert (await phone.final(sent["call-id"])).status == 200
                outcome.good += 1
            except (TimeoutError, AssertionError):
                outcome.bad += 1
            outcome.slowest_seconds = max(outcome.slowest_seconds, time.monotonic() - began)
        await asyncio.sleep(0.2)


async def _main(count: int, seed: int, a_second: float) -> int:
    with tempfile.TemporaryDirectory() as folder:
        edge = Edge(Path(folder), phones=PHONES)
        async with edge, edge.staffed() as workers:
            outcome = await throw(edge, workers, count=count, seed=seed, a_second=a_second)
            died = not edge.alive()
            log = edge.log_file.read_text(errors="replace")
    sys.stdout.write(
        f"sent {outcome.sent}, good calls {outcome.good}, failed {outcome.bad}, slowest "
        f"{outcome.slowest_seconds * 1000:.0f} ms, strays {outcome.stray[:5]}, log {len(log)} bytes, "
        f"{'DIED' if died else 'alive'}\n{log[-3000:]}\n"
    )
    return 1 if died or outcome.bad or outcome.stray else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--a-second", type=float, default=500.0)
    options = parser.parse_args()
    raise SystemExit(asyncio.run(_main(options.messages, options.seed, options.a_second)))
