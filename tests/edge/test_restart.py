"""Kamailio ends in the middle of calls: they can still be held and ended, and phones be rung."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from appliance.edge.orphans import end_calls_of
from tests.edge.conftest import PHONES
from tests.edge.test_calls import taken_by
from tests.edge.test_transports import phone_of
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio, needs_rtpengine
from tests.peers.sip_text import sdp

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_call_outlives_kamailio(tmp_path: Path, how: signal.Signals) -> None:
    phone = DigestPhone("ana-desk", "secret-a", 0)
    async with Edge(tmp_path, phones=PHONES) as edge, edge.staffed() as workers:
        phone.edge_port = edge.sip_port
        async with phone:
            assert (await phone.register()).status == 200
            sent, final = await phone.invite("100")
            other, held = await phone.invite("100")
            worker, invite = taken_by([w for w in workers if w.of("INVITE")][:1])
            await asyncio.sleep(2.5)  # locations are written every 2 s
            await edge.restart(how)
            phone.within(sent, final, "INVITE", body=sdp() + "a=sendonly\r\n")
            assert (await phone.final(sent["call-id"])).status == 200
            worker.within(invite, invite, "BYE", edge.internal_port)
            assert (await worker.answered("BYE")).status == 200
            phone.within(other, held, "BYE")
            assert (await phone.final(other["call-id"])).status == 200
            worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
            assert (await worker.answered("INVITE")).status == 200, "the registration is lost"


async def test_the_calls_of_a_worker_that_died_are_ended_and_those_of_others_go_on(tmp_path: Path) -> None:
    phone = DigestPhone("ana-desk", "secret-a", 0)
    async with Edge(tmp_path, phones=PHONES) as edge, edge.staffed() as workers:
        phone.edge_port = edge.sip_port
        async with phone:
            await phone.register()
            calls = [await phone.invite("100") for _ in workers]
            dead, other = workers
            lost = dead.of("INVITE")[0]["call-id"]
            dialled = dead.invite(edge.internal_port, "sip:ana@callbox", to="agent")
            dead.within(dialled, await dead.answered("INVITE"), "ACK", edge.internal_port)
            await phone.request("ACK")
            dead.vanish()
            await end_calls_of(dead.port, edge.rpc)
            ended = {(await phone.request("BYE"))["call-id"] for _ in range(2)}
            assert ended == {lost, dialled["call-id"]}
            sent, final = next(call for call in calls if call[0]["call-id"] != lost)
            phone.within(sent, final, "BYE")
            assert (await phone.final(sent["call-id"])).status == 200
            assert other.of("BYE")


@needs_rtpengine
@pytest.mark.parametrize("kind", ["wss", "tls"])
async def test_a_phone_whose_connection_ended_with_kamailio_is_found_at_its_new_one(
    tmp_path: Path, kind: str
) -> None:
    async with Edge(tmp_path, phones=PHONES, rtpengine=True) as edge, edge.staffed() as workers:
        phone = phone_of(edge, kind)
        async with phone:
            await phone.register()
            sent, _ = await phone.invite("100")
            worker, invite = taken_by(workers)
            dialled = worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
            answered = await worker.answered("INVITE")
            worker.within(dialled, answered, "ACK", edge.internal_port)
            await phone.request("ACK")
            contact = phone.contact
        await edge.restart(signal.SIGKILL)
        again = phone_of(edge, kind)
        async with again:
            again.contact = contact
            assert (await again.register()).status == 200
            worker.within(invite, invite, "BYE", edge.internal_port)
            assert (await again.request("BYE"))["call-id"] == sent["call-id"]
            assert (await worker.answered("BYE")).status == 200
            worker.within(dialled, answered, "BYE", edge.internal_port)
            assert (await again.request("BYE"))["call-id"] == dialled["call-id"]
