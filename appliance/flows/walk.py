"""A caller's way through flows, from node to node: pure, for calls, the keyboard and tests alike."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from appliance.config.flows import Flow
from appliance.config.section import Destination
from appliance.flows.actions import Action, Ask, Enter, Leave, Say
from appliance.flows.known import Known
from appliance.flows.nodes import NODES, Left

MOST_SILENT = 50  # nodes in a row at which nothing was said or asked
MOST_KEYLESS = 200  # nodes in a row without a key; lookups that fail for ever end here
HANG_UP = Destination("hangup")

Walk = Generator[Action, Any, Destination]


def walk(flows: Mapping[str, Flow], at: str, known: Known) -> Walk:
    """From "main", or found up at "main/ask", to where the caller goes out of all flows.

    A node that is not there any more gives way to its flow's start. A caller who is led round without an
    end is let go ("hangup", by "loop").
    """
    silent = keyless = 0
    while True:
        flow, node_name = place(flows, at)
        node = flows[flow].nodes[node_name]
        yield Enter(flow, node_name, node.goal)
        silent, keyless = silent + 1, keyless + 1
        steps, answer = NODES[type(node)](node, f"{flow}/{node_name}", known), None
        while True:
            try:
                action = steps.send(answer)
            except StopIteration as stop:
                left: Left = stop.value
                break
            answer = yield action
            if isinstance(action, Say | Ask):
                silent = 0
            if isinstance(action, Ask) and answer:
                keyless = 0
        to = Destination("flow", f"{flow}/{left.to.name}") if left.to.kind == "node" else left.to
        if silent >= MOST_SILENT or keyless >= MOST_KEYLESS:
            left, to = Left("loop", HANG_UP), HANG_UP
        yield Leave(flow, node_name, left.by, to)
        if to.kind != "flow":
            return to
        at = to.name


def place(flows: Mapping[str, Flow], at: str) -> tuple[str, str]:
    """The flow and node that "main" or "main/ask" means."""
    flow, _, node = at.partition("/")
    return flow, node if node in flows[flow].nodes else flows[flow].start
