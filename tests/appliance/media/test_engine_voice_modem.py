"""What the engine process does for lines that have no port of their own for sound: V.253 modems, and flow."""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
from pathlib import Path

import numpy as np
import pytest

from drivers.wire import WireError
from dsp import dtmf, g711
from tests.appliance.media.process_rig import RATE, PtyModem, bridged, strength, tone

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone]


class VoiceModem(PtyModem):
    """The same in mu-law behind a shield, with codes in between."""

    async def run(self):
        for i in range(1 << 20):
            start = i * 160 % len(self.sound)
            data = g711.ulaw_encode(self.sound[start : start + 160].tobytes()).replace(b"\x10", b"\x10\x10")
            os.write(self.fd, data + (b"\x10d" if i % 10 == 0 else b""))
            with contextlib.suppress(BlockingIOError):
                self.heard += os.read(self.fd, 1 << 16)
            await asyncio.sleep(0.02)

    def sound_heard(self):
        """What the modem plays."""
        return np.frombuffer(g711.ulaw_decode(self.heard.replace(b"\x10\x10", b"\x10")), "<i2")


LINE = {"coding": "ulaw", "shielded": True, "echo_tail_ms": 64, "progress_zone": "us", "silence_seconds": 0.5}


def open_files(pid):
    """What a process has open."""
    return {os.path.realpath(path) for path in Path(f"/proc/{pid}/fd").iterdir()}


async def test_a_voice_modem_is_heard_hears_and_its_codes_and_silence_are_told(tmp_path):
    async with bridged(tmp_path) as (running, gone, _worker):
        modem = VoiceModem(500)
        gone.sound = tone(0, 1.0)
        await running.peer.request("port.serial", port="fxo-1", fds=[modem.box], **LINE)
        await running.peer.request("connect", src="ana", dst="fxo-1")
        task = asyncio.create_task(modem.run())
        await asyncio.sleep(1.0)
        modem.sound = tone(0, 1.0)
        await running.until(lambda: [e for e in running.events if e["event"] == "silence_found"])
        modem.sound = tone(500, 1.0)
        await running.until(lambda: [e for e in running.events if e["event"] == "silence_ended"])
        state = await running.peer.request("state")
        counters = await running.peer.request("counters")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        modem.close()
    codes = [event for event in running.events if event["event"] == "modem_code"]
    assert {(event["port"], event["code"]) for event in codes} == {("fxo-1", "d")}
    assert all(isinstance(event["tick"], int) for event in codes)
    silence = next(event for event in running.events if event["event"] == "silence_found")
    assert (silence["port"], silence["seconds"]) == ("fxo-1", 0.5)
    assert strength(modem.sound_heard()[-RATE:], 1250) > 6000
    port = next(port for port in state["ports"] if port["port"] == "fxo-1")
    assert {name: port[name] for name in LINE} == LINE
    assert port["progress"] == "us"
    figures = next(port for port in counters["ports"] if port["port"] == "fxo-1")
    for name in ("modem_underruns", "modem_overruns", "codes_untold", "stopped_frames", "erle_db"):
        assert figures[name] == 0, name


async def test_a_port_declared_again_with_another_kind_of_sound_has_that(tmp_path):
    async with bridged(tmp_path) as (running, modem, _worker):
        ask = running.peer.request
        await ask("port.serial", port="gsm-1", fds=[modem.box], **LINE)
        await ask("port.serial", port="gsm-1", fds=[modem.box], coding="alaw", progress_zone="de")
        state = await ask("state")
        await ask("port.serial", port="gsm-1", fds=[modem.box])
        plain = await ask("state")
    port, again = state["ports"][0], plain["ports"][0]
    assert (port["coding"], port["shielded"], port["echo_tail_ms"]) == ("alaw", False, 0)
    assert (port["progress"], port["silence_seconds"]) == ("de", 0.0)
    assert (again["coding"], again["progress"], again["progress_zone"]) == ("s16le", "", "")


async def test_digits_are_pressed_once_and_nothing_else_is_heard_meanwhile(tmp_path):
    async with bridged(tmp_path) as (running, modem, _worker):
        modem.heard = b""
        await running.peer.request("tone", play="keys", to="gsm-1", digits="147*0#")
        await running.until(lambda: running.events)
        await asyncio.sleep(0.3)
    assert running.events == [{"event": "played", "play": "keys", "to": "gsm-1"}]
    heard = dtmf.Receiver()
    assert "".join(digit.digit for digit in heard.feed(modem.heard[: len(modem.heard) & ~1])) == "147*0#"


async def test_a_port_lets_go_of_its_descriptor_before_it_says_so(tmp_path):
    async with bridged(tmp_path) as (running, modem, _worker):
        await asyncio.sleep(0.2)
        await running.peer.request("port.close", port="gsm-1")
        with contextlib.suppress(BlockingIOError):
            os.read(modem.fd, 1 << 16)
        assert os.ttyname(modem.box) not in open_files(running.process.pid)
        os.write(modem.fd, bytes(320))
        await asyncio.sleep(0.1)
        waiting = struct.unpack("i", fcntl.ioctl(modem.box, termios.FIONREAD, bytes(4)))[0]
        assert waiting >= 320, "nobody has read it"
        await running.peer.request("port.close", port="gsm-1")
        await running.peer.request("port.close", port="never was")


async def test_a_modem_that_asks_for_a_stop_gets_no_sound_until_it_goes_on(tmp_path):
    async with bridged(tmp_path) as (running, modem, _worker):
        await asyncio.sleep(0.2)
        await running.peer.request("port.flow", port="gsm-1", on=False)
        await asyncio.sleep(0.1)
        modem.heard = b""
        await asyncio.sleep(0.3)
        assert modem.heard == b""
        await running.peer.request("port.flow", port="gsm-1", on=True)
        await running.until(lambda: len(modem.heard) > 1000)
        with pytest.raises(WireError, match=r"port\.flow: ana is a slot port; only a modem"):
            await running.peer.request("port.flow", port="ana", on=True)


@pytest.mark.parametrize("digits", ["", "12E", "1" * 33, 12])
async def test_what_cannot_be_pressed_is_refused(tmp_path, digits):
    async with bridged(tmp_path) as (running, _modem, _worker):
        with pytest.raises(WireError, match=r"digits is .*, expected 1 to 32 of "):
            await running.peer.request("tone", play="p", to="ana", digits=digits)
