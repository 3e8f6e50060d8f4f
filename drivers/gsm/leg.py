"""A call on a GSM modem as a Leg; the port does the work, because the modem is its."""

from __future__ import annotations

import secrets
from typing import Protocol

from drivers.port import EndCause, Leg, LegState


class Carrier(Protocol):
    """What a leg needs of its port."""

    name: str

    async def answer_leg(self, leg: GsmLeg) -> None: ...
    async def hang_up_leg(self, leg: GsmLeg) -> None: ...
    async def send_leg_digits(self, leg: GsmLeg, digits: str) -> None: ...
    def leg_ended(self, leg: GsmLeg) -> None: ...


class GsmLeg(Leg):
    """One call of one modem."""

    digits_in_audio = True  # +RXDTMF misses keys and comes late; the engine listens

    def __init__(
        self, carrier: Carrier, *, peer: str, state: LegState, inbound: bool, label: str = ""
    ) -> None:
        name = f"{carrier.name}/{secrets.token_hex(4)}"  # unlike any leg before a restart
        super().__init__(id=name, port=carrier.name, peer=peer, state=state, label=label)
        self.inbound = inbound
        self._hanging_up = False
        self._carrier = carrier

    async def _answer(self) -> None:
        await self._carrier.answer_leg(self)

    async def _hangup(self) -> None:
        self._hanging_up = True  # the modem reports this end like any other
        await self._carrier.hang_up_leg(self)

    async def _send_digits(self, digits: str) -> None:
        await self._carrier.send_leg_digits(self, digits)

    def moved(self, state: LegState, cause: EndCause | None = None) -> None:
        before = self.state
        if state is LegState.ENDED and self._hanging_up and cause is not EndCause.PORT_LOST:
            cause = EndCause.LOCAL
        super().moved(state, cause)
        if self.state is LegState.ENDED and before is not LegState.ENDED:
            self._carrier.leg_ended(self)

    def silent_end(self) -> EndCause:
        """Why it ended when the modem does not say, but just has it no more."""
        if self.inbound or self.state is LegState.UP:
            return EndCause.REMOTE
        return EndCause.NO_ANSWER if self.state is LegState.RINGING else EndCause.FAILED
