"""What is left on a prepaid SIM: asked of the network by USSD now and then, when the line is quiet."""

from __future__ import annotations

import asyncio
import logging
import re

from appliance.line_events import BalanceTold
from appliance.lines.alarms import Alarms
from appliance.lines.line import Books, Line, LineRefused
from appliance.lines.ussd import Ussd
from appliance.store.line_reads import last_balances
from drivers.messages import UssdState
from drivers.port import PortState

log = logging.getLogger(__name__)

EVERY_SECONDS = {"hour": 3600.0, "day": 24 * 3600.0, "week": 7 * 24 * 3600.0}
QUIET_SECONDS = 60.0  # without a call before the network is asked
AGAIN_SECONDS = 900.0  # after an attempt that went wrong
MOST_FAILURES = 3  # in a row, before somebody is told
SHOWN_WORDS = 160  # of the network, in an alarm
UNKNOWN, LOW = "balance unknown", "balance low"


class Balance:
    """The balances of all lines whose tariff has a code for it. `told` are the last answers, by line."""

    def __init__(self, books: Books, ussd: Ussd, alarms: Alarms) -> None:
        self._books = books
        self._ussd = ussd
        self._alarms = alarms
        self.told: dict[str, BalanceTold] = {}
        self._asked_s: dict[str, float] = {}  # wall clock

    async def start(self) -> None:
        """Take up the last answers."""
        for name, stamped in (await self._books.look_up(last_balances)).items():
            self.told[name], self._asked_s[name] = stamped.event, stamped.wall_s

    async def serve(self, line: Line) -> None:
        """Ask as often as the tariff says, for ever; returns at once where it has no code."""
        failures = 0
        while line.tariff.balance_code:
            await asyncio.sleep(self._seconds_left(line))
            await _quiet(line)
            try:
                await self.ask(line)
                failures = 0
            except LineRefused as error:
                failures += 1
                log.warning("line %s: its balance is not known: %s", line.name, error)
                if failures >= MOST_FAILURES:
                    self._alarms.set(UNKNOWN, line.name, f"asked {failures} times in vain: {error}")
                await asyncio.sleep(AGAIN_SECONDS)

    async def ask(self, line: Line) -> BalanceTold:
        """Ask now, note the answer, and raise or clear the alarms. Raises LineRefused."""
        if not line.tariff.balance_code:
            raise LineRefused(f"the tariff of line {line.name} has no balance_code. Put one into [tariffs]")
        reply = await self._ussd.begin(line, line.tariff.balance_code)
        if reply.state is UssdState.ANSWER_WANTED:
            await self._ussd.end(line)
        amount = amount_in(reply.text, line.tariff.balance_pattern)
        event = BalanceTold(line=line.name, sim=line.sim, text=reply.text, amount=amount)
        self._books.note(event)
        self.told[line.name], self._asked_s[line.name] = event, self._books.clock.wall()
        self._judge(line, event)
        return event

    def _judge(self, line: Line, told: BalanceTold) -> None:
        if told.amount is None:
            said = f'the network said "{told.text[:SHOWN_WORDS]}"'
            why = f"{said}, where {line.tariff.balance_pattern!r} finds no amount. Change balance_pattern"
            self._alarms.set(UNKNOWN, line.name, why)
            return
        self._alarms.clear(UNKNOWN, line.name)
        least = line.tariff.balance_alarm_below
        low = f"{told.amount:.2f} is left, less than {least:.2f}. Load the SIM up"
        self._alarms.set(LOW, line.name, low if told.amount < least else "")

    def _seconds_left(self, line: Line) -> float:
        """Until it is to be asked again; a clock set back makes it no longer than the whole time."""
        every = EVERY_SECONDS[line.tariff.balance_every]
        if line.name not in self._asked_s:
            return 0.0
        return max(0.0, min(every, self._asked_s[line.name] + every - self._books.clock.wall()))


def amount_in(text: str, pattern: str) -> float | None:
    """The number in the first group of `pattern`, or all it finds; None where it finds no number.

    A comma or a point may stand before the cents, and the other one between thousands.
    """
    found = re.search(pattern, text)
    number = found[1 if found.re.groups else 0] if found else None
    whole, mark, cents = re.sub(r"[\s'\u00a0]", "", number or "").replace(",", ".").rpartition(".")
    try:
        return float(f"{whole.replace('.', '')}{mark}{cents}")
    except ValueError:
        return None


async def _quiet(line: Line) -> None:
    """Wait until the line is idle and has been so for a while."""
    others = [state for state in PortState if state is not PortState.IDLE]
    while True:
        await line.port.until_state(PortState.IDLE)
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await line.port.until_state(*others)
        except TimeoutError:
            return
