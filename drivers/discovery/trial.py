"""A test call over a port: is it answered, do bytes flow each way, how loud is the far end?"""

from __future__ import annotations

import asyncio
import contextlib
import os

from drivers.discovery.finding import CallReport
from drivers.port import DriverError, Leg, LegEnded, LegState, Port, PortState, SerialAudio
from drivers.v253.coding import Coding
from drivers.v253.dle import Reader, shield
from dsp import g711, linear
from dsp.level import FLOOR_DBM0, Meter
from dsp.tones import Tone

OPEN_SECONDS = 15.0
RING_SECONDS = 45.0  # a called party hears five rings and more
HANG_UP_SECONDS = 10.0
TONE = "1004"  # Hz; 1000 would give the same eight samples again and again
TONE_DBM0 = -15.0  # as loud as speech
FRAME_SAMPLES, FRAME_SECONDS = 160, 0.02  # at 8 kHz
AHEAD_FRAMES = 2  # written before the first tick, against jitter
READ_BYTES = 4096


async def trial_call(port: Port, number: str, seconds: float) -> CallReport:
    """Dial `number`, talk a tone for `seconds`, hang up; the port is open only meanwhile. Never raises for
    what a device or network does: `trouble` says it."""
    report = CallReport(number, sent_dbm0=TONE_DBM0)
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await port.open()
        if port.state is not PortState.IDLE:
            report.trouble = f"not made, the modem is not ready: {port.reason or port.state.value}"
            return report
        await _call(port, report, seconds)
    except TimeoutError:
        report.trouble = f"not made, the modem was not ready after {OPEN_SECONDS:g} s"
    except DriverError as error:
        report.trouble = str(error).removeprefix(f"port {port.name}: ")
    finally:
        await port.close()
    return report


async def _call(port: Port, report: CallReport, seconds: float) -> None:
    leg = await port.dial(report.number)
    try:
        async with asyncio.timeout(RING_SECONDS):
            await leg.until(LegState.UP)
        report.answered = True
        await _talk(leg, report, seconds)
    except TimeoutError:
        report.trouble = f"nobody answered within {RING_SECONDS:g} s"
    except LegEnded:
        why = leg.cause.value if leg.cause else "ended"
        report.trouble = f"ended too soon: {why}"
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANG_UP_SECONDS):
                await leg.hangup()


class _Sound:
    """The sound of a leg as s16 samples, whatever the port makes of it."""

    def __init__(self, audio: SerialAudio) -> None:
        self._reader = Reader() if audio.shielded else None
        self._coding = Coding(audio.coding) if audio.coding != "s16le" else None
        self._half = b""

    def encode(self, samples: bytes) -> bytes:
        """What is written."""
        if self._coding is None:
            return samples
        data = _encoded(self._coding, samples)
        return data if self._reader is None else shield(data)

    def decode(self, data: bytes) -> bytes:
        """What was read; a last odd byte waits for its other half."""
        if self._reader is not None:
            data = b"".join(piece for piece in self._reader.feed(data) if isinstance(piece, bytes))
        if self._coding is not None:
            return self._coding.samples(data)
        data = self._half + data
        whole = len(data) & ~1
        self._half = data[whole:]
        return data[:whole]


async def _talk(leg: Leg, report: CallReport, seconds: float) -> None:
    audio = leg.audio
    assert isinstance(audio, SerialAudio)  # as all lines on serial ports have
    loop = asyncio.get_running_loop()
    sound, meter, tone = _Sound(audio), Meter(), Tone(TONE, TONE_DBM0)
    down = up = 0
    began = loop.time()
    frame = -AHEAD_FRAMES
    while (now := loop.time() - began) < seconds:
        if leg.state is LegState.ENDED:
            report.trouble = "the far end hung up during the measurement"
            break
        while frame * FRAME_SECONDS <= now:
            frame += 1
            up += _write(audio.fd, sound.encode(tone.fill(FRAME_SAMPLES)))
        heard = _read(audio.fd)
        down += len(heard)
        meter.feed(sound.decode(heard))
        await asyncio.sleep(FRAME_SECONDS / 2)
    report.seconds = loop.time() - began
    report.down_bytes_per_second = round(down / report.seconds)
    report.up_bytes_per_second = round(up / report.seconds)
    level = meter.reading().mean_dbm0
    report.heard_dbm0 = level if level > FLOOR_DBM0 else None
    if not down:
        report.trouble = "answered, and no sound comes from the audio port (F12): reset or replug the modem"


def _encoded(coding: Coding, samples: bytes) -> bytes:
    if coding is Coding.ULAW:
        return g711.ulaw_encode(samples)
    if coding is Coding.ALAW:
        return g711.alaw_encode(samples)
    return linear.encode(samples, linear.Form(coding.value))


def _write(fd: int, data: bytes) -> int:
    """Bytes taken; none of a port that takes none."""
    try:
        return os.write(fd, data)
    except OSError:
        return 0


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, READ_BYTES)
    except OSError:
        return b""
