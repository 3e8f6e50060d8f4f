"""Where the boxes of a drawing stand and how its lines run: in layers from the top, few lines crossing.

The method of Sugiyama, Tagawa and Toda (1981): turn lines back that close a circle, put each box under all
that lead to it, order the layers by the mean place of their neighbours, then pull boxes under each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Line = tuple[str, str]  # from, to

ACROSS = 36.0  # px between boxes of a layer
DOWN = 64.0  # px between layers, where labels stand
THIN = 12.0  # px of a line that passes through a layer
SWEEPS = 12


@dataclass(frozen=True)
class Layout:
    """Middles of the boxes, the points that each line runs through, and the size of the whole, in px."""

    middles: Mapping[str, Point]
    runs: Mapping[Line, Sequence[Point]]
    width: float
    height: float


def layout(sizes: Mapping[str, Point], lines: Iterable[Line]) -> Layout:
    """`sizes` are the boxes (width, height), the first the one where it begins; lines from a box to itself
    are left to the drawing.
    """
    wanted = list(dict.fromkeys(line for line in lines if line[0] != line[1]))
    down = _without_circles(list(sizes), wanted)
    chains, layers = _layered(list(sizes), down)
    _order(layers, chains)
    width = {name: sizes[name][0] if name in sizes else THIN for layer in layers for name in layer}
    x = _across(layers, chains, width)
    heights = [max((sizes[name][1] for name in layer if name in sizes), default=0.0) for layer in layers]
    y: dict[str, float] = {}
    top = 0.0
    for layer, height in zip(layers, heights, strict=True):
        y |= dict.fromkeys(layer, top + height / 2)
        top += height + DOWN
    left = min((x[name] - width[name] / 2 for name in x), default=0.0)
    place = {name: (x[name] - left, y[name]) for name in x}
    runs = {}
    for line, chain in zip(down, chains, strict=True):
        points = [place[name] for name in chain]
        runs[line if line in wanted else line[::-1]] = points if line in wanted else points[::-1]
        if line in wanted and line[::-1] in wanted:  # both ways between two boxes: one line serves both
            runs[line[::-1]] = points[::-1]
    right = max((place[name][0] + width[name] / 2 for name in place), default=0.0)
    return Layout({name: place[name] for name in sizes}, runs, right, max(top - DOWN, 0.0))


def _without_circles(names: Sequence[str], lines: Sequence[Line]) -> list[Line]:
    """The lines, those turned round that lead back to a box on the way to them; depth first, no recursion."""
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in lines:
        after[a].append(b)
    down: dict[Line, None] = {}
    seen: set[str] = set()
    for name in names:
        path, todo = dict[str, None](), [(name, False)]
        while todo:
            here, done = todo.pop()
            if done:
                del path[here]
                continue
            if here in seen:
                continue
            seen.add(here)
            path[here] = None
            todo.append((here, True))
            for there in after[here]:
                down[(there, here) if there in path else (here, there)] = None
            todo += [(there, False) for there in reversed(after[here])]
    return list(down)


def _layered(names: Sequence[str], lines: Sequence[Line]) -> tuple[list[list[str]], list[list[str]]]:
    """For each line the boxes and thin places it runs through, and the layers they stand in."""
    depth = dict.fromkeys(names, 0)
    for _ in names:  # as often as the longest way is long
        moved = [(b, depth[a] + 1) for a, b in lines if depth[b] <= depth[a]]
        if not moved:
            break
        for b, least in moved:
            depth[b] = max(depth[b], least)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        layers[depth[name]].append(name)
    chains = []
    for a, b in lines:
        between = [f"{a}\0{b}\0{level}" for level in range(depth[a] + 1, depth[b])]
        for level, thin in enumerate(between, depth[a] + 1):
            layers[level].append(thin)
        chains.append([a, *between, b])
    return chains, layers


def _neighbours(chains: Sequence[Sequence[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for a, b in pairwise(chain):
            below[a].append(b)
            above[b].append(a)
    return above, below


def _order(layers: list[list[str]], chains: Sequence[Sequence[str]]) -> None:
    above, below = _neighbours(chains)
    place = {name: float(at) for layer in layers for at, name in enumerate(layer)}
    for sweep in range(SWEEPS):
        near = below if sweep % 2 else above
        for layer in reversed(layers) if sweep % 2 else layers:
            layer.sort(key=_means(layer, near, place).__getitem__)
            place |= {name: float(at) for at, name in enumerate(layer)}


def _means(
    layer: Sequence[str], near: Mapping[str, Sequence[str]], at: Mapping[str, float]
) -> dict[str, float]:
    """Where each one's neighbours are in the mean; its own place where it has none."""
    return {
        name: sum(at[other] for other in near[name]) / len(near[name]) if near[name] else at[name]
        for name in layer
    }


def _across(
    layers: Sequence[Sequence[str]], chains: Sequence[Sequence[str]], width: Mapping[str, float]
) -> dict[str, float]:
    """The middle of each box: near the mean of its neighbours', in its layer's order, none overlapping."""
    above, below = _neighbours(chains)
    x: dict[str, float] = {}
    for layer in layers:
        right = 0.0
        for name in layer:
            x[name] = right + width[name] / 2
            right += width[name] + ACROSS
    for sweep in range(SWEEPS):
        for layer in reversed(layers) if sweep % 2 else layers:
            near = {name: above[name] + below[name] for name in layer}
            x |= _apart(layer, _means(layer, near, x), width)
    return x


def _apart(layer: Sequence[str], wish: Mapping[str, float], width: Mapping[str, float]) -> dict[str, float]:
    """As near to the wishes as the order allows: pushed to the right, then the mean shift taken back."""
    placed: dict[str, float] = {}
    edge = float("-inf")
    for name in layer:
        placed[name] = max(wish[name], edge + width[name] / 2)
        edge = placed[name] + width[name] / 2 + ACROSS
    shift = sum(placed[name] - wish[name] for name in layer) / max(len(layer), 1)
    return {name: at - shift for name, at in placed.items()}
