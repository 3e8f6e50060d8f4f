"""The call of a GSM modem during one session: rings, answers, dials, ends, and +CLCC has the last word.

One call at a time; a second caller is refused, so that the network says busy. Reports of the modem are used
as they come; because every one of them may be lost (F7, F8), `reconcile` is asked every few seconds while
there is a call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from drivers.at.channel import Channel, CommandFailed
from drivers.gsm.arrival import Arrival
from drivers.gsm.clcc import CallStat, CurrentCall, current_calls
from drivers.gsm.hangup import HangUp
from drivers.gsm.host import Host, ModemReset
from drivers.gsm.keys import Keys
from drivers.gsm.leg import GsmLeg
from drivers.gsm.pcm import AudioPort
from drivers.gsm.quirks import Dialect, Meaning, Moment
from drivers.gsm.reports import Reports
from drivers.gsm.track import Track
from drivers.gsm.voice import Voice
from drivers.port import DriverError, EndCause, LegEnded, LegState, PortLost, PortTimeout, SerialAudio

log = logging.getLogger(__name__)

DIAL_SECONDS = 60.0  # ATD may take 40 s and more (field reports)
ANSWER_SECONDS = 15.0  # ATA to voice
UNREPORTED_CALLS = 2  # one RING may be lost; two, and no other report: they go to another port
DIAL_RESULTS = {"BUSY": EndCause.BUSY, "NO ANSWER": EndCause.NO_ANSWER}
REFUSE_SECOND = "AT+CHLD=0"  # 3GPP 22.030 6.5.5.1: a waiting call is told that we are busy


class Calls:
    """What happens to calls while one AT channel is open. Fills `leg.Carrier`."""

    def __init__(self, name: str, dialect: Dialect, channel: Channel, audio: AudioPort, host: Host) -> None:
        self.name = name
        self._dialect = dialect
        self._channel = channel
        self._audio = audio
        self._host = host
        self._track = Track(host.look_again)
        self._voice = Voice(name, dialect, channel)
        self._keys = Keys(name, dialect, channel)
        self._arrival = Arrival(name, channel, self.incoming)
        self._hang_up = HangUp(name, dialect, channel)
        self._reports = Reports(
            name,
            dialect=dialect,
            track=self._track,
            arrival=self._arrival,
            acts=self,
        )
        self._routes = list(dialect.routes)
        self._unreported = 0  # calls found in +CLCC that no report had told of
        self._preparing: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._clearing = asyncio.Lock()  # guards the modem's calls: none is begun while one is hung up
        self._tasks: set[asyncio.Task[None]] = set()

    async def adopt(self) -> None:
        """Take over what the modem is doing since before we came: a call up is not disturbed.

        Raises NoVoice when the modem has none.
        """
        self._reports.listening = True
        await self._voice.check()
        await self._lead_reports()
        for call in await current_calls(self._channel):
            if call.stat in (CallStat.ACTIVE, CallStat.HELD):
                await self._adopt_active(call)
            else:
                await self._take_stray([call])
        if self.leg is None:
            await self._voice.off()

    async def stop(self) -> None:
        """The session is over and the channel lost: no task is left; the leg is left as it is."""
        self._reports.listening = False
        await self._arrival.stop()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            if task.get_name() != "hang up":  # that one ends by the lost channel, and tells its waiter
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def leg(self) -> GsmLeg | None:
        """The call we have."""
        return self._track.leg

    @property
    def absent(self) -> int:
        """Above 0: whether the call still lives should be asked soon."""
        return self._track.absent

    @property
    def last_end(self) -> str:
        """Why the last call ended, as the modem gave it."""
        return self._track.last_end

    @property
    def audio_trouble(self) -> str:
        """Why the audio port is not trusted any more; a reset follows the call."""
        return self._voice.trouble

    @property
    def may_be_asked(self) -> bool:
        """Whether AT+CLCC makes sense: anything written during ATD or ATA would end the call (F9)."""
        return not self._channel.dialling and (self.leg is None or self._track.known)

    def start_dialling(self, number: str, label: str) -> GsmLeg:
        """A leg in DIALING; its ATD follows at once."""
        leg = self._new_leg(number, LegState.DIALING, inbound=False, label=label)
        self._take(leg)
        self._spawn(self._dial(leg), "dial")
        return leg

    def understand(self, meaning: Meaning, text: str) -> None:
        """A line the modem said by itself."""
        self._reports.understand(meaning, text)

    async def reconcile(self) -> None:
        """Ask +CLCC, and believe it more than any report."""
        leg, calls = self.leg, await current_calls(self._channel)
        if leg is None and self.leg is None:
            await self._take_stray(calls)
        if leg is None or leg is not self.leg or not self._track.known:
            return
        for call in calls:
            self._reports.see(call)
        self._track.listed(calls)

    async def _take_stray(self, calls: list[CurrentCall]) -> None:
        """The modem has a call that we have no leg for: its RING was lost, or a hang-up went wrong."""
        for call in calls:
            if call.stat is CallStat.INCOMING:
                self._unreported += 1
                if self._unreported >= UNREPORTED_CALLS and not self._reports.any:
                    await self._lead_reports()
                self.incoming(call.number)
            elif call.stat is not CallStat.WAITING and self.leg is None:
                log.warning("port %s: a call nobody waits for is hung up", self.name)
                await self._clear(None)

    async def _lead_reports(self) -> None:
        """To our port (F26): by the first of the family's commands that it takes; later by the next one."""
        for command in list(self._routes):
            self._routes.append(self._routes.pop(0))
            if await self._ask(command):
                return

    def distrust_audio(self, why: str) -> None:
        """The voice port does not do its work (F12): the modem is reset when it has no call."""
        if self._reports.listening and not self._voice.trouble:
            self._voice.trouble = why
            log.warning("port %s: %s; the modem is reset after the call", self.name, why)
            if self.leg is None:
                self._spawn(self._tidy_up(None), "tidy up")

    # --- what a leg asks for (leg.Carrier) ------------------------------------------------------------

    async def answer_leg(self, leg: GsmLeg) -> None:
        """ATA, then wait for the voice. Raises LegEnded when the caller is gone, DriverError otherwise."""
        if not await self._voice.start(leg, Moment.BEFORE):
            await self._end_without_sound(leg)
        if leg.leaving:
            await leg.ended()
            raise LegEnded(leg)
        try:
            await self._channel.command(self._dialect.answer, seconds=ANSWER_SECONDS, dialling=True)
        except CommandFailed:
            await self.reconcile()
            if leg.state is LegState.RINGING and not self.absent:
                raise
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if not await self._voice.start(leg, Moment.DIALLED):
                    await self._end_without_sound(leg)
                await leg.until(LegState.UP)
        except TimeoutError:
            raise PortTimeout(
                f"port {self.name}: {self._dialect.answer} was accepted, but the call does not come up. "
                "The call is lost; if it happens again, restart the modem"
            ) from None

    async def hang_up_leg(self, leg: GsmLeg) -> None:
        """Ends the call for sure, even when whoever asked is cancelled meanwhile."""
        self._channel.interrupt()
        task = self._spawn(self._clear(leg), "hang up")
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    async def send_leg_digits(self, leg: GsmLeg, digits: str) -> None:
        """DTMF by the network."""
        await self._keys.send(leg, digits, self._track.index)

    def leg_ended(self, leg: GsmLeg) -> None:
        """Told by the leg, once."""
        if leg is not self.leg:
            return
        self._track.drop()
        for task in (self._preparing, self._connecting):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        if self._reports.listening:
            self._spawn(self._tidy_up(leg), "tidy up")

    # --- what reports lead to (reports.Acts) --------------------------------------------------------------

    def incoming(self, peer: str) -> None:
        """A caller is there."""
        if self._reports.listening and self.leg is None:
            self._take(self._new_leg(peer, LegState.RINGING, inbound=True))

    def connect(self) -> None:
        """The leg's call is up."""
        leg = self.leg
        if leg is not None and leg.state is not LegState.UP and self._connecting is None:
            self._connecting = self._spawn(self._connect(leg), "connect")

    def refuse_second(self) -> None:
        """Another caller waits."""
        log.warning("port %s: a second caller is told that the line is busy", self.name)
        self._spawn(self._refuse(), "refuse a second caller")

    def sound_wanted(self, wanted: bool) -> None:
        """The modem's own flow control."""
        self._host.sound_wanted(wanted)

    # --- what we do ---------------------------------------------------------------------------------------

    def _new_leg(self, peer: str, state: LegState, *, inbound: bool, label: str = "") -> GsmLeg:
        in_audio = not self._dialect.digits_reported
        return GsmLeg(self, peer=peer, state=state, inbound=inbound, label=label, digits_in_audio=in_audio)

    def _take(self, leg: GsmLeg) -> None:
        self._arrival.known()
        self._track.take(leg)
        self._host.busy_with(leg)
        self._preparing = None
        if leg.state is LegState.RINGING:
            self._preparing = self._spawn(self._prepare(leg), "prepare")

    async def _prepare(self, leg: GsmLeg) -> None:
        """What a family wants before ATA is done while it rings, so that an answer need not wait for it."""
        await self._voice.start(leg, Moment.BEFORE)

    async def _refuse(self) -> None:
        await self._ask(REFUSE_SECOND)

    async def _adopt_active(self, call: CurrentCall) -> None:
        if self.leg is not None:
            return
        leg = self._new_leg(call.number, LegState.UP, inbound=bool(call.inbound))
        await self._voice.found_up(leg)
        leg.audio = SerialAudio(await self._audio.ensure())
        log.info("port %s: a call is up already, taken over", self.name)
        self._take(leg)
        self._track.told(call)

    async def _dial(self, leg: GsmLeg) -> None:
        command = self._dialect.dial.format(leg.peer)
        try:
            if not await self._voice.start(leg, Moment.BEFORE):
                return await self._end_without_sound(leg)
            if leg.leaving:
                return
            await self._channel.command(command, seconds=DIAL_SECONDS, dialling=True)
            self._track.known = self._track.known or leg is self.leg
            if not await self._voice.start(leg, Moment.DIALLED):
                await self._end_without_sound(leg)
        except CommandFailed as error:
            leg.moved(LegState.ENDED, DIAL_RESULTS.get(error.answer, EndCause.FAILED))
        except PortTimeout as error:
            log.warning("%s", error)
            await self._give_up(leg)
        except PortLost:
            pass  # the session ends, and the leg with it

    async def _connect(self, leg: GsmLeg) -> None:
        """The network says the call is up: start the voice, then tell."""
        try:
            if await self._voice.start(leg, Moment.UP):
                leg.audio = SerialAudio(await self._audio.ensure())
                leg.moved(LegState.UP)
        except DriverError as error:
            self._voice.trouble = str(error).removeprefix(f"port {self.name}: ")
        finally:
            self._connecting = None
        if leg.state is LegState.UP:
            await self._voice.tune()
        else:
            await self._end_without_sound(leg)

    async def _end_without_sound(self, leg: GsmLeg) -> None:
        log.error("port %s: a call without sound is ended: %s", self.name, self._voice.trouble)
        await self._give_up(leg)

    async def _tidy_up(self, leg: GsmLeg | None) -> None:
        """After a call: voice off, and a reset if the audio port is not to be trusted."""
        try:
            async with self._clearing:
                await self._voice.stop(leg)
            if self.leg is not None:
                return
            if self._voice.trouble:
                await self._reset(self._voice.trouble)
            else:
                self._host.free_again()
        except DriverError as error:
            self._host.fail(error)

    async def _clear(self, leg: GsmLeg | None) -> None:
        """Hang up for sure; raises PortTimeout, and resets the modem, when nothing helps."""
        was_up = leg is not None and leg.state is LegState.UP

        def another(call: CurrentCall) -> bool:
            """Not what we hang up: it waits, has a leg of its own, or only rings where ours was up."""
            rings = call.stat is CallStat.INCOMING
            return call.stat is CallStat.WAITING or self.leg not in (leg, None) or (was_up and rings)

        async with self._clearing:
            if await self._hang_up.until_gone(another):
                return
        await self._reset("a call could not be hung up")
        raise PortTimeout(f"port {self.name}: a call could not be hung up, the modem is being reset")

    async def _give_up(self, leg: GsmLeg) -> None:
        """End a leg that came to nothing, once."""
        if leg.leaving:
            return
        leg.leaving = True
        try:
            await self._clear(leg)
        except DriverError as error:
            log.warning("%s", error)
        leg.moved(LegState.ENDED, EndCause.FAILED)

    async def _reset(self, why: str) -> None:
        await self._ask(self._dialect.reset)
        self._host.fail(
            ModemReset(f"port {self.name}: {why}; the modem is being reset, it comes back by itself")
        )

    async def _ask(self, command: str) -> bool:
        """A command whose refusal does not matter; False when it was refused."""
        try:
            await self._channel.command(command)
        except CommandFailed as error:
            log.debug("%s", error)
            return False
        return True

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, DriverError):
            log.error("port %s: %s: a fault of the driver", self.name, task.get_name(), exc_info=error)
