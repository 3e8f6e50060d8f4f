"""Messages that are none, and too many of those that are: nobody dies, and good calls go on meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.edge.conftest import PHONES
from tests.edge.rubbish import throw
from tests.edge.torture import messages
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio
from tests.peers.sip_text import Packet, sdp

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio]

MANY = {f"desk-{number}": (f"agent-{number}", f"secret-{number}") for number in range(60)}


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """With sixty phones more, and the limits of a real box."""
    with Edge(tmp_path_factory.mktemp("edge"), phones=PHONES | MANY) as edge:
        yield edge
        assert edge.alive(), "Kamailio died"


async def test_torture_and_mutated_messages_harm_nobody(edge: Edge) -> None:
    """RFC 4475's messages and 1,500 mutated ones; all 10,000 by `python -m tests.edge.rubbish`."""
    assert len(messages()) == 49
    before = edge.log_file.stat().st_size
    async with edge.listening(), edge.staffed() as workers:
        outcome = await throw(edge, workers, count=1500, seed=4475, a_second=600)
        assert (outcome.bad, outcome.stray) == (0, [])
        assert outcome.good >= 5
        assert outcome.slowest_seconds < 0.5
        refused = [news["source"].split(":")[1] for news in edge.news if news["news"] == "refused"]
        assert len(refused) == len(set(refused)), "more than one line of one source"
    assert edge.log_file.stat().st_size - before < 5000


async def test_400_calls_5_ms_apart_cost_their_sender_and_nobody_else(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, AsyncExitStack() as stack:
        bad = await stack.enter_async_context(
            DigestPhone("eve-desk", "secret-e", edge.sip_port, address="127.0.3.1")
        )
        good = await stack.enter_async_context(
            DigestPhone("ana-desk", "secret-a", edge.sip_port, address="127.0.0.5")
        )
        flood = asyncio.create_task(_call_often(bad, 400, 0.005))
        finals = []
        while not flood.done():
            began = time.monotonic()
            finals.append((await good.invite("100"))[1].status)
            assert time.monotonic() - began < 1.0
            await asyncio.sleep(0.4)
        statuses = await flood
        assert set(finals) == {200}
        assert len(finals) >= 4
        assert statuses.count(200) <= 5 * 4
        assert sum(len(worker.of("INVITE")) for worker in workers) == statuses.count(200) + len(finals)


async def _call_often(phone: DigestPhone, count: int, every_seconds: float) -> list[int]:
    """Valid INVITEs, each with its own good digest of one challenge; the codes they got, 0 for silence."""
    uri = "sip:100@callbox"
    contact = ("Contact", f"<{phone.contact}>")
    phone.say("INVITE", uri, "first", headers=[contact], body=sdp())
    challenge = await phone.final("first")
    for number in range(count):
        proof = phone.proof(challenge, "INVITE", uri, count=number + 1)
        phone.say("INVITE", uri, f"often-{number}", headers=[contact, proof], body=sdp())
        await asyncio.sleep(every_seconds)
    await asyncio.sleep(0.5)
    finals: dict[str, Packet] = {}
    for packet in phone.received:
        if packet.status >= 200 and packet["call-id"].startswith("often"):
            finals[packet["call-id"]] = packet
    return [finals[f"often-{n}"].status if f"often-{n}" in finals else 0 for n in range(count)]


async def test_sixty_phones_of_one_office_register_at_once(edge: Edge) -> None:
    async with edge.listening(), AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(DigestPhone(user, password, edge.sip_port, address="127.0.3.2"))
            for user, (_, password) in MANY.items()
        ]
        began = time.monotonic()
        finals = await asyncio.gather(*(phone.register() for phone in phones))
        assert {final.status for final in finals} == {200}
        assert time.monotonic() - began < 2.0
        finals = await asyncio.gather(*(phone.register() for phone in phones))
        assert {final.status for final in finals} == {200}


async def test_a_thousand_registers_a_second_from_an_office_stop_no_phone_of_it(edge: Edge) -> None:
    office = "127.0.3.3"
    user, (_, password) = next(iter(MANY.items()))
    good = DigestPhone(user, password, edge.sip_port, address=office)
    others = DigestPhone("bob-desk", "secret-b", edge.sip_port, address="127.0.3.4")
    bad = DigestPhone("x", "x", edge.sip_port, address=office)
    async with edge.listening(), good, others, bad:
        assert (await good.register()).status == 200
        to, contact = f"<sip:{user}@callbox>", ("Contact", f"<{good.contact}>")
        good.say("REGISTER", "sip:callbox", "again", to=to)
        challenge = await good.final("again")
        flood = asyncio.create_task(_register_often(bad, 3000, 1000))
        for count in itertools.count(1):
            proof = good.proof(challenge, "REGISTER", "sip:callbox", count=count)
            began = time.monotonic()
            good.say("REGISTER", "sip:callbox", "again", to=to, headers=[contact, proof])
            assert (await good.final("again")).status == 200
            assert (await good.register()).status == 200
            assert (await others.register()).status == 200
            assert time.monotonic() - began < 0.5
            if flood.done():
                break
            await asyncio.sleep(0.3)
        assert len([packet for packet in bad.received if packet.status]) < 1000


async def _register_often(phone: DigestPhone, count: int, a_second: float) -> None:
    began = time.monotonic()
    for number in range(count):
        phone.say("REGISTER", "sip:callbox", f"flood-{number}")
        if number % 10 == 0:
            await asyncio.sleep(max(0.0, began + number / a_second - time.monotonic()))
