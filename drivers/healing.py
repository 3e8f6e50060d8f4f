"""The rungs of the ladder taken for one port, told in the log, and kept as figures and alarms.

Which rung is next says `ladder.py`; how a device is reset or opened is its driver's.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable

from drivers.discovery.holders import Holder, holder
from drivers.discovery.modems import WrongDevice
from drivers.health import Alarm, AlarmKind, Health
from drivers.ladder import Ladder, Rung, Trouble
from drivers.port import DriverError, PortLost
from drivers.power import Power
from drivers.serialline import PortBusy, PortForbidden

log = logging.getLogger(__name__)

RETRY_SECONDS = {  # from one try to the next
    Trouble.SILENT: 1.0,
    Trouble.MISSING: 1.5,
    Trouble.SIM: 1.0,
    Trouble.NOT_OURS: 3.0,  # finding out who has it takes milliseconds of everybody's time
    Trouble.PERSON: 5.0,
}
OUT_SECONDS = 10.0  # a device that is there and out of service is asked this often
LOOK_SECONDS = 30.0  # between looks at who else has the port
HOUR_SECONDS = 3600.0
MANY = 3  # restarts, or calls without sound, within an hour: an alarm
NOT_OURS_SECONDS = 60.0  # a program that probes ports (ModemManager) is gone by then


def trouble_of(error: DriverError, *, was_open: bool) -> Trouble:
    """What an error of opening a device or working with it means for the ladder."""
    if isinstance(error, PortBusy):
        return Trouble.NOT_OURS
    if isinstance(error, PortForbidden | WrongDevice):
        return Trouble.PERSON
    if isinstance(error, PortLost) or not was_open:
        return Trouble.MISSING
    return Trouble.SILENT


class Healing:
    """One port's. `reset` writes the reset to a device that answers nothing; `power` None: no switch.

    `place` is the device's on USB, set by the driver as soon as it is known.
    """

    def __init__(
        self, name: str, *, reset: Callable[[], Awaitable[None]] | None, power: Power | None
    ) -> None:
        self.name = name
        self.place = ""
        self.restarts = 0  # of the device: by itself, by command, by its power
        self.heals = 0
        self.last_heal_seconds: float | None = None
        means = ((Rung.RESET, reset), (Rung.POWER, power))
        self.ladder = Ladder([rung for rung, mean in means if mean is not None])
        self._reset = reset
        self._power = power
        self._trouble = Trouble.SILENT
        self._why = ""
        self._rung: Rung | None = None  # to be taken
        self._taken: list[Rung] = []  # since it was well
        self._ill_since: float | None = None
        self._own_restarts: deque[float] = deque(maxlen=MANY)
        self._without_sound: deque[float] = deque(maxlen=MANY)
        self._sound_why = ""
        self._looked_at = -math.inf
        self._seen: Holder | None = None

    # --- what the driver tells ----------------------------------------------------------------------------

    def unanswered(self) -> bool:
        """A question had no answer; True: the device is to be taken for dead."""
        self._fell_ill()
        return self.ladder.unanswered(_now())

    def well(self) -> None:
        """The port does its work."""
        seconds = self.ladder.well(_now())
        if seconds is None:
            return
        if self._taken:
            self.heals += 1
            self.last_heal_seconds = seconds
            helped = self._taken[-1].value
            log.warning("port %s: works again after %.0f s; what helped: %s", self.name, seconds, helped)
        else:
            log.info("port %s: answers again after %.0f s", self.name, seconds)
        self._taken, self._ill_since, self._why = [], None, ""

    def restarted(self) -> None:
        """The device has gone away or started anew by itself (F15, F16)."""
        self.restarts += 1
        self._own_restarts.append(_now())

    async def was_reset(self, sound_trouble: str = "") -> None:
        """The driver has reset the device; if for its sound and not for the first time, the power follows."""
        self._fell_ill()
        again = False
        if sound_trouble:
            again = _recent(self._without_sound, 1)
            self._without_sound.append(_now())
            self._sound_why = sound_trouble
        self.ladder.did(Rung.RESET, _now())
        self._note(Rung.RESET)
        if again and self._power is not None:
            self.ladder.did(Rung.POWER, _now())
            await self._take(Rung.POWER)

    # --- what is done -------------------------------------------------------------------------------------

    def judge(self, trouble: Trouble, why: str, path: str = "") -> str:
        """The port does not work, and why: decides on the next rung, gives the reason in full.

        A silent device is nobody's patient when another program has `path` open too (F24): it is eating
        the answers.
        """
        other = self._other(path) if trouble is Trouble.SILENT and path else None
        if other is not None:
            trouble = Trouble.NOT_OURS
            why = f"{path} is open in process {other} too, and {why}. Stop that program"
        self._fell_ill()
        self._trouble = trouble
        self._rung = self.ladder.climb(trouble, _now())
        self._why = why
        return why if self.ladder.rung is not Rung.OUT else f"out of service: {why}"

    async def act(self) -> None:
        """Take the rung decided on, then wait until the device is worth another try."""
        rung, self._rung = self._rung, None
        if rung is not None:
            await self._take(rung)
        out = self.ladder.rung is Rung.OUT and self._trouble is Trouble.SILENT
        await asyncio.sleep(OUT_SECONDS if out and rung is None else RETRY_SECONDS[self._trouble])

    def _other(self, path: str) -> Holder | None:
        """Who else has the port open; looking takes milliseconds of everybody's time."""
        if _now() - self._looked_at >= LOOK_SECONDS:
            self._looked_at, self._seen = _now(), holder(path)
        return self._seen

    async def _take(self, rung: Rung) -> None:
        ill_seconds = _now() - (self._ill_since or _now())
        if rung is Rung.OUT:
            tried = _list(self._taken) or "nothing could be done"
            log.error(
                "port %s: out of service: %s. Tried in %.0f s: %s; it is tried again by itself",
                self.name,
                self._why,
                ill_seconds,
                tried,
            )
            return
        log.warning("port %s: has not worked for %.0f s; now: %s", self.name, ill_seconds, rung.value)
        try:
            if rung is Rung.RESET and self._reset is not None:
                await self._reset()
            elif rung is Rung.POWER and self._power is not None:
                await self._power.cycle(self.place)
        except DriverError as error:
            why = str(error).removeprefix(f"port {self.name}: ")
            log.warning("port %s: %s failed: %s", self.name, rung.value, why)
            self.ladder.could_not()
            return
        self._note(rung)

    def _note(self, rung: Rung) -> None:
        self.restarts += rung in (Rung.RESET, Rung.POWER)
        if rung not in self._taken:
            self._taken.append(rung)

    def _fell_ill(self) -> None:
        if self._ill_since is None:
            self._ill_since = _now()

    # --- what is known ------------------------------------------------------------------------------------

    @property
    def ill_seconds(self) -> float:
        """How long the port has not done its work."""
        return 0.0 if self._ill_since is None else _now() - self._ill_since

    @property
    def health(self) -> Health:
        """Those figures of a port that come from here."""
        return Health(
            rung=self.ladder.rung,
            rung_since=self.ladder.since,
            restarts=self.restarts,
            heals=self.heals,
            last_heal_seconds=self.last_heal_seconds,
        )

    def alarms(self) -> tuple[Alarm, ...]:
        """What a person should know now."""
        alarms = []
        if self.ladder.rung is Rung.OUT:
            alarms.append(Alarm(AlarmKind.OUT_OF_SERVICE, self._why))
        if self._why and self._trouble is Trouble.NOT_OURS and self.ill_seconds >= NOT_OURS_SECONDS:
            alarms.append(Alarm(AlarmKind.NOT_OURS, self._why))
        if _recent(self._own_restarts, MANY):
            alarms.append(
                Alarm(
                    AlarmKind.RESTARTS,
                    f"the device has gone away or started anew by itself {MANY} times within an hour. Check "
                    "its cable and power supply: a modem takes 2 A for moments",
                )
            )
        if _recent(self._without_sound, 2):
            alarms.append(
                Alarm(
                    AlarmKind.AUDIO,
                    f"more than one call within an hour was without sound ({self._sound_why}). The device "
                    "is reset after each; if that does not help, check its cable and firmware",
                )
            )
        return tuple(alarms)


def _recent(times: deque[float], count: int) -> bool:
    """Whether the last `count` of `times` lie within an hour."""
    return len(times) >= count and _now() - times[-count] <= HOUR_SECONDS


def _list(rungs: list[Rung]) -> str:
    return ", ".join(rung.value for rung in rungs)


def _now() -> float:
    return asyncio.get_running_loop().time()
