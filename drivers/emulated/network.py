"""The emulated telephone network: callers that ring modems, and parties that modems can dial."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from drivers.emulated.atface import Later
from drivers.emulated.sms_centre import SmsCentre
from drivers.emulated.ussd import UssdService
from drivers.emulated.voice import BadSpeech, FarVoice, read_speech, tone

log = logging.getLogger(__name__)

GIVE_UP_SECONDS = 60.0  # a caller who is not answered
TONE_DBM0 = -10.0
CONNECT_SECONDS = 0.5  # dialling to the far phone's ring
KEPT_SPEECH = 64  # speech files held in memory


class NetworkError(Exception):
    """The network cannot do that; the message says why."""


class Station(Protocol):
    """A modem as the network sees it: whoever has the subscriber's line, GSM or copper."""

    name: str

    @property
    def engaged(self) -> bool:
        """Whether it has a call."""

    def incoming(self, number: str) -> bool:
        """A call arrives, "" for a withheld number; False when it cannot be taken."""

    def remote_alerts(self) -> None:
        """The dialled phone rings."""

    def remote_answers(self) -> None:
        """The dialled phone was picked up."""

    def remote_ends(self, why: str = "NO CARRIER") -> None:
        """The far end is gone; `why` is BUSY or NO ANSWER for a dialled call that came to nothing."""


class Exchange(Protocol):
    """The network side: what the modem's owner does reaches it here."""

    sms: SmsCentre
    ussd: UssdService

    def dialled(self, modem: Station, number: str) -> None: ...
    def answered(self, modem: Station) -> None: ...
    def hung_up(self, modem: Station) -> None: ...
    def digits_sent(self, modem: Station, digits: str) -> None: ...


class Outcome(enum.Enum):
    """What a dialled party does."""

    ANSWER = "answer"
    BUSY = "busy"
    NEVER = "never"
    REJECT = "reject"


@dataclass(frozen=True)
class Sound:
    """What a far end says: a WAV file, else a tone, else silence; over and over if `loop`."""

    wav: str = ""
    tone_hz: float = 0.0
    loop: bool = False


@dataclass(frozen=True)
class Plan:
    """What a far end does once the call is up. Times are seconds after the answer."""

    sound: Sound = Sound()
    digits: Sequence[tuple[float, str]] = ()
    hang_up_after_s: float | None = None
    record: Path | None = None  # what it hears, as WAV


@dataclass(frozen=True)
class Callee:
    """A party that can be dialled: what it does, and after how many seconds of ringing."""

    outcome: Outcome = Outcome.ANSWER
    after_s: float = 1.0
    plan: Plan = Plan()


@dataclass
class NetCall:
    """One call between a modem and the far end."""

    id: str
    modem: Station
    number: str
    inbound: bool  # seen from the box
    plan: Plan
    voice: FarVoice
    placed_at: float
    answered_at: float | None = None
    sent_digits: str = ""  # what the box pressed (AT+VTS)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


#: Takes ("answered", {...plain values...}).
News = Callable[[str, dict[str, object]], None]


