"""What is done about a modem that does not do its work, from a question to its power: the rungs, as data."""

from __future__ import annotations

import enum


class Rung(enum.Enum):
    """How far the healing of a port has gone."""

    WELL = "well"
    PING = "asked again"
    REINIT = "opened and set up anew"
    RESET = "reset by command"
    POWER = "power off and on"
    OUT = "out of service"
