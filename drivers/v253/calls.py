"""The call of an analogue line during one session: ring, answer, dial, end, and on hook after all of them.

One call at a time; what the line does is a `Doing`, moved by `_move` alone. A second caller (call waiting) is
heard as tones and codes in the call and changes nothing (V5).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

from drivers.health import Alarm, AlarmKind
from drivers.port import (
    AudioNews,
    DriverError,
    EndCause,
    LegEnded,
    LegState,
    PortLost,
    PortRefused,
    SerialAudio,
)
from drivers.v253.caller import cadence, is_caller_line
from drivers.v253.coding import Coding
from drivers.v253.dialling import Dial, NoDialTone
from drivers.v253.doing import MOVES, Doing
from drivers.v253.facts import Facts, is_ring
from drivers.v253.hook import Hook
from drivers.v253.host import Host
from drivers.v253.leg import V253Leg
from drivers.v253.pressing import press
from drivers.v253.progress import Fate
from drivers.v253.quirks import GENERIC, Chip
from drivers.v253.ring import Ringing
from drivers.v253.settings import Settings
from drivers.v253.stream import Mode, Stream
from drivers.v253.watch import Watch, cause_of

log = logging.getLogger(__name__)

CAUSES: Mapping[Fate, EndCause] = {
    Fate.BUSY: EndCause.BUSY,
    Fate.FAILED: EndCause.FAILED,
    Fate.WAITING: EndCause.NO_ANSWER,
    Fate.RINGING: EndCause.NO_ANSWER,
}


class Calls:
    """What happens to calls while one port is open. Fills `leg.Carrier`."""

    def __init__(self, name: str, stream: Stream, settings: Settings, host: Host, facts: Facts) -> None:
        self.name = name
        self.leg: V253Leg | None = None
        self.doing = Doing.NOTHING
        self.last_end = ""  # why the last call ended, in words
        self.alarm: Alarm | None = None  # the last call came to nothing, and it is no caller's doing
        self.watch: Watch | None = None  # of the call that is up
        self._stream = stream
        self._settings = settings
        self._host = host
        self._facts = facts
        self._open = True
        self._equipment: tuple[Chip, Hook] | None = None
        self._ring: Ringing | None = None
        self._dial: Dial | None = None
        self._news = asyncio.Event()  # something a task of ours waits for may have changed
        self._work: asyncio.Task[None] | None = None  # answering or dialling
        self._clearing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- the session -----------------------------------------------------------------------------------

    def ready(self, chip: Chip, hook: Hook) -> None:
        """The modem is set up."""
        self._equipment = (chip, hook)

    def adopt(self, held: SerialAudio) -> None:
        """A call is up since before we came; the engine has its sound, and the modem is in voice."""
        leg = self._new_leg("", LegState.UP, inbound=True)
        self._hand_over(leg, Coding(held.coding), held=held)
        self._host.offered(leg)

    def over(self) -> None:
        """The modem is gone: an end of the leg needs no hanging up any more."""
        self._open = False

    async def stop(self) -> None:
        """The session is over: no task is left; the leg is left as it is."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def start_dialling(self, number: str, label: str) -> V253Leg:
        """A leg in DIALING; off hook, dial tone and digits follow at once."""
        self._move(Doing.DIALS)
        leg = self._new_leg(number, LegState.DIALING, inbound=False, label=label)
        self._host.busy()
        self._work = self._spawn(self._dialled(leg), "dial")
        return leg

    # --- what the modem says ------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """A line nobody asked for."""
        if is_ring(text):
            self._rang()
        elif measured := cadence(text):
            self._facts.ring = f"{self._facts.ring} {measured[1]:g} {measured[0]}".strip()[-60:]
            if self.doing is Doing.RINGS and measured[0] == "on":
                self._rang()
        elif is_caller_line(text):
            self._caller_told(text)

    def code(self, char: str) -> None:
        """A code of the modem, while we read the port."""
        if self._dial is not None:
            self._dial.code(char)
        elif char == "R" and self.doing in (Doing.NOTHING, Doing.RINGS, Doing.IGNORES):
            self._rang()

    def sound(self, data: bytes) -> None:
        """Sound of the line, while we read the port."""
        if self._dial is not None:
            self._dial.sound(data)

    def heard(self, news: AudioNews, value: str) -> None:
        """What the media engine finds in the sound of a call that is up."""
        if self.watch is None:
            return
        if news is AudioNews.LOST:
            self._host.fail(
                PortLost(f"port {self.name}: it went away in a call ({value}). Check the cable and its power")
            )
        else:
            self.watch.heard(news, value)

    # --- ringing ---------------------------------------------------------------------------------------

    def _rang(self) -> None:
        """RING or its kin. While we take, use or leave the line it is a late one (V5)."""
        if self.doing is Doing.NOTHING and self._equipment is not None:
            self._begin_ringing()
        if self._ring is not None:
            self._ring.rang(self._now())
            self._news.set()

    def _caller_told(self, text: str) -> None:
        if self.doing is Doing.NOTHING and self._equipment is not None:
            self._begin_ringing()  # caller ID before the first ring
        if self._ring is not None:
            self._ring.heard(text, self._now())
            self._news.set()

    def _begin_ringing(self) -> None:
        self._move(Doing.RINGS)
        self._facts.ring = ""
        self._ring = Ringing(self._now(), self._settings.caller_id_wait_seconds)
        self._host.busy()
        self._spawn(self._while_it_rings(self._ring), "ring")

    async def _while_it_rings(self, ring: Ringing) -> None:
        """Offer the caller once he is known, or not to be known; see when the ringing stops."""
        while self._ring is ring:
            now = self._now()
            if now >= ring.over_at:
                self._stopped_ringing()
                return
            offer_at = ring.offer_at if self.leg is None and self.doing is Doing.RINGS else None
            if offer_at is not None and now >= offer_at:
                self._offer(ring)
                continue
            await self._look_again_at(ring.over_at if offer_at is None else min(offer_at, ring.over_at))

    def _offer(self, ring: Ringing) -> None:
        who = ring.caller
        leg = self._new_leg(who.number, LegState.RINGING, inbound=True, caller_name=who.name)
        self._host.offered(leg)

    def _stopped_ringing(self) -> None:
        self._ring = None
        leg = self.leg
        if leg is not None:
            leg.moved(LegState.ENDED, EndCause.REMOTE)
        self._move(Doing.NOTHING)
        self._host.free_again()

    # --- what a leg asks for (leg.Carrier) -----------------------------------------------------------------

    async def answer_leg(self, leg: V253Leg) -> None:
        """Off hook and into voice. Raises LegEnded when the caller is gone, DriverError otherwise."""
        if leg is not self.leg or self.doing is not Doing.RINGS:
            raise LegEnded(leg)
        self._ring = None
        self._move(Doing.TAKES)
        task = self._work = self._spawn(self._take(leg), "answer")
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
        if leg.state is not LegState.UP:
            raise LegEnded(leg)

    async def hang_up_leg(self, leg: V253Leg) -> None:
        """On hook for sure, even when whoever asked is cancelled meanwhile. A ringing line is let ring."""
        if leg is not self.leg:
            return
        if self.doing is Doing.RINGS:
            self._move(Doing.IGNORES)
            return
        task = self._clear()
        await asyncio.wait({task})

    async def send_leg_digits(self, leg: V253Leg, digits: str) -> None:
        """Keys, and "!" for a hook flash, in a call that is up."""
        if leg.state is LegState.ENDED:
            raise LegEnded(leg)
        holder, watch = self._host.audio_holder, self.watch
        if holder is None or watch is None or leg is not self.leg:
            raise PortRefused(f"port {self.name}: keys can be sent while a call is up and has sound")
        write = partial(self._write_in_call, leg)
        await press(self.name, digits, holder=holder, watch=watch, write=write, chip=self._chip)

    def _write_in_call(self, leg: V253Leg, data: bytes) -> None:
        """Raises LegEnded when the line may be on hook already."""
        if leg is not self.leg or self.doing is not Doing.TALKS:
            raise LegEnded(leg)
        self._stream.write(data)

    def leg_heard_key(self, leg: V253Leg) -> None:
        """The far end pressed a key: it is there."""
        if leg is self.leg and self.watch is not None:
            self.watch.alive()

    def leg_ended(self, leg: V253Leg) -> None:
        """Told by the leg, once."""
        if leg is not self.leg:
            return
        if self.doing is Doing.TALKS and leg.cause is not EndCause.FAILED:
            self.alarm = None
        self.leg = None
        self.watch = None
        self._news.set()
        if self._open and self.doing in (Doing.TAKES, Doing.DIALS, Doing.TALKS):
            self._clear()

    # --- what we do ---------------------------------------------------------------------------------------

    async def _take(self, leg: V253Leg) -> None:
        assert self._equipment is not None
        hook = self._equipment[1]
        try:
            await hook.off_hook()
            await hook.enter_voice()
        except DriverError as error:
            self._failed(leg, error)
            raise
        self._hand_over(leg, hook.method.coding)

    async def _dialled(self, leg: V253Leg) -> None:
        assert self._equipment is not None
        chip, hook = self._equipment
        dial = self._dial = Dial(self._stream, hook, chip, self._settings)
        try:
            fate = await dial.run(leg.peer, lambda: leg.moved(LegState.RINGING))
        except DriverError as error:
            self._failed(leg, error)
            return
        finally:
            self._dial = None
        if fate is Fate.ANSWERED:
            self._hand_over(leg, hook.method.coding, answer_reverses=not dial.reversed)
        else:
            self.last_end = fate.value
            leg.moved(LegState.ENDED, CAUSES[fate])

    def _failed(self, leg: V253Leg, error: DriverError) -> None:
        self.last_end = str(error).removeprefix(f"port {self.name}: ")
        log.warning("port %s: the call is given up: %s", self.name, self.last_end)
        kind = AlarmKind.NO_NETWORK if isinstance(error, NoDialTone) else AlarmKind.AUDIO
        self.alarm = Alarm(kind, self.last_end)
        if not isinstance(error, PortLost):  # then the session ends, and the leg with it
            leg.moved(LegState.ENDED, EndCause.FAILED)

    def _hand_over(
        self, leg: V253Leg, coding: Coding, *, answer_reverses: bool = False, held: SerialAudio | None = None
    ) -> None:
        """The media engine has the port from here on. That it has sound is seen at the end of the call."""
        if self.alarm is not None and self.alarm.kind is not AlarmKind.AUDIO:
            self.alarm = None
        settings = self._settings
        leg.audio = SerialAudio(
            self._stream.lend(),
            coding=coding.value,
            shielded=True,
            echo_tail_ms=settings.echo_tail_ms,
            progress_zone=settings.country if settings.hear_tones else "",
            silence_seconds=settings.rules.silence_seconds,
        )
        self.watch = Watch(
            settings.rules,
            answer_reverses=answer_reverses,
            on_digit=leg.heard if settings.digits_by_modem else None,
            held=held,
        )
        self._move(Doing.TALKS)
        self._spawn(self._until_over(leg, self.watch), "watch")
        leg.moved(LegState.UP)

    async def _until_over(self, leg: V253Leg, watch: Watch) -> None:
        sign = await watch.over()
        if self.watch is watch:
            self.last_end, cause = sign.value, cause_of(sign)
            self.alarm = Alarm(AlarmKind.AUDIO, sign.value) if cause is EndCause.FAILED else None
            level = logging.INFO if self.alarm is None else logging.WARNING
            log.log(level, "port %s: the call is over: %s", self.name, sign.value)
            leg.moved(LegState.ENDED, cause)

    def _clear(self) -> asyncio.Task[None]:
        """On hook; begun once, however many ask for it."""
        if self.doing is not Doing.CLEARS or self._clearing is None:
            self._move(Doing.CLEARS)
            self._clearing = self._spawn(self._cleared(), "hang up")
        return self._clearing

    async def _cleared(self) -> None:
        try:
            await self._stop_work()
            if self._stream.mode is Mode.LENT:
                if self._host.audio_holder is not None:
                    await self._host.audio_holder.release(self.name)
                self._stream.take_back()
            if self._equipment is not None:
                await self._equipment[1].on_hook()
        except DriverError as error:
            self._host.fail(error)
            return
        self._move(Doing.NOTHING)
        self._host.free_again()

    async def _stop_work(self) -> None:
        """Answering or dialling is broken off."""
        work, self._work = self._work, None
        if work is not None and not work.done():
            self._stream.channel.interrupt()
            work.cancel()
            await asyncio.wait({work})

    @property
    def _chip(self) -> Chip:
        return self._equipment[0] if self._equipment is not None else GENERIC

    def _new_leg(
        self, peer: str, state: LegState, *, inbound: bool, label: str = "", caller_name: str = ""
    ) -> V253Leg:
        self.leg = V253Leg(
            self,
            peer=peer,
            state=state,
            inbound=inbound,
            digits_in_audio=not self._settings.digits_by_modem,
            label=label,
            caller_name=caller_name,
        )
        return self.leg

    def _move(self, doing: Doing) -> None:
        if doing not in MOVES[self.doing]:
            raise AssertionError(f"port {self.name}: {self.doing.value} -> {doing.value} is not a move")
        log.debug("port %s: %s -> %s", self.name, self.doing.value, doing.value)
        self.doing = doing

    async def _look_again_at(self, at: float) -> None:
        """Wait until then, or for news."""
        self._news.clear()
        try:
            async with asyncio.timeout_at(at):
                await self._news.wait()
        except TimeoutError:
            pass

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

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
