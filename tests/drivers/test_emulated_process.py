"""The emulator as a process on ptys: gammu, the control socket, our own driver, voice both ways."""

from __future__ import annotations

import array
import asyncio
import math
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from drivers.port import EndCause, LegState, PortState, SerialAudio
from drivers.serialline import SerialLine
from drivers.wire import WireError
from tests.drivers.emulator_rig import Emulator, emulator
from tests.drivers.gsm_bench import Holder

pytestmark = [pytest.mark.slow, pytest.mark.realtime]

NEEDS_GAMMU = pytest.mark.skipif(
    shutil.which("gammu") is None, reason="gammu is missing: apt-get install gammu"
)


class Mouth:
    """Plays 320 bytes every 20 ms into a descriptor, as the engine does, and keeps what it reads."""

    def __init__(self, fd: int, frame: bytes) -> None:
        self.heard = bytearray()
        self._fd = fd
        self._frame = frame
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            with_fd = os.dup(self._fd)
            try:
                os.write(with_fd, self._frame)
                self.heard += os.read(with_fd, 4096)
            except BlockingIOError:
                pass
            finally:
                os.close(with_fd)
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


def level(samples: bytes, hertz: float) -> float:
    """Share of the power of `samples` (s16, 8 kHz) at one frequency."""
    values = array.array("h", samples)
    step = 2 * math.pi * hertz / 8000
    real = sum(value * math.cos(step * n) for n, value in enumerate(values))
    imaginary = sum(value * math.sin(step * n) for n, value in enumerate(values))
    power = sum(value * value for value in values) or 1
    return 2 * (real * real + imaginary * imaginary) / (len(values) * power)


@NEEDS_GAMMU
async def test_gammu_identifies_it_reads_its_signal_network_and_monitors(tmp_path: Path) -> None:
    async with emulator(tmp_path):
        told = await gammu(tmp_path, "identify", "networkinfo", "monitor 1")
        assert "SIMCOM INCORPORATED" in told
        assert "SIMCOM_SIM7600E-H" in told
        assert "867584030000001" in told
        assert "262070000000001" in told
        assert "home network" in told
        assert "262 07" in told
        assert "Signal strength      : -73 dBm" in told
        assert "Battery level        : 85 percent" in told


async def gammu(folder: Path, *commands: str) -> str:
    """What gammu prints about gsm-1, in one connection."""
    config, batch = folder / "gammurc", folder / "batch"
    config.write_text(f"[gammu]\ndevice={folder}/gsm-1-at\nconnection=at115200\n")
    batch.write_text("\n".join(commands) + "\n")
    command = ["gammu", "-c", str(config), "batch", str(batch)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=40, check=False
    )
    return done.stdout


