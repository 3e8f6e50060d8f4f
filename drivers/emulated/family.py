"""What makes an emulated GSM modem one of a family: answers, settings, reports and the way of its voice.

The tables are in `simcom.py`, `huawei.py` and `quectel.py`, by the driver's name in `families.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class Step(enum.Enum):
    """What a call comes to, as far as a modem tells of it."""

    DIALING = "ours is on its way"
    ALERTING = "the far phone rings"
    INCOMING = "theirs rings"
    WAITING = "a second one waits"
    UP = "it is up"
    MISSED = "the caller gave up"
    FAILED = "ours came to nothing"
    ENDED = "the far end hung up"
    HUNG_UP = "the host hung up"


@dataclass(frozen=True)
class Says:
    """A line said at a step, only while `setting` begins with `value` if it names one.

    In the line: {index} {inbound} {stat} {state} {dsci} {number} {kind} {seconds} {why} {cause}; `state` is
    `stat` with -1 for the end, `dsci` as ^DSCI counts, `why` the network's words, `cause` its number.
    """

    line: str
    setting: str = ""
    value: str = ""


class VoiceWhen(enum.Enum):
    """When the voice command does what it should."""

    BEFORE = "before ATD and ATA, after it has been off"
    DIALLED = "once the call is dialled or answered"
    UP = "once the call is up; refused before"


@dataclass(frozen=True)
class VoiceCommand:
    """What leads the voice to the audio port."""

    name: str
    on: str
    when: VoiceWhen


@dataclass(frozen=True)
class ReportRoute:
    """The setting that leads reports to one port or another."""

    setting: str
    here: tuple[str, ...]  # the values that lead them to the AT port
    elsewhere: str


@dataclass(frozen=True)
class Family:
    """The fixed part of one modem family; `{imei}` and its kin are filled in per modem."""

    name: str  # the driver's name
    answers: Mapping[str, str]  # command without AT -> information line ("" = OK alone)
    settings: Mapping[str, str]  # settable value -> what it is after a reset
    ranges: Mapping[str, str]  # settable value -> answer to =?
    says: Mapping[Step, tuple[Says, ...]]
    voice: VoiceCommand
    keys: Mapping[str, str]  # command that presses keys -> what its value looks like, keys in the last group
    pin_tries: tuple[str, str]  # command, and its answer with {tries}
    boot: tuple[str, ...]  # what it says by itself after a reset
    ring_seconds: float = 5.0
    unknown: str = "ERROR"  # what a command is answered with that it does not have
    ath_needs: tuple[str, str] | None = None  # without this setting ATH is answered OK and does nothing
    route: ReportRoute | None = None
    nmea_off: tuple[str, str] | None = None  # until this setting, satellites' text stands in the voice (F14)
    #: Message memories and their places.
    memories: Mapping[str, int] = field(default_factory=lambda: {"SM": 20, "ME": 50, "SR": 20})
    full_report: str = ""  # said when one of them is full; `{}` takes its name
    ussd_packed: bool = False  # AT+CUSD speaks packed septets in hex
    chatter: tuple[str, ...] = ()  # said again and again
    double_cr: tuple[str, ...] = ()  # beginnings of lines that come with CR CR LF


#: 3GPP 27.007 and 27.005, as they are after power-up on all of them.
COMMON_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "+CMEE": "0",
        "+CLIP": "0",
        "+CRC": "0",
        "+CREG": "0",
        "+CGREG": "0",
        "+COPS": "0,0",
        "+CSCS": '"IRA"',
        "+CCWA": "0",
        "+COLP": "0",
        "+CSSN": "0,0",
        "+CTZR": "0",
        "+CSDH": "0",
        "+CPBS": '"SM",0,250',
        "+CFUN": "1",
        "+CGATT": "1",
        "+CLVL": "3",
        "&D": "1",
        "&C": "1",
        "S0": "000",
    }
)
COMMON_RANGES: Mapping[str, str] = MappingProxyType(
    {
        "+CLIP": "(0-1)",
        "+CSCS": '("IRA","GSM","UCS2")',
        "+CPBS": '("DC","MC","RC","SM","ME","FD","ON","LD","EN")',
        "+CREG": "(0-2)",
        "+CMEE": "(0-2)",
    }
)
COMMON_ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        "+CGSN": "{imei}",
        "+GSN": "{imei}",
        "+CIMI": "{imsi}",
        "+CNUM": '+CNUM: "","{number}",145',
        "+CBC": "+CBC: 0,85",
        "+CPAS": "+CPAS: 0",
        "+GCAP": "+GCAP: +CGSM",
    }
)
