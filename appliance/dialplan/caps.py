"""How much each agent and the box may use of each cap, and which cap one more call would pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.config.outbound import Outbound, Permission
from appliance.dialplan.ledger import BOX, Cap, Tally
from appliance.dialplan.permit import ITSELF

ROUNDING = 1e-6  # money: what sums of binary fractions may be off


@dataclass(frozen=True)
class Use:
    """How much is used of one cap of an agent, or of the BOX."""

    agent: str
    cap: Cap
    used: float
    most: float

    def allows(self, more: float) -> bool:
        """True when so much more stays within it."""
        return self.used + more <= self.most + ROUNDING

    @property
    def percent(self) -> float:
        """Of the cap; 100 for one that allows nothing."""
        return 100 * self.used / self.most if self.most else 100.0

    def __str__(self) -> str:
        return f"{self.used:g} of {self.most:g} {self.cap.value}"

    def plain(self) -> Mapping[str, Any]:
        """As values for a screen."""
        return {
            "of": whose(self.agent),
            "agent": self.agent,
            "cap": self.cap.value,
            "used": round(self.used, 4),
            "most": self.most,
        }


def of_agent(agent: str, permission: Permission, tally: Tally, reserved: float) -> Iterator[Use]:
    """The agent's caps; `reserved` is money for the agent's calls that are up."""
    spent = tally.of(Cap.SPEND_A_DAY) + reserved
    for cap, used, most in (
        (Cap.CALLS_A_MINUTE, tally.of(Cap.CALLS_A_MINUTE), permission.calls_a_minute),
        (Cap.CALLS_A_DAY, tally.of(Cap.CALLS_A_DAY), permission.calls_a_day),
        (Cap.REFUSED_A_DAY, tally.of(Cap.REFUSED_A_DAY), permission.refused_a_day),
        (Cap.SPEND_A_DAY, spent, permission.spend_a_day),
    ):
        yield Use(agent, cap, used, most)


def of_box(outbound: Outbound, tally: Tally, reserved: float) -> Iterator[Use]:
    """The caps of everybody together."""
    for cap, used, most in (
        (Cap.CALLS_A_MINUTE, tally.of(Cap.CALLS_A_MINUTE), outbound.calls_a_minute),
        (Cap.SPEND_A_DAY, tally.of(Cap.SPEND_A_DAY) + reserved, outbound.spend_a_day),
        (Cap.SPEND_A_MONTH, tally.of(Cap.SPEND_A_MONTH) + reserved, outbound.spend_a_month),
    ):
        yield Use(BOX, cap, used, most)


def whose(agent: str) -> str:
    """As messages and alarms call an agent, or the box."""
    own = {BOX: "outgoing calls", ITSELF: "calls of the box itself"}
    return own.get(agent, f"agent {agent}")
