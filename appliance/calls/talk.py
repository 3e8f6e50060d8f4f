"""A conversation of two or three: who hears whom, what is recorded, until fewer than two are left.

Everything that happens comes through one inbox and is done at once, so nothing is ever half done. What agents
wish beside talking (transfers, a third party) is in `transfer.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.errand import Errand, Missed, Purpose, Reached, Tell
from appliance.calls.party import Party, Place, label
from appliance.calls.reach import reach
from appliance.calls.records import recordings
from appliance.calls.ringing import NotReached, drop_rung
from appliance.calls.sounds import is_music, sounds
from appliance.calls.story import Stage
from appliance.calls.survey import survey
from appliance.calls.talk_keys import TalkKeys
from appliance.calls.target import Target
from appliance.calls.watch import Ended, HoldChanged, MustEnd, News, Pressed, Referred, watch
from appliance.config.section import Destination
from appliance.events import (
    TRANSFERRED,
    CallConnected,
    CallInherited,
    HoldEnded,
    HoldStarted,
    PartyRung,
    TalkEnded,
    ThirdJoined,
    ThirdLeft,
    TransferEnded,
    TransferStarted,
)
from drivers.port import DriverError, EndCause, Leg, LegEnded
from drivers.sip.referral import Referral

log = logging.getLogger(__name__)

HANG_UP = Destination("hangup")
DROPPED = "dropped"  # result of a transfer that nobody waits for any more
#: What a phone's wish to transfer is answered with; it calls back into the talk.
Refer = Callable[["Talk", Party, Referral], None]


class Talk:
    """`parties` are the call's, caller first; `by` says who ended it, `next` where the caller goes then."""

    def __init__(self, call: Call, centre: Centre, refer: Refer) -> None:
        self.call = call
        self.centre = centre
        self.parties = call.parties
        self.errand: Errand | None = None
        self.by = "box"
        self.next = HANG_UP
        self._refer = refer
        self._inbox: asyncio.Queue[News | Reached | Missed | None] = asyncio.Queue()  # None: look up
        self._watches: dict[Party, list[asyncio.Task[None]]] = {}
        self._keys: asyncio.Queue[tuple[Leg, str]] = asyncio.Queue()
        self._codes = TalkKeys(self._pass_on, centre.desk)
        self._presser: asyncio.Task[None] | None = None
        self._on_hold = False
        self._over = False

    async def run(self) -> None:
        """From the first word to the last; whoever is not to go on is hung up then."""
        self.call.talk = self
        try:
            self._begin()
            while not self._over:
                news = await self._inbox.get()
                if news is not None:
                    self._take(news)
        finally:
            self._close()

    def _begin(self) -> None:
        self._presser = asyncio.create_task(_press(self._keys), name=f"keys {self.call.id}")
        for party in self.parties:
            party.open(self.centre.media)
            self._watches[party] = watch(party, self._inbox.put_nowait, self.centre.has_phone)
        self.arrange()
        if self.call.story.stage not in (Stage.TALKING, Stage.TRANSFER):
            self._note_connected(self.call.story.queue if self.parties[1].agent else "")

    def _close(self) -> None:
        """The box stops, or all is said."""
        self.call.talk = None
        self.drop_errand()
        self._codes.close()
        while not self._inbox.empty():
            if isinstance(news := self._inbox.get_nowait(), Reached):
                self.centre.end(news.party)
        self.call.hearing.close()  # a supervisor hears one who is left alone, until here
        if not self._over:  # we were cancelled
            self._tell_hold(False)
            self._note_ended("caller" if self.call.leg.cause else self.by)
        for party in self.parties:
            self._unwatch(party)
        for party in self.parties[1:]:
            self.parties.remove(party)
            self.centre.end(party)
        if self._presser is not None:
            self._presser.cancel()
        hear_anew(self.centre)

    # --- what happens -----------------------------------------------------------------------------------

    def _take(self, news: News | Reached | Missed) -> None:
        match news:
            case Reached(errand=errand, party=party):
                self._reached(errand, party)
            case Missed(errand=errand, missed=missed):
                self._missed(errand, missed)
            case _ if news.party not in self.parties:
                pass  # from before it left
            case Ended(party=party):
                self.leave(party, self._who_ended(party))
            case HoldChanged():
                self.arrange()
            case Pressed(party=party, digit=digit):
                self._codes.press(party, digit)
            case Referred(party=party, referral=referral):
                self._refer(self, party, referral)
            case MustEnd(party=party, why=why):
                log.warning("call %s: ended by us: %s", self.call.id, why)
                self.leave(party, "box")

    def _who_ended(self, party: Party) -> str:
        if party.silent:
            return "silence"
        if party is self.call.caller:
            return "line" if party.leg.cause is EndCause.PORT_LOST else "caller"
        return "agent" if party.agent else "other"

    def _pass_on(self, sender: Party, digit: str) -> None:
        for party in self.parties:
            if party is not sender and Place.ROOM is party.place is sender.place:
                self._keys.put_nowait((party.leg, digit))

    def _reached(self, errand: Errand, party: Party) -> None:
        if errand is not self.errand:
            self.centre.end(party)
            return
        self.errand = None
        if errand.purpose is Purpose.CONSULT:
            self.join(party, errand.asker, conference=False)
            return
        errand.tell(200, "OK", True)
        self.hand_over(errand.asker, party)
        self.call.note(TransferEnded(call_id=self.call.id, agent=errand.asker.agent, result=TRANSFERRED))

    def _missed(self, errand: Errand, missed: NotReached) -> None:
        if errand is not self.errand:
            return
        self.errand = None
        errand.tell(missed.code, missed.result.value, True)
        if errand.purpose is Purpose.TRANSFER:
            result = missed.result.value
            self.call.note(TransferEnded(call_id=self.call.id, agent=errand.asker.agent, result=result))
        if len(self.parties) > 1:
            self._all_in_the_room()
        else:
            self._end(self._back_to_queue())
        self.arrange()

    # --- what an agent's wish comes down to ---------------------------------------------------------------

    def run_errand(self, purpose: Purpose, asker: Party, target: Target, tell: Tell) -> None:
        """Ring `target`; whoever does not ask hears music meanwhile."""
        errand = self.errand = Errand(purpose, asker, target, tell)
        if purpose is Purpose.TRANSFER:
            self._note_transfer(asker, str(target))
        for party in self.parties:
            party.place = Place.MUSIC
        asker.place = Place.TONE if purpose is Purpose.CONSULT else Place.SILENCE
        self.arrange()
        errand.task = asyncio.create_task(self._ring(errand), name=f"errand of {self.call.id}")

    async def _ring(self, errand: Errand) -> None:
        try:
            party = await reach(errand.target, errand.asker.agent, self.call, self.centre)
        except NotReached as missed:
            self._inbox.put_nowait(Missed(errand, missed))
        else:
            self._inbox.put_nowait(Reached(errand, party))

    def drop_errand(self) -> None:
        """Ring nobody any more; harmless when nobody is rung."""
        errand, self.errand = self.errand, None
        if errand is None:
            return
        if errand.task is not None:
            errand.task.cancel()
        drop_rung(self.call, self.centre)
        errand.tell(487, DROPPED, True)
        if errand.purpose is Purpose.TRANSFER:
            self.call.note(TransferEnded(call_id=self.call.id, agent=errand.asker.agent, result=DROPPED))

    def back(self) -> None:
        """All who are here hear each other again."""
        self.drop_errand()
        self._all_in_the_room()
        self.arrange()

    def to_queue(self, asker: Party, queue: str) -> None:
        """The other party waits in a queue instead of talking."""
        self._note_transfer(asker, f"queue:{queue}")
        self.leave(asker, "transfer")
        self.call.note(TransferEnded(call_id=self.call.id, agent=asker.agent, result=TRANSFERRED))
        self._end(Destination("queue", queue))

    def join(self, party: Party, asker: Party, *, conference: bool) -> None:
        """A third party: all hear each other, or the other one hears music while two confer."""
        self._add(party)
        for each in self.parties:
            each.place = Place.ROOM if conference or each in (party, asker) else Place.MUSIC
        self.arrange()
        self.call.note(ThirdJoined(call_id=self.call.id, conference=conference, **party.who.words))

    def confer(self) -> None:
        """The third party, who was asked, is heard by everybody from now on."""
        self.back()
        third = self.parties[2].who
        self.call.note(ThirdJoined(call_id=self.call.id, conference=True, **third.words))

    def hand_over(self, asker: Party, party: Party) -> None:
        """`party` speaks with the other one instead of `asker`, who may have left already."""
        self._add(party)
        if asker in self.parties:
            self.leave(asker, "transfer")
        else:
            self._all_in_the_room()
            self.arrange()
            self._note_connected("")

    def replace(self, old: Party, new: Party) -> None:
        """`new` goes on in the place of `old`, who is out; see `take_over.py`."""
        self._unwatch(old)
        self._watch(new)
        self.parties[self.parties.index(old)] = new
        self.back()

    def give(self, party: Party) -> None:
        """The party goes on in another call; this one is over."""
        self._unwatch(party)
        self.drop_errand()
        self.parties.remove(party)
        self._end(HANG_UP)
        self.arrange()
        self._note_ended("transfer")

    def change_leg(self, party: Party, leg: Leg) -> None:
        """The party speaks by another of its phones from now on; the old leg is hung up."""
        self._unwatch(party)
        old, party.place = party.leg, Place.SILENCE
        self.arrange()
        party.change_leg(leg, self.centre.media)
        self._watches[party] = watch(party, self._inbox.put_nowait, self.centre.has_phone)
        self.back()
        self.centre.chore(old.hangup(), f"hang up {old.id}")
        if party is self.parties[1]:
            self._note_connected(self.call.story.queue if self.call.story.offered else "")

    def leave(self, party: Party, by: str) -> None:
        """A party is out, by itself or by our doing; two others go on, one alone only to be transferred."""
        place, lost = self.parties.index(party), party.leg.cause is EndCause.PORT_LOST or party.silent
        self.parties.remove(party)
        self._unwatch(party)
        if not self._errand_goes_on(party, lost):
            self.drop_errand()
            self._all_in_the_room()
            if len(self.parties) < 2:
                self._end(HANG_UP)
        self.arrange()
        self._note_left(party, place, by)
        self.centre.end(party)
        if self._over:
            self.by = by if place == 0 or party.silent else "box"
            if place > 0 and lost and party.agent:
                self.next = self._back_to_queue()
                self.call.apology = self.next != HANG_UP
            elif place > 0 and by == "agent":
                self.next = survey(self.call, self.centre)

    # --- inside -----------------------------------------------------------------------------------------

    def _end(self, next_to: Destination) -> None:
        """The conversation is over, whoever is told so first."""
        self._over, self.next = True, next_to
        self._inbox.put_nowait(None)

    def _errand_goes_on(self, left: Party, lost: bool) -> bool:
        """An agent who hangs up while somebody is rung means that one to take over."""
        errand = self.errand
        if errand is None or left is not errand.asker or len(self.parties) != 1:
            return False
        if errand.purpose is Purpose.CONSULT and not lost:
            errand.purpose = Purpose.TRANSFER
            self._note_transfer(left, str(errand.target))
        return errand.purpose is Purpose.TRANSFER

    def _back_to_queue(self) -> Destination:
        """Where somebody from outside is served who is left alone, if anywhere."""
        queue = self.call.story.queue
        return Destination("queue", queue) if queue and not self.call.caller.agent else HANG_UP

    def _add(self, party: Party) -> None:
        self._watch(party)
        self.parties.append(party)
        if party.answered_mono is not None and party.leg.id not in self.call.story.dialled:  # by another call
            self.call.note(PartyRung(call_id=self.call.id, **party.who.words))

    def _watch(self, party: Party) -> None:
        party.open(self.centre.media)
        self._watches[party] = watch(party, self._inbox.put_nowait, self.centre.has_phone)
        if party.leg.label != self.call.id:
            self.centre.chore(label(party.leg, self.call.id), f"label {party.leg.id}")

    def _unwatch(self, party: Party) -> None:
        for task in self._watches.pop(party, []):
            task.cancel()

    def _all_in_the_room(self) -> None:
        for party in self.parties:
            party.place = Place.ROOM

    def arrange(self) -> None:
        """Bring what is heard and recorded in line with where everybody is, supervisors too."""
        hear_anew(self.centre, self.call)

    def hear(self) -> None:
        """The same, of this call alone."""
        wanted = {**sounds(self.call, self.centre), **recordings(self.call, self.centre)}
        self.call.hearing.want(wanted)
        self._tell_hold(any(is_music(name) for name in wanted))

    # --- what is told -------------------------------------------------------------------------------------

    def _tell_hold(self, on: bool) -> None:
        """A hold is told while there is somebody to come back to."""
        story = self.call.story
        on = on and story.other is not None
        if on is not self._on_hold:
            self._on_hold = on
            told = HoldStarted if on else HoldEnded
            self.call.note(told(call_id=self.call.id, agent=story.agent or story.maker))

    def _note_connected(self, queue: str) -> None:
        who = self.parties[1].who
        self.call.note(CallConnected(call_id=self.call.id, queue=queue, **who.words))

    def _note_transfer(self, asker: Party, to: str) -> None:
        self.call.note(TransferStarted(call_id=self.call.id, agent=asker.agent, to=to))

    def _note_left(self, party: Party, place: int, by: str) -> None:
        others = len(self.parties) > 1
        if place == 2:
            self.call.note(ThirdLeft(call_id=self.call.id))
            return
        if place == 1 or not others:
            self._note_ended(by)
        if place == 0 and (others or self.errand):
            self.call.note(CallInherited(call_id=self.call.id, **self.call.caller.who.words))
        if others:
            self._note_connected("")

    def _note_ended(self, by: str) -> None:
        story = self.call.story
        if story.other is not None:
            self._tell_hold(False)
            self.call.note(TalkEnded(call_id=self.call.id, agent=story.agent, by=by))


def talk_of(call: Call) -> Talk | None:
    """The conversation of a call, while there is one."""
    return call.talk if isinstance(call.talk, Talk) else None


def hear_anew(centre: Centre, *calls: Call) -> None:
    """Bring these calls in line, and those between which a supervisor has moved by it."""
    moved = centre.supervisions.moved()
    for call in dict.fromkeys((*calls, *moved)):
        if (talk := talk_of(call)) is not None:
            talk.hear()


async def _press(keys: asyncio.Queue[tuple[Leg, str]]) -> None:
    """Send keys one after another, in their order."""
    while True:
        leg, digit = await keys.get()
        try:
            await leg.send_digits(digit)
        except (DriverError, LegEnded) as error:
            log.info("leg %s: a key was not sent: %s", leg.id, error)
