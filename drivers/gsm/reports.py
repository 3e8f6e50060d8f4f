"""What a modem says of calls by itself, line by line: each has its effect on the one leg."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from drivers.at.parser import fields
from drivers.gsm.arrival import Arrival
from drivers.gsm.clcc import CallStat, CurrentCall
from drivers.gsm.quirks import Dialect, Meaning
from drivers.gsm.track import Track
from drivers.port import EndCause, LegState

log = logging.getLogger(__name__)

HELD = {"2": True, "3": False}  # <code2> of +CSSU, 3GPP 27.007 7.17: put on hold, taken off it
OF_CALLS = frozenset({Meaning.RING, Meaning.CLIP, Meaning.CALL, Meaning.UP, Meaning.END})
KEYS = frozenset("0123456789*#ABCD")


class Acts(Protocol):
    """What is done about a report."""

    def incoming(self, peer: str) -> None:
        """A caller is there, and there is no leg yet."""

    def connect(self) -> None:
        """The leg's call is up."""

    def refuse_second(self) -> None:
        """Another caller waits while the leg has its call."""

    def sound_wanted(self, wanted: bool) -> None:
        """The modem takes sound, or none for now."""


class Reports:
    """Takes the lines of one session, from `listening` on."""

    def __init__(self, name: str, *, dialect: Dialect, track: Track, arrival: Arrival, acts: Acts) -> None:
        self.listening = False
        self.any = False  # the modem has told of a call by itself
        self._dialect = dialect
        self._track = track
        self._arrival = arrival
        self._acts = acts
        self._meanings: dict[Meaning, Callable[[str], None]] = {
            Meaning.RING: self._ring,
            Meaning.CLIP: self._clip,
            Meaning.CALL: self._call,
            Meaning.UP: lambda text: self._acts.connect(),
            Meaning.END: lambda text: track.over(None),
            Meaning.MISSED: self._missed,
            Meaning.BUSY: lambda text: self._failed(EndCause.BUSY),
            Meaning.NO_ANSWER: lambda text: self._failed(EndCause.NO_ANSWER),
            Meaning.WAITING: lambda text: self._second(),
            Meaning.SERVICE: self._service,
            Meaning.DIGIT: self._digit,
            Meaning.SOUND_FULL: lambda text: acts.sound_wanted(False),
            Meaning.SOUND_READY: lambda text: acts.sound_wanted(True),
            Meaning.COMPLAINT: lambda text: log.warning("port %s: the modem says: %s", name, text),
        }

    def understand(self, meaning: Meaning, text: str) -> None:
        """A line the modem said by itself."""
        if meaning in self._meanings:
            self.any = self.any or meaning in OF_CALLS
            self._meanings[meaning](text)

    def see(self, call: CurrentCall) -> None:
        """A call as +CLCC or a report has it."""
        leg = self._track.leg
        if leg is None:
            if call.stat is CallStat.INCOMING and call.number:
                self._acts.incoming(call.number)
        elif call.stat is CallStat.WAITING:
            self._second()
        elif not self._track.is_ours(call):
            return
        elif call.stat is CallStat.ENDED:
            self._track.over(call)
        else:
            self._track.told(call)
            if call.stat in (CallStat.ACTIVE, CallStat.HELD):
                self._acts.connect()
            elif call.stat is CallStat.ALERTING and leg.state is LegState.DIALING:
                leg.moved(LegState.RINGING)

    def _ring(self, text: str) -> None:
        leg = self._track.leg
        if leg is None and self.listening:
            self._arrival.rings()
        elif leg is not None and leg.state is LegState.UP:
            self._track.doubt()  # a second caller would be announced otherwise, so ours may be gone

    def _clip(self, text: str) -> None:
        if self._track.leg is None and self.listening:
            self._arrival.clip(text)

    def _call(self, text: str) -> None:
        call = self._dialect.read_call(text)
        if call is not None:
            self.see(call)

    def _missed(self, text: str) -> None:
        """A caller gave up: ours while it rings, else a second one."""
        leg = self._track.leg
        if leg is not None and leg.inbound and leg.state is LegState.RINGING:
            self._track.over(None)

    def _failed(self, cause: EndCause) -> None:
        leg = self._track.leg
        if leg is not None and leg.state is LegState.UP:
            self._track.over(None)
        elif leg is not None and not leg.inbound:
            leg.moved(LegState.ENDED, cause)

    def _second(self) -> None:
        """Refused, once. While our own caller rings he would be refused as well, so that is left alone."""
        leg = self._track.leg
        if leg is None or leg.leaving or self._track.second:
            return
        if leg.state is LegState.UP or not leg.inbound:
            self._track.second = True
            self._acts.refuse_second()

    def _service(self, text: str) -> None:
        code = (fields(text) or [""])[0]
        leg = self._track.leg
        if leg is not None and code in HELD:
            leg.held_by_far_end(HELD[code])

    def _digit(self, text: str) -> None:
        """A key of the far end, as the modem heard it; mostly the media engine hears it as well."""
        digit, leg = self._dialect.read_digit(text), self._track.leg
        if self._dialect.digits_reported and leg is not None and leg.state is LegState.UP and digit in KEYS:
            leg.heard(digit)