@NEEDS_GAMMU
async def test_our_driver_works_on_a_modem_that_gammu_has_used(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        await gammu(tmp_path, "identify")
        port = emu.port()
        await port.open()
        assert port.state is PortState.IDLE, port.reason
        await emu.ask("call", modem="gsm-1", number="+491701")
        leg = await port.next_ring()
        assert leg.peer == "+491701"
        await leg.hangup()
        await port.close()


async def test_a_caller_is_answered_heard_and_hears_us(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        port = emu.port()
        await port.open()
        record = tmp_path / "heard.wav"
        placed = await emu.ask(
            "call",
            modem="gsm-1",
            number="+491701",
            tone_hz=1000,
            loop=True,
            digits=[[0.5, "7"]],
            record=str(record),
        )
        leg = await port.next_ring()
        await leg.answer()
        assert (await emu.until("answered"))["call"] == placed["call"]
        assert isinstance(leg.audio, SerialAudio)
        ours = array.array("h", (round(8000 * math.sin(2 * math.pi * 500 * n / 8000)) for n in range(160)))
        mouth = Mouth(leg.audio.fd, ours.tobytes())
        await asyncio.sleep(1.5)
        assert level(bytes(mouth.heard[1600:4800]), 1000) > 0.95
        frames = [bytes(mouth.heard[at : at + 1600]) for at in range(0, len(mouth.heard) - 1600, 320)]
        assert any(level(f, 852) > 0.4 and level(f, 1209) > 0.4 for f in frames)  # the 7
        await emu.ask("hangup", call=placed["call"])
        assert await leg.ended() is EndCause.REMOTE
        await mouth.stop()
        ended = await emu.until("ended")
        assert 1.0 < ended["sounding_seconds"] <= ended["heard_seconds"] < 2.0
        with wave.open(str(record)) as file:
            heard = file.readframes(file.getnframes())
        assert level(heard[8000:16000], 500) > 0.9
        await port.close()


async def test_outgoing_digits_and_a_busy_party(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        port = emu.port()
        await port.open()
        await emu.ask("callee", number="111", outcome="busy")
        await emu.ask("callee", outcome="answer", after_s=0.2)
        leg = await port.dial("111")
        assert await leg.ended() is EndCause.BUSY
        await port.until_state(PortState.IDLE)
        leg = await port.dial("222")
        await leg.until(LegState.UP)
        await leg.send_digits("42")
        await leg.hangup()
        assert (await emu.until("ended"))["by"] == "busy"
        ended = await emu.until("ended")
        assert (ended["by"], ended["sent_digits"]) == ("box", "42")
        await port.close()


async def test_the_cable_is_pulled_during_a_call_and_put_back(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        port = emu.port()
        await port.open()
        await emu.ask("call", modem="gsm-1", number="1")
        leg = await port.next_ring()
        await leg.answer()
        await emu.ask("unplug", modem="gsm-1")
        assert await leg.ended() is EndCause.PORT_LOST
        assert port.state is PortState.FAULT
        await emu.ask("plug", modem="gsm-1")
        async with asyncio.timeout(5):
            await port.until_state(PortState.IDLE)
        await emu.ask("call", modem="gsm-1", number="2")
        leg = await port.next_ring()
        await leg.answer()
        await leg.hangup()
        await port.close()


async def test_a_restarted_brain_takes_the_call_and_the_engines_audio(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        port = emu.port()
        await port.open()
        await emu.ask("call", modem="gsm-1", number="+4917", tone_hz=1000, loop=True)
        leg = await port.next_ring()
        await leg.answer()
        assert isinstance(leg.audio, SerialAudio)
        engines = os.dup(leg.audio.fd)
        mouth = Mouth(engines, bytes(320))
        await port.close()
        second = emu.port()
        second.audio_holder = Holder(os.dup(engines))
        await second.open()
        found = await second.next_ring()
        assert (found.state, found.peer) == (LegState.UP, "+4917")
        before = len(mouth.heard)
        await asyncio.sleep(0.5)
        assert level(bytes(mouth.heard[before : before + 6400]), 1000) > 0.95
        await mouth.stop()
        os.close(engines)
        await found.hangup()
        await second.close()


async def test_a_port_held_by_somebody_else_is_a_fault_that_heals(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        other = SerialLine(
            "x", str(tmp_path / "gsm-1-at"), on_bytes=lambda data: None, on_lost=lambda error: None
        )
        port = emu.port()
        await port.open()
        assert port.state is PortState.FAULT
        assert "is busy" in port.reason
        other.close()
        async with asyncio.timeout(5):
            await port.until_state(PortState.IDLE)
        await port.close()


@pytest.mark.parametrize(("fault", "least"), [("F14a", 1), ("F14b", 4800), ("F14c", 60)])
async def test_what_is_wrong_with_the_audio_stream(tmp_path: Path, fault: str, least: int) -> None:
    async with emulator(tmp_path) as emu:
        await emu.ask("fault", modem="gsm-1", fault=fault)
        port = emu.port()
        await port.open()
        await emu.ask("call", modem="gsm-1", number="1")
        leg = await port.next_ring()
        await leg.answer()
        assert isinstance(leg.audio, SerialAudio)
        mouth = Mouth(leg.audio.fd, bytes(320))
        await asyncio.sleep(1.3)
        await mouth.stop()
        strange = len(mouth.heard) - mouth.heard.count(0)
        assert strange >= least - 60
        assert (len(mouth.heard) % 2 == 1) is (fault == "F14a") or fault == "F14c"
        await leg.hangup()
        await port.close()


async def test_a_dead_audio_port_gives_nothing_and_takes_nothing(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        for fault in ("F12", "F12w"):
            await emu.ask("fault", modem="gsm-1", fault=fault)
        port = emu.port()
        await port.open()
        await emu.ask("call", modem="gsm-1", number="1")
        leg = await port.next_ring()
        await leg.answer()
        assert isinstance(leg.audio, SerialAudio)
        mouth = Mouth(leg.audio.fd, b"\1" * 320)
        await asyncio.sleep(0.5)
        await mouth.stop()
        assert mouth.heard == b""
        assert (await emu.ask("status"))["calls"][0]["heard_seconds"] > 0
        await leg.hangup()
        await port.close()


async def test_the_clock_of_a_modem_drifts_as_told_and_never_slips(tmp_path: Path) -> None:
    async with emulator(tmp_path, "--modems", "2", "--drift-ppm", "20000,-20000") as emu:
        counts = []
        for number in (1, 2):
            port = emu.port(number)
            await port.open()
            await emu.ask("call", modem=f"gsm-{number}", number="1")
            leg = await port.next_ring()
            await leg.answer()
            counts.append(port)
        frames = await _frames(emu)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(4)
        seconds = asyncio.get_running_loop().time() - began
        for first, last, drift in zip(frames, await _frames(emu), (1.02, 0.98), strict=True):
            assert (last - first) / seconds == pytest.approx(50 * drift, abs=0.75)
        for port in counts:
            await port.close()


async def _frames(emu: Emulator) -> list[int]:
    return [unit["frames"] for unit in (await emu.ask("status"))["modems"]]


async def test_the_control_socket_refuses_in_words(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        for op, fields, words in [
            ("nonsense", {}, "there is no op"),
            ("call", {"modem": "gsm-9", "number": "1"}, "no such modem; there are gsm-1"),
            ("call", {"modem": "gsm-1", "wav": "/nowhere.wav"}, "/nowhere.wav: cannot be read"),
            ("fault", {"modem": "gsm-1", "fault": "F99"}, "F99 is no fault"),
            ("digits", {"call": "c9", "digits": "1"}, "there is no call c9"),
            ("callee", {"outcome": "sings"}, "sings"),
        ]:
            with pytest.raises(WireError, match=words):
                await emu.ask(op, **fields)
        assert len((await emu.ask("status"))["faults"]) > 20


def test_help_explains_itself_and_bad_options_are_refused(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "drivers.emulated", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    shown = run("--help").stdout
    assert "gsm-1-at" in shown
    assert "nothing is said when a call ends" in shown
    assert max(map(len, shown.splitlines())) <= 110
    assert "1 to 64 are possible" in run("--dir", str(tmp_path), "--modems", "65").stderr
    assert "numbers separated by commas" in run("--dir", str(tmp_path), "--drift-ppm", "fast").stderr
    assert "cannot be read" in run("--dir", str(tmp_path), "--wav", "/nowhere").stderr
