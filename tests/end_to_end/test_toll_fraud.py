"""A stolen phone account at a real edge, with a real trunk behind it: only emergency calls reach that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.outbound_events import OutboundRefused
from appliance.store.outbound_reads import outbound_events
from tests.drivers.sip.bench import needs_pjsua2
from tests.end_to_end.trunk_box import TrunkBox
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sip_text import Packet, in_brackets
from tests.peers.sipp import Sipp, needs_sipp
from tests.peers.sipp_scenarios import answering, answers

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_kamailio,
    needs_pjsua2,
    needs_sipp,
    pytest.mark.timeout(90),
]

ALLOWED = "2125550123"
#: Spellings that a SIP user part can hold; the box stands in North America.
DENIED = (
    *("19005550123", "+19005550123", "9005550123", "1-900-555-0123", "0118816315123", "+881631512345"),
    *("+979123456789", "18764251234", "+18764251234", "0114930123456", "+4930123456", "01144900912345"),
    *("*21*0114930123456", "%2B4930123456", "+49301;ext=1", "0049301234"),
)


def site(folder: Path, host: str) -> TrunkBox:
    accounts = {"ana-desk": ("ana", "stolen")}
    return TrunkBox(folder, agents=["ana", "ben"], accounts=accounts, hosts=[host])


async def calls_and_hangs_up(phone: DigestPhone, number: str) -> int:
    sent, final = await phone.invite(number)
    if final.status == 200:
        await asyncio.sleep(0.3)
        phone.within(sent, final, "BYE")
        await phone.final(sent["call-id"])
    return final.status


def journalled(box: TrunkBox) -> set[str]:
    """Kinds of event on the disk, and why numbers were refused."""
    events = [stamped.event for stamped in outbound_events(box.database, 0)]
    return {type(event).__name__ for event in events} | {
        event.cause for event in events if isinstance(event, OutboundRefused)
    }


async def refers(phone: DigestPhone, sent: Packet, answered: Packet, target: str) -> int:
    """Transfer whoever is in the call; the code of the answer."""
    headers = [("Refer-To", f"<{target}>")]
    phone.within(sent, answered, "REFER", headers=headers)
    final = await phone.final(sent["call-id"])
    if final.status == 407:
        proof = phone.proof(final, "REFER", in_brackets(answered["contact"]))
        phone.within(sent, answered, "REFER", headers=[*headers, proof])
        final = await phone.final(sent["call-id"])
    return final.status


async def test_a_stolen_account_reaches_nobody_but_the_emergency_centre(tmp_path: Path) -> None:
    async with (
        RtpEnd() as sound,
        Sipp(tmp_path, answering(*answers(sound.port))) as provider,
        site(tmp_path, provider.host) as box,
        DigestPhone("ana-desk", "stolen", box.edge_port) as phone,
    ):
        await box.until_up("one")
        assert (await phone.register()).status == 200
        sent, final = await phone.invite(ALLOWED)
        assert final.status == 200
        for target in ("sip:19005550123@callbox", "sip:+4930123456@198.51.100.7", "tel:+979123456789"):
            assert await refers(phone, sent, final, target) in (202, 400, 403, 416)
            await asyncio.sleep(0.2)
        phone.within(sent, final, "BYE")
        await phone.final(sent["call-id"])

        codes = await asyncio.gather(*(calls_and_hangs_up(phone, number) for number in DENIED))
        assert {code // 100 for code in codes} == {4}
        assert await calls_and_hangs_up(phone, ALLOWED) == 403
        told = await box.request("outbound")
        assert [lock["of"] for lock in told["locks"]] == ["agent ana"]
        await box.until_status(lambda s: any(alarm["object"] == "agent ana" for alarm in s["alarms"]))
        await box.until(lambda: "OutboundLocked" in journalled(box))
        assert {"dialled", "transferred"} <= journalled(box)

        old = box.kill("brain")
        await box.until_back("brain", old)
        await box.until_up("one")
        assert await calls_and_hangs_up(phone, ALLOWED) == 403
        assert await calls_and_hangs_up(phone, "911") == 200
        await box.request("outbound_unlock", agent="ana", by="test")
        assert await calls_and_hangs_up(phone, ALLOWED) == 200
        dialled = [text.split(" ", 2)[1].partition("@")[0] for text in provider.received("INVITE")]
        assert dialled == ["sip:+12125550123", "sip:911", "sip:+12125550123"]
