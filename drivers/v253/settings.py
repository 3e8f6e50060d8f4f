"""What one line is told by its configuration; appliance/config/schema.py has the words for it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from drivers.v253.coding import Coding
from drivers.v253.supervision import Rules


class DialTone(enum.Enum):
    """Who listens for it before a number is dialled."""

    EAR = "ear"
    MODEM = "modem"
    NOBODY = "none"


@dataclass(frozen=True)
class Settings:
    """Times in seconds. `coding` None: the best the modem offers. A gain of 0 is left as the modem has it."""

    country: str = "us"  # a zone of config/tones
    coding: Coding | None = None
    pulse: bool = False
    dial_prefix: str = ""  # for an outside line
    plus: str = "00"  # what a + in front of a number is dialled as
    dial_tone: DialTone = DialTone.EAR
    dial_tone_seconds: float = 5.0
    max_dial_seconds: float = 60.0
    caller_id_wait_seconds: float = 5.0
    ring_cadence: bool = False
    digits_by_modem: bool = False
    receive_gain: int = 0
    transmit_gain: int = 0
    echo_tail_ms: int = 64
    hear_tones: bool = True
    rules: Rules = field(default_factory=Rules)
