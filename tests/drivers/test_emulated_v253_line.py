"""The emulated analogue line: the exchange's tones, what a far end's hang-up looks like, echo and noise."""

from __future__ import annotations

import asyncio
from array import array

import pytest

from drivers.emulated.network import Callee, NetworkError, Plan, Sound
from drivers.emulated.v253.line import FarEnd, LineState, read_zone
from dsp import g711, progress, tones
from dsp.level import Meter
from tests.drivers.v253_desk import INIT, Desk


def tones_heard(zone: str, data: bytes) -> list[str]:
    """The tones of a mu-law stream, by our own detector."""
    return [
        found.tone
        for found in progress.Detector(zone).feed(g711.ulaw_decode(data))
        if found.end_sample is None
    ]


def level_dbm0(samples: bytes) -> float:
    meter = Meter()
    meter.feed(samples)
    return meter.reading().mean_dbm0


async def taken(desk: Desk, zone_tone_seconds: float) -> bytes:
    """The line is taken without a call; what is heard in that time."""
    for line in (*INIT, "AT+VSM=131", "AT+VLS=1", "AT+VTR"):
        desk.ask(line)
    desk.out = b""
    await asyncio.sleep(zone_tone_seconds)
    return desk.heard()[0]


@pytest.mark.parametrize("zone", ["us", "uk", "de", "fr"])
async def test_a_taken_line_has_its_countrys_dial_tone(zone: str) -> None:
    desk = Desk(zone=zone)
    assert "dial" in tones_heard(zone, await taken(desk, 4))
    assert "d" in desk.heard()[1]


@pytest.mark.parametrize("zone", ["us", "uk", "de", "fr"])
async def test_a_far_end_that_hangs_up_leaves_its_countrys_busy_tone(zone: str) -> None:
    desk = Desk(zone=zone, echo_loss_db=None)
    call = await desk.call(codec=131)
    desk.network.hang_up(call.id)
    desk.out = b""
    await asyncio.sleep(6)
    sound, codes = desk.heard()
    assert "busy" in tones_heard(zone, sound)
    assert codes == "bb"


@pytest.mark.parametrize(
    ("far_end", "codes"),
    [
        (FarEnd.LOOP, "l"),
        (FarEnd.POLARITY, "L"),
        (FarEnd.DIAL, "ddd"),
        (FarEnd.SILENCE, ""),
        (FarEnd.CONGESTION, "bb"),
    ],
)
async def test_other_ways_a_hang_up_may_look(far_end: FarEnd, codes: str) -> None:
    desk = Desk(far_end=far_end)
    call = await desk.call()
    desk.network.hang_up(call.id)
    await asyncio.sleep(7.5)
    assert desk.heard()[1] == codes


async def test_where_polarity_tells_it_tells_of_an_answer_too() -> None:
    desk = Desk(far_end=FarEnd.POLARITY)
    for line in INIT:
        desk.ask(line)
    desk.network.default_callee = Callee(after_s=3.0)
    desk.ask("ATDT12;")
    await asyncio.sleep(20)
    call = desk.network.call_of(desk.modem)
    assert call is not None
    assert desk.out.count(b"\x10L") == 1
    desk.network.hang_up(call.id)
    assert desk.out.count(b"\x10L") == 2


async def test_the_bell_keeps_its_countrys_time() -> None:
    for zone, rings in (("us", 5), ("uk", 9), ("de", 6)):
        desk = Desk(zone=zone)
        desk.ask("ATE0")
        desk.out = b""
        desk.network.place(desk.modem, "1", give_up_after_s=30)
        await asyncio.sleep(40)
        assert desk.out.count(b"RING") == rings, zone


async def test_a_caller_who_gives_up_leaves_a_free_line() -> None:
    desk = Desk()
    desk.network.place(desk.modem, "1", give_up_after_s=1.9)
    await asyncio.sleep(10)
    assert b"RING" not in desk.out
    assert not desk.modem.engaged
    desk.network.place(desk.modem, "1")
    with pytest.raises(NetworkError, match="engaged"):
        desk.network.place(desk.modem, "2")


@pytest.mark.parametrize("loss_db", [6.0, 12.0, 24.0])
async def test_what_the_host_says_comes_back_weaker(loss_db: float) -> None:
    desk = Desk(echo_loss_db=loss_db)
    await desk.call(codec=131)
    said = tones.Tone("!400/1000,!1000/1000").fill(16000)
    await desk.speak(g711.ulaw_encode(said))
    back = g711.ulaw_decode(desk.heard()[0])
    assert level_dbm0(said) - level_dbm0(back[1600:]) == pytest.approx(loss_db, abs=5)
    silent = Desk(echo_loss_db=None)
    await silent.call(codec=131)
    await silent.speak(g711.ulaw_encode(said))
    assert set(silent.heard()[0]) == {0xFF}


async def test_echo_is_the_same_however_frames_fall() -> None:
    """The hybrid's memory reaches over the edge of a frame: an impulse at its end echoes in the next."""
    desk = Desk(echo_loss_db=0.0)
    await desk.call()
    line = desk.modem.line
    line.pass_frame(bytes(318) + array("h", [20000]).tobytes())
    _, back = line.pass_frame(bytes(320))
    assert any(array("h", back)[:8])
    assert not any(array("h", back)[8:])


async def test_noise_has_the_level_asked_for_and_is_seeded() -> None:
    heard = []
    for _ in range(2):
        desk = Desk(noise_dbm0=-40.0)
        await desk.call(codec=131)
        await asyncio.sleep(2)
        heard.append(desk.heard()[0])
    assert heard[0] == heard[1]
    assert level_dbm0(g711.ulaw_decode(heard[0])[3200:]) == pytest.approx(-40, abs=1.5)


async def test_the_far_end_hears_every_frame() -> None:
    desk = Desk()
    call = await desk.call(Plan(sound=Sound(tone_hz=500)), codec=131)
    await desk.speak(b"\x55" * 16000)
    assert desk.modem.line.state is LineState.TALKING
    assert call.voice.heard_seconds == pytest.approx(2.0, abs=0.05)
    assert call.voice.sounding_seconds == pytest.approx(1.97, abs=0.05)


def test_an_unknown_country_is_refused_in_words() -> None:
    with pytest.raises(tones.ToneError, match=r"no file xx\.toml"):
        read_zone("xx")
