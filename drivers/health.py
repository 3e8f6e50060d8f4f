"""How a port is, as values: a snapshot for the history, and what a person should know (alarms)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.ladder import Rung


class AlarmKind(enum.Enum):
    """What a person should know of a port; the word stays the same, so that it can be counted."""

    OUT_OF_SERVICE = "out of service"  # everything has been tried, and is tried again at longer intervals
    NOT_OURS = "not ours"  # another program has the device
    SIM = "sim"  # PIN, PUK, no SIM
    NO_NETWORK = "no network"
    AUDIO = "audio"  # the sound of the last call was not right
    RESTARTS = "restarts"  # the device starts anew again and again by itself


@dataclass(frozen=True)
class Alarm:
    """It stands from the time it appears in `Port.alarms()` until it is there no more."""

    kind: AlarmKind
    text: str  # what, why, what to do; without the port's name


@dataclass(frozen=True)
class Health:
    """A snapshot of a port, to be taken now and then and kept as history. None and "": not known.

    `rung` is how far healing has gone, `rung_since` when it went there (loop time, seconds). `restarts`
    counts what the device went through since `open` (by itself, by command, by its power), `heals` how
    often a line that was dead came back, `last_heal_seconds` how long that took the last time.
    """

    signal_dbm: int | None = None
    registration: str = ""
    operator: str = ""
    technology: str = ""  # GSM, UTRAN, E-UTRAN... as 3GPP 27.007 7.3 names them
    temperature_c: float | None = None
    rung: Rung = Rung.WELL
    rung_since: float | None = None
    restarts: int = 0
    heals: int = 0
    last_heal_seconds: float | None = None
    audio_trouble: str = ""
