"""A call on an analogue line as a Leg; the port does the work, because the modem is its."""

from __future__ import annotations

import secrets
from typing import Protocol

from drivers.port import EndCause, Leg, LegState


class Carrier(Protocol):
    """What a leg needs of its port."""

    name: str

    async def answer_leg(self, leg: V253Leg) -> None: ...
    async def hang_up_leg(self, leg: V253Leg) -> None: ...
    async def send_leg_digits(self, leg: V253Leg, digits: str) -> None: ...
    def leg_heard_key(self, leg: V253Leg) -> None: ...
    def leg_ended(self, leg: V253Leg) -> None: ...


class V253Leg(Leg):
    """One call of one line. `caller_name` is what caller ID says beside the number."""

    def __init__(
        self,
        carrier: Carrier,
        *,
        peer: str,
        state: LegState,
        inbound: bool,
        digits_in_audio: bool = True,
        label: str = "",
        caller_name: str = "",
    ) -> None:
        name = f"{carrier.name}/{secrets.token_hex(4)}"  # unlike any leg before a restart
        super().__init__(id=name, port=carrier.name, peer=peer, state=state, label=label)
        self.inbound = inbound
        self.digits_in_audio = digits_in_audio
        self.caller_name = caller_name
        self._hanging_up = False
        self._carrier = carrier

    async def _answer(self) -> None:
        await self._carrier.answer_leg(self)

    async def _hangup(self) -> None:
        self._hanging_up = True
        await self._carrier.hang_up_leg(self)

    async def _send_digits(self, digits: str) -> None:
        await self._carrier.send_leg_digits(self, digits)

    def heard(self, digit: str) -> None:
        super().heard(digit)
        self._carrier.leg_heard_key(self)

    def moved(self, state: LegState, cause: EndCause | None = None) -> None:
        before = self.state
        if state is LegState.ENDED and self._hanging_up and cause is not EndCause.PORT_LOST:
            cause = EndCause.LOCAL
        super().moved(state, cause)
        if self.state is LegState.ENDED and before is not LegState.ENDED:
            self._carrier.leg_ended(self)
