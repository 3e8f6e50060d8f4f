"""A port with a script behind it, for tests of call logic and for trying a configuration without hardware.

A test holds the far end: it rings, presses keys, hangs up. No bytes, no sound unless given one.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass

from drivers.port import Audio, EndCause, Leg, LegEnded, LegState, Port, PortRefused, PortState
from drivers.virtual_messages import VirtualMessages


@dataclass(frozen=True)
class Script:
    """What a dialled party does: rings after `ring_seconds`, then `result` after `seconds`.

    `result` is UP for a party that answers, ENDED for one that does not (because of `cause`), and
    RINGING for one that rings for ever.
    """

    result: LegState = LegState.UP
    seconds: float = 1.0
    cause: EndCause = EndCause.BUSY
    ring_seconds: float = 0.1


def answers(after_seconds: float = 1.0) -> Script:
    """A party that picks up."""
    return Script(LegState.UP, after_seconds)


def fails(cause: EndCause = EndCause.BUSY, after_seconds: float = 0.2) -> Script:
    """A party that is busy, rejects or is not there."""
    return Script(LegState.ENDED, after_seconds, cause)


def never() -> Script:
    """A phone that rings for ever."""
    return Script(LegState.RINGING)


class VirtualLeg(Leg):
    """A leg whose device does at once what it is told."""

    digits_in_audio = False

    def __init__(self, virtual: VirtualPort, *, peer: str, state: LegState, label: str = "") -> None:
        super().__init__(id=virtual.next_id(), port=virtual.name, peer=peer, state=state, label=label)
        self.sent = ""  # digits the box sent
        self._virtual = virtual

    async def _answer(self) -> None:
        await asyncio.sleep(self._virtual.answer_seconds)
        if self.state is LegState.ENDED:
            raise LegEnded(self)
        self.moved(LegState.UP)

    async def _hangup(self) -> None:
        self.moved(LegState.ENDED, EndCause.LOCAL)

    async def _send_digits(self, digits: str) -> None:
        self.sent += digits

    def moved(self, state: LegState, cause: EndCause | None = None) -> None:
        if state is LegState.UP:
            self.audio = self._virtual.audio
        before = self.state
        super().moved(state, cause)
        if self.state is LegState.ENDED and before is not LegState.ENDED:
            self._virtual.leg_ended(self)


class FarEnd:
    """The other party of a virtual call, in the hands of a test."""

    def __init__(self, leg: VirtualLeg) -> None:
        self.leg = leg

    def press(self, digits: str) -> None:
        """Press keys."""
        for digit in digits:
            self.leg.heard(digit)

    def remote_hangs_up(self) -> None:
        """Put the receiver down; harmless when the call is over."""
        self.leg.moved(LegState.ENDED, EndCause.REMOTE)

    def answers(self) -> None:
        """Pick up a call the box has dialled."""
        self.leg.moved(LegState.UP)

    def holds(self, held: bool = True) -> None:
        """Put the box on hold, or take it off."""
        self.leg.held_by_far_end(held)

    async def until_answered(self) -> None:
        """Wait until the call is up; raises LegEnded."""
        await self.leg.until(LegState.UP)

    async def until_ended(self) -> EndCause:
        """Wait until the call is over, and say why."""
        return await self.leg.ended()


class VirtualPort(Port):
    """A line for one call at a time.

    `scripts` says what dialled numbers do, `script` what all others do. `audio` is what a leg that is up
    has for sound (None: nothing can be heard).
    """

    def __init__(
        self,
        name: str,
        *,
        script: Script = answers(),  # noqa: B008 - frozen
        answer_seconds: float = 0.0,
        audio: Audio | None = None,
    ) -> None:
        super().__init__(name)
        self.messages = VirtualMessages()
        self.script = script
        self.scripts: dict[str, Script] = {}
        self.answer_seconds = answer_seconds
        self.audio = audio
        self.dialled: asyncio.Queue[FarEnd] = asyncio.Queue()
        self.leg: VirtualLeg | None = None
        self._missing = ""
        self._ids = itertools.count(1)
        self._scripted: asyncio.Task[None] | None = None

    # --- the contract -----------------------------------------------------------------------------------

    async def open(self) -> None:
        self.moved(PortState.STARTING)
        if self._missing:
            self.moved(PortState.FAULT, self._missing)
            return
        self._ready()

    async def close(self) -> None:
        if self._scripted is not None:
            self._scripted.cancel()
            await asyncio.wait({self._scripted})
        if self.state is not PortState.DOWN:
            self.moved(PortState.DOWN, "closed")

    async def dial(self, number: str, *, label: str = "") -> Leg:
        self._need_idle("dial")
        leg = VirtualLeg(self, peer=number, state=LegState.DIALING, label=label)
        self._take(leg)
        self.dialled.put_nowait(FarEnd(leg))
        script = self.scripts.get(number, self.script)
        self._scripted = asyncio.create_task(_play(leg, script), name=f"script {leg.id}")
        return leg

    # --- the test's side --------------------------------------------------------------------------------

    def ring(self, peer: str = "+4917000001") -> FarEnd:
        """Someone calls; raises PortRefused when the line is not idle (the caller hears busy)."""
        self._need_idle("take a call")
        leg = VirtualLeg(self, peer=peer, state=LegState.RINGING)
        self._take(leg)
        self.came_in(leg)
        return FarEnd(leg)

    def breaks(self, reason: str = "unplugged") -> None:
        """The device is gone: the leg ends, the port is in FAULT until `heals`."""
        self._missing = f"{reason}. Plug it in; it is tried again by itself"
        if self.state in (PortState.IDLE, PortState.BUSY):
            self.moved(PortState.FAULT, self._missing)
        if self.leg is not None:
            self.leg.moved(LegState.ENDED, EndCause.PORT_LOST)

    def heals(self) -> None:
        """The device is back."""
        self._missing = ""
        if self.state is PortState.FAULT:
            self.moved(PortState.STARTING)
            self._ready()

    # --- inside -------------------------------------------------------------------------------------------

    def next_id(self) -> str:
        """An id for the next leg."""
        return f"{self.name}/{next(self._ids)}"

    def leg_ended(self, leg: VirtualLeg) -> None:
        """Told by the leg."""
        if leg is not self.leg:
            return
        self.leg = None
        if self._scripted is not None:
            self._scripted.cancel()
        if self.state is PortState.BUSY:
            self.moved(PortState.IDLE)

    def _ready(self) -> None:
        """IDLE, or BUSY with the call that was up while nobody had the port open."""
        if self.leg is None:
            self.moved(PortState.IDLE)
            return
        old, self.leg = self.leg, VirtualLeg(self, peer=self.leg.peer, state=self.leg.state)
        self.leg.inbound, self.leg.label, self.leg.audio = old.inbound, old.label, self.audio
        self.moved(PortState.BUSY)
        self.came_in(self.leg)

    def _take(self, leg: VirtualLeg) -> None:
        self.leg = leg
        self.moved(PortState.BUSY)

    def _need_idle(self, what: str) -> None:
        if self.state is not PortState.IDLE:
            why = f" ({self.reason})" if self.reason else ""
            raise PortRefused(
                f"port {self.name}: cannot {what}, it is {self.state.value}{why}. Take another line, or wait"
            )


async def _play(leg: VirtualLeg, script: Script) -> None:
    await asyncio.sleep(script.ring_seconds)
    if leg.state is LegState.DIALING:
        leg.moved(LegState.RINGING)
    await asyncio.sleep(script.seconds)
    if script.result is not LegState.RINGING and leg.state is LegState.RINGING:
        leg.moved(script.result, script.cause if script.result is LegState.ENDED else None)
