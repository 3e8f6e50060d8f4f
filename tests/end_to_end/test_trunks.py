"""Trunks of a whole box: numbers lead to flows, agents call out over the first provider that can."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.drivers.sip.bench import needs_pjsua2
from tests.end_to_end.sound import tone_dbm0
from tests.end_to_end.trunk_box import TrunkBox
from tests.peers.baresip import Baresip, free_port, needs_baresip
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, needs_sipp
from tests.peers.sipp_scenarios import Calling, answering, answers, refuses

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_kamailio,
    needs_pjsua2,
    needs_sipp,
    needs_baresip,
    pytest.mark.timeout(90),
]

ACCOUNTS = {"ana-desk": ("ana", "onetwothree")}
AUDIBLE = -30  # dBm0
NUMBERS = """
[numbers."+12125550101"]
to = "play:welcome"

[numbers."+12125550102"]
to = "agent:ana"
record = "always"

[numbers."+121255501*"]
to = "queue:sales"
record = "never"
"""


async def test_numbers_of_one_trunk_lead_to_a_prompt_a_phone_and_a_queue(tmp_path: Path) -> None:
    """Each with its own word on recording."""
    source = free_port()
    async with (
        Sipp(tmp_path, answering(*refuses(486))) as provider,
        TrunkBox(
            tmp_path,
            agents=["ana"],
            accounts=ACCOUNTS,
            hosts=[provider.host],
            source=f"127.0.0.1:{source}",
            more=NUMBERS,
            wrap_up_seconds=0,
        ) as box,
        Baresip(
            tmp_path / "ana",
            user="ana-desk",
            say="sine:880",
            answer="auto",
            registrar=f"127.0.0.1:{box.edge_port}",
            password=ACCOUNTS["ana-desk"][1],
        ),
    ):
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
        heard = {}
        for number in ("+12125550101", "+12125550177", "+12125550102"):
            async with RtpEnd(hertz=440) as sound:
                calling = Calling(number, sound=sound.port, talk_ms=1800).scenario()
                to = f"127.0.0.1:{box.edge_port}"
                await Sipp(tmp_path / number, calling, to=to, port=source).run()
                heard[number] = sound.heard()
            if len(heard) < 3:
                await box.until_over(len(heard))
        await box.until_status(lambda status: status["agents"][0]["state"] == "wrap-up")
        await box.agent("ana", "end-wrap-up")
        rows = {row["called"]: row for row in await box.until_over(3)}
    assert [tone_dbm0(sound, 880) > AUDIBLE for sound in heard.values()] == [False, True, True]
    assert abs(heard["+12125550101"]).max() > 1000  # the prompt
    assert [(rows[number]["queue"], rows[number]["agent"]) for number in heard] == [
        ("", ""),
        ("sales", "ana"),
        ("agent:ana", "ana"),
    ]
    assert [bool(rows[number]["recordings"]) for number in heard] == [False, False, True]


async def test_an_agent_is_heard_over_the_second_provider_when_the_first_has_no_service(
    tmp_path: Path,
) -> None:
    async with (
        RtpEnd(hertz=440) as sound,
        Sipp(tmp_path, answering(*refuses(503))) as first,
        Sipp(tmp_path, answering(*answers(sound.port))) as second,
        TrunkBox(tmp_path, agents=["ana"], accounts=ACCOUNTS, hosts=[first.host, second.host]) as box,
        Baresip(
            tmp_path / "ana",
            user="ana-desk",
            say="sine:880",
            registrar=f"127.0.0.1:{box.edge_port}",
            password=ACCOUNTS["ana-desk"][1],
        ) as ana,
    ):
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
        for line in ("one", "two"):
            await box.until_up(line)
        await ana.command("dial", f"sip:2125550123@127.0.0.1:{box.edge_port}")
        await ana.event("CALL_ESTABLISHED")
        await asyncio.sleep(1.5)
        await ana.command("hangup")
        await box.until_over()
        for provider in (first, second):
            assert provider.received("INVITE sip:+12125550123@")
    assert tone_dbm0(sound.heard(), 880) > AUDIBLE
    assert tone_dbm0(ana.heard(), 440) > AUDIBLE


@pytest.mark.parametrize(
    ("moved_to", "dialled"),
    [("+12125550199", ["+12125550123", "+12125550199"]), ("+19005550123", ["+12125550123"])],
)
async def test_a_number_that_a_provider_redirects_to_is_asked_for_like_any_other(
    tmp_path: Path, moved_to: str, dialled: list[str]
) -> None:
    port = free_port()
    contact = f"Contact: <sip:{moved_to}@127.0.0.1:{port}>\n"
    async with (
        Sipp(tmp_path, answering(*refuses(302, more=contact)), port=port) as provider,
        TrunkBox(tmp_path, agents=["ana"], accounts=ACCOUNTS, hosts=[provider.host]) as box,
        DigestPhone("ana-desk", ACCOUNTS["ana-desk"][1], box.edge_port) as phone,
    ):
        await box.until_up("one")
        await phone.register()
        _, final = await phone.invite("2125550123")
        assert final.status >= 400
        invites = [text.split(" ", 2)[1].partition("@")[0] for text in provider.received("INVITE")]
        assert invites == [f"sip:{number}" for number in dialled]
