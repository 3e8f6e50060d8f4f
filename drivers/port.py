"""The contract between the box and everything that carries calls: a Port (one way out) and its Legs.

A driver subclasses both; nothing here knows of callers, queues or a particular modem.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
from collections.abc import AsyncIterator

from drivers.audio import Audio as Audio
from drivers.audio import AudioHolder as AudioHolder
from drivers.audio import AudioNews as AudioNews
from drivers.audio import SerialAudio as SerialAudio
from drivers.audio import SlotAudio as SlotAudio
from drivers.health import Alarm, Health
from drivers.messages import Messages

log = logging.getLogger(__name__)

MOST_DIGITS = 256  # that nobody has taken yet; a phone may send them without end


class DriverError(Exception):
    """Anything a driver has to say to the layers above; the message names the object and what to do."""


class PortLost(DriverError):
    """The way to the device is gone: unplugged, powered off, or its process died."""


class PortRefused(DriverError):
    """The device is there and will not: busy, locked, no SIM, wrong firmware, call refused."""


class MessageRefused(PortRefused):
    """A text message was not taken; `may_pass`: the same one may be taken later (network, memory, busy)."""

    def __init__(self, text: str, *, may_pass: bool) -> None:
        super().__init__(text)
        self.may_pass = may_pass


class PortTimeout(DriverError):
    """The device did not answer in the time its manual allows."""


class LegState(enum.Enum):
    """Where one connection stands, ring to end."""

    DIALING = "dialing"  # ours, no sign from the far end yet
    RINGING = "ringing"  # theirs: waiting for our answer; ours: the far end rings
    UP = "up"
    ENDED = "ended"


LEG_MOVES: dict[LegState, frozenset[LegState]] = {
    LegState.DIALING: frozenset({LegState.RINGING, LegState.UP, LegState.ENDED}),
    LegState.RINGING: frozenset({LegState.UP, LegState.ENDED}),
    LegState.UP: frozenset({LegState.ENDED}),
    LegState.ENDED: frozenset(),
}


class EndCause(enum.Enum):
    """Why a leg ended."""

    REMOTE = "remote hung up"
    LOCAL = "we hung up"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    REJECTED = "rejected"
    FAILED = "failed"
    PORT_LOST = "port lost"


class PortState(enum.Enum):
    """Whether a port can carry a call."""

    DOWN = "down"
    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    FAULT = "fault"


PORT_MOVES: dict[PortState, frozenset[PortState]] = {
    PortState.DOWN: frozenset({PortState.STARTING}),
    PortState.STARTING: frozenset({PortState.IDLE, PortState.BUSY, PortState.FAULT, PortState.DOWN}),
    PortState.IDLE: frozenset({PortState.BUSY, PortState.FAULT, PortState.DOWN}),
    PortState.BUSY: frozenset({PortState.IDLE, PortState.FAULT, PortState.DOWN}),
    PortState.FAULT: frozenset({PortState.STARTING, PortState.DOWN}),
}


class LegEnded(Exception):
    """The leg this task was working for has ended; raised out of `Leg.alive()`."""

    def __init__(self, leg: Leg) -> None:
        super().__init__(f"leg {leg.id}: {leg.cause.value if leg.cause else 'ended'}")
        self.leg = leg


class Leg:
    """One connection, ring to end.

    A driver subclasses it, fills `_answer`, `_hangup` and `_send_digits`, and reports what it sees by
    `moved`, `heard` and `held_by_far_end`. All of it happens on the loop's thread.

    `peer` is the far end as the network gave it (a number, a SIP URI, "" when withheld), `called` what
    the far end dialled where the network says so, `label` a word of our own that a driver able to do so
    keeps across a restart of the brain (a call id). `digits_in_audio` says that the media engine must
    listen for DTMF in the sound, because nobody reports digits beside it. `audio` may be there before the
    leg is UP: what the network plays while it rings, and what a caller hears by `progress`.
    """

    digits_in_audio = True

    def __init__(
        self, *, id: str, port: str, peer: str, state: LegState, called: str = "", label: str = ""
    ) -> None:
        self.id = id
        self.port = port
        self.peer = peer
        self.called = called
        self.label = label
        self.state = state
        self.inbound = state is LegState.RINGING
        self.cause: EndCause | None = None
        self.audio: Audio | None = None
        self.held = False
        self.digits: asyncio.Queue[str] = asyncio.Queue()
        self._changed = asyncio.Event()

    # --- what the box does with a leg -------------------------------------------------------------

    async def answer(self) -> None:
        """Take the ringing call; returns when the far end can hear us and `audio` is set.

        Raises LegEnded when the caller is gone already, DriverError when the device refuses.
        """
        if self.state is LegState.ENDED:
            raise LegEnded(self)
        if self.state is LegState.RINGING:
            await self._answer()

    async def hangup(self) -> None:
        """End the leg; harmless when it has ended. Returns when it is ended, whatever the device says."""
        if self.state is not LegState.ENDED:
            try:
                await self._hangup()
            except DriverError as error:
                log.warning("leg %s: hang-up went wrong, the leg is given up: %s", self.id, error)
            finally:
                self.moved(LegState.ENDED, EndCause.LOCAL)

    async def progress(self) -> None:
        """Let a caller hear us before the answer, where the network can: `audio` is set then, or stays None.

        Harmless for a leg that does not ring for us any more. Raises LegEnded when the caller is gone.
        """
        if self.state is LegState.ENDED:
            raise LegEnded(self)
        if self.inbound and self.state is LegState.RINGING and self.audio is None:
            await self._progress()

    async def set_label(self, label: str) -> None:
        """Change `label`, also where it is kept for a brain that comes back; raises DriverError."""
        self.label = label
        if self.state is not LegState.ENDED:
            await self._set_label()

    async def send_digits(self, digits: str) -> None:
        """Send DTMF (0-9 A-D * #) to the far end; raises DriverError when it cannot."""
        await self._send_digits(digits)

    async def until(self, *states: LegState) -> None:
        """Wait until the leg is in one of `states`; raises LegEnded if it ends first."""
        while self.state not in states:
            if self.state is LegState.ENDED:
                raise LegEnded(self)
            await self._changed.wait()

    async def until_audio(self) -> Audio:
        """Wait until there is sound, maybe before the answer; raises LegEnded if the leg ends first."""
        while self.audio is None:
            if self.state is LegState.ENDED:
                raise LegEnded(self)
            await self._changed.wait()
        return self.audio

    async def ended(self) -> EndCause:
        """Wait for the end and say why."""
        await self.until(LegState.ENDED)
        assert self.cause is not None
        return self.cause

    async def until_held(self, held: bool) -> None:
        """Wait until the far end has put us on hold (or taken us off it); raises LegEnded at the end."""
        while self.held is not held:
            if self.state is LegState.ENDED:
                raise LegEnded(self)
            await self._changed.wait()

    @contextlib.asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Run the body while the leg lives; when it ends the body is cancelled and LegEnded is raised."""
        task = asyncio.current_task()
        assert task is not None
        if self.state is LegState.ENDED:
            raise LegEnded(self)
        ours = False

        async def watch() -> None:
            nonlocal ours
            await self.ended()
            ours = True
            task.cancel()

        watcher = asyncio.create_task(watch(), name=f"alive {self.id}")
        try:
            yield
        except asyncio.CancelledError:
            if ours and task.uncancel() == 0:
                raise LegEnded(self) from None
            raise
        else:
            if ours:  # ended in the very tick in which the body finished
                task.uncancel()
                raise LegEnded(self)
        finally:
            watcher.cancel()

    # --- what a driver reports ----------------------------------------------------------------------

    def moved(self, state: LegState, cause: EndCause | None = None) -> None:
        """The device says the leg is now in `state`; a move the table forbids is logged and dropped."""
        if state is self.state:
            return
        if state not in LEG_MOVES[self.state]:
            log.warning("leg %s: %s -> %s is not a move, dropped", self.id, self.state.value, state.value)
            return
        log.info(
            "leg %s: %s -> %s%s", self.id, self.state.value, state.value, f" ({cause.value})" if cause else ""
        )
        self.state = state
        if state is LegState.ENDED:
            self.cause = cause or EndCause.REMOTE
        self._wake()

    def heard(self, digit: str) -> None:
        """A digit came from the far end, found by the device or in the audio; too many wait for nobody."""
        if self.digits.qsize() < MOST_DIGITS:
            self.digits.put_nowait(digit)

    def held_by_far_end(self, held: bool) -> None:
        """The far end put us on hold, or took us off it."""
        if held is not self.held and self.state is LegState.UP:
            self.held = held
            self._wake()

    def sounds(self, audio: Audio) -> None:
        """There is sound, before the answer or with it."""
        self.audio = audio
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # --- what a driver fills -------------------------------------------------------------------------

    async def _answer(self) -> None:
        raise NotImplementedError

    async def _hangup(self) -> None:
        raise NotImplementedError

    async def _send_digits(self, digits: str) -> None:
        raise NotImplementedError

    async def _progress(self) -> None:
        """Nothing, where no sound crosses before the answer."""

    async def _set_label(self) -> None:
        """Nothing, where no label outlives the brain."""


class Port:
    """One way to the outside world: a modem, an analogue line, the SIP workers.

    A driver subclasses it and fills `open`, `close` and `dial`. `open` never raises for a device that is
    missing or ill: the port goes to FAULT with its reason and tries again by itself until `close`.
    A call found up on the device at `open` (the brain was restarted) is offered by `next_ring` as a leg
    that is UP already; nothing done at `open` may disturb it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.audio_holder: AudioHolder | None = None  # set once, before `open`
        self.messages: Messages | None = None  # of a port that can: a driver sets it once
        self.state = PortState.DOWN
        self.reason = "not opened yet"
        self._rings: asyncio.Queue[Leg] = asyncio.Queue()
        self._state_changed = asyncio.Event()
        self._told_fault = ""  # the last one in the log, until the port works again

    async def open(self) -> None:
        """Start the port; returns when it is IDLE, BUSY or FAULT for the first time."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of the device without ending its calls; no task or descriptor of ours is left."""
        raise NotImplementedError

    async def dial(self, number: str, *, label: str = "") -> Leg:
        """Start a call; returns the leg in DIALING. Raises PortRefused when the port is not free.

        Between the start and the return nothing is awaited: a caller cancelled there would lose the leg.
        """
        raise NotImplementedError

    async def next_ring(self) -> Leg:
        """The next leg that came in by itself: RINGING, or UP if it was found alive at `open`."""
        return await self._rings.get()

    def ring_waiting(self) -> Leg | None:
        """A leg that has come in already and nobody has taken yet, without waiting for one."""
        return None if self._rings.empty() else self._rings.get_nowait()

    def audio_news(self, news: AudioNews, value: str = "") -> None:
        """The media engine tells what it finds in the port's sound; a driver that wants it overrides this."""

    def status(self) -> dict[str, object]:
        """Plain values for `show lines`: at least `state` and `reason`."""
        return {"state": self.state.value, "reason": self.reason}

    @property
    def health(self) -> Health:
        """How it is now: asks nothing of the device. A driver that knows more than nothing overrides this."""
        return Health()

    def alarms(self) -> tuple[Alarm, ...]:
        """What a person should know now, at most one of a kind."""
        return ()

    async def until_state(self, *states: PortState) -> None:
        """Wait until the port is in one of `states`."""
        while self.state not in states:
            await self._state_changed.wait()

    def came_in(self, leg: Leg) -> None:
        """A driver reports a leg that came in by itself."""
        self._rings.put_nowait(leg)

    def moved(self, state: PortState, reason: str = "") -> None:
        """The one way a port changes its state; a move the table forbids is a bug and raises."""
        if state is self.state:
            self.reason = reason
            return
        if state not in PORT_MOVES[self.state]:
            raise AssertionError(f"port {self.name}: {self.state.value} -> {state.value} is not a move")
        is_news = state is PortState.FAULT and reason != self._told_fault
        level = logging.WARNING if is_news else logging.INFO
        log.log(
            level,
            "port %s: %s -> %s%s",
            self.name,
            self.state.value,
            state.value,
            f": {reason}" if reason else "",
        )
        self.state, self.reason = state, reason
        if state is not PortState.STARTING:
            self._told_fault = reason if state is PortState.FAULT else ""
        self._state_changed.set()
        self._state_changed = asyncio.Event()
