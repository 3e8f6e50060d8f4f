"""A dry run of the guard: what a number is, who may dial it, over which lines, at what price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from appliance.config.schema import Config
from appliance.dialplan.caps import whose
from appliance.dialplan.guard import Guard
from appliance.dialplan.ledger import BOX
from appliance.dialplan.permit import ITSELF, DialRefused


def explain(config: Config, guard: Guard, dialled: str, agent: str, at: datetime) -> Mapping[str, Any]:
    """As values for a screen: `why` is "" when the agent (with "", somebody) may dial it at that time.

    `agents` are those whose permission fits at that time, `caps` the uses of the agent that stand.
    """
    told: dict[str, Any] = {"dialled": dialled, "agent": agent, "at": at.isoformat(" ", "minutes"), "why": ""}
    rules = guard.rules
    try:
        number = rules.read(dialled)
        told |= {"number": number.dial, "kind": number.kind.value, "country": number.country}
        told["agents"] = [each for each in config.agents if not _why_not(guard, each, dialled, at)]
        verdict = rules.emergency(dialled)
        lines = verdict.lines if verdict else rules.lines(number)
        told |= {"lines": list(lines), "a_minute": 0.0 if verdict else rules.a_minute(number)}
    except DialRefused as refusal:
        told |= {"why": str(refusal), "sip_code": refusal.sip_code}
        return told
    if agent:
        told["why"] = _why_not(guard, agent, dialled, at) or (
            "" if verdict else _hindered(guard, agent, told)
        )
        told["longest_minutes"] = rules.permission(agent).longest_minutes
        told["dearest"] = round(told["a_minute"] * told["longest_minutes"], 4)
    elif not told["agents"]:
        told["why"] = "no agent may dial it"
    return told


def state(config: Config, guard: Guard) -> Mapping[str, Any]:
    """Every cap with what is used of it, what is locked, and the calls that are up."""
    own = [ITSELF] if config.outbound.permission else []
    uses = [use.plain() for agent in (BOX, *own, *config.agents) for use in guard.uses(agent)]
    locks = [{"of": whose(each), "agent": each, "why": guard.tally(each).why} for each in guard.locked()]
    going = [
        {
            "agent": call.permit.agent,
            "number": call.permit.number,
            "kind": call.permit.kind.value,
            "seconds": round(call.seconds, 1),
            "reserved": round(call.reserved, 4),
        }
        for call in guard.going()
    ]
    return {"locks": locks, "caps": uses, "calls": going}


def _why_not(guard: Guard, agent: str, dialled: str, at: datetime) -> str:
    """Why the agent's permission, the routes or the number itself forbid it, "" when they do not."""
    rules = guard.rules
    if rules.emergency(dialled):
        return ""
    try:
        verdict = rules.judge(agent, rules.read(dialled), at)
        guard.refuse_dear(agent, verdict.a_minute)
    except DialRefused as refusal:
        return str(refusal)
    return ""


def _hindered(guard: Guard, agent: str, told: Mapping[str, Any]) -> str:
    """Why it would not go out now although it is allowed: a lock, or a cap that would be passed."""
    try:
        guard.refuse_locked(agent)
    except DialRefused as refusal:
        return str(refusal)
    use = guard.passed(agent, guard.one_call(told["a_minute"]))
    return f"{whose(use.agent)} would be locked: {use} are used" if use else ""
