"""A centre without modems, phones or an engine: the far ends are scripts, prompts last two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, cast

from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches
from appliance.acd.timer import LoopTimer
from appliance.bus import Bus
from appliance.calendars.calendars import Calendars
from appliance.calls.agent_call import begin
from appliance.calls.agents import AgentDesk
from appliance.calls.call import Call, new_call_id
from appliance.calls.centre import Centre
from appliance.calls.story import Story
from appliance.calls.talk_desk import TalkDesk
from appliance.calls.visit import visit
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.config.section import Destination
from appliance.dialplan.guard import Guard
from appliance.events import CallArrived, Event, Stamped
from appliance.media.graph import MediaGraph
from appliance.media.link import EngineLink
from appliance.queues import add_queues
from appliance.say.spoken import recorded_prompts
from drivers.port import DriverError, EndCause, Leg, LegState, SlotAudio
from drivers.sip.account import Through, Use
from drivers.sip.leg import SipLeg
from drivers.sip.referral import Referral
from drivers.virtual import VirtualPort
from drivers.wire import Message, Peer
from dsp import wav

PROMPT_SECONDS = 2.0

CONFIG = {
    "lines": {
        "gsm-1": {"driver": "virtual", "to": "menu:main"},
        "out-1": {"driver": "virtual", "to": "menu:main"},
        "out-2": {"driver": "virtual", "to": "menu:main"},
    },
    "menus": {
        "main": {
            "prompt": "welcome",
            "keys": {"1": "queue:sales", "2": "agent:ben", "9": "hangup"},
            "wrong_key": "wrong",
            "attempts": 2,
        }
    },
    "queues": {
        "sales": {"agents": ["ana", "ben"], "ring_seconds": 20, "wrap_up_seconds": 10, "music": "music"}
    },
    "agents": {
        "ana": {"phone": "sip:ana@127.0.0.1:5071", "extension": "21", "permission": "all"},
        "ben": {"phone": "sip:ben@127.0.0.1:5072", "extension": "22"},
        "eva": {"extension": "23"},
    },
    "permissions": {"all": {"classes": ["national", "mobile", "local"], "calls_a_minute": 1000}},
    "routes": {"all": {"lines": ["out-1", "out-2"]}},
    "outbound": {"calls_a_minute": 100_000},
    "box": {"country": "de"},
    "prompts": {"welcome": "welcome.wav", "wrong": "wrong.wav", "music": "music.wav"},
}


class ScriptedLeg(Leg):
    """A leg whose far end does what the test says."""

    slow_answer = 0.0
    was_up = False  # the box answered it

    async def _answer(self) -> None:
        self.was_up = True
        await asyncio.sleep(self.slow_answer)
        if self.state is LegState.RINGING:
            self.moved(LegState.UP)

    async def _hangup(self) -> None:
        await asyncio.sleep(0.1)

    def remote_hangs_up(self) -> None:
        self.moved(LegState.ENDED, EndCause.REMOTE)


class ScriptedPhone(SipLeg):
    """A phone's leg as a worker tells it, without the worker; `told` is what a transfer was answered with."""

    was_up = False
    sends_audio = False  # offers sound before the answer

    def __init__(self, *, id: str, peer: str, state: LegState, label: str = "", called: str = "") -> None:
        described = {
            "state": state.value,
            "peer": peer,
            "called": called,
            "label": label,
            "inbound": state is LegState.RINGING,
            "held": False,
            "slot": -1,
            "call_id": f"{id}@phone",
        }
        super().__init__(id=id, port="sip", worker="sip-0", peer=cast(Peer, None), described=described)
        self.told: list[tuple[int, bool]] = []
        self.sent = ""
        self.progressed = False
        self.slow_answer = 0.0

    async def _answer(self) -> None:
        self.was_up = True
        await asyncio.sleep(self.slow_answer)
        if self.state is LegState.RINGING:
            self.moved(LegState.UP)

    async def _hangup(self) -> None:
        await asyncio.sleep(0.1)

    async def _send_digits(self, digits: str) -> None:
        await asyncio.sleep(0.001)
        self.sent += digits

    async def _progress(self) -> None:
        self.progressed = True
        self.sounds(SlotAudio("sip-0", 1))

    async def _set_label(self) -> None:
        pass

    async def tell_referrer(self, code: int, reason: str, last: bool) -> None:
        self.told.append((code, last))

    def refers(self, to: str = "", replaces: SipLeg | None = None) -> None:
        """The phone's user presses transfer."""
        self.referrals.put_nowait(Referral(to, replaces.call_id if replaces else ""))

    def remote_hangs_up(self) -> None:
        self.moved(LegState.ENDED, EndCause.REMOTE)

    def ends(self, code: int, cause: EndCause, forwarded: str = "") -> None:
        """The phone turns the call away."""
        self.code, self.forwarded = code, forwarded
        self.moved(LegState.ENDED, cause)


