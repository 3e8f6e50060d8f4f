"""A call on a GSM modem as a Leg; the port does the work, because the modem is its."""

from __future__ import annotations

import secrets
from typing import Protocol

from drivers.gsm.ending import Ending
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

    def __init__(
        self,
        carrier: Carrier,
        *,
        peer: str,
        state: LegState,
        inbound: bool,
        label: str = "",
        digits_in_audio: bool = True,
    ) -> None:
        name = f"{carrier.name}/{secrets.token_hex(4)}"  # unlike any leg before a restart
        super().__init__(id=name, port=carrier.name, peer=peer, state=state, label=label)
        self.inbound = inbound
        self.digits_in_audio = digits_in_audio
        self.leaving = False  # it is being hung up, or has ended
        self._hanging_up = False
        self._carrier = carrier

    async def _answer(self) -> None:
        await self._carrier.answer_leg(self)

    async def _hangup(self) -> None:
        self.leaving = self._hanging_up = True  # the modem reports this end like any other
        await self._carrier.hang_up_leg(self)

    async def _send_digits(self, digits: str) -> None:
        await self._carrier.send_leg_digits(self, digits)

    def moved(self, state: LegState, cause: EndCause | None = None) -> None:
        before = self.state
        if state is LegState.ENDED and self._hanging_up and cause is not EndCause.PORT_LOST:
            cause = EndCause.LOCAL
        super().moved(state, cause)
        if self.state is LegState.ENDED and before is not LegState.ENDED:
            self.leaving = True
            self._carrier.leg_ended(self)

    def over(self, ending: Ending | None) -> None:
        """The modem has its call no more; `ending` is what was said of it, None for nothing."""
        self.moved(LegState.ENDED, self._cause_of(ending))

    def _cause_of(self, ending: Ending | None) -> EndCause:
        told = ending.cause if ending is not None else None
        if self.state is LegState.UP and told is EndCause.FAILED:
            return EndCause.FAILED
        if self.inbound or self.state is LegState.UP:
            return EndCause.REMOTE
        if told is not None:
            return told
        return EndCause.NO_ANSWER if self.state is LegState.RINGING else EndCause.FAILED
