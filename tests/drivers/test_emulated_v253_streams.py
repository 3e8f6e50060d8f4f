"""The emulated voice modem's streams and digits: play, record, duplex, in memory."""

from __future__ import annotations

import asyncio
import math
from array import array

import pytest

from drivers.emulated.network import Plan, Sound
from drivers.emulated.v253.chips import CHIPS
from dsp import dtmf, g711
from tests.drivers.v253_desk import Desk, shielded

ALL = sorted(CHIPS)
DUPLEX = [chip for chip in ALL if CHIPS[chip].duplex]
TONE = Plan(sound=Sound(tone_hz=1000, loop=True))


def level(samples: bytes, hertz: float) -> float:
    """Share of the power of `samples` (s16, 8 kHz) at one frequency."""
    values = array("h", samples)
    step = 2 * math.pi * hertz / 8000
    real = sum(value * math.cos(step * n) for n, value in enumerate(values))
    imaginary = sum(value * math.sin(step * n) for n, value in enumerate(values))
    return 2 * (real * real + imaginary * imaginary) / (len(values) * (sum(v * v for v in values) or 1))


# --- streams ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", DUPLEX)
async def test_duplex_carries_sound_both_ways_in_every_codec(chip: str) -> None:
    for codec in (codec for codec in CHIPS[chip].codecs if codec.form is not None):
        desk = Desk(chip, echo_loss_db=None)
        call = await desk.call(TONE, codec=codec.id)
        ours = array(
            "h", (round(8000 * math.sin(2 * math.pi * 500 * n / 8000)) for n in range(8000))
        ).tobytes()
        frames: list[bytes] = []
        call.voice.hear = frames.append  # type: ignore[method-assign]
        await desk.speak(codec.encode(ours), sample_bytes=codec.sample_bytes)
        sound, _ = desk.heard()
        whole = sound[: len(sound) // codec.sample_bytes * codec.sample_bytes]
        if not (desk.modem.stream and desk.modem.stream.storms):
            assert level(codec.decode(whole)[3200:9600], 1000) > 0.98, (chip, codec)
            assert level(b"".join(frames)[3200:9600], 500) > 0.98, (chip, codec)
            assert len(whole) == pytest.approx(8000 * codec.sample_bytes, rel=0.05)


@pytest.mark.parametrize("chip", DUPLEX)
async def test_leaving_duplex(chip: str) -> None:
    desk = Desk(chip)
    await desk.call(TONE)
    await asyncio.sleep(0.1)
    desk.out = b""
    desk.modem.feed(b"\x10^")
    assert desk.out == (b"" if chip == "usr5637" else b"\x10\x03") + b"\r\nOK\r\n"
    assert desk.modem.line.taken  # still off hook
    assert desk.ask("AT+VTR") == "\r\nCONNECT\r\n"
    desk.out = b""
    desk.modem.feed(b"\x10\x03")
    assert (desk.modem.stream is None) is (chip == "usr5637")  # elsewhere this ends only what is said


async def test_the_resync_before_the_first_command_ends_a_stale_duplex_on_any_chip() -> None:
    for chip in DUPLEX:
        desk = Desk(chip)
        await desk.call(TONE)
        desk.modem.feed(b"\x10\x03\x10^\r")
        assert desk.ask("AT") == "\r\nOK\r\n"


@pytest.mark.parametrize("chip", ALL)
async def test_recording_ends_by_abort_and_by_escape(chip: str) -> None:
    for end in (b"\x10!", b"\x10\x1b"):
        desk = Desk(chip)
        await desk.call(TONE, stream="+VRX")
        await asyncio.sleep(0.5)
        sound, _ = desk.heard()
        assert len(sound) > 3000
        desk.out = b""
        desk.modem.feed(end)
        assert desk.out == b"\x10\x03\r\nOK\r\n"


async def test_playing_ends_when_the_last_sample_has_sounded() -> None:
    desk = Desk()
    call = await desk.call(stream="+VTX", codec=131)
    desk.modem.feed(shielded(bytes(range(256)) * 10) + b"\x10\x03")
    await asyncio.sleep(0.2)
    assert b"OK" not in desk.out
    await asyncio.sleep(0.2)
    assert desk.out == b"\r\nOK\r\n"
    assert call.voice.sounding_seconds == pytest.approx(0.32, abs=0.03)


@pytest.mark.parametrize("drift_ppm", [20_000.0, -20_000.0, 0.0])
async def test_sound_comes_by_the_modems_own_clock(drift_ppm: float) -> None:
    desk = Desk(echo_loss_db=None, drift_ppm=drift_ppm)
    await desk.call(TONE)
    await asyncio.sleep(20)
    assert len(desk.heard()[0]) == pytest.approx(160_000 * (1 + drift_ppm * 1e-6), abs=320)


async def test_what_is_played_can_be_paused() -> None:
    desk = Desk()
    call = await desk.call(stream="+VTX", codec=131)
    desk.modem.feed(b"\x55" * 1600 + b"\x10p")
    await asyncio.sleep(1)
    assert call.voice.sounding_seconds == 0
    desk.modem.feed(b"\x10r\x10\x03")
    await asyncio.sleep(0.3)
    assert call.voice.sounding_seconds == pytest.approx(0.2, abs=0.01)
    assert desk.out.endswith(b"OK\r\n")


async def test_cancel_drops_what_waits() -> None:
    desk = Desk()
    call = await desk.call(stream="+VTX", codec=131)
    desk.modem.feed(b"\x55" * 5000)
    await asyncio.sleep(0.1)
    desk.modem.feed(b"\x10\x18\x10\x03")  # as vm interrupts
    assert desk.out == b"\r\nOK\r\n"
    assert call.voice.sounding_seconds < 0.2


async def test_a_host_that_is_late_is_told_of_one_underrun() -> None:
    desk = Desk()
    await desk.call(codec=131)
    await desk.speak(b"\x55" * 1600)
    await asyncio.sleep(1.0)
    assert desk.heard()[1] == "u"
    assert desk.modem.counters.underruns == 1


async def test_a_host_that_is_fast_is_held_back() -> None:
    desk = Desk()
    await desk.call(codec=131, stream="+VTX")
    desk.modem.feed(b"\x55" * 8000)
    assert desk.held == [True]
    await asyncio.sleep(0.5)
    assert desk.held == [True, False]
    assert desk.modem.counters.lost_bytes == 0


async def test_without_flow_control_what_is_too_much_is_lost() -> None:
    desk = Desk("si2494")
    await desk.call(stream="+VTX", codec=4)
    desk.modem.feed(b"\x55" * 20000)
    assert desk.held == []
    assert desk.modem.counters.lost_bytes == 20000 - 12800


async def test_v3_fat_sound_both_ways_is_too_much_for_a_cx93001() -> None:
    desk = Desk(echo_loss_db=None)
    await desk.call(TONE, codec=133)
    await desk.speak(bytes(16000), sample_bytes=2)
    sound, codes = desk.heard()
    assert codes.count("u") > 300
    assert 10 < codes.count("o") < codes.count("u")
    assert len(sound) < 16000 * 0.95
    thin = Desk(echo_loss_db=None)
    await thin.call(TONE, codec=131)
    await thin.speak(b"\xff" * 8000)
    assert thin.heard()[1] == ""


async def test_silence_ends_the_stream_when_it_is_watched() -> None:
    for chip, ends in (("cx93001", True), ("usr5637", False)):
        desk = Desk(chip, echo_loss_db=None)
        await desk.call()
        desk.modem.feed(b"\x10^")
        desk.ask("AT+VSD=128,20")
        desk.ask("AT+VTR")
        desk.out = b""
        await asyncio.sleep(3)
        assert desk.out.count(b"\x10s") == 1
        assert (b"OK" in desk.out) is ends


async def test_an_idle_host_loses_the_line_after_vit() -> None:
    desk = Desk()
    await desk.call()
    desk.modem.feed(b"\x10^")
    desk.ask("AT+VIT=5")
    await asyncio.sleep(4)
    assert desk.modem.line.taken
    await asyncio.sleep(2)
    assert not desk.modem.line.taken


async def test_voice_goes_on_when_the_far_end_is_gone() -> None:
    desk = Desk()
    call = await desk.call(TONE)
    desk.network.hang_up(call.id)
    await asyncio.sleep(5)
    sound, codes = desk.heard()
    assert len(sound) > 30000
    assert codes.count("b") == 1
    assert desk.modem.engaged  # until the host hangs up
    desk.modem.feed(b"\x10^")
    assert desk.ask("ATH") == "\r\nOK\r\n"
    assert not desk.modem.engaged


# --- digits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chip", "told"), [("cx93001", "/1~/2~/#~"), ("usr5637", "12#")])
async def test_digits_of_the_far_end_are_told_as_the_chip_does(chip: str, told: str) -> None:
    desk = Desk(chip)
    await desk.call(Plan(digits=[(0.2, "12#")]))
    await asyncio.sleep(2)
    assert desk.heard()[1] == told


async def test_the_host_may_want_no_digits() -> None:
    desk = Desk()
    await desk.call(Plan(digits=[(0.2, "1"), (1.0, "2")]))
    desk.modem.feed(b"\x10/")
    await asyncio.sleep(0.8)
    desk.modem.feed(b"\x10~")
    await asyncio.sleep(1)
    assert desk.heard()[1] == "/2~"


async def test_tones_reach_the_far_end_and_a_flash_too() -> None:
    desk = Desk()
    await desk.call()
    desk.modem.feed(b"\x10^")
    assert desk.ask("AT+VTD=10") == "\r\nOK\r\n"
    assert desk.ask("AT+VTS=1,{2,20},[941,1336,15],!,#") == ""
    await asyncio.sleep(2)
    assert desk.out == b"\r\nOK\r\n"
    await asyncio.sleep(0.1)
    call = desk.network.call_of(desk.modem)
    assert call is not None
    assert call.sent_digits == "120!#"


async def test_digits_that_the_host_plays_reach_the_far_end() -> None:
    desk = Desk()
    call = await desk.call(codec=131)
    await desk.speak(g711.ulaw_encode(dtmf.generate("5*") + bytes(3200)))
    await asyncio.sleep(0.2)
    assert call.sent_digits == "5*"