class QuietLink(EngineLink):
    """An engine that is always there, does as it is told, and makes no sound."""

    def __init__(self, on_event: Callable[[Message, list[int]], None]) -> None:
        super().__init__(
            Path("/nowhere"), on_met=lambda state: None, on_up=lambda up: None, on_event=on_event
        )
        self.heard: list[tuple[str, str]] = []
        self._tell_news = on_event

    @property
    def there(self) -> bool:
        return True

    def tell(self, op: str, *, fds: Any = (), then: Any = None, **fields: Any) -> None:
        if op == "record":
            Path(fields["path"]).parent.mkdir(parents=True, exist_ok=True)
            wav.write(fields["path"], b"", channels=2)
        if op == "record.stop":
            then({"seconds": 1.0})
        if op == "play":
            self.heard += [(fields["to"], Path(name).stem) for name in fields["files"]]
            if not fields["loop"]:
                news = {"event": "played", "play": fields["play"]}
                asyncio.get_running_loop().call_later(PROMPT_SECONDS, self._tell_news, news, [])


class QuietGraph(MediaGraph):
    """Keeps the mirror, has no engine; `heard` is what each port was made to hear, in order."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), on_digit=lambda port, digit: None)
        self._link: QuietLink = QuietLink(self._event)

    @property
    def heard(self) -> list[tuple[str, str]]:
        return self._link.heard

    def heard_now(self, port: str) -> list[str]:
        """What is playing at a port."""
        return [
            Path(name).stem
            for play in self._plays.values()
            if play.fields["to"] == port
            for name in play.fields.get("files") or [f"{play.fields['tone']} of {play.fields['zone']}"]
        ]

    def hearing(self) -> set[tuple[str, str]]:
        """Who hears whom."""
        return set(self._edges)

    def recording_ids(self) -> list[str]:
        """Recordings running."""
        return list(self.recordings.held)

    def recording_formats(self) -> list[str]:
        """Of the recordings running."""
        return [record.format for record in self.recordings.held.values()]


class ScriptedPhones:
    """Rings nobody: `behave` says what each dialled phone does.

    `rung` are the legs so far, `shown` what the phones displayed.
    """

    def __init__(self) -> None:
        self.rung: list[ScriptedPhone] = []
        self.calling: list[ScriptedPhone] = []  # legs by which phones called us
        self.shown: list[tuple[str, str]] = []
        self.srtp: list[Use] = []  # as offered
        self.behave: Callable[[ScriptedPhone], None] = lambda leg: None
        self.refuse: DriverError | None = None

    def leg_of(self, call_id: str) -> SipLeg | None:
        legs = (*self.rung, *self.calling)
        return next((leg for leg in legs if leg.call_id == call_id), None)

    async def dial(
        self,
        number: str,
        *,
        label: str = "",
        headers: Mapping[str, str] | None = None,
        from_user: str = "",
        from_name: str = "",
        through: Through = Through.DIRECT,
        srtp: Use = "off",
        near: SipLeg | None = None,
    ) -> Leg:
        self.shown.append((from_user, from_name))
        self.srtp.append(srtp)
        if self.refuse is not None:
            raise self.refuse
        leg = ScriptedPhone(id=f"phone-{len(self.rung)}", peer=number, state=LegState.DIALING, label=label)
        self.rung.append(leg)
        self.behave(leg)
        return leg


def answers_after(seconds: float) -> Callable[[ScriptedPhone], None]:
    """A phone that rings at once and is picked up."""

    def behave(leg: ScriptedPhone) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, leg.moved, LegState.RINGING)
        loop.call_later(seconds, leg.moved, LegState.UP)

    return behave


def ends_after(seconds: float, cause: EndCause) -> Callable[[ScriptedPhone], None]:
    """A phone that turns the call away."""

    def behave(leg: ScriptedPhone) -> None:
        asyncio.get_running_loop().call_later(seconds, leg.moved, LegState.ENDED, cause)

    return behave


class NoTariffs:
    """Lines that may always call, but for those in `why`."""

    def __init__(self) -> None:
        self.why: dict[str, str] = {}

    async def why_no_call(self, line: str) -> str:
        return self.why.get(line, "")

    def sim(self, line: str) -> str:
        return ""

    async def look(self, line: str) -> None:
        pass


class Rig:
    """Made inside a running test; every invariant is checked after every change."""

    def __init__(self, tmp_path: Path, **changes: Any) -> None:
        loop = asyncio.get_running_loop()
        self.clock = Clock(mono=loop.time, wall=lambda: 1.7e9 + loop.time(), boot="test")
        self.bus = Bus(self.clock)
        self.stamped: list[Stamped] = []
        self.bus.subscribe(self.stamped.append)
        timer = LoopTimer(self.clock.mono, lambda: self.acd.advance())
        self.acd = Distributor(
            publish=self.bus.publish, now=self.clock.mono, checked=self._sound, wake=timer.wake
        )
        self.config = Config.model_validate({**CONFIG, **changes})
        add_queues(self.acd, self.config)
        self.phones = ScriptedPhones()
        self.media = QuietGraph()
        self.lines = {name: VirtualPort(name) for name in self.config.lines}
        self.tariffs = NoTariffs()
        self.centre = Centre(
            config=self.config,
            folder=tmp_path,
            recordings=tmp_path / "recordings",
            clock=self.clock,
            bus=self.bus,
            acd=self.acd,
            media=self.media,
            phones=self.phones,
            desk=AgentDesk(self.acd, self.bus),
            guard=Guard(self.config, bus=self.bus, clock=self.clock),
            tariffs=self.tariffs,
            lines=self.lines,
            prompts=recorded_prompts(self.config, tmp_path, spoken=tmp_path / "spoken"),
            calendars=Calendars(self.config.calendars, UTC),
        )
        self.desk = TalkDesk(self.centre)
        self.visits: list[asyncio.Task[None]] = []
        self.centre.begin = self._begin

    def _begin(self, call: Call) -> None:
        """The box makes a call by itself."""
        self.visits.append(asyncio.create_task(visit(call, Destination("hangup"), self.centre)))

    @staticmethod
    def _sound(acd: Distributor) -> None:
        assert list(breaches(acd)) == []

    def caller(self, number: str = "+15550123") -> Caller:
        """Somebody rings at gsm-1."""
        return Caller(self, number)

    async def opened(self) -> Rig:
        """With lines that can dial."""
        for line in self.lines.values():
            await line.open()
        return self

    def calls(self, agent: str, dialled: str) -> ScriptedPhone:
        """An agent's phone calls us; the leg it makes."""
        name = f"{agent}-calls-{len(self.phones.calling)}"
        leg = ScriptedPhone(id=name, peer=f"sip:{agent}@x", state=LegState.RINGING, called=dialled)
        self.phones.calling.append(leg)
        call, to = begin(leg, agent, self.centre)
        self.visits.append(asyncio.create_task(visit(call, to, self.centre)))
        return leg

    def events(self, *kinds: type[Event]) -> list[Event]:
        """What happened, all of it or of these kinds."""
        return [s.event for s in self.stamped if not kinds or isinstance(s.event, kinds)]

    def words(self) -> list[str]:
        """The names of what happened to calls, in order."""
        return [type(s.event).__name__ for s in self.stamped if s.event.call_id]


class Caller:
    """A caller with a leg and the visit that serves it."""

    def __init__(self, rig: Rig, number: str, *, leg: Leg | None = None) -> None:
        self.leg: Any = leg or ScriptedLeg(
            id=f"{number}-leg", port="gsm-1", peer=number, state=LegState.RINGING, called="100"
        )
        story = Story(new_call_id(rig.clock.wall()), line="gsm-1", caller=number)
        self.call = Call(story, self.leg, rig.bus)
        self.call.note(CallArrived(call_id=self.call.id, line="gsm-1", leg_id=self.leg.id, caller=number))
        self.visit = asyncio.create_task(visit(self.call, Destination("menu", "main"), rig.centre))

    @property
    def stage(self) -> str:
        return self.call.story.stage.value

    async def presses(self, digit: str, *, after: float = 0.5) -> None:
        """Wait a moment, press a key, let it work."""
        await asyncio.sleep(after)
        self.leg.heard(digit)
        await asyncio.sleep(0.05)

    async def gone(self) -> str:
        """Wait for the end of the visit; its outcome."""
        await self.visit
        await asyncio.sleep(1)
        return self.call.story.outcome
