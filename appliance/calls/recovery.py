"""After a restart of the brain: which visits were going on, and what each agent was doing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from appliance.acd.agent import AgentState
from appliance.agent_events import WrapUpExtended
from appliance.calls.story import Stage, Story
from appliance.config.schema import Config
from appliance.events import CallConnected, Stamped, WrapUpEnded, WrapUpStarted


@dataclass(frozen=True)
class WrapUp:
    """A wrap-up that was running, of a call of `queue`; `until_wall_s` is when its timer ends."""

    agent: str
    call_id: str
    until_wall_s: float
    queue: str = ""
    extended: int = 0


def stories(open_calls: Iterable[tuple[str, Iterable[Stamped]]]) -> list[Story]:
    """The visits that had not ended, each as its events tell it."""
    found = []
    for call_id, events in open_calls:
        story = Story(call_id)
        for stamped in events:
            story.apply(stamped)
        if (story.leg_id or story.back) and story.stage is not Stage.ENDED:
            found.append(story)
    return found


def lacks(story: Story, config: Config) -> str:
    """What the configuration has no more and the call cannot do without; "" when it can go on."""
    parties = [who for who in (story.other, story.third, story.rung) if who is not None]
    agents = {story.maker, story.agent, *(who.agent for who in parties)} - {""}
    queue = story.queue
    if queue.startswith("agent:"):
        agents, queue = agents | {queue.removeprefix("agent:")}, ""
    needed: tuple[tuple[str, str, Collection[str]], ...] = (
        *(("line", line, config.lines) for line in {story.line, *(who.line for who in parties)} - {""}),
        *(("agent", agent, config.agents) for agent in agents),
        *(("queue", name, config.queues) for name in {queue} - {""}),
        *(("menu", name, config.menus) for name in {story.menu} - {""}),
        *(("flow", name, config.flows) for name in {_flow(story)} - {""}),
        *(("mailbox", name, config.voicemail) for name in {story.mailbox} - {""}),
    )
    return ", ".join(sorted(f"{kind} {name}" for kind, name, known in needed if name not in known))


def _flow(story: Story) -> str:
    return story.node.partition("/")[0] if story.stage is Stage.MENU else ""


def talking(stories: Iterable[Story]) -> dict[str, str]:
    """The agents whom a queue gave a caller, and the calls in which they speak."""
    return {story.agent: story.call_id for story in stories if story.offered and story.other is not None}


def wrap_ups(open_calls: Iterable[tuple[str, Iterable[Stamped]]]) -> list[WrapUp]:
    """The wrap-ups that had not ended."""
    running: dict[str, WrapUp] = {}
    for call_id, events in open_calls:
        queue = ""
        for stamped in events:
            match stamped.event:
                case CallConnected(queue=name) if name:
                    queue = name
                case WrapUpStarted(agent=agent, seconds=seconds):
                    running[agent] = WrapUp(agent, call_id, stamped.wall_s + seconds, queue)
                case WrapUpExtended(agent=agent, seconds=seconds) if agent in running:
                    before = running[agent]
                    until, extended = before.until_wall_s + seconds, before.extended + 1
                    running[agent] = replace(before, until_wall_s=until, extended=extended)
                case WrapUpEnded(agent=agent):
                    running.pop(agent, None)
    return list(running.values())


def restored_state(
    agent: str, last: tuple[AgentState, str], talking: Mapping[str, str], wrapping: Mapping[str, str]
) -> tuple[AgentState, str, str]:
    """State, reason and call id an agent goes on with.

    `last` is the journal's last word, `talking` and `wrapping` the agents with a live conversation or a
    running wrap-up, and their call ids. An offer is taken back: its caller still has the place.
    """
    state, reason = last
    if agent in talking:
        return AgentState.TALKING, "", talking[agent]
    if agent in wrapping:
        return AgentState.WRAP_UP, "", wrapping[agent]
    if state in (AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP):
        return AgentState.READY, "", ""
    return state, reason, ""
