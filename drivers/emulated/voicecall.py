"""The one call an emulated modem has, and the lines that tell of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

WITHHELD = 1  # <CLI validity> of +CLIP, 3GPP 27.007 7.6


class CallState(enum.IntEnum):
    """<stat> of +CLCC (3GPP 27.007 7.18; 6 is SIMCom's own)."""

    ACTIVE = 0
    DIALING = 2
    ALERTING = 3
    INCOMING = 4
    ENDED = 6


@dataclass
class VoiceCall:
    """A call; `number` is "" when the caller withholds it. `hidden` below: the modem does not tell it."""

    number: str
    inbound: bool
    state: CallState
    began: float = 0.0  # when it was answered, 0 = not yet

    def clcc(self, *, hidden: bool = False) -> str:
        number = "" if hidden else self.number
        return f'+CLCC: 1,{int(self.inbound)},{int(self.state)},0,0,"{number}",{_kind(number)}'

    def clip(self, *, hidden: bool = False) -> str:
        number = "" if hidden else self.number
        return f'+CLIP: "{number}",{_kind(number)},,,,{0 if self.number else WITHHELD}'


def _kind(number: str) -> int:
    """<type of address>, 24.008 10.5.4.7."""
    return 145 if number.startswith("+") else 129 if number else 128
