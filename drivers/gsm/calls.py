"""The call of a GSM modem during one session: rings, answers, dials, ends, and +CLCC has the last word.

One call at a time; a second caller hears the network's busy tone or call waiting, which is left alone.
Reports of the modem are used as they come; because every one of them may be lost (F7, F8), `reconcile` is
asked every few seconds while there is a call.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine
from typing import Any

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields
from drivers.gsm.clcc import CallStat, CurrentCall, current_calls, parse_clcc
from drivers.gsm.hangup import HangUp
from drivers.gsm.host import Host, ModemReset
from drivers.gsm.leg import GsmLeg
from drivers.gsm.pcm import AudioPort
from drivers.gsm.quirks import Dialect, Meaning
from drivers.port import (
    DriverError,
    EndCause,
    LegEnded,
    LegState,
    PortLost,
    PortRefused,
    PortTimeout,
    SerialAudio,
)

log = logging.getLogger(__name__)

DIAL_SECONDS = 60.0  # ATD may take 40 s and more (field reports)
ANSWER_SECONDS = 15.0  # ATA to voice
CLIP_GRACE_SECONDS = (1.0, 2.0)  # +CLIP may come late or never: then +CLCC is asked, twice at most
AUDIO_RETRY_SECONDS = 0.3
DIAL_RESULTS = {"BUSY": EndCause.BUSY, "NO ANSWER": EndCause.NO_ANSWER}


class Calls:
    """What happens to calls while one AT channel is open. Fills `leg.Carrier`."""

    def __init__(self, name: str, dialect: Dialect, channel: Channel, audio: AudioPort, host: Host) -> None:
        self.name = name
        self.leg: GsmLeg | None = None
        self.absent = 0  # times in a row +CLCC did not know the leg
        self.audio_trouble = ""  # why the audio port is not trusted any more; a reset follows the call
        self._dialect = dialect
        self._channel = channel
        self._audio = audio
        self._host = host
        self._open = False  # from `adopt` to `stop`: new legs are made
        self._known = False  # the modem has the leg's call, so +CLCC must list it
        self._identifying: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._hang_up = HangUp(name, dialect, channel)
        self._clearing = asyncio.Lock()  # guards the modem's calls: none is begun while one is hung up
        self._tasks: set[asyncio.Task[None]] = set()

    async def adopt(self) -> None:
        """Take over what the modem is doing since before we came: a call up is not disturbed."""
        self._open = True
        for call in await current_calls(self._channel):
            if call.stat in (CallStat.ACTIVE, CallStat.HELD):
                await self._adopt_active(call)
            else:
                await self._take_stray([call])
        if self.leg is None:
            await self._ask(self._dialect.audio_stop)

    async def stop(self) -> None:
        """The session is over and the channel lost: no task is left; the leg is left as it is."""
        self._open = False
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            if task.get_name() != "hang up":  # that one ends by the lost channel, and tells its waiter
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def may_be_asked(self) -> bool:
        """Whether AT+CLCC makes sense: anything written during ATD or ATA would end the call (F9)."""
        return not self._channel.dialling and (self.leg is None or self._known)

    def start_dialling(self, number: str, label: str) -> GsmLeg:
        """A leg in DIALING; its ATD follows at once."""
        leg = GsmLeg(self, peer=number, state=LegState.DIALING, inbound=False, label=label)
        self._take(leg)
        self._spawn(self._dial(leg), "dial")
        return leg

    def understand(self, meaning: Meaning, text: str) -> None:
        """A line the modem said by itself."""
        if meaning is Meaning.RING:
            self._rings()
        elif meaning is Meaning.CLIP:
            self._caller_is(text)
        elif meaning is Meaning.CALL:
            if call := parse_clcc(text):
                self._see(call)
        elif meaning is Meaning.UP:
            self._is_up()
        elif meaning is Meaning.END:
            self._is_over()
        elif meaning is Meaning.BUSY:
            self._failed(EndCause.BUSY)
        elif meaning is Meaning.NO_ANSWER:
            self._failed(EndCause.NO_ANSWER)

    async def reconcile(self) -> None:
        """What +CLCC says counts: a leg it does not know twice in a row has ended."""
        leg, calls = self.leg, await current_calls(self._channel)
        if leg is None and self.leg is None:
            await self._take_stray(calls)
        if leg is None or leg is not self.leg or not self._known:
            return
        for call in calls:
            self._see(call)
        if any(call.inbound is leg.inbound and call.stat is not CallStat.WAITING for call in calls):
            self.absent = 0
            return
        self.absent += 1
        if self.absent > 1:
            leg.moved(LegState.ENDED, leg.silent_end())

    async def _take_stray(self, calls: list[CurrentCall]) -> None:
        """The modem has a call that we have no leg for: its RING was lost, or a hang-up went wrong."""
        for call in calls:
            if call.stat is CallStat.INCOMING:
                self._incoming(call.number)
            elif call.stat is not CallStat.WAITING and self.leg is None:
                log.warning("port %s: a call nobody waits for is hung up", self.name)
                await self._clear(None)

    def distrust_audio(self, why: str) -> None:
        """The voice port does not do its work (F12): the modem is reset when it has no call."""
        if self._open and not self.audio_trouble:
            self.audio_trouble = why
            log.warning("port %s: %s; the modem is reset after the call", self.name, why)
            if self.leg is None:
                self._spawn(self._tidy_up(), "tidy up")

    # --- what a leg asks for (leg.Carrier) ------------------------------------------------------------

    async def answer_leg(self, leg: GsmLeg) -> None:
        """ATA, then wait for the voice. Raises LegEnded when the caller is gone, DriverError otherwise."""
        try:
            await self._channel.command(self._dialect.answer, seconds=ANSWER_SECONDS, dialling=True)
        except CommandFailed:
            await self.reconcile()
            if leg.state is LegState.RINGING and not self.absent:
                raise
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
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
        """DTMF by the network, one digit a command."""
        if not re.fullmatch(r"[0-9A-D*#]*", digits):
            raise PortRefused(
                f"port {self.name}: {digits!r} has characters that are no keys; 0-9 A-D * # are"
            )
        for digit in digits:
            if leg.state is LegState.ENDED:
                raise LegEnded(leg)
            await self._channel.command(self._dialect.digit.format(digit))
            await asyncio.sleep(self._dialect.digit_seconds)

    def leg_ended(self, leg: GsmLeg) -> None:
        """Told by the leg, once."""
        if leg is not self.leg:
            return
        self.leg = None
        self.absent = 0
        if self._connecting is not None and self._connecting is not asyncio.current_task():
            self._connecting.cancel()
        if self._open:
            self._spawn(self._tidy_up(), "tidy up")

    # --- what the modem says ----------------------------------------------------------------------------

    def _rings(self) -> None:
        if self._open and self.leg is None and self._identifying is None:
            self._identifying = self._spawn(self._identify(), "identify")

    def _caller_is(self, text: str) -> None:
        """`+CLIP: "num",type,"",,"alpha",validity`; an empty number is unknown yet, or withheld (1, 2)."""
        values = fields(text)
        if values and (values[0] or values[5:6] in (["1"], ["2"])):
            self._incoming(values[0])
        else:
            self._rings()

    async def _identify(self) -> None:
        """RING without a number: give +CLIP its time, then ask +CLCC."""
        try:
            for seconds in CLIP_GRACE_SECONDS:
                await asyncio.sleep(seconds)
                calls = [
                    call for call in await current_calls(self._channel) if call.stat is CallStat.INCOMING
                ]
                if not calls:
                    return  # an old RING, or the caller is gone
                if calls[0].number:
                    break
            self._incoming(calls[0].number)
        except DriverError as error:
            log.warning("port %s: who rings could not be asked: %s", self.name, error)
        finally:
            self._identifying = None

    def _incoming(self, peer: str) -> None:
        if not self._open or self.leg is not None:
            return
        if self._identifying is not None and self._identifying is not asyncio.current_task():
            self._identifying.cancel()
        self._take(GsmLeg(self, peer=peer, state=LegState.RINGING, inbound=True))

    def _see(self, call: CurrentCall) -> None:
        """A line of +CLCC, asked for or not."""
        leg = self.leg
        if leg is None:
            if call.stat is CallStat.INCOMING and call.number:
                self._incoming(call.number)
        elif call.inbound is not leg.inbound:
            return
        elif call.stat in (CallStat.ACTIVE, CallStat.HELD):
            self._is_up()
        elif call.stat is CallStat.ALERTING:
            leg.moved(LegState.RINGING)
        elif call.stat is CallStat.ENDED:
            self._is_over()

    def _is_up(self) -> None:
        leg = self.leg
        if leg is not None and leg.state is not LegState.UP and self._connecting is None:
            self._connecting = self._spawn(self._connect(leg), "connect")

    def _is_over(self) -> None:
        """A call ended. If ours was up it is ours; else +CLCC tells, for the line may be an old call's."""
        if self.leg is None:
            return
        if self.leg.state is LegState.UP:
            self.leg.moved(LegState.ENDED, EndCause.REMOTE)
        elif self._known:
            self.absent = 1
            self._host.look_again()

    def _failed(self, cause: EndCause) -> None:
        if self.leg is not None and not self.leg.inbound:
            self.leg.moved(LegState.ENDED, cause)

    # --- what we do ---------------------------------------------------------------------------------------

    def _take(self, leg: GsmLeg) -> None:
        self.leg = leg
        self.absent = 0
        self._known = leg.state is not LegState.DIALING
        self._host.busy_with(leg)

    async def _adopt_active(self, call: CurrentCall) -> None:
        if self.leg is not None:
            return
        leg = GsmLeg(self, peer=call.number, state=LegState.UP, inbound=call.inbound)
        command, silent = self._dialect.audio_query
        if silent in await self._ask(command, silent.partition(":")[0] + ":"):
            await self._ask(self._dialect.audio_start)
        leg.audio = SerialAudio(await self._audio.ensure())
        log.info("port %s: a call is up already, taken over", self.name)
        self._take(leg)

    async def _dial(self, leg: GsmLeg) -> None:
        command = self._dialect.dial.format(leg.peer)
        try:
            await self._channel.command(command, seconds=DIAL_SECONDS, dialling=True)
            self._known = True
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
            if await self._start_audio():
                leg.audio = SerialAudio(await self._audio.ensure())
                leg.moved(LegState.UP)
                return
        except DriverError as error:
            self.audio_trouble = _without_name(self.name, error)
        finally:
            self._connecting = None
        log.error("port %s: a call without sound is ended: %s", self.name, self.audio_trouble)
        await self._give_up(leg)

    async def _start_audio(self) -> bool:
        """A refusal is tried once more, and means that the modem wants a reset after the call (F13)."""
        for _ in range(2):
            try:
                await self._channel.command(self._dialect.audio_start)
                return True
            except CommandFailed as error:
                await asyncio.sleep(AUDIO_RETRY_SECONDS)  # cancelled here when the call is just over
                self.audio_trouble = _without_name(self.name, error)
        return False

    def _is_leg_up(self) -> bool:
        return self.leg is not None and self.leg.state is LegState.UP

    async def _tidy_up(self) -> None:
        """After a call: voice off, and a reset if the audio port is not to be trusted."""
        try:
            async with self._clearing:
                next_is_up = self._connecting is not None or self._is_leg_up()
                if not next_is_up:  # its voice has begun, and would be gone
                    await self._ask(self._dialect.audio_stop)
            if self.leg is not None:
                return
            if self.audio_trouble:
                await self._reset(self.audio_trouble)
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

    async def _ask(self, command: str, prefix: str | None = None) -> list[str]:
        """The answer of a command whose refusal does not matter."""
        try:
            return await self._channel.command(command, prefix, may_be_empty=True)
        except CommandFailed as error:
            log.debug("%s", error)
            return []

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


def _without_name(name: str, error: DriverError) -> str:
    """The error as part of a sentence that names the port already."""
    return str(error).removeprefix(f"port {name}: ")
