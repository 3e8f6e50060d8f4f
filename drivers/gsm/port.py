"""A GSM modem as a Port: it opens, brings up, watches and heals the modem; its calls are in `calls.py`.

A session is one opening of the AT port; when it fails, its reason is the port's FAULT, the next rung of the
ladder is taken (`drivers/healing.py`), and a new one is begun. What families do differently is in
`quirks.py`, what the modem says of itself in `facts.py`, its SIM in `sim.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from drivers import serialline
from drivers.at.channel import Channel, CommandFailed
from drivers.at.waking import STANDARD_RESET, reset_blindly, wake
from drivers.discovery.modems import Where, fixed
from drivers.gsm.calls import Calls
from drivers.gsm.facts import Facts
from drivers.gsm.host import ModemReset, NoVoice
from drivers.gsm.leg import GsmLeg
from drivers.gsm.messages import GsmMessages
from drivers.gsm.pcm import AudioPort, OpenAudio
from drivers.gsm.quirks import Dialect, Meaning
from drivers.gsm.sim import FOR_A_PERSON, Sim, SimTrouble
from drivers.gsm.simcom import SIM7600
from drivers.gsm.watch import Watch
from drivers.healing import Healing, trouble_of
from drivers.health import Alarm, AlarmKind, Health
from drivers.ladder import Rung, Trouble
from drivers.port import (
    AudioNews,
    DriverError,
    EndCause,
    LegState,
    PortLost,
    PortRefused,
    PortState,
)
from drivers.power import Power, usb_place
from drivers.session import SessionPort

log = logging.getLogger(__name__)

DIALLABLE = re.compile(r"\+?[0-9*#]{1,40}")
SIM_SECONDS = (1.0, 2.0, 5.0)  # a SIM that is not ready is looked at again after these, then every 10 s
MOST_SIM_SECONDS = 10.0
SIM_PATIENCE_SECONDS = 25.0  # SIM busy for 10-20 s after power-up is normal (F28)

#: Opens an AT port, as `serialline.SerialLine` does.
OpenLine = Callable[..., serialline.Line]


@dataclass(frozen=True)
class Transport:
    """How ports are opened; tests put a wire of their own here."""

    open_line: OpenLine = serialline.SerialLine
    open_audio: OpenAudio = serialline.open_audio


SERIAL = Transport()


class GsmPort(SessionPort):
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
        power: Power | None = None,
        transport: Transport = SERIAL,
    ) -> None:
        super().__init__(name)
        self.path = path
        self._where = where or fixed(path, audio_path)
        self.dialect = dialect
        self.facts = Facts()
        self._sim = Sim(name, dialect, pin)
        self._healing = Healing(name, reset=self._reset_blindly, power=power)
        self._serial = {"baud": baud, "rtscts": rtscts}
        self._open_line = transport.open_line
        self._audio = AudioPort(
            name, audio_path, open_audio=transport.open_audio, holder=lambda: self.audio_holder
        )
        self.text_messages = GsmMessages(name, dialect, call=lambda: self._calls.leg)
        self.messages = self.text_messages
        self._line: serialline.Line | None = None
        self._channel, self._calls, self._watch = self._fresh_session()

    # --- the contract -----------------------------------------------------------------------------------

    async def close(self) -> None:
        """Let go of the modem; a call on it stays up."""
        await self._stop()
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
        """A voice port found dead: the modem is reset after the call, which goes on.

        When commands have no answer either, it is not the voice port that is in doubt.
        """
        if news is AudioNews.ALIVE:
            self._watch.sound_lives = True
        elif news in (AudioNews.DEAD, AudioNews.LOST):
            self._watch.sound_lives = False
            if self._healing.ladder.rung is Rung.WELL:
                self._calls.distrust_audio("no sound comes from the audio port")

    def status(self) -> dict[str, object]:
        """Plain values for `show lines`."""
        return {
            **super().status(),
            **self.facts.status(),
            "sim": self._sim.state.value,
            "audio_trouble": self._calls.audio_trouble,
            "last_end": self._calls.last_end,
            "message_trouble": self.text_messages.trouble,
            "rung": self._healing.ladder.rung.value,
            "restarts": self._healing.restarts,
        }

    @property
    def health(self) -> Health:
        """How it is now; nothing is asked of the modem."""
        known = self._healing.health
        return replace(known, audio_trouble=self._calls.audio_trouble, **self.facts.measured())

    def alarms(self) -> tuple[Alarm, ...]:
        """What a person should know now."""
        alarms = list(self._healing.alarms())
        if self._sim.state in FOR_A_PERSON:
            alarms.append(Alarm(AlarmKind.SIM, self.reason))
        if offline := self.facts.offline():
            alarms.append(Alarm(AlarmKind.NO_NETWORK, offline))
        return tuple(alarms)

    # --- what the calls tell (host.Host) ---------------------------------------------------------------

    def busy_with(self, leg: GsmLeg) -> None:
        """There is a leg now; one that came in by itself is offered."""
        self._watch.sound_lives = True
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

    def sound_wanted(self, wanted: bool) -> None:
        """The modem takes sound, or none for now (Quectel's +QPCMV)."""
        if self.audio_holder is not None:
            self.audio_holder.flow(self.name, wanted)

    # --- sessions ---------------------------------------------------------------------------------------

    async def _heal(self, error: DriverError) -> None:
        """The session has failed: its end, the reason, and what is to be done before the next one."""
        trouble = self._trouble_of(error)
        audio_trouble = self._calls.audio_trouble
        await self._end_session(error)
        if isinstance(error, ModemReset):
            self._fault(str(error))
            await self._healing.was_reset(audio_trouble)
            await asyncio.sleep(self.dialect.reset_seconds)
        else:
            why = str(error).removeprefix(f"port {self.name}: ")
            if trouble is Trouble.MISSING and self.state in (PortState.IDLE, PortState.BUSY):
                self._healing.restarted()
            self._fault(self._healing.judge(trouble, why, self.path))
            await self._healing.act()

    def _trouble_of(self, error: DriverError) -> Trouble:
        if isinstance(error, SimTrouble):
            return Trouble.PERSON if error.state in FOR_A_PERSON else Trouble.SIM
        if isinstance(error, NoVoice):
            return Trouble.PERSON
        return trouble_of(error, was_open=self._line is not None)

    async def _session(self) -> None:
        """Open, bring up, watch; ends only by raising DriverError."""
        ports = await self._where()
        self.path, self._audio.path = ports.at, ports.audio
        self._line = self._open_line(
            self.name, self.path, on_bytes=self._heard, on_lost=self.fail, **self._serial
        )
        self._channel, self._calls, self._watch = self._fresh_session()
        self._healing.place = ports.place or usb_place(self.path) or self._healing.place
        await self._audio.ensure()
        await self._bring_up()
        await self._calls.adopt()
        self._healing.well()
        if self._calls.leg is None:
            self.moved(PortState.IDLE, self._why_idle())
        self.text_messages.begin(self._channel)
        await self._watch.run(self._pause)

    def _fresh_session(self) -> tuple[Channel, Calls, Watch]:
        channel = Channel(self.name, write=self._write, on_urc=self._urc, is_urc=self._is_urc)
        calls = Calls(self.name, self.dialect, channel, self._audio, self)
        watch = Watch(
            self.name,
            channel=channel,
            calls=calls,
            facts=self.facts,
            sim=self._sim,
            healing=self._healing,
            pinged=self._look_idle,
        )
        return channel, calls, watch

    async def _end_session(self, error: DriverError) -> None:
        """No task of the session is left, the AT port is closed; the leg has ended, unless we close."""
        self._channel.lost(error)
        await self.text_messages.end(error)
        await self._calls.stop()
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._calls.leg is not None and self._runner is not None:
            self._calls.leg.moved(LegState.ENDED, EndCause.PORT_LOST)

    async def _bring_up(self) -> None:
        """A modem that answers, with our settings and a SIM that is ready. Disturbs no call."""
        await wake(self._channel, self._write, f"port {self.name}: {self.path}")
        for command in ("AT+CMEE=1", *self.dialect.init_optional):
            await self._try(command)
        await self._wait_for_sim()
        for command in self.dialect.init:
            await self._channel.command(command)
        await self.facts.identify(self._channel)
        await self.facts.ping(self._channel)
        await self.facts.ask_registration(self._channel)
        await self.facts.refresh(self._channel)

    async def _wait_for_sim(self) -> None:
        """Raises SimTrouble when it is not ready in time; what only a person can end is waited for here."""
        give_up_at = self._now() + SIM_PATIENCE_SECONDS
        for seconds in itertools.chain(SIM_SECONDS, itertools.repeat(MOST_SIM_SECONDS)):
            try:
                await self._sim.open(self._channel)
                break
            except SimTrouble as trouble:
                if trouble.state in FOR_A_PERSON:
                    self._healing.well()  # the modem is; no rung would help
                elif self._now() >= give_up_at:
                    raise
                self._fault(str(trouble))
            await self._pause(seconds)
        if self.state is PortState.FAULT:
            self.moved(PortState.STARTING)

    async def _reset_blindly(self) -> None:
        """For a modem that answers nothing."""
        ears = partial(self._open_line, self.name, self.path, **self._serial)
        resets = dict.fromkeys((self.dialect.reset, STANDARD_RESET))
        await reset_blindly(lambda heard, lost: ears(on_bytes=heard, on_lost=lost), list(resets))

    def _told_lost(self, error: DriverError) -> None:
        self._channel.lost(error)

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
        elif self.text_messages.hears(text):
            self.text_messages.understand(text)
        elif meaning is not None:
            self._calls.understand(meaning, text)

    def _is_urc(self, text: str) -> bool:
        return self.text_messages.hears(text) or self.dialect.meaning(text) is not None

    async def _try(self, command: str) -> None:
        try:
            await self._channel.command(command)
        except CommandFailed as error:
            log.debug("%s", error)

    def _look_idle(self) -> None:
        if self.state is PortState.IDLE:
            self.moved(PortState.IDLE, self._why_idle())

    def _why_idle(self) -> str:
        return "" if self.facts.registered else f"no network ({self.facts.registration or 'unknown'})"

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
