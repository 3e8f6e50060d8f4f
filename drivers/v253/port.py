"""An analogue line at a V.253 voice modem as a Port: opens, brings up, watches and heals it.

A session is one opening of the port; when it fails, its reason is the port's FAULT, the next rung of the
ladder is taken (`drivers/healing.py`), and a new one is begun. Calls are in `calls.py`, what chips do
differently in `quirks.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial

from drivers import serialline
from drivers.at.waking import reset_blindly
from drivers.discovery.modems import Where, fixed
from drivers.healing import Healing, trouble_of
from drivers.health import Alarm, Health
from drivers.ladder import PINGS, Rung
from drivers.port import (
    AudioNews,
    DriverError,
    EndCause,
    LegState,
    PortLost,
    PortRefused,
    PortState,
    PortTimeout,
    SerialAudio,
)
from drivers.power import Power, usb_place
from drivers.session import SessionPort
from drivers.v253.bringup import bring_up
from drivers.v253.calls import Calls
from drivers.v253.dialling import DIALLABLE
from drivers.v253.doing import Doing
from drivers.v253.facts import Facts
from drivers.v253.hook import Hook
from drivers.v253.leg import V253Leg
from drivers.v253.settings import Settings
from drivers.v253.stream import OUT_OF_VOICE, Listener, Stream, VoiceLine

log = logging.getLogger(__name__)

PING_SECONDS = 10.0  # AT+VCID=1: asks whether the modem lives, and sets what others may have undone (V6)
ANSWER_SECONDS = 3.0
UNANSWERED_SECONDS = 1.0
WATCH_SECONDS = 3.0  # in a call: whether the device is still there
HOLDER_SECONDS = 2.0  # the media engine answers within a millisecond, if it is there

#: Opens the port, as `serialline.SerialLine` does.
OpenLine = Callable[..., VoiceLine]


class V253Port(SessionPort):
    """One analogue line. `audio_holder` has the sound of calls, also while the brain is away.

    `where`, if given, is asked for the path at each opening: a modem that comes back has another (F15).
    """

    def __init__(
        self,
        name: str,
        *,
        path: str = "",
        where: Where | None = None,
        settings: Settings,
        rtscts: bool = False,
        baud: int = serialline.BAUD,
        power: Power | None = None,
        open_line: OpenLine = serialline.SerialLine,
    ) -> None:
        super().__init__(name)
        self.path = path
        self._where = where or fixed(path)
        self.settings = settings
        self.facts = Facts()
        self._serial = {"baud": baud, "rtscts": rtscts}
        self._rtscts = rtscts
        self._open_line = open_line
        self._healing = Healing(name, reset=self._reset_blindly, power=power)
        self._stream, self._calls = self._fresh_session()
        self._hook: Hook | None = None
        self._why_idle = ""

    # --- the contract -----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start the port; returns when it is IDLE, BUSY or FAULT for the first time."""
        self._end_leg()  # of before a close
        await super().open()

    async def close(self) -> None:
        """Let go of the modem; a call that is up stays up, the media engine has it."""
        await self._stop()
        await self._let_go(PortLost(f"port {self.name}: closed by us"))
        if self.state is not PortState.DOWN:
            self.moved(PortState.DOWN, "closed")

    async def dial(self, number: str, *, label: str = "") -> V253Leg:
        """Start a call; raises PortRefused when the line is not free or the number cannot be dialled."""
        if not DIALLABLE.fullmatch(number):
            raise PortRefused(
                f"port {self.name}: {number!r} cannot be dialled; digits, *, # and a comma for a pause, with "
                "or without a + in front, can"
            )
        if self.state is not PortState.IDLE or self._calls.doing is not Doing.NOTHING:
            why = self._calls.doing.value if self.state is PortState.BUSY else self.reason
            raise PortRefused(
                f"port {self.name}: cannot dial, it is {self.state.value}{f' ({why})' if why else ''}. Take "
                "another line, or wait"
            )
        return self._calls.start_dialling(number, label)

    def audio_news(self, news: AudioNews, value: str = "") -> None:
        """What the media engine finds in the sound of the call."""
        self._calls.heard(news, value)

    def status(self) -> dict[str, object]:
        """Plain values for `show lines`."""
        watch = self._calls.watch
        now = asyncio.get_running_loop().time()
        return {
            **super().status(),
            **vars(self.facts),
            "doing": self._calls.doing.value,
            "call_seconds": round(now - watch.since) if watch is not None else None,
            "longest_call_seconds": self.settings.rules.max_call_seconds,
            "heard_last": watch.heard_last if watch is not None else [],
            "last_end": self._calls.last_end,
            "rung": self._healing.ladder.rung.value,
            "restarts": self._healing.restarts,
        }

    @property
    def health(self) -> Health:
        """How it is now; nothing is asked of the modem."""
        return self._healing.health

    def alarms(self) -> tuple[Alarm, ...]:
        """What a person should know now."""
        alarm = self._calls.alarm
        return (*self._healing.alarms(), *([alarm] if alarm is not None else []))

    # --- what the calls tell (host.Host) ---------------------------------------------------------------

    def busy(self) -> None:
        """The line is in use; who calls may not be known yet."""
        if self.state is not PortState.BUSY:
            self.moved(PortState.BUSY)

    def offered(self, leg: V253Leg) -> None:
        """A leg that came in by itself."""
        self.busy()
        self.came_in(leg)

    def free_again(self) -> None:
        """The line is on hook; after a call found at `open` the modem is made ready first."""
        if self.state is PortState.BUSY and self._hook is not None:
            alarm = self._calls.alarm
            self.moved(PortState.IDLE, self._why_idle if alarm is None else f"the last call: {alarm.text}")
        self._wake_up.set()

    # --- sessions ---------------------------------------------------------------------------------------

    async def _heal(self, error: DriverError) -> None:
        trouble = trouble_of(error, was_open=self._stream.line is not None)
        await self._end_session(error)
        why = str(error).removeprefix(f"port {self.name}: ")
        self._fault(self._healing.judge(trouble, why, self.path))
        await self._healing.act()

    async def _session(self) -> None:
        """Open, take over a call or bring up, watch; ends only by raising DriverError."""
        self._hook = None
        self._stream, self._calls = self._fresh_session()
        ports = await self._where()
        self.path = ports.at
        self._healing.place = ports.place or usb_place(self.path) or self._healing.place
        held = await self._held()
        self._stream.line = await self._opened(held)
        if held is not None:
            self._healed()
            log.info("port %s: a call is up already, taken over", self.name)
            self._calls.adopt(held)
            while self._calls.doing is not Doing.NOTHING:
                await self._pause(WATCH_SECONDS)
                self._check_device()
        ready = await bring_up(self._stream, self.settings, self.facts, rtscts=self._rtscts)
        self._hook, self._why_idle = ready.hook, ready.trouble
        self._calls.ready(ready.chip, ready.hook)
        self._healed()
        self._healing.well()
        self.moved(PortState.IDLE, self._why_idle)
        await self._watch()

    def _healed(self) -> None:
        if self.state is PortState.FAULT:
            self.moved(PortState.STARTING)

    def _fresh_session(self) -> tuple[Stream, Calls]:
        listener = Listener(
            on_line=lambda text: self._calls.line(text),
            on_code=lambda char: self._calls.code(char),
            on_sound=lambda data: self._calls.sound(data),
        )
        stream = Stream(self.name, listener)
        return stream, Calls(self.name, stream, self.settings, self, self.facts)

    async def _held(self) -> SerialAudio | None:
        """The sound of a call that is up, as the media engine has it."""
        if self.audio_holder is None:
            return None
        try:
            async with asyncio.timeout(HOLDER_SECONDS):
                audio = await self.audio_holder.held(self.name)
        except TimeoutError:
            return None
        if audio is None or (audio.shielded and serialline.is_alive(audio.fd, self.path)):
            return audio
        os.close(audio.fd)
        return None

    async def _opened(self, held: SerialAudio | None) -> VoiceLine:
        """The port; an engine that holds it without a call (the call's brain is gone) is told to let go."""
        stream = self._stream
        arguments = {"on_bytes": stream.feed, "on_lost": self.fail, **self._serial}
        if held is not None:
            return self._open_line(self.name, self.path, fd=held.fd, **arguments)
        try:
            return self._open_line(self.name, self.path, **arguments)
        except serialline.PortBusy:
            if self.audio_holder is None:
                raise
        await self.audio_holder.release(self.name)
        return self._open_line(self.name, self.path, **arguments)

    async def _end_session(self, error: DriverError) -> None:
        """Nothing of the session is left; its leg has ended."""
        await self._let_go(error)
        if self.audio_holder is not None and self._calls.doing is Doing.TALKS:
            await self.audio_holder.release(self.name)
        self._end_leg()

    async def _let_go(self, error: DriverError) -> None:
        self._stream.lost(error)
        await self._calls.stop()
        if self._stream.line is not None:
            self._stream.line.close()
            self._stream.line = None

    def _end_leg(self) -> None:
        if self._calls.leg is not None:
            self._calls.over()
            self._calls.leg.moved(LegState.ENDED, EndCause.PORT_LOST)

    async def _watch(self) -> None:
        """Ask now and then: an idle modem whether it lives, a busy one whether it is still there."""
        while True:
            idle = self._calls.doing is Doing.NOTHING
            well = self._healing.ladder.rung is Rung.WELL
            await self._pause(UNANSWERED_SECONDS if not well else PING_SECONDS if idle else WATCH_SECONDS)
            if self._calls.doing is Doing.TALKS:
                self._check_device()
            elif idle and self._calls.doing is Doing.NOTHING and self._hook is not None:
                await self._ping(self._hook)

    async def _ping(self, hook: Hook) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await hook.caller_id_on()
        except (TimeoutError, PortTimeout):
            if self._healing.unanswered():
                raise PortTimeout(
                    f"port {self.name}: no answer to {PINGS} questions in a row; the modem hangs"
                ) from None
        else:
            self._healing.well()

    async def _reset_blindly(self) -> None:
        """For a modem that answers nothing: out of voice, then ATZ."""
        ears = partial(self._open_line, self.name, self.path, **self._serial)
        await reset_blindly(lambda heard, lost: ears(on_bytes=heard, on_lost=lost), [OUT_OF_VOICE, "ATZ"])

    def _check_device(self) -> None:
        line = self._stream.line
        if line is not None and not line.alive:
            raise PortLost(
                f"port {self.name}: {self.path} went away in a call. Check the cable and the modem's power; "
                "it is tried again by itself"
            )

    def _told_lost(self, error: DriverError) -> None:
        self._stream.lost(error)
