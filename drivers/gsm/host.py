"""What the calls of a modem need of its port."""

from __future__ import annotations

from typing import Protocol

from drivers.gsm.leg import GsmLeg
from drivers.port import DriverError, PortLost, PortRefused


class ModemReset(PortLost):
    """We have told the modem to start anew."""


class NoVoice(PortRefused):
    """The modem's firmware carries no voice; only a person can change that."""


class Host(Protocol):
    """What the port does for its calls."""

    def busy_with(self, leg: GsmLeg) -> None:
        """There is a leg now, ours or theirs."""

    def free_again(self) -> None:
        """The last call is over and tidied up."""

    def look_again(self) -> None:
        """Call `reconcile` soon."""

    def sound_wanted(self, wanted: bool) -> None:
        """The modem takes sound, or none for now (its own flow control)."""

    def fail(self, error: DriverError) -> None:
        """The session cannot go on."""
