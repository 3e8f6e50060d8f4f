"""What a look at one modem has found out: plain values for screens and scripts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Verdict(enum.Enum):
    """What became of one device or port."""

    MODEM = "a modem for a line"
    HELD = "somebody else's"  # not asked
    SILENT = "no modem answers"
    UNUSABLE = "not usable as it is"


@dataclass
class CallReport:
    """A test call, as far as it came; levels in dBm0, rates in bytes a second each way."""

    number: str
    answered: bool = False
    seconds: float = 0.0
    down_bytes_per_second: int = 0
    up_bytes_per_second: int = 0
    heard_dbm0: float | None = None  # of what the far end says
    sent_dbm0: float | None = None  # of the tone we send
    trouble: str = ""


@dataclass
class Finding:
    """One modem, or one port that is none. "" and None stand for "not known"."""

    place: str = ""  # on USB
    usb_id: str = ""
    verdict: Verdict = Verdict.SILENT
    trouble: str = ""  # what is wrong and what to do
    driver: str = ""
    what: str = ""  # the kind of device, by its USB id
    at: str = ""
    at_interface: int | None = None
    audio: str = ""
    audio_interface: int | None = None
    by_id: dict[str, str] = field(default_factory=dict)  # udev's names of the two ports
    maker: str = ""
    model: str = ""
    firmware: str = ""
    imei: str = ""
    sim: str = ""
    number: str = ""
    operator: str = ""
    registration: str = ""
    signal_dbm: int | None = None
    in_call: bool = False
    sound: str = ""  # what can be said of the audio port without a call
    sound_bytes_per_second: int | None = None
    chip: str = ""  # V.253 from here
    country: str = ""  # a zone of config/tones, as +GCI is set
    codings: list[str] = field(default_factory=list)
    call: CallReport | None = None

    @property
    def name(self) -> str:
        """The modem's place, or the port when it is not on USB."""
        return self.place or self.at
