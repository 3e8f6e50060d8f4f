"""Whether flows hang together: called by `check.py`. Each problem shows the way through the flow to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from appliance.config.check_flow_prompts import prompt_references, silent_prompts
from appliance.config.check_lookups import PLACEHOLDER, lookup_problems, unknown_facts
from appliance.config.flow_graph import Edge, edges
from appliance.config.flows import Digits, Flow, LookupNode, Pin, Play, Set, Sms, When
from appliance.config.problem import Keys, Problem, closest, names
from appliance.config.schema import Config
from appliance.config.section import NOWHERE, Destination

Reference = tuple[Keys, str, str]  # where, kind of thing, its name
#: What is known of every call, see `flows/known.py`.
GIVEN = ("caller", "called", "line", "language")
SECRET = "secret."  # facts that are never written down begin so


class Spot(NamedTuple):
    """A node of a flow, or with an empty flow a menu."""

    flow: str
    node: str


Ways = Mapping[Spot, list[tuple[Edge, Spot | None]]]  # None: out of flows and menus, or to nothing there is


def flow_problems(config: Config, broken: Collection[Keys]) -> Iterator[Problem]:
    """Everything that is wrong with flows, but for the names that `check.py` looks up."""
    flows = {name: flow for name, flow in config.flows.items() if ("flows", name) not in broken}
    for name, flow in flows.items():
        yield from _unknown_nodes(name, flow)
        yield from _dead_ends(name, flow)
        yield from _unreachable(name, flow)
    yield from _loops(config, _ways(config), {("flows", name) for name in config.flows} & set(broken))
    yield from lookup_problems(config, known_facts(config))
    yield from _texts(config)
    yield from silent_prompts(config)


def flow_destinations(config: Config) -> Iterator[tuple[Keys, Destination]]:
    """Where nodes lead out of their flow, and where callers go to answer questions."""
    for name, queue in config.queues.items():
        if queue.survey != NOWHERE:
            yield ("queues", name, "survey"), queue.survey
    for path, edge in _all_edges(config):
        if edge.to != NOWHERE and edge.to.kind != "node":
            yield path, edge.to


def flow_references(config: Config) -> Iterator[Reference]:
    """Prompts, lookups, calendars, lines and agents that nodes name."""
    yield from prompt_references(config)
    for name, flow in config.flows.items():
        for node_name, node in flow.nodes.items():
            for keys, kind, named in _references(node):
                if named:
                    yield ("flows", name, "nodes", node_name, *keys), kind, named


def known_facts(config: Config) -> set[str]:
    """Every fact that some flow or lookup makes known."""
    found = set(GIVEN)
    for lookup in config.lookups.values():
        found |= set(lookup.facts)
    for flow in config.flows.values():
        for node in flow.nodes.values():
            found |= {node.into} if isinstance(node, Digits) else set()
            found |= set(node.facts) if isinstance(node, Set) else set()
    return found


def _references(node: object) -> Iterator[Reference]:
    match node:
        case LookupNode() | Pin():
            yield ("lookup",), "lookup", node.lookup
        case Sms():
            yield ("line",), "line", node.line
        case When():
            for number, case in enumerate(node.cases):
                yield ("cases", number, "open"), "calendar", case.open
                yield ("cases", number, "closed"), "calendar", case.closed
                yield from (
                    (("cases", number, "last_agent", n), "agent", agent)
                    for n, agent in enumerate(case.last_agent)
                )


def _all_edges(config: Config) -> Iterator[tuple[Keys, Edge]]:
    for name, flow in config.flows.items():
        for node_name, node in flow.nodes.items():
            for edge in edges(node):
                yield ("flows", name, "nodes", node_name, *edge.keys), edge


# --- one flow -------------------------------------------------------------------------------------------


def _unknown_nodes(name: str, flow: Flow) -> Iterator[Problem]:
    if "hangup" in flow.nodes:
        wrong = 'no name for a node: nobody could be sent there, "hangup" ends the call'
        yield Problem(path=("flows", name, "nodes", "hangup"), wrong=wrong, allowed="another name")
    leads: list[tuple[Keys, Destination]] = [(("start",), Destination("node", flow.start))]
    for node_name, node in flow.nodes.items():
        leads += [(("nodes", node_name, *edge.keys), edge.to) for edge in edges(node)]
    for keys, to in leads:
        if to.kind == "node" and to.name not in flow.nodes:
            yield Problem(
                path=("flows", name, *keys),
                value=to.name,
                wrong=f"there is no node {to.name} in this flow",
                allowed=names(flow.nodes),
                closest=closest(to.name, flow.nodes),
            )


def _paths(flow: Flow) -> dict[str, list[str]]:
    """The shortest way from the start to each node that can be reached."""
    found = {flow.start: [flow.start]} if flow.start in flow.nodes else {}
    queue = list(found)
    for here in queue:
        for edge in edges(flow.nodes[here]):
            if edge.to.kind == "node" and edge.to.name in flow.nodes and edge.to.name not in found:
                found[edge.to.name] = [*found[here], edge.to.name]
                queue.append(edge.to.name)
    return found


def _dead_ends(name: str, flow: Flow) -> Iterator[Problem]:
    paths = _paths(flow)
    for node_name, node in flow.nodes.items():
        for edge in edges(node):
            if edge.to == NOWHERE:
                way = " -> ".join(paths.get(node_name, [node_name]))
                yield Problem(
                    path=("flows", name, "nodes", node_name),
                    wrong=f"is a dead end by `{edge.label}`, it does not say where it goes on: {way}",
                    allowed=f'{edge.label} = "NODE", a destination, or "hangup"',
                )


def _unreachable(name: str, flow: Flow) -> Iterator[Problem]:
    paths = _paths(flow)
    for node_name in flow.nodes if paths else ():
        if node_name not in paths:
            yield Problem(
                path=("flows", name, "nodes", node_name),
                wrong=f"cannot be reached: no way leads there from {flow.start}",
                allowed="a node that another one names",
            )


# --- round in circles -----------------------------------------------------------------------------------


def _ways(config: Config) -> Ways:
    """Where callers who press nothing are led from each node and menu."""
    ways: dict[Spot, list[tuple[Edge, Spot | None]]] = {}
    for name, flow in config.flows.items():
        for node_name, node in flow.nodes.items():
            silent = [edge for edge in edges(node) if edge.silent]
            ways[Spot(name, node_name)] = [(edge, _spot(config, name, edge.to)) for edge in silent]
    for name, menu in config.menus.items():
        edge = Edge(("otherwise",), "otherwise", menu.otherwise, True)
        ways[Spot("", name)] = [(edge, _spot(config, "", menu.otherwise))]
    return ways


def _spot(config: Config, flow: str, to: Destination) -> Spot | None:
    if to.kind == "flow" and to.name in config.flows:
        flow, to = to.name, Destination("node", config.flows[to.name].start)
    if to.kind == "node" and to.name in config.flows[flow].nodes:
        return Spot(flow, to.name)
    return Spot("", to.name) if to.kind == "menu" and to.name in config.menus else None


def _loops(config: Config, ways: Ways, broken: Collection[Keys]) -> Iterator[Problem]:
    """Circles that a caller who presses nothing never leaves."""
    told: set[frozenset[Spot]] = set()
    for spot in _trapped(ways):
        circle = _circle(spot, ways)
        key = frozenset(circle)
        first = next((each for each in circle if each.flow), None)
        if first is None or key in told or ("flows", first.flow) in broken:
            continue
        told.add(key)
        at = circle.index(first)
        yield _loop(config, ways, [*circle[at:], *circle[:at], first])


def _loop(config: Config, ways: Ways, circle: list[Spot]) -> Problem:
    first = circle[0]
    edge = next(edge for edge, to in ways[first] if to == circle[1])
    before = [Spot(first.flow, node) for node in _paths(config.flows[first.flow]).get(first.node, [])[:-1]]
    way = " -> ".join(_named(spot, first.flow) for spot in [*before, *circle])
    return Problem(
        path=("flows", first.flow, "nodes", first.node, *edge.keys),
        wrong=f"leads round without a way out for a caller who presses nothing: {way}",
        allowed='at last a destination, or "hangup"',
    )


def _trapped(ways: Ways) -> list[Spot]:
    """The spots from which no silent way leads out."""
    out = {spot for spot, led in ways.items() if not led or any(to is None for _, to in led)}
    grown = True
    while grown:
        more = {spot for spot, led in ways.items() if spot not in out and any(to in out for _, to in led)}
        grown, out = bool(more), out | more
    return [spot for spot in ways if spot not in out]


def _circle(spot: Spot, ways: Ways) -> list[Spot]:
    """Where one ends who always takes the first way."""
    seen = [spot]
    while True:
        after = next(to for _, to in ways[seen[-1]] if to is not None)
        if after in seen:
            return seen[seen.index(after) :]
        seen.append(after)


def _named(spot: Spot, flow: str) -> str:
    if not spot.flow:
        return f"menu:{spot.node}"
    return spot.node if spot.flow == flow else f"{spot.flow}/{spot.node}"


# --- texts and facts ------------------------------------------------------------------------------------


def _texts(config: Config) -> Iterator[Problem]:
    """Messages and values name facts that there are, and no secret ones."""
    known = known_facts(config)
    for name, flow in config.flows.items():
        for node_name, node in flow.nodes.items():
            here: Keys = ("flows", name, "nodes", node_name)
            for keys, text in _written(node):
                yield from unknown_facts((*here, *keys), text, known)
                yield from _secret_facts((*here, *keys), text)
            if isinstance(node, Pin | Digits) and node.least > node.most:
                wrong = f"more than `most`, {node.most}"
                yield Problem(path=(*here, "least"), value=node.least, wrong=wrong)
            if isinstance(node, Play) and node.say and node.say not in known:
                wrong, near = f"nothing makes the fact {node.say} known", closest(node.say, known)
                yield Problem(path=(*here, "say"), value=node.say, wrong=wrong, closest=near)
            if isinstance(node, Pin):
                yield from _unchecked_pin(config, here, node, known)


def _written(node: object) -> Iterator[tuple[Keys, str]]:
    if isinstance(node, Sms):
        yield ("text",), node.text
    if isinstance(node, Set):
        yield from ((("facts", fact), text) for fact, text in node.facts.items())


def _secret_facts(path: Keys, text: str) -> Iterator[Problem]:
    for fact in PLACEHOLDER.findall(text):
        if fact.startswith(SECRET):
            yield Problem(path=path, value=text, wrong=f"would write {fact} down, which is secret")


def _unchecked_pin(config: Config, here: Keys, node: Pin, known: Collection[str]) -> Iterator[Problem]:
    lookup = config.lookups.get(node.lookup)
    if bool(node.fact) is bool(node.lookup):
        wrong = "needs exactly one of `fact` and `lookup`, to know whether the PIN is right"
        yield Problem(path=here, wrong=wrong, allowed='fact = "secret.pin", or lookup = "NAME"')
    elif node.fact and (not node.fact.startswith(SECRET) or node.fact not in known):
        wrong = "is no secret fact that anything makes known"
        yield Problem(
            path=(*here, "fact"),
            value=node.fact,
            wrong=wrong,
            allowed=names(f for f in known if f.startswith(SECRET)),
        )
    elif lookup is not None and not lookup.right:
        wrong = f"lookups.{node.lookup} does not say whether a PIN is right: it has no `right`"
        yield Problem(path=(*here, "lookup"), value=node.lookup, wrong=wrong)
