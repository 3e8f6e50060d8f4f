"""A guard on a clock of its own, over a real database, that can lose power at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.dialplan.alarms import OutboundAlarms
from appliance.dialplan.guard import Guard
from appliance.dialplan.permit import Cause, DialRefused, Permit
from appliance.events import Event, Stamped
from tests.appliance.lines.rig import Ledger

NOON = datetime(2026, 11, 20, 12, 0)  # a Friday
SITE: dict[str, Any] = {
    "box": {"country": "uk"},
    "lines": {
        "trunk": {"driver": "sip", "hosts": ["sip.example.net"], "to": "hangup"},
        "gsm": {"driver": "virtual", "to": "hangup"},
        "spare": {"driver": "virtual", "to": "hangup", "enabled": False},
    },
    "agents": {
        "ana": {"permission": "desk"},
        "ben": {"permission": "desk"},
        "eve": {},
    },
    "outbound": {"calls_a_minute": 6, "spend_a_day": 5.0, "spend_a_month": 20.0},
    "permissions": {
        "desk": {
            "classes": ["toll-free", "national", "mobile", "international"],
            "countries": ["DE"],
            "calls_a_minute": 4,
            "calls_a_day": 30,
            "refused_a_day": 10,
            "spend_a_day": 3.0,
            "longest_minutes": 60,
        }
    },
    "routes": {
        "mobile": {"classes": ["mobile"], "lines": ["gsm", "trunk"]},
        "rest": {"lines": ["trunk", "spare"]},
    },
    "rates": {
        "inland": {"classes": ["national"], "a_minute": 0.1},
        "mobile": {"classes": ["mobile"], "a_minute": 0.5},
        "abroad": {"classes": ["international"], "a_minute": 1.0},
    },
}
INLAND, MOBILE, ABROAD, DEAR = "02079460123", "07400123456", "004930123456", "09012345678"


def site(**sections: dict[str, Any]) -> Config:
    """SITE with some options changed: `site(outbound={"spend_a_day": 1.0})`."""
    return Config.model_validate(
        {**SITE, **{name: {**SITE.get(name, {}), **new} for name, new in sections.items()}}
    )


def permission(**options: Any) -> dict[str, Any]:
    """The permission of ana and ben, changed."""
    return {"desk": {**SITE["permissions"]["desk"], **options}}


class Box:
    """One life of the box; `Box(path, clock=old.wall_s)` on the same path is what comes after it."""

    def __init__(self, path: Path, config: Config | None = None, *, wall_s: float = NOON.timestamp()) -> None:
        self.config = config or site()
        self.wall_s = wall_s
        self.mono_s = 1000.0
        self.clock = Clock(mono=lambda: self.mono_s, wall=lambda: self.wall_s, boot="b")
        self.bus = Bus(self.clock)
        self.ledger = Ledger(path)
        self.stamped: list[Stamped] = []
        self.alarms: dict[tuple[str, str], str] = {}
        self.bus.subscribe(self.stamped.append)
        self.bus.subscribe(lambda stamped: self.ledger.waiting.append(stamped))
        self.guard = Guard(self.config, bus=self.bus, clock=self.clock)
        self.told = OutboundAlarms(self.config, self.guard, self.clock, self._alarm)

    def passes(self, seconds: float) -> None:
        """Time."""
        self.wall_s += seconds
        self.mono_s += seconds

    def dies(self) -> float:
        """The power fails when everything is on the disk; when that was."""
        self.ledger.power_fails(len(self.ledger.waiting))
        return self.wall_s

    def again(self, *alive: str, after_s: float = 1.0, config: Config | None = None) -> Box:
        """The next life."""
        box = Box(self.ledger.path, config or self.config, wall_s=self.dies() + after_s)
        box.guard.start(box.ledger.path, alive)
        return box

    def ask(self, dialled: str, agent: str = "ana", **more: Any) -> Permit:
        return self.guard.ask(agent, dialled, **more)

    def refusal(self, dialled: str, agent: str = "ana", cause: Cause = Cause.DIALLED) -> str:
        """Why it is refused; "" when it is not."""
        try:
            self.guard.ask(agent, dialled, cause=cause)
        except DialRefused as refused:
            return str(refused)
        return ""

    @contextmanager
    def up(self, dialled: str, agent: str = "ana", call_id: str = "") -> Iterator[Any]:
        """A call that was answered."""
        with self.guard.call(self.ask(dialled, agent, call_id=call_id)) as call:
            call.answered(call.permit.lines[0])
            yield call

    def talks(self, dialled: str, seconds: float, agent: str = "ana") -> None:
        """A call from its beginning to its end, and a while after it."""
        with self.up(dialled, agent):
            self.passes(seconds)
        self.passes(61.0)

    def events(self, *kinds: type[Event]) -> list[Any]:
        return [stamped.event for stamped in self.stamped if isinstance(stamped.event, kinds)]

    def used(self, agent: str = "ana") -> dict[str, float]:
        """Of each cap, by its name."""
        return {use.cap.value: round(use.used, 6) for use in self.guard.uses(agent)}

    def standing(self) -> dict[tuple[str, str], str]:
        """The alarms, by what they are of and their name."""
        self.told.look()
        return self.alarms

    def _alarm(self, name: str, object: str, text: str) -> None:
        self.alarms.pop((object, name), None)
        if text:
            self.alarms[object, name] = text
