"""A GSM modem as a Port: it opens, brings up, watches and heals the modem; its calls are in `calls.py`.

A session is one opening of the AT port; when it fails, its reason is the port's FAULT and a new one is
begun. What families do differently is in `quirks.py`, what the modem says of itself in `facts.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from drivers import serialline
from drivers.at.channel import Channel, CommandFailed
from drivers.discovery.modems import Where, fixed
from drivers.gsm.calls import Calls
from drivers.gsm.facts import Facts, sim_trouble
from drivers.gsm.host import ModemReset
from drivers.gsm.leg import GsmLeg
from drivers.gsm.pcm import AudioPort, OpenAudio
from drivers.gsm.quirks import Dialect, Meaning
from drivers.gsm.simcom import SIM7600
from drivers.port import (
    AudioNews,
    DriverError,
    EndCause,
    LegState,
    Port,
    PortLost,
    PortRefused,
    PortState,
    PortTimeout,
)

log = logging.getLogger(__name__)

DIALLABLE = re.compile(r"\+?[0-9*#]{1,40}")
PING_SECONDS = 30.0
UNANSWERED_SECONDS = 2.0  # after a ping without answer the next one comes sooner
PINGS = 3  # without answer: the modem is given up
WATCH_SECONDS = 3.0  # while there is a call: +CLCC as the safety net for lost reports (F8)
ABSENT_SECONDS = 1.0  # a call missing from +CLCC once is looked for again
SIM_SECONDS = (1.0, 2.0, 5.0)  # a SIM that is not ready is looked at again after these, then every 10 s
RETRY_SECONDS = 1.5  # a port that is not there
MOST_RETRY_SECONDS = 10.0  # a modem that is there and ill

#: Opens an AT port, as `serialline.SerialLine` does.
OpenLine = Callable[..., serialline.Line]


@dataclass(frozen=True)
class Transport:
    """How ports are opened; tests put a wire of their own here."""

    open_line: OpenLine = serialline.SerialLine
    open_audio: OpenAudio = serialline.open_audio


SERIAL = Transport()


class GsmPort(Port):
    """One modem with two serial ports: `path` takes commands, `audio_path` carries the voice.

    `where`, if given, is asked for both at each opening: a modem that comes back has others (F15).
    `audio_holder` is asked for an audio descriptor that it still has (after the brain was restarted) before
    the audio port is opened.
    """

    def __init__(
        self,
        name: str,
        *,
        path: str = "",
        audio_path: str = "",
        where: Where | None = None,
        dialect: Dialect = SIM7600,
        pin: str = "",
        rtscts: bool = False,
        baud: int = serialline.BAUD,
        transport: Transport = SERIAL,
    ) -> None:
        super().__init__(name)
        self.path = path
        self._where = where or fixed(path, audio_path)
        self.dialect = dialect
        self.facts = Facts()
        self._pin = pin
        self._serial = {"baud": baud, "rtscts": rtscts}
        self._open_line = transport.open_line
        self._audio = AudioPort(
            name, audio_path, open_audio=transport.open_audio, holder=lambda: self.audio_holder
        )
        self._line: serialline.Line | None = None
        self._channel, self._calls = self._fresh_session()
        self._trouble: DriverError | None = None
        self._wake_up = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None

    # --- the contract -----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start the port; returns when it is IDLE, BUSY or FAULT for the first time."""
        self._runner = asyncio.create_task(self._run(), name=f"port {self.name}")
        self._runner.add_done_callback(self._ran_out)
        await self.until_state(PortState.IDLE, PortState.BUSY, PortState.FAULT)

    async def close(self) -> None:
        """Let go of the modem; a call on it stays up."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait({self._runner})
            self._runner = None
        await self._end_session(PortLost(f"port {self.name}: closed by us"))
        self._audio.close()
        if self.state is not PortState.DOWN:
            self.moved(PortState.DOWN, "closed")

    async def dial(self, number: str, *, label: str = "") -> GsmLeg:
        """Start a call; raises PortRefused when the port is not free or the number cannot be dialled."""
        if not DIALLABLE.fullmatch(number):
            raise PortRefused(
                f"port {self.name}: {number!r} cannot be dialled; digits, * and #, with or without a + in "
                "front, can"
            )
        if self.state is not PortState.IDLE:
            why = f" ({self.reason})" if self.reason else ""
            raise PortRefused(
                f"port {self.name}: cannot dial, it is {self.state.value}{why}. Take another line, or wait"
            )
        return self._calls.start_dialling(number, label)

    def audio_news(self, news: AudioNews, value: str = "") -> None:
        """A voice port found dead: the modem is reset after the call, which goes on."""
        if news in (AudioNews.DEAD, AudioNews.LOST):
            self._calls.distrust_audio("no sound comes from the audio port")

    def status(self) -> dict[str, object]:
        """Plain values for `show lines`."""
        return {**super().status(), **vars(self.facts), "audio_trouble": self._calls.audio_trouble}

    # --- what the calls tell (host.Host) ---------------------------------------------------------------

    def busy_with(self, leg: GsmLeg) -> None:
        """There is a leg now; one that came in by itself is offered."""
        if self.state is not PortState.BUSY:
            self.moved(PortState.BUSY)
        if leg.state is not LegState.DIALING:
            self.came_in(leg)
        self._wake_up.set()

    def free_again(self) -> None:
        """The last call is over."""
        if self.state is PortState.BUSY:
            self.moved(PortState.IDLE, self._why_idle())

    def look_again(self) -> None:
        """A call may have ended."""
        self._wake_up.set()

    def fail(self, error: DriverError) -> None:
        """The session is over; whoever waits for the modem is told at once."""
        self._trouble = self._trouble or error
        self._channel.lost(error)
        self._wake_up.set()

    # --- sessions ---------------------------------------------------------------------------------------

    async def _run(self) -> None:
        self.moved(PortState.STARTING)
        ill_seconds = 1.0
        while True:
            try:
                await self._session()
            except DriverError as error:
                seconds = self._retry_seconds(error, ill_seconds)
                began_well = self.state in (PortState.IDLE, PortState.BUSY)
                ill_seconds = 1.0 if began_well else min(2 * ill_seconds, MOST_RETRY_SECONDS)
                await self._end_session(error)
                self._fault(str(error))
            await asyncio.sleep(seconds)

    def _ran_out(self, runner: asyncio.Task[None]) -> None:
        error = None if runner.cancelled() else runner.exception()
        if error is not None:
            log.error("port %s: a fault of the driver, the line stays down", self.name, exc_info=error)
            self._fault(f"a fault of the driver: {error!r}. See the log")

    def _fault(self, reason: str) -> None:
        """FAULT, or still FAULT with another reason; said once, however often it is tried."""
        reason = reason.removeprefix(f"port {self.name}: ")
        if self.state is PortState.FAULT and reason != self.reason:
            log.warning("port %s: still in fault: %s", self.name, reason)
        self.moved(PortState.FAULT, reason)

    def _retry_seconds(self, error: DriverError, ill_seconds: float) -> float:
        if isinstance(error, ModemReset):
            return self.dialect.reset_seconds
        if isinstance(error, serialline.PortBusy):
            return ill_seconds  # finding out who holds it takes milliseconds of everybody's time
        return RETRY_SECONDS if self._line is None or isinstance(error, PortLost) else ill_seconds

    async def _session(self) -> None:
        """Open, bring up, watch; ends only by raising DriverError."""
        self._trouble = None
        self._wake_up.clear()
        ports = await self._where()
        self.path, self._audio.path = ports.at, ports.audio
        self._line = self._open_line(
            self.name, self.path, on_bytes=self._heard, on_lost=self.fail, **self._serial
        )
        self._channel, self._calls = self._fresh_session()
        await self._audio.ensure()
        await self._bring_up()
        await self._calls.adopt()
        if self._calls.leg is None:
            self.moved(PortState.IDLE, self._why_idle())
        await self._watch()

    def _fresh_session(self) -> tuple[Channel, Calls]:
        channel = Channel(self.name, write=self._write, on_urc=self._urc, is_urc=self._is_urc)
        return channel, Calls(self.name, self.dialect, channel, self._audio, self)

    async def _end_session(self, error: DriverError) -> None:
        """No task of the session is left, the AT port is closed; the leg has ended, unless we close."""
        self._channel.lost(error)
        await self._calls.stop()
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._calls.leg is not None and self._runner is not None:
            self._calls.leg.moved(LegState.ENDED, EndCause.PORT_LOST)

    async def _bring_up(self) -> None:
        """A modem that answers, with our settings and a SIM that is ready. Disturbs no call."""
        await self._wake_modem()
        for command in ("AT+CMEE=1", *self.dialect.init_optional):
            await self._try(command)
        await self._wait_for_sim()
        for command in self.dialect.init:
            await self._channel.command(command)
        await self.facts.identify(self._channel)
        await self.facts.refresh(self._channel)

    async def _wake_modem(self) -> None:
        """Echo off, as soon as somebody answers; ESC before it frees a modem stuck in a prompt (F20)."""
        self._write(b"\x1b")
        for seconds in (1.0, 2.0, 3.0):
            try:
                await self._channel.command("ATE0", seconds=seconds)
                return
            except (PortTimeout, CommandFailed) as error:
                log.debug("%s", error)
        raise PortTimeout(
            f"port {self.name}: {self.path} is open but nobody answers AT. Check that it is the modem's "
            "command port and that the modem has power; it is tried again by itself"
        )

    async def _wait_for_sim(self) -> None:
        for seconds in itertools.chain(SIM_SECONDS, itertools.repeat(MOST_RETRY_SECONDS)):
            trouble = await sim_trouble(self.name, self._channel, self.dialect, self._pin, self.facts)
            if not trouble:
                break
            self._fault(trouble)
            await self._pause(seconds)
        if self.state is PortState.FAULT:
            self.moved(PortState.STARTING)

    async def _watch(self) -> None:
        """Ask now and then: an idle modem whether it lives, a busy one whether the call does."""
        unanswered = 0
        while True:
            woken = await self._pause(self._watch_seconds(unanswered))
            if not self._calls.may_be_asked or (woken and not self._calls.absent):
                continue  # a leg that has just come changes the pace; nothing goes out before its ATA
            try:
                if self._calls.leg is not None:
                    await self._calls.reconcile()
                else:
                    await self._ping()
                unanswered = 0
            except CommandFailed as error:
                log.warning("%s", error)
            except PortTimeout:
                unanswered += 1
                if unanswered == PINGS:
                    raise

    def _watch_seconds(self, unanswered: int) -> float:
        if self._calls.absent:
            return ABSENT_SECONDS
        if unanswered:
            return UNANSWERED_SECONDS
        return PING_SECONDS if self._calls.leg is None else WATCH_SECONDS

    async def _ping(self) -> None:
        await self.facts.refresh(self._channel)
        await self._calls.reconcile()
        if self.state is PortState.IDLE:
            self.moved(PortState.IDLE, self._why_idle())

    async def _pause(self, seconds: float) -> bool:
        """Wait so long, or until something calls for attention (True); raises what ends the session."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake_up.wait()
        except TimeoutError:
            pass
        woken = self._wake_up.is_set()
        self._wake_up.clear()
        if self._trouble is not None:
            raise self._trouble
        return woken

    # --- bytes ------------------------------------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        self._channel.feed(data)

    def _write(self, data: bytes) -> None:
        if self._line is None:
            raise PortLost(f"port {self.name}: {self.path} is not open; it is tried again by itself")
        self._line.write(data)

    def _urc(self, text: str) -> None:
        meaning = self.dialect.meaning(text)
        if meaning is Meaning.REGISTRATION:
            self.facts.heard_registration(text)
        elif meaning is Meaning.SIGNAL:
            self.facts.heard_signal([text])
        elif meaning is Meaning.REBOOT:
            if self.state in (PortState.IDLE, PortState.BUSY):
                self.fail(PortLost(f"port {self.name}: the modem has restarted ({text}). Check its power"))
        elif meaning is not None:
            self._calls.understand(meaning, text)

    def _is_urc(self, text: str) -> bool:
        return self.dialect.meaning(text) is not None

    async def _try(self, command: str) -> None:
        try:
            await self._channel.command(command)
        except CommandFailed as error:
            log.debug("%s", error)

    def _why_idle(self) -> str:
        return "" if self.facts.registered else f"no network ({self.facts.registration or 'unknown'})"
