"""Desk phones of a whole box hand a caller on, and three speak: who hears whom is measured by tones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.end_to_end.edge_box import EdgeBox
from tests.end_to_end.sound import read, tone_dbm0
from tests.peers.baresip import Baresip, needs_baresip
from tests.peers.edge import needs_kamailio

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_kamailio,
    needs_baresip,
    pytest.mark.timeout(120),
]

AUDIBLE, SILENT = -30, -50  # dBm0
SECRET = "onetwothree"
TONES = {"caller": 1000, "ana": 440, "ben": 660}  # Hz


@contextlib.asynccontextmanager
async def office(folder: Path) -> AsyncIterator[tuple[EdgeBox, dict[str, Baresip]]]:
    """A box, and the registered phones of ana, who is ready, and ben."""
    accounts = {f"{name}-desk": (name, SECRET) for name in ("ana", "ben")}
    async with EdgeBox(folder, agents=["ana", "ben"], accounts=accounts, ready=False) as box:
        phones = {
            name: Baresip(
                folder / name,
                user=f"{name}-desk",
                password=SECRET,
                registrar=f"127.0.0.1:{box.edge_port}",
                say=f"sine:{TONES[name]}",
            )
            for name in ("ana", "ben")
        }
        async with phones["ana"], phones["ben"]:
            await box.until_status(lambda status: len(status["edge"]["phones"]) == 2)
            await box.agent("ana", "login")
            yield box, phones


async def answers(phone: Baresip) -> None:
    await phone.event("CALL_INCOMING", seconds=20)
    await phone.command("accept")


async def talking(box: EdgeBox, phones: Mapping[str, Baresip], record: Path) -> str:
    """A caller whom ana has answered; the network's id of the call."""
    caller = await box.rings(tone_hz=TONES["caller"], loop=True, record=str(record))
    await answers(phones["ana"])
    await box.until_stage("talking")
    return caller


async def test_a_blind_transfer_by_refer_leaves_caller_and_colleague_together(tmp_path: Path) -> None:
    by_caller = tmp_path / "caller.wav"
    async with office(tmp_path) as (box, phones):
        caller = await talking(box, phones, by_caller)
        await phones["ana"].command("transfer", f"sip:{box.agents['ben']}@127.0.0.1:{box.edge_port}")
        await answers(phones["ben"])
        await phones["ana"].event("CALL_CLOSED")
        await asyncio.sleep(2)
        await box.hangs_up(caller)
        await phones["ben"].event("CALL_CLOSED")
        [row] = await box.until_over()
    assert (row["outcome"], row["agent"], row["transfers"]) == ("answered", "ben", 1)
    assert tone_dbm0(read(by_caller)[-8000:, 0], TONES["ben"]) > AUDIBLE
    assert tone_dbm0(phones["ben"].heard()[-8000:], TONES["caller"]) > AUDIBLE


async def test_three_hear_each_other_and_nobody_himself(tmp_path: Path) -> None:
    by_caller = tmp_path / "caller.wav"
    async with office(tmp_path) as (box, phones):
        caller = await talking(box, phones, by_caller)
        await box.agent("ana", "consult", box.agents["ben"])
        await answers(phones["ben"])
        await asyncio.sleep(0.5)
        await box.agent("ana", "conference")
        await asyncio.sleep(3)
        await box.hangs_up(caller)
        await asyncio.sleep(2)
        await phones["ana"].command("hangup")
        await phones["ben"].event("CALL_CLOSED")
        [row] = await box.until_over()
    two = {name: phone.heard()[-12000:-2000] for name, phone in phones.items()}
    three = {name: phone.heard()[-36000:-22000] for name, phone in phones.items()}
    three["caller"] = read(by_caller)[-16000:-2000, 0]
    for name, sound in three.items():
        for other, hertz in TONES.items():
            level = tone_dbm0(sound, hertz)
            assert level < SILENT if other == name else level > AUDIBLE, (name, other, level)
    assert tone_dbm0(two["ana"], TONES["ben"]) > AUDIBLE
    assert tone_dbm0(two["ben"], TONES["ana"]) > AUDIBLE
    assert tone_dbm0(two["ben"], TONES["caller"]) < SILENT
    assert row["outcome"] == "answered"


async def test_colleagues_speak_on_while_the_brain_is_killed_and_end_as_ever(tmp_path: Path) -> None:
    async with office(tmp_path) as (box, phones):
        await phones["ana"].command("dial", f"sip:{box.agents['ben']}@127.0.0.1:{box.edge_port}")
        await answers(phones["ben"])
        await box.until_stage("talking")
        await box.until_back("brain", box.kill("brain"))
        call = await box.until_stage("talking")
        assert (call["direction"], call["maker"], call["agent"]) == ("direct", "ana", "ben")
        status = await box.until_status(lambda status: status["agents"][0]["state"] == "paused")
        assert "on a call" in status["agents"][0]["reason"]
        await asyncio.sleep(2)
        await phones["ben"].command("hangup")
        await phones["ana"].event("CALL_CLOSED")
        [row] = await box.until_over()
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
    assert (row["outcome"], row["direction"], row["called"]) == ("answered", "direct", box.agents["ben"])
    for name, other in (("ana", "ben"), ("ben", "ana")):
        heard = phones[name].heard()[-8000:-2000]
        assert tone_dbm0(heard, TONES[other]) > AUDIBLE, name
