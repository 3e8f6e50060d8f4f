"""The one leg of a modem and what was told of its call: which report is about it, and when it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable

from drivers.gsm.clcc import CallStat, CurrentCall
from drivers.gsm.ending import Ending
from drivers.gsm.leg import GsmLeg
from drivers.port import LegState

log = logging.getLogger(__name__)


class Track:
    """Follows one call after another. `look_again` is told when +CLCC should be asked soon."""

    def __init__(self, look_again: Callable[[], None]) -> None:
        self.leg: GsmLeg | None = None
        self.known = False  # the modem has the leg's call, so +CLCC must list it
        self.absent = 0  # times in a row +CLCC did not know the leg; 1 as well where it may have ended
        self.second = False  # another caller waits, and has been refused
        self.last_end = ""  # what the network said when the last call ended
        self._look_again = look_again
        self._index: int | None = None  # of the leg's call in the modem, once it has told
        self._ending: Ending | None = None  # what was said of an end that +CLCC has yet to confirm

    @property
    def index(self) -> int:
        """The call's number in commands that want one."""
        return self._index or 1

    def take(self, leg: GsmLeg) -> None:
        """Follow this one."""
        self.leg = leg
        self.known = leg.state is not LegState.DIALING
        self.absent, self.second, self._index, self._ending = 0, False, None, None

    def drop(self) -> None:
        """The leg has ended."""
        self.leg = None
        self.absent = 0

    def is_ours(self, call: CurrentCall) -> bool:
        """Whether it may be the leg's call; its index decides as soon as it is known."""
        leg = self.leg
        if leg is None or call.inbound not in (None, leg.inbound) or call.stat is CallStat.WAITING:
            return False
        if leg.state is LegState.UP and call.stat is CallStat.INCOMING:
            return False
        return self._index in (None, call.index)

    def told(self, call: CurrentCall) -> None:
        """A report or an entry of the list was about our call."""
        self._index = call.index

    def over(self, call: CurrentCall | None) -> None:
        """A call ended: `call`, or one that the modem does not name. What is not sure is left to +CLCC."""
        leg = self.leg
        if leg is None:
            return
        ending = call.ending if call is not None else None
        named = call is not None and call.index == self._index
        is_clear = ending is not None and ending.cause is not None
        if (leg.state is LegState.UP and not self.second) or (
            named and (is_clear or leg.state is LegState.UP)
        ):
            self.end(ending)
        elif self.known:
            self._ending = ending or self._ending
            self.doubt()

    def doubt(self) -> None:
        """The call may be over: ask, and believe a list without it at once."""
        self.absent = max(1, self.absent)
        self._look_again()

    def listed(self, calls: list[CurrentCall]) -> None:
        """What +CLCC says counts: a leg it does not know twice in a row has ended."""
        if not any(self.is_ours(call) for call in calls):
            self._index = None  # noise may have told a wrong one
        self.second = self.second and any(call.stat is CallStat.WAITING for call in calls)
        if any(self.is_ours(call) for call in calls):
            self.absent, self._ending = 0, None
            return
        self.absent += 1
        if self.absent > 1:
            self.end(None)

    def end(self, ending: Ending | None) -> None:
        """The call is over."""
        ending = ending or self._ending
        if self.leg is None:
            return
        if ending is not None:
            self.last_end = ending.words
            log.info("leg %s: the call's end, as the modem gives it: %s", self.leg.id, ending.words)
        self.leg.over(ending)
