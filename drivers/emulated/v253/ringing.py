"""How a modem tells of a ringing bell: RING or its code, the cadence, and answering by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.emulated.atface import Later
from drivers.emulated.v253.atline import AtLine
from drivers.emulated.v253.commands import Commands
from drivers.emulated.v253.dle import code

REPORT_SECONDS = 0.5  # from a burst's end to RING: longer than the gap of a double ring


class Ringing:
    """One modem's ring detector; `send` takes what goes to the host in voice mode."""

    def __init__(
        self,
        at: AtLine,
        commands: Commands,
        *,
        later: Later,
        clock: Callable[[], float],
        send: Callable[[bytes], None],
    ) -> None:
        self._at = at
        self._commands = commands
        self._later = later
        self._clock = clock
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._rings = 0
        self._bell_since: float | None = None

    def new_call(self) -> None:
        """Counting starts anew."""
        self._rings, self._bell_since = 0, None

    def bell(self, on: bool) -> None:
        """The bell starts or stops."""
        self._tell_cadence(on)
        self._bell_since = self._clock()
        self.stop()
        if not on:
            self._timer = self._later(REPORT_SECONDS, self.ring)

    def stop(self) -> None:
        """What has not been told yet is not told: the bell sounds on, or nobody rings any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ring(self) -> None:
        """Tell of one ring; S0 of them are answered."""
        self._rings += 1
        if self._commands.voice:
            self._send(code("R"))
        else:
            self._at.result("RING")
        if self._rings == self._at.registers[0]:
            self._commands.answer_by_itself()

    def _tell_cadence(self, on: bool) -> None:
        """+VDR=1,n: how long the bell was on or off, in 1/10 s."""
        if self._bell_since is not None and self._commands.values["+VDR"].startswith("1"):
            tenths = round((self._clock() - self._bell_since) * 10)
            if not self._commands.voice and 0 < tenths < 256:
                self._at.information(f"{'DROF' if on else 'DRON'}={tenths}")
