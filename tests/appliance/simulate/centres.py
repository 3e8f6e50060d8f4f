"""Configurations and callers for the tests of the simulator."""

from __future__ import annotations

from typing import Any

from appliance.config.schema import Config
from appliance.simulate.arrivals import Arrival
from appliance.simulate.day import Day, DayResult, Setting


def centre(agents: int = 1, **queue: Any) -> Config:
    """One queue, sales, of agents a1, a2 ..., without wrap-up unless said."""
    names = [f"a{number}" for number in range(1, agents + 1)]
    sales = {"agents": names, "wrap_up_seconds": 0, **queue}
    return Config.model_validate({"queues": {"sales": sales}, "agents": {name: {} for name in names}})


def day(config: Config, *arrivals: Arrival, **setting: Any) -> DayResult:
    """What becomes of these callers."""
    return Day(Setting(config, **setting), sorted(arrivals, key=lambda each: each.at_s)).run()


def told(result: DayResult) -> list[tuple[str, str, float]]:
    """Queue, outcome and wait in seconds of every leg, by when it was entered."""
    legs = sorted(result.legs, key=lambda leg: (leg.entered_ms, leg.call_id, leg.number))
    return [(leg.queue, leg.outcome.value, leg.wait_ms / 1000) for leg in legs]
