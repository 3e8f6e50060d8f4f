"""What may differ between GSM modem families, as the fields of one table: a `Dialect`.

The tables are in files of their own (`simcom.py`, `huawei.py`, `quectel.py`) and by name in `families.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from drivers.at.parser import fields
from drivers.gsm.clcc import CurrentCall, parse_clcc


class Meaning(enum.Enum):
    """What a line nobody asked for tells us."""

    RING = "a call rings"
    CLIP = "who calls"
    CALL = "a call changed"
    UP = "the call is up"
    END = "a call ended"
    MISSED = "a caller gave up"
    BUSY = "the dialled party is busy"
    NO_ANSWER = "the dialled party does not answer"
    WAITING = "a second caller"
    SERVICE = "the far end did something with the call (+CSSU)"
    DIGIT = "a key of the far end"
    SOUND_FULL = "the modem wants no more sound for now"
    SOUND_READY = "the modem takes sound again"
    REGISTRATION = "the network registration changed"
    SIGNAL = "signal strength"
    REBOOT = "the modem has started anew"
    COMPLAINT = "something a technician should know"
    CHATTER = "of no use to us"


class Moment(enum.Enum):
    """When a family wants to be told where the voice goes."""

    BEFORE = "before ATD and ATA"
    DIALLED = "when ATD or ATA is accepted"
    UP = "when the call is up"


@dataclass(frozen=True)
class VoiceRoute:
    """How the voice of a call is led to the audio port."""

    moment: Moment
    start: str
    stop: str = ""  # after the call, "" = it stops by itself
    query: tuple[str, str] | None = None  # command, and the answer that says voice does not flow
    check: tuple[str, str] | None = None  # command, and the beginning of the answer of a firmware with voice
    advice: str = "Restart the modem"  # what a person can do when the start is refused


@dataclass(frozen=True)
class Gain:
    """A loudness that may be set in the configuration; left alone otherwise."""

    option: str
    command: str  # `{}` takes the value
    low: int
    high: int
    help: str


#: Reads a line of the modem as a call; None for what makes no sense.
ReadCall = Callable[[str], CurrentCall | None]


def last_field(text: str) -> str:
    """`+RXDTMF: 5` -> "5"."""
    return (fields(text) or [""])[-1]


@dataclass(frozen=True)
class Dialect:
    """One family. Commands are sent as they stand; `{}` takes the number dialled.

    Lines are known by their beginnings, written without blanks: firmwares differ in the blanks they put.
    """

    name: str  # the driver's name in the configuration
    title: str  # "A SIMCom SIM7600 modem"
    ports: tuple[str, str]  # how to find the AT port and the audio port, in words
    urcs: Mapping[str, Meaning]
    calls: Mapping[str, ReadCall]  # lines that tell of one call, and who reads them
    init: tuple[str, ...]  # a modem that refuses one of these is the wrong modem or firmware
    init_optional: tuple[str, ...]
    pin_tries: tuple[str, str]  # command and answer's beginning; its first number is the tries left
    dial: str
    answer: str
    hangups: tuple[str, ...]  # in this order, until the call is gone from +CLCC
    digit: tuple[str, ...]  # `{digit}`, `{index}` of the call; the next one is tried when one is refused
    digit_seconds: float  # from one digit to the next
    voice: VoiceRoute
    reset: str
    reset_seconds: float  # the ports stay away for about this long
    keys: str = "0123456789*#ABCD"  # that it can send
    routes: tuple[str, ...] = ()  # each leads its reports to some port; one of them to ours
    digits_reported: bool = False  # keys of the far end come as lines and cannot be heard in the sound
    read_digit: Callable[[str], str] = last_field
    gains: tuple[Gain, ...] = ()
    message_memory: str = "SM"  # where text messages are received: SIM, or "ME" for the modem
    ussd_packed: bool = False  # AT+CUSD wants and gives packed septets in hex
    tuning: tuple[str, ...] = ()  # sent once the voice of a call has begun: `tuned`

    def meaning(self, text: str) -> Meaning | None:
        """What a line says, None for one we do not know."""
        squeezed = text.replace(" ", "")
        if any(squeezed.startswith(start) for start in self.calls):
            return Meaning.CALL
        return next((meaning for start, meaning in self.urcs.items() if squeezed.startswith(start)), None)

    def read_call(self, text: str) -> CurrentCall | None:
        """A line that means CALL as the call it tells of."""
        squeezed = text.replace(" ", "")
        read = next((read for start, read in self.calls.items() if squeezed.startswith(start)), None)
        return read(text) if read is not None else None

    def tuned(self, values: Mapping[str, int]) -> Dialect:
        """The same with the gains that `values` gives by option; a value below its range leaves one alone."""
        tuning = tuple(
            gain.command.format(values[gain.option])
            for gain in self.gains
            if values.get(gain.option, gain.low - 1) >= gain.low
        )
        return replace(self, tuning=tuning)


#: What every family says: V.250 and 3GPP 27.007.
COMMON_URCS: Mapping[str, Meaning] = MappingProxyType(
    {
        "RING": Meaning.RING,
        "+CRING:": Meaning.RING,
        "+CLIP:": Meaning.CLIP,
        "NOCARRIER": Meaning.END,
        "NODIALTONE": Meaning.END,
        "BUSY": Meaning.BUSY,
        "NOANSWER": Meaning.NO_ANSWER,
        "+CCWA:": Meaning.WAITING,
        "+CSSU:": Meaning.SERVICE,
        "+CSSI:": Meaning.CHATTER,
        "+CREG:": Meaning.REGISTRATION,
        "+CGREG:": Meaning.CHATTER,
        "+CEREG:": Meaning.CHATTER,
        "+CSQ:": Meaning.SIGNAL,
    }
)
COMMON_CALLS: Mapping[str, ReadCall] = MappingProxyType({"+CLCC:": parse_clcc})
