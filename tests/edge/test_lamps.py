"""A registered phone is told of messages as RFC 3842 says, whatever its transport."""

from __future__ import annotations

import asyncio
import time

import pytest

from appliance.edge.lamps import Lamps, Waiting
from appliance.edge.registry import Device
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio]


async def test_the_lamp_of_a_registered_phone_is_told_how_many_messages_are_new(edge: Edge) -> None:
    async with edge.listening(), DigestPhone("ana-desk", "secret-a", edge.sip_port) as phone:
        await phone.register()
        news = await edge.told("registered", agent="ana")
        now = time.time()
        device = Device("ana", news["contact"], "ana-desk", "", news["source"], now, now + 60)
        browser = Device("ana", "sip:x@y.invalid", "", "", "wss:127.0.0.1:9", now, now + 60)
        lamps = Lamps(
            edge.config,
            edge.rpc,
            devices=lambda agent: [browser, device],
            waiting=lambda agent: Waiting(2, 1),
        )
        lamps.changed("ana")
        lamps.changed("ana")
        await asyncio.sleep(2)
        lamps.close()
        [notify] = [packet for packet in phone.received if packet.method == "NOTIFY"]
    assert notify["event"] == "message-summary"
    assert notify["content-type"] == "application/simple-message-summary"
    assert notify.uri == phone.contact
    lines = notify.body.split("\r\n")
    assert lines[0] == "Messages-Waiting: yes"
    assert "Voice-Message: 2/1 (0/0)" in lines
