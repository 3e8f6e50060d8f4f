"""What differs between GSM modem families, as one table each. A new family is a table (and its emulator's).

Sources: SIMCom SIM7500/SIM7600 AT manual V1.12 and field reports (chan_quectel, ModemManager).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Meaning(enum.Enum):
    """What a line nobody asked for tells us."""

    RING = "a call rings"
    CLIP = "who calls"
    CALL = "a call changed, as +CLCC"
    UP = "the call is up"
    END = "a call ended"
    BUSY = "the dialled party is busy"
    NO_ANSWER = "the dialled party does not answer"
    REGISTRATION = "the network registration changed"
    SIGNAL = "signal strength"
    REBOOT = "the modem has started anew"


@dataclass(frozen=True)
class Dialect:
    """One family. Commands are sent as they stand; `{}` takes the number or the digit."""

    name: str
    urcs: Mapping[str, Meaning]  # beginnings of lines, without blanks
    init: tuple[str, ...]  # a modem that refuses one of these is the wrong modem or firmware
    init_optional: tuple[str, ...]
    pin_tries: tuple[str, str]  # command and answer's beginning; its first number is the tries left
    dial: str
    answer: str
    hangups: tuple[str, ...]  # in this order, until the call is gone from +CLCC
    digit: str
    digit_seconds: float  # from one digit to the next
    audio_start: str  # once the call is up
    audio_query: tuple[str, str]  # command and the answer that says voice does not flow
    audio_stop: str
    reset: str
    reset_seconds: float  # the ports stay away for about this long

    def meaning(self, text: str) -> Meaning | None:
        """What a line says; firmwares differ in the blanks they put ("VOICE CALL:BEGIN")."""
        squeezed = text.replace(" ", "")
        return next((meaning for start, meaning in self.urcs.items() if squeezed.startswith(start)), None)


SIM7600 = Dialect(
    name="sim7600",
    urcs={
        "RING": Meaning.RING,
        "+CRING:": Meaning.RING,
        "+CLIP:": Meaning.CLIP,
        "+CLCC:": Meaning.CALL,
        "VOICECALL:BEGIN": Meaning.UP,
        "VOICECALL:END": Meaning.END,
        "NOCARRIER": Meaning.END,
        "MISSED_CALL:": Meaning.END,
        "BUSY": Meaning.BUSY,
        "NOANSWER": Meaning.NO_ANSWER,
        "+CREG:": Meaning.REGISTRATION,
        "+CSQ:": Meaning.SIGNAL,
        "RDY": Meaning.REBOOT,
        "PBDONE": Meaning.REBOOT,
        "*ATREADY:": Meaning.REBOOT,
    },
    init=(
        "AT+CVHU=0",  # without it ATH answers OK and does nothing (manual 3.8)
        "AT+CLCC=1",  # the only report of progress, and of which call ended
        "AT+CLIP=1",
        "AT+CREG=1",
    ),
    init_optional=(
        "AT&D0",  # a dropped DTR must not end the call
        "AT+CRC=0",
        "AT+CPCMFRM=0",  # 8 kHz
    ),
    pin_tries=("AT+SPIC", "+SPIC:"),
    dial="ATD{};",
    answer="ATA",
    hangups=("AT+CHUP", "ATH", "AT+CHLD=1"),
    digit="AT+VTS={}",
    digit_seconds=0.2,
    audio_start="AT+CPCMREG=1",
    audio_query=("AT+CPCMREG?", "+CPCMREG: 0"),
    audio_stop="AT+CPCMREG=0",
    reset="AT+CRESET",
    reset_seconds=5.0,
)
