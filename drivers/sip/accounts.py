"""The library's accounts of a worker: one for each way calls are made or taken, made when first needed.

An account whose settings changed stays until the last call that uses it is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

import pjsua2 as pj

from drivers.port import PortRefused
from drivers.sip.account import TrunkAccount, Use, Way
from drivers.sip.library import Library
from drivers.sip.record import TRUNK_HEADER
from drivers.sip.text import header

log = logging.getLogger(__name__)

#: Told the library's number of a call that came in, its sender "127.0.0.1:5060" and its text.
CameIn = Callable[[int, str, str], None]

WHEEL_CALLS = 4  # compiled into the wheel
MOST, MOST_IN_WHEEL = 64, 8  # accounts compiled in; one more would end the process


class Account(pj.Account):  # type: ignore[misc]
    """Tells of the calls that come in for it."""

    def __init__(self, came_in: CameIn) -> None:
        super().__init__()
        self._came_in = came_in

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        self._came_in(prm.callId, prm.rdata.srcAddress, prm.rdata.wholeMsg)


class Accounts:
    """`edge` is the first hop of calls through the edge, "" where there is none; `public` is for trunks."""

    def __init__(self, library: Library, *, edge: str, public: str, max_calls: int, came_in: CameIn) -> None:
        self.most = MOST if max_calls > WHEEL_CALLS else MOST_IN_WHEEL
        self.inbound = Way(proxy=edge, srtp="accept", session_timer="accept")
        self._library = library
        self._edge = edge
        self._public = public
        self._came_in = came_in
        self._trunks: dict[str, Way] = {}
        self._made: dict[Way, Account] = {}
        self.of(self.inbound)
        library.endpoint.choose = self._choose

    def of(self, way: Way) -> Account:
        """The account for `way`; raises PortRefused when the library holds no more."""
        found = self._made.get(way)
        if found is None:
            if len(self._made) >= self.most:
                raise PortRefused(f"all {self.most} accounts of the SIP library are taken; have fewer trunks")
            found = Account(self._came_in)
            self._library.account(found, f"sip:{way.user or 'box'}@{way.domain or self.host}", way)
            self._made[way] = found
        return found

    def phone(self, *, through_edge: bool, srtp: Use) -> Way:
        """How a phone is called; raises PortRefused without an edge to go through."""
        if not through_edge:
            return Way(srtp=srtp)
        if not self._edge:
            raise PortRefused("there is no SIP edge, which this call needs: see [edge] start")
        return replace(self.inbound, srtp=srtp)

    def trunk(self, name: str) -> Way:
        """How a trunk is called; raises PortRefused for one that nobody told of."""
        if name not in self._trunks:
            raise PortRefused(f"trunk {name}: its account is not known here; is the line configured?")
        return self._trunks[name]

    def told(self, trunks: Iterable[TrunkAccount], used: Iterable[Way]) -> None:
        """These are the trunks from now on; `used` are the ways of the calls there are."""
        self._trunks = {trunk.name: self._way(trunk) for trunk in trunks}
        self.let_go(used)

    def let_go(self, used: Iterable[Way]) -> None:
        """End the trunks' accounts that nobody wants and no call uses."""
        kept = {*self._trunks.values(), *used}
        for way in [way for way in self._made if way.trunk and way not in kept]:
            self._made.pop(way).shutdown()

    def close(self) -> None:
        """End them all, after the last call."""
        self._library.endpoint.choose = None
        while self._made:
            self._made.popitem()[1].shutdown()

    @property
    def host(self) -> str:
        """What stands after the @ in our own addresses."""
        return f"{self._library.listen}:{self._library.port}"

    def taker(self, trunk: str) -> Way:
        """How a call that came in is taken: as its trunk's, else as a phone's; there is an account for it."""
        way = self._trunks.get(trunk, self.inbound)
        try:
            self.of(way)
        except PortRefused as error:
            log.debug("trunk %s: its calls are taken as a phone's: %s", trunk, error)
            return self.inbound
        return way

    def _way(self, trunk: TrunkAccount) -> Way:
        return Way(
            trunk=trunk.name,
            proxy=self._edge,
            srtp=trunk.srtp,
            session_timer=trunk.session_timer,
            prack=trunk.prack,
            user=trunk.user,
            password=trunk.password,
            domain=trunk.domain,
            public=self._public,
        )

    def _choose(self, message: str) -> int:
        return int(self.of(self.taker(header(message, TRUNK_HEADER))).getId())
