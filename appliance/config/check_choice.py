"""What the choice of agents in [queues] says of [agents] and of itself: called by `check.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from appliance.config.problem import Keys, Problem, closest, names
from appliance.config.queue_choice import RelaxStep
from appliance.config.schema import Config, Queue

#: Options that do something only beside another: option -> (the other, the value of it that does nothing).
NEEDED = {
    "sticky_days": ("sticky", "no"),
    "sticky_seconds": ("sticky", "no"),
    "sticky_max_wait_seconds": ("sticky", "no"),
    "busy_window_seconds": ("max_busy_percent", 0),
    "rest_seconds": ("max_busy_percent", 0),
}


def choice_problems(config: Config) -> Iterator[Problem]:
    """Every contradiction in who is for whom."""
    for name, queue in config.queues.items():
        yield from _unknown_skills(name, queue, config)
        yield from _nobody_able(name, queue, config)
        yield from _bad_steps(name, queue)
        yield from _bad_weights(name, queue)
        yield from _bad_levels(name, queue)
        if queue.reserve >= len(set(queue.agents)):
            yield Problem(
                path=("queues", name, "reserve"),
                value=queue.reserve,
                wrong="as many agents are kept as there are, so other callers are never served",
                allowed=f"at most {len(set(queue.agents)) - 1}",
            )


def levels_after(queue: Queue, steps: int) -> Mapping[str, tuple[int, int]]:
    """The lowest and highest level of each skill that are wanted after so many steps."""
    wanted = {
        skill: (queue.skills.get(skill, 0), queue.highest.get(skill, 5))
        for skill in (*queue.skills, *queue.highest)
    }
    for step in queue.relax[:steps]:
        if step.any_agent:
            return {}
        wanted = {
            skill: (max(min(low, 1), low + step.levels), min(5, high - step.levels))
            for skill, (low, high) in wanted.items()
            if skill not in step.drop
        }
    return wanted


def _unknown_skills(name: str, queue: Queue, config: Config) -> Iterator[Problem]:
    known = {skill for agent in config.agents.values() for skill in agent.skills}
    asked: list[tuple[Keys, str]] = []
    for option in ("skills", "highest", "prefer"):
        asked += [((option, skill), skill) for skill in getattr(queue, option)]
    for at, step in enumerate(queue.relax):
        asked += [(("relax", at, "drop"), skill) for skill in step.drop]
    for path, skill in asked:
        if skill not in known:
            yield Problem(
                path=("queues", name, *path),
                value=skill,
                wrong=f"no agent has the skill {skill}",
                allowed=names(known) or "a skill from `skills` of [agents], where there is none yet",
                closest=closest(skill, known),
            )


def _nobody_able(name: str, queue: Queue, config: Config) -> Iterator[Problem]:
    """A queue that would never give its callers to anybody, at the option that says so."""
    if queue.relax and queue.relax_then == "any-agent":
        return
    agents = {agent: config.agents[agent].skills for agent in queue.agents if agent in config.agents}
    wanted = levels_after(queue, len(queue.relax))
    able = [
        agent
        for agent, skills in agents.items()
        if all(low <= skills.get(skill, 0) <= high for skill, (low, high) in wanted.items())
    ]
    if agents and wanted and not able:
        shown = ", ".join(f"{skill} {low} to {high}" for skill, (low, high) in wanted.items())
        have = "; ".join(
            f"{agent}: {', '.join(f'{skill} {skills.get(skill, 0)}' for skill in wanted)}"
            for agent, skills in list(agents.items())[:5]
        )
        after = "even after the last step of `relax` " if queue.relax else ""
        yield Problem(
            path=("queues", name, "skills" if queue.skills else "highest"),
            wrong=f"{after}no agent of the queue has {shown} ({have}), so nobody can serve its callers",
            allowed="levels that one of them has, or a step in `relax` with any_agent = true",
        )


def _bad_steps(name: str, queue: Queue) -> Iterator[Problem]:
    before: RelaxStep | None = None
    for at, step in enumerate(queue.relax):
        path = ("queues", name, "relax", at)
        if before is not None and step.after_seconds <= before.after_seconds:
            wrong = f"a step that comes no later than the one before it, at {before.after_seconds:g} s"
            yield Problem(path=(*path, "after_seconds"), value=step.after_seconds, wrong=wrong)
        if before is not None and before.any_agent:
            yield Problem(path=path, wrong="a step after any agent will do, so it changes nothing")
        if not (step.levels or step.drop or step.any_agent):
            allowed = "levels, drop or any_agent"
            yield Problem(path=path, wrong="a step that changes nothing", allowed=allowed)
        before = step


def _bad_weights(name: str, queue: Queue) -> Iterator[Problem]:
    if queue.weights and queue.choice != "weighted-random":
        wrong = 'does nothing without choice = "weighted-random"'
        yield Problem(path=("queues", name, "weights"), wrong=wrong)
    for agent in queue.weights:
        if agent not in queue.agents:
            yield Problem(
                path=("queues", name, "weights", agent),
                value=agent,
                wrong="is no agent of the queue",
                allowed=names(queue.agents),
                closest=closest(agent, queue.agents),
            )


def _bad_levels(name: str, queue: Queue) -> Iterator[Problem]:
    for skill, high in queue.highest.items():
        if high < queue.skills.get(skill, 0):
            wrong = f"lower than the lowest level wanted, {queue.skills[skill]}"
            yield Problem(path=("queues", name, "highest", skill), value=high, wrong=wrong)
    for option, (needed, nothing) in NEEDED.items():
        if option in queue.model_fields_set and getattr(queue, needed) == nothing:
            yield Problem(path=("queues", name, option), wrong=f"does nothing without `{needed}`")
