"""What the calls of a voice modem need of its port."""

from __future__ import annotations

from typing import Protocol

from drivers.port import AudioHolder, DriverError
from drivers.v253.leg import V253Leg


class Host(Protocol):
    """What the port does for its calls."""

    audio_holder: AudioHolder | None

    def busy(self) -> None:
        """The line is in use; who calls may not be known yet."""

    def offered(self, leg: V253Leg) -> None:
        """A leg that came in by itself."""

    def free_again(self) -> None:
        """The line is on hook and silent."""

    def fail(self, error: DriverError) -> None:
        """The session cannot go on."""
