"""What is going on right now, as plain values: for the command line, the board, and whoever scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.api.voicemail_requests import mailbox_rows
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.story import Stage
from appliance.calls.supervisions import Supervision
from appliance.lines.desk import LineDesk
from drivers.port import Port


def snapshot(centre: Centre, lines: Mapping[str, Port], phones: Port, desk: LineDesk) -> dict[str, Any]:
    """Everything a screen shows. Durations in seconds."""
    return {
        "box": centre.config.box.name,
        "engine": centre.media.connected,
        "lines": [{**_line(name, port, centre), **desk.status(name)} for name, port in lines.items()],
        "alarms": desk.alarms.rows(),
        "queues": [_queue(name, centre) for name in centre.acd.queues if not name.startswith("agent:")],
        "agents": [agent_row(name, centre) for name in centre.acd.agents],
        "supervisors": [supervisor_row(each) for each in centre.supervisions.by_name.values()],
        "calls": [call_row(call, centre) for call in centre.calls.values()],
        "voicemail": mailbox_rows(centre.config, centre.mailboxes),
        "emergency": now.plain() if (now := centre.emergencies.now) else None,
        "sip": phones.status(),
    }


def _line(name: str, port: Port, centre: Centre) -> dict[str, Any]:
    call = next((call for call in centre.calls.values() if name in call.lines), None)
    status = port.status()
    return {
        **status,
        "line": name,
        "number": centre.config.lines[name].number or status.get("number", ""),
        "call": call.id if call else "",
        "stage": call.story.stage.value if call else "",
    }


def _queue(name: str, centre: Centre) -> dict[str, Any]:
    queue = centre.acd.queues[name]
    now = centre.clock.mono()
    agents = [centre.acd.agents[agent] for agent in queue.agents]
    return {
        "queue": name,
        "waiting": len(queue),
        "longest_wait_seconds": round(max((now - ticket.place for ticket in queue), default=0.0), 1),
        "agents": len(agents),
        "ready": sum(agent.state.value == "ready" for agent in agents),
        "logged_in": sum(agent.state.value != "offline" for agent in agents),
        "expected_wait_seconds": _rounded(centre.waits.expected(name, len(queue))),
        **centre.waits.accuracy(name),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def agent_row(name: str, centre: Centre) -> dict[str, Any]:
    """One agent."""
    agent, desk = centre.acd.agents[name], centre.desk
    today = desk.facts.today(name, centre.clock.wall())
    left = desk.wrap_ups.left(name)
    return {
        "agent": name,
        "name": centre.config.agents[name].name or name,
        "state": agent.state.value,
        "reason": agent.reason,
        "since_seconds": round(centre.clock.mono() - agent.since, 1),
        "call": agent.call_id,
        "handled": agent.handled,
        "phone": centre.config.agents[name].phone,
        "wrap_up_until_s": None if left is None else round(centre.clock.wall() + left),
        "left_seconds": None if left is None else round(left, 1),
        "held_by": desk.facts.held.get(name, ""),
        "place": desk.facts.places.get(name, ""),
        "today_seconds": {state: round(seconds, 1) for state, seconds in today.states.items()},
        "paused_today_seconds": {reason: round(seconds, 1) for reason, seconds in today.reasons.items()},
        "talks_today": today.talks,
        "afterwards": agent.afterwards[0].value if agent.afterwards else "",
    }


def supervisor_row(each: Supervision) -> dict[str, Any]:
    """Somebody who listens or more."""
    return {
        "supervisor": each.supervisor,
        "mode": each.mode.value,
        "agent": each.agent,
        "call": each.call.id if each.call is not None else each.call_id,
    }


def call_row(call: Call, centre: Centre) -> dict[str, Any]:
    """One call."""
    story = call.story
    return {
        "call": call.id,
        "line": story.line,
        "caller": story.caller,
        "stage": story.stage.value,
        "node": story.node if story.stage is Stage.MENU else "",
        "stage_seconds": round(centre.clock.mono() - story.since_mono_s, 1),
        "queue": story.queue,
        "agent": story.agent,
        "direction": story.direction.value,
        "maker": story.maker,
        "called": story.called,
        "parties": [party.agent or party.number for party in call.parties],
        "seconds": round(centre.clock.wall() - story.arrived_s, 1),
        "recording": _recording(call, centre),
    }


def _recording(call: Call, centre: Centre) -> str:
    """Whether it is being recorded now: "on", "paused" or ""."""
    if not call.story.recordings:
        return ""
    return "paused" if call.story.record.paused(centre.clock.wall()) else "on"
