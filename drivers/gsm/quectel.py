"""Quectel EC20, EC25, EG25 and UC20: field reports; commands by their manuals."""

from __future__ import annotations

from dataclasses import replace

from drivers.at.parser import fields, number
from drivers.gsm.clcc import CallStat, CurrentCall, call_of
from drivers.gsm.quirks import (
    COMMON_CALLS,
    COMMON_URCS,
    Dialect,
    Gain,
    Meaning,
    Moment,
    VoiceRoute,
    last_field,
)

ENDED = "-1"  # <state> of ccinfo
#: <stat> of ^DSCI, which counts otherwise than +CLCC.
DSCI_STATES = {
    1: CallStat.HELD,
    2: CallStat.DIALING,
    3: CallStat.ACTIVE,
    4: CallStat.INCOMING,
    5: CallStat.WAITING,
    6: CallStat.ENDED,
    7: CallStat.ALERTING,
}


def read_ccinfo(text: str) -> CurrentCall | None:
    """`+QIND: "ccinfo",<idx>,<dir>,<state>,<mode>,<mpty>,"<number>",<type>`: as +CLCC, and -1 for the end."""
    values = fields(text)[1:]
    if values[2:3] == [ENDED]:
        values[2] = str(int(CallStat.ENDED))
    return call_of(values)


def read_dsci(text: str) -> CurrentCall | None:
    """`^DSCI: <id>,<dir>,<stat>,<type>,<number>,<toa>`."""
    values = fields(text)
    stat = DSCI_STATES.get(number(values[2]) or 0) if len(values) > 3 else None
    if stat is None:
        return None
    call = call_of([*values[:2], "0", values[3], "0", *values[4:5]])
    return replace(call, stat=stat) if call is not None else None


def read_tone(text: str) -> str:
    """`+QTONEDET: 56`: the key's ASCII code in decimal."""
    code = number(last_field(text))
    return chr(code) if code is not None and 0 <= code < 128 else ""


QUECTEL = Dialect(
    name="quectel",
    title="A Quectel EC20, EC25, EG25 or UC20 modem",
    ports=(
        "AT port, best by /dev/serial/by-id/...-if02-port0",
        "PCM port, the modem's NMEA port, best by /dev/serial/by-id/...-if01-port0",
    ),
    urcs={
        **COMMON_URCS,
        "+QTONEDET:": Meaning.DIGIT,
        "+QPCMV:0,0": Meaning.SOUND_FULL,
        "+QPCMV:1,0": Meaning.SOUND_READY,
        "RDY": Meaning.REBOOT,
        "POWEREDDOWN": Meaning.REBOOT,
        "NORMALPOWERDOWN": Meaning.REBOOT,
        "+QIND:": Meaning.CHATTER,  # SMS DONE, PB DONE, csq; ccinfo is a call
        "+QUSIM:": Meaning.CHATTER,
        "+CFUN:": Meaning.CHATTER,
    },
    calls={**COMMON_CALLS, '+QIND:"ccinfo"': read_ccinfo, "^DSCI:": read_dsci},
    init=("AT+CLIP=1", "AT+CREG=1"),
    init_optional=(
        "AT&D0",
        "AT+CRC=0",
        "AT+CSSN=0,1",
        'AT+QGPSCFG="outport","none"',  # else the satellites' text stands in the voice (F14)
        'AT+QINDCFG="ccinfo",1,0',
        "AT^DSCI=1",  # for the few without ccinfo (EP06)
    ),
    pin_tries=('AT+QPINC="SC"', "+QPINC:"),
    dial="ATD{};",
    answer="ATA",
    hangups=("AT+CHUP", "ATH", "AT+CHLD=1"),  # +QHUP is never answered by some and ends all reports
    digit=("AT+VTS={digit}", 'AT+QVTS="{digit}"'),
    digit_seconds=0.25,  # 150 ms between digits at least
    voice=VoiceRoute(
        moment=Moment.BEFORE,
        start="AT+QPCMV=0;+QPCMV=1,0",
        stop="AT+QPCMV=0",
        query=("AT+QPCMV?", "+QPCMV: 0"),
        advice="Check that the firmware has voice over USB (AT+QPCMV=? must answer)",
    ),
    read_digit=read_tone,
    routes=(
        'AT+QURCCFG="urcport","all"',
        'AT+QURCCFG="urcport","usbat"',
        'AT+QURCCFG="urcport","usbmodem"',
    ),
    gains=(
        Gain("volume", "AT+CLVL={}", 0, 5, "loudness of the far end, AT+CLVL"),
        Gain("send_gain", "AT+QMIC={}", 0, 65535, "what the far end hears, AT+QMIC"),
        Gain("receive_gain", "AT+QRXGAIN={}", 0, 65535, "what we hear, AT+QRXGAIN"),
    ),
    reset="AT+CFUN=1,1",
    reset_seconds=8.0,
)