class Network:
    """Implements `Exchange`; times by the clock it is given, so that tests may jump."""

    def __init__(
        self, *, later: Later, clock: Callable[[], float], news: News = lambda name, values: None
    ) -> None:
        self.callees: dict[str, Callee] = {}
        self.default_callee = Callee()
        self.calls: dict[str, NetCall] = {}
        self._later = later
        self._clock = clock
        self._news = news
        self._speech: dict[str, bytes] = {}
        self._last = 0
        self.sms = SmsCentre(later=later, clock=clock, news=news)
        self.ussd = UssdService()

    # --- what the far ends do -----------------------------------------------------------------------

    def place(
        self, modem: Station, number: str, plan: Plan = Plan(), *, give_up_after_s: float = GIVE_UP_SECONDS
    ) -> NetCall:
        """Someone calls the modem; raises NetworkError when it is engaged or out of reach."""
        call = self._new_call(modem, number, True, plan)
        if not modem.incoming(number):
            self._forget(call)
            call.voice.close()
            raise NetworkError(f"{modem.name} is {'engaged' if modem.engaged else 'out of reach'}")
        self._tell("ringing", call)
        call.timers.append(self._later(give_up_after_s, lambda: self.hang_up(call.id, "gave up")))
        return call

    def hang_up(self, call_id: str, why: str = "far end") -> None:
        """The far end of a call puts the receiver down; nothing happens when the call is over."""
        call = self.calls.get(call_id)
        if call is not None:
            self._forget(call)
            call.modem.remote_ends()
            self._ended(call, why)

    def press(self, call_id: str, digits: str) -> None:
        """The far end presses keys; raises NetworkError for a call that is not there."""
        if call_id not in self.calls:
            raise NetworkError(f"there is no call {call_id}")
        self.calls[call_id].voice.press(digits)

    def call_of(self, modem: Station) -> NetCall | None:
        """The call a modem has."""
        return next((call for call in self.calls.values() if call.modem is modem), None)

    # --- what modems report (Exchange) -------------------------------------------------------------------

    def dialled(self, modem: Station, number: str) -> None:
        callee = self.callees.get(number, self.default_callee)
        call = self._new_call(modem, number, False, callee.plan)
        self._tell("dialled", call)
        if callee.outcome is Outcome.BUSY:
            call.timers.append(self._later(CONNECT_SECONDS, lambda: self._fails(call, "BUSY")))
            return
        call.timers.append(self._later(CONNECT_SECONDS, modem.remote_alerts))
        after = CONNECT_SECONDS + callee.after_s
        if callee.outcome is Outcome.ANSWER:
            call.timers.append(self._later(after, lambda: self._picked_up(call)))
        elif callee.outcome is Outcome.REJECT:
            call.timers.append(self._later(after, lambda: self._fails(call, "BUSY")))
        else:
            call.timers.append(self._later(GIVE_UP_SECONDS, lambda: self._fails(call, "NO ANSWER")))

    def answered(self, modem: Station) -> None:
        call = self.call_of(modem)
        if call is not None:
            self._up(call)

    def hung_up(self, modem: Station) -> None:
        call = self.call_of(modem)
        if call is not None:
            self._forget(call)
            self._ended(call, "box")

    def digits_sent(self, modem: Station, digits: str) -> None:
        call = self.call_of(modem)
        if call is not None:
            call.sent_digits += digits
            self._tell("digits", call, digits=digits)

    # --- inside -----------------------------------------------------------------------------------------

    def _new_call(self, modem: Station, number: str, inbound: bool, plan: Plan) -> NetCall:
        self._last += 1
        voice = FarVoice(self._speech_of(plan.sound), loop=plan.sound.loop, record=plan.record)
        call = NetCall(f"c{self._last}", modem, number, inbound, plan, voice, self._clock())
        self.calls[call.id] = call
        return call

    def _speech_of(self, sound: Sound) -> bytes:
        if sound.wav:
            if sound.wav not in self._speech:
                if len(self._speech) >= KEPT_SPEECH:
                    self._speech.clear()
                self._speech[sound.wav] = read_speech(sound.wav)
            return self._speech[sound.wav]
        if sound.tone_hz:
            return tone(sound.tone_hz, seconds=1.0, level_dbm0=TONE_DBM0)
        return b""

    def _picked_up(self, call: NetCall) -> None:
        call.modem.remote_answers()
        self._up(call)

    def _up(self, call: NetCall) -> None:
        for timer in call.timers:
            timer.cancel()
        call.answered_at = self._clock()
        for at_s, digits in call.plan.digits:
            call.timers.append(self._later(at_s, lambda digits=digits: call.voice.press(digits)))  # type: ignore[misc]
        if call.plan.hang_up_after_s is not None:
            call.timers.append(self._later(call.plan.hang_up_after_s, lambda: self.hang_up(call.id)))
        self._tell("answered", call, after_s=round(call.answered_at - call.placed_at, 6))

    def _fails(self, call: NetCall, why: str) -> None:
        self._forget(call)
        call.modem.remote_ends(why)
        self._ended(call, why.lower())

    def _forget(self, call: NetCall) -> None:
        self.calls.pop(call.id, None)
        for timer in call.timers:
            timer.cancel()

    def _ended(self, call: NetCall, by: str) -> None:
        call.voice.close()
        up = self._clock() - call.answered_at if call.answered_at is not None else 0.0
        self._tell(
            "ended",
            call,
            by=by,
            answered=call.answered_at is not None,
            talked_seconds=round(up, 3),
            heard_seconds=round(call.voice.heard_seconds, 2),
            sounding_seconds=round(call.voice.sounding_seconds, 2),
            sent_digits=call.sent_digits,
            record=str(call.plan.record) if call.plan.record else "",
        )

    def _tell(self, name: str, call: NetCall, **more: object) -> None:
        log.info("%s: call %s %s", call.modem.name, call.id, name)
        self._news(name, {"call": call.id, "modem": call.modem.name, "number": call.number, **more})


__all__ = [
    "BadSpeech",
    "Callee",
    "Exchange",
    "NetCall",
    "Network",
    "NetworkError",
    "Outcome",
    "Plan",
    "Sound",
    "Station",
]
