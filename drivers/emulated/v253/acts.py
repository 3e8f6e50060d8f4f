"""What a modem does on its own for a while: dialling, tones of +VTS, waiting for a carrier.

An act is a generator: it yields the frames it plays on the line, is sent the tone that the exchange plays
("" = none), and returns the result code.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from drivers.emulated.pcm import FRAME_BYTES, SILENCE
from drivers.emulated.v253.line import Line
from dsp.dtmf import KEYS, generate
from dsp.tones import Tone, ToneError

Act = Generator[bytes, str, str]

DIAL_TONE_WAIT_SECONDS = 5.0  # CX930xx: S6's successor, then NO DIALTONE
BUSY_SECONDS = 2.0  # two to three cycles before busy is believed
BEFORE_FLASH_SECONDS = 0.1
FLASH_SECONDS = 0.5
DTMF_SECONDS = 0.1  # each tone and pause of ATD, S11
KEY_PAUSE_MS = 70  # behind a key of +VTS
PULSE_SECONDS = 0.1
PULSE_PAUSE_SECONDS = 0.8


@dataclass(frozen=True)
class DialSettings:
    """What the registers and parameters say about dialling."""

    voice: bool  # +FCLASS=8
    wants_dial_tone: bool  # X2, X4
    tells_busy: bool  # X3, X4
    answered: str  # result of an answered voice call
    ringback_gone_seconds: float  # +VRA
    never_rang_seconds: float  # +VRN, 0 = at once
    give_up_seconds: float  # S7
    comma_seconds: float  # S8


def wait(seconds: float) -> Act:
    """Silence; returns the tone last heard."""
    tone = ""
    for _ in range(max(1, round(seconds * 50))):
        tone = yield SILENCE
    return tone


def play(sound: bytes) -> Act:
    """Some sound, in whole frames."""
    for at in range(0, len(sound), FRAME_BYTES):
        yield sound[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
    return "OK"


def wait_for_dial_tone(seconds: float) -> Act:
    """ "OK" as soon as it sounds."""
    for _ in range(round(seconds * 50)):
        if (yield SILENCE) == "dial":
            yield from wait(0.2)
            return "OK"
    return "NO DIALTONE"


def dial(number: str, line: Line, settings: DialSettings) -> Act:
    """ATD: V.250 6.3.1 with the modifiers T P W , ! @ and ;"""
    if settings.wants_dial_tone and (yield from wait_for_dial_tone(DIAL_TONE_WAIT_SECONDS)) != "OK":
        return "NO DIALTONE"
    pulse = False
    for sign in number.upper():
        if sign in "TP":
            pulse = sign == "P"
        elif sign == ";":
            return "OK"
        elif sign == "W":
            if (yield from wait_for_dial_tone(settings.give_up_seconds)) != "OK":
                return "NO DIALTONE"
        else:
            yield from _dial_sign(sign, line, settings, pulse)
    return (yield from _await_answer(settings))


def _dial_sign(sign: str, line: Line, settings: DialSettings, pulse: bool) -> Act:
    if sign == ",":
        yield from wait(settings.comma_seconds)
    elif sign == "!":
        yield from flash(line)
    elif pulse and sign.isdigit():
        yield from wait((int(sign) or 10) * PULSE_SECONDS + PULSE_PAUSE_SECONDS)
        line.pulse(sign)
    elif sign in KEYS:
        yield from play(generate(sign, DTMF_SECONDS * 1000, DTMF_SECONDS * 1000))
    return "OK"


def flash(line: Line) -> Act:
    """A break of the loop, a moment after what sounded before."""
    yield from wait(BEFORE_FLASH_SECONDS)
    line.flash()
    return (yield from wait(FLASH_SECONDS))


def _await_answer(settings: DialSettings) -> Act:
    """Ringback that stops, or never comes, is an answer (+VRA, +VRN); in data mode a carrier never comes."""
    rang, quiet, busy, waited = False, 0.0, 0.0, 0.0
    while waited < settings.give_up_seconds:
        tone = yield SILENCE
        waited += 0.02
        busy = busy + 0.02 if tone in ("busy", "congestion") else 0.0
        if busy >= BUSY_SECONDS and settings.tells_busy:
            return "BUSY" if tone == "busy" else "NO CARRIER"
        rang = rang or tone == "ringback"
        quiet = quiet + 0.02 if not tone else 0.0
        patience = settings.ringback_gone_seconds if rang else settings.never_rang_seconds
        if settings.voice and not busy and quiet >= patience:
            return settings.answered
    return "NO ANSWER" if settings.voice else "NO CARRIER"


def answer_data(seconds: float) -> Act:
    """ATA of a data call: there is no modem at the far end."""
    yield from wait(seconds)
    return "NO CARRIER"


class BadTone(Exception):
    """What stands behind +VTS is not a tone."""


_ITEM = re.compile(r"\[(?P<tones>[^\]]*)\]|\{(?P<timed>[^}]*)\}|(?P<key>[0-9A-D*#!])", re.IGNORECASE)


def parse_tones(text: str, default_hundredths: int, *, all_three: bool) -> list[tuple[str, int]]:
    """+VTS: keys, {key,duration}, [f1,f2,duration] and !, as (what, hundredths of a second).

    What sounds is "5", "!", "697+1209", or "" for silence. With `all_three` a bracket must hold
    three numbers (Si24xx, AN93 table 110). Raises BadTone.
    """
    items: list[tuple[str, int]] = []
    at = 0
    while at < len(text):
        found = _ITEM.match(text, at)
        if found is None:
            raise BadTone(text)
        items.append(_tone_item(found, default_hundredths, all_three))
        at = found.end()
        if at < len(text):
            if text[at] != ",":
                raise BadTone(text)
            at += 1
    if not items:
        raise BadTone(text)
    return items


def _tone_item(found: re.Match[str], default: int, all_three: bool) -> tuple[str, int]:
    if found["key"] is not None:
        return found["key"].upper(), default
    fields = [part.strip() for part in (found["timed"] or found["tones"]).split(",")]
    if found["timed"] is not None:
        key, _, hundredths = found["timed"].partition(",")
        if key.upper() not in KEYS + "!" or len(key) != 1 or not hundredths.isdigit():
            raise BadTone(found[0])
        return key.upper(), int(hundredths)
    if len(fields) > 3 or (all_three and len(fields) < 3) or not all(f.isdigit() for f in fields if f):
        raise BadTone(found[0])
    first, second, hundredths = (*fields, "", "")[:3]
    hertz = "+".join(hz for hz in (first, second) if hz.strip("0"))
    try:
        Tone(f"!{hertz or 0}/10")
    except ToneError as error:
        raise BadTone(found[0]) from error
    return hertz, int(hundredths or default)


def sound_tones(items: list[tuple[str, int]], line: Line) -> Act:
    """The act of +VTS."""
    for what, hundredths in items:
        if what == "!":
            yield from flash(line)
        else:
            yield from play(b"".join(_samples(what, hundredths * 10)))
    return "OK"


def _samples(what: str, ms: int) -> Iterator[bytes]:
    if not what:
        yield bytes(16 * ms)
    elif what in KEYS:
        yield generate(what, ms, KEY_PAUSE_MS)
    else:
        yield Tone(f"!{what}/{ms}").fill(ms * 8)
