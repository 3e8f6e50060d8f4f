"""Which of the numbers that are called in an emergency the box itself may not dial, now or at some hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from appliance.config.schema import Config
from appliance.dialplan.permit import ITSELF, DialRefused
from appliance.dialplan.rules import Rules

HOURS = 7 * 24  # an emergency comes at any time


def refused_alerts(config: Config, now: datetime) -> list[str]:
    """A sentence for each such number, with the reason and the first hour of it."""
    rules, found = Rules(config), []
    for number in dict.fromkeys(config.emergency.call):
        for hour in range(HOURS):
            at = now + timedelta(hours=hour)
            try:
                if rules.emergency(number) is not None:
                    raise DialRefused("the box dials no emergency number by itself")
                rules.judge(ITSELF, rules.read(number), at)
            except DialRefused as refused:
                found.append(f"emergency.call: {number} cannot be called {at:%a %H:%M}: {refused}")
                break
    return found
