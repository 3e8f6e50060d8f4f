"""Whether a conversation is recorded: what the configuration says, the most particular first.

1. the number that was dialled (callers only)
2. the agents who take part; where they differ: never, before always, before on-demand
3. the queue
4. the line (of a call that an agent makes: the one it goes out over)
5. callers always; calls that agents make as [outbound] says
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.numbers import number_of
from appliance.events import Direction

STRICTEST = ("never", "always", "on-demand")


@dataclass(frozen=True)
class Rule:
    """`mode` is always, on-demand or never; `why` is what says so, as in the file ("queues.sales")."""

    mode: str
    why: str


def rule(call: Call, centre: Centre) -> Rule:
    """For those who are in the call now."""
    agents = [party.agent for party in call.parties if party.agent]
    lines = [party.line for party in call.parties]
    return _first(_opinions(call, call.story.queue, agents, lines, centre))


def may_be_recorded(call: Call, queue: str, centre: Centre) -> bool:
    """Whether a caller who is to wait in the queue may be recorded by any of its agents."""
    agents = centre.queue(queue).agents
    rules = (_first(_opinions(call, queue, [agent], [], centre)) for agent in agents)
    return any(each.mode != "never" for each in rules)


def may_be_recorded_out(call: Call, line: str, centre: Centre) -> bool:
    """The same of somebody whom the agent calls over that line."""
    return _first(_opinions(call, "", [call.story.maker], [line], centre)).mode != "never"


def _first(opinions: Iterable[tuple[str, str]]) -> Rule:
    return next(Rule(mode, why) for mode, why in opinions if mode)


def _opinions(
    call: Call, queue: str, agents: Iterable[str], lines: Iterable[str], centre: Centre
) -> Iterator[tuple[str, str]]:
    """Mode ("" says nothing) and who says it; the last one always says something.

    `lines` are those that an agent's call goes out over.
    """
    config, story = centre.config, call.story
    comes_in = story.direction is Direction.IN
    if comes_in:
        number = number_of(story.line, story.called, config)
        if number is not None and number.record != "as-queue":
            yield number.record, f"numbers.{story.called or config.lines[story.line].number}"
    says = {centre.agent(agent).record: agent for agent in agents if agent in config.agents}
    yield from ((mode, f"agents.{says[mode]}") for mode in STRICTEST if mode in says)
    if queue:
        yield centre.queue(queue).record, f"queues.{queue}"
    carry = [story.line] if comes_in else lines
    yield from ((config.lines[line].record, f"lines.{line}") for line in carry if line in config.lines)
    yield ("always", "callers") if comes_in else (config.outbound.record or "never", "outbound")
