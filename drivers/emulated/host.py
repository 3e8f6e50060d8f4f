"""What the message side of an emulated modem needs of the modem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Host(Protocol):
    """An `AtFace` with a SIM."""

    name: str
    faults: set[str]

    @property
    def number(self) -> str:
        """The subscriber's number."""

    @property
    def charset(self) -> str:
        """What AT+CSCS says: IRA, GSM or UCS2."""

    @property
    def registered(self) -> bool:
        """Whether the network has it."""

    def say(self, *lines: str) -> None:
        """Lines to the host."""

    def prompt(self, take: Callable[[str], None]) -> None:
        """Ask for a text."""

    def finish(self, final: str) -> None:
        """The end of a command that was answered by None."""
