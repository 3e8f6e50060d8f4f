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
    WAITING = 5
    ENDED = 6


DSCI = {  # <stat> of Quectel's ^DSCI
    CallState.ACTIVE: 3,
    CallState.DIALING: 2,
    CallState.ALERTING: 7,
    CallState.INCOMING: 4,
    CallState.WAITING: 5,
    CallState.ENDED: 6,
}
CAUSES = {"NO CARRIER": 16, "BUSY": 17, "NO ANSWER": 19}  # 24.008 10.5.4.11


@dataclass
class VoiceCall:
    """A call; `number` is "" when the caller withholds it. `hidden` below: the modem does not tell it."""

    number: str
    inbound: bool
    state: CallState
    index: int = 1
    is_answering: bool = False  # ATA has come
    began: float = 0.0  # when it was answered, 0 = not yet

    def clcc(self, *, hidden: bool = False) -> str:
        line = '+CLCC: {index},{inbound},{stat},0,0,"{number}",{kind}'
        return line.format_map(self.values(hidden=hidden))

    def clip(self, *, hidden: bool = False) -> str:
        number = "" if hidden else self.number
        return f'+CLIP: "{number}",{_kind(number)},,,,{0 if self.number else WITHHELD}'

    def values(self, *, hidden: bool = False, seconds: int = 0, why: str = "") -> dict[str, object]:
        """What a family's lines are filled in with (`family.Says`)."""
        number = "" if hidden else self.number
        return {
            "index": self.index,
            "inbound": int(self.inbound),
            "stat": int(self.state),
            "state": -1 if self.state is CallState.ENDED else int(self.state),
            "dsci": DSCI[self.state],
            "number": number,
            "kind": _kind(number),
            "seconds": seconds,
            "why": why,
            "cause": CAUSES.get(why, ""),
        }


def _kind(number: str) -> int:
    """<type of address>, 24.008 10.5.4.7."""
    return 145 if number.startswith("+") else 129 if number else 128
