"""A flow as an SVG picture that stands alone: no scripts, no fonts, nothing to load."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from appliance.config.flow_graph import edges, words
from appliance.config.flows import Flow, NodeBase
from appliance.config.section import NOWHERE, Destination
from appliance.flows.known import UNPRINTABLE
from appliance.flows.layout import Layout, Line, Point, layout

LETTER = 6.8  # px of a letter at the size below; Chinese ones are twice as wide
TEXT_SIZE = 12
ROW = 16.0
MARGIN = 24.0
ROUND = 44.0  # px, how far a way from a box to itself reaches
NEAR = 2  # pieces of a curve on which its label is looked for: it belongs to where it begins
ALONG = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)  # where on a curve a label may stand
LONGEST = 34  # letters of a line in a box or at a line; the whole text is in the tooltip
#: Outlines as points, in half widths and half heights from the middle.
BOX = ((-1, -1), (1, -1), (1, 1), (-1, 1))
SIX = ((-1, 0), (-0.88, -1), (0.88, -1), (1, 0), (0.88, 1), (-0.88, 1))
DIAMOND = ((-1, 0), (0, -1), (1, 0), (0, 1))
SLANTED = ((-0.9, -1), (1, -1), (0.9, 1), (-1, 1))
TAG = ((-1, -1), (0.86, -1), (1, 0), (0.86, 1), (-1, 1))
TROUGH = ((-1, -1), (1, -1), (0.88, 1), (-0.88, 1))
CUT = ((-1, -1), (0.88, -1), (1, -0.5), (1, 1), (-1, 1))
#: Outline and colour of each kind of node; what has no outline is a pill.
SHAPES: Mapping[str, tuple[Sequence[tuple[float, float]], str]] = {
    "play": (TAG, "#e8f0fe"),
    "menu": (SIX, "#fff3d6"),
    "language": (SIX, "#fff3d6"),
    "digits": (SLANTED, "#fff3d6"),
    "pin": (SLANTED, "#fde2e0"),
    "lookup": (TROUGH, "#e3f4e6"),
    "when": (DIAMOND, "#f1e9fb"),
    "sms": (CUT, "#e3f4e6"),
    "set": (BOX, "#f1f3f4"),
    "question": (SIX, "#fde7f3"),
    "go": (BOX, "#f1f3f4"),
}
OUT = "#ffffff"
STYLE = (
    f"text{{font:{TEXT_SIZE}px sans-serif;fill:#202124;text-anchor:middle}} .n{{font-weight:bold}} "
    ".l{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:4px} path{fill:none;stroke:#5f6368}"
)


def draw(name: str, flow: Flow) -> str:
    """The whole picture as text."""
    boxes = {f"node:{node}": _node_box(node, each) for node, each in flow.nodes.items()}
    start = f"node:{flow.start}"
    boxes = {start: boxes[start], **boxes} if start in boxes else boxes
    labels = _labels(flow)
    for to in dict.fromkeys(to for _, to in labels if to not in boxes):
        boxes[to] = _Box("", [to], (), OUT)
    sizes = {
        key: (box.size[0] + 2 * ROUND * ((key, key) in labels), box.size[1]) for key, box in boxes.items()
    }
    found = layout(sizes, labels)
    parts = [box.drawn(found.middles[key], first=key == start) for key, box in boxes.items()]
    lines = _Lines(found, {key: box.size for key, box in boxes.items()})
    parts = [lines.drawn(line, ", ".join(label)) for line, label in labels.items()] + parts + lines.words
    width, height = found.width + 2 * MARGIN, found.height + 2 * MARGIN + ROW
    body = "\n".join(parts)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">\n'
        f"<title>flow {_safe(name)}</title>\n<style>{STYLE}</style>\n"
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0L10 5L0 10z" style="fill:#5f6368;stroke:none"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<g transform="translate({MARGIN:g} {MARGIN + ROW:g})">\n{body}\n</g>\n</svg>\n'
    )


def _labels(flow: Flow) -> dict[Line, list[str]]:
    """What leads from which box to which."""
    labels: dict[Line, list[str]] = {}
    for node, each in flow.nodes.items():
        for edge in edges(each):
            to = "?" if edge.to == NOWHERE else str(Destination(*edge.to))
            labels.setdefault((f"node:{node}", to), []).append(edge.label)
    return labels


def _node_box(name: str, node: NodeBase) -> _Box:
    given = node.model_dump(mode="json", exclude_unset=True)
    kind = str(given.get("do", ""))
    about = next((words(given[key]) for key in ("prompt", "lookup", "text", "facts") if given.get(key)), "")
    outline, colour = SHAPES[kind]
    return _Box(name, [kind, about] if about else [kind], outline, colour, goal=node.goal)


class _Box:
    """One box: a bold name over smaller lines, in the outline of its kind."""

    def __init__(
        self,
        name: str,
        rows: list[str],
        outline: Sequence[tuple[float, float]],
        colour: str,
        goal: bool = False,
    ) -> None:
        self.title = " ".join(filter(None, (name, *rows)))
        self._name = name
        self._rows = ([_cut(name)] if name else []) + [_cut(row) for row in rows]
        self._outline = outline
        self._colour = colour
        self._goal = goal
        wider = 1.7 if outline is DIAMOND else 1.25
        width = max(_width(row) for row in self._rows) * wider + 24
        height = (len(self._rows) * ROW + 14) * (1.7 if outline is DIAMOND else 1.0)
        self.size: Point = (width, height)

    def drawn(self, middle: Point, *, first: bool) -> str:
        """At its place; the first one is told by a thicker outline, a goal by a second one."""
        shapes = [self._shape(middle, 0.0, 2.5 if first else 1.2, self._colour)]
        shapes += [self._shape(middle, 4.0, 1.2, "none")] if self._goal else []
        top = middle[1] - (len(self._rows) - 1) * ROW / 2 + TEXT_SIZE / 3
        words = "".join(
            _text(row, (middle[0], top + at * ROW), "n" if self._name and at == 0 else "")
            for at, row in enumerate(self._rows)
        )
        return f"<g><title>{_safe(self.title)}</title>{''.join(shapes)}{words}</g>"

    def _shape(self, middle: Point, inset: float, thick: float, colour: str) -> str:
        half = (self.size[0] / 2 - inset, self.size[1] / 2 - inset)
        look = f'fill="{colour}" stroke="#3c4043" stroke-width="{thick}"'
        if not self._outline:
            left, top = middle[0] - half[0], middle[1] - half[1]
            size = f'width="{2 * half[0]:.1f}" height="{2 * half[1]:.1f}" rx="{half[1]:.1f}"'
            return f'<rect x="{left:.1f}" y="{top:.1f}" {size} {look}/>'
        points = " ".join(
            f"{middle[0] + x * half[0]:.1f},{middle[1] + y * half[1]:.1f}" for x, y in self._outline
        )
        return f'<polygon points="{points}" {look}/>'


class _Lines:
    """The ways between boxes; `words` are their labels, where none stands on another or on a box."""

    def __init__(self, found: Layout, sizes: Mapping[str, Point]) -> None:
        self.words: list[str] = []
        self._found = found
        self._sizes = sizes
        self._taken = [(*found.middles[key], *size) for key, size in sizes.items()]

    def drawn(self, line: Line, label: str) -> str:
        """The line; its label comes to `words`."""
        points = self._around(line) if line[0] == line[1] else self._between(line)
        path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for at in range(1, len(points), 3):
            path += "C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in points[at : at + 3])
        self._label(points, label)
        return f'<path d="{path}" marker-end="url(#arrow)"/>'

    def _between(self, line: Line) -> list[Point]:
        """A start, then three points for each piece of the curve."""
        run = list(self._found.runs[line])
        run[0] = _border(run[0], self._sizes[line[0]], run[1])
        run[-1] = _border(run[-1], self._sizes[line[1]], run[-2])
        points = [run[0]]
        for (x0, y0), (x1, y1) in pairwise(run):
            half = (y0 + y1) / 2
            points += [(x0, half), (x1, half), (x1, y1)]
        return points

    def _around(self, line: Line) -> list[Point]:
        """A way from a box to itself, at its right side."""
        middle, size = self._found.middles[line[0]], self._sizes[line[0]]
        x, y = middle[0] + size[0] / 2, middle[1]
        return [(x, y - 8), (x + ROUND, y - 26), (x + ROUND, y + 26), (x, y + 8)]

    def _label(self, points: Sequence[Point], label: str) -> None:
        """At the first free place near the beginning, else in the middle of the first piece."""
        size = (_width(_cut(label)), ROW - 2)
        pieces = range(0, min(len(points) - 1, 3 * NEAR), 3)
        places = [_along(points, piece, t) for piece in pieces for t in ALONG]
        free = (at for at in places if not any(_overlap((*at, *size), other) for other in self._taken))
        x, y = at = next(free, places[0])
        self._taken.append((*at, *size))
        text = _text(_cut(label), (x, y + 4), "l")
        self.words.append(f"<g><title>{_safe(label)}</title>{text}</g>")


def _along(points: Sequence[Point], piece: int, t: float) -> Point:
    """A point of a cubic Bezier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    four = points[piece : piece + 4]
    x, y = (sum(w * point[axis] for w, point in zip(weights, four, strict=True)) for axis in (0, 1))
    return x, y


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Of two rectangles: middle, width and height."""
    return all(abs(one[n] - other[n]) < (one[n + 2] + other[n + 2]) / 2 for n in (0, 1))


def _text(text: str, at: Point, kind: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}"{named}>{_safe(text)}</text>'


def _border(middle: Point, size: Point, towards: Point) -> Point:
    """Where a line leaves a box: at its lower or upper edge, under the middle."""
    return (middle[0], middle[1] + (size[1] / 2 if towards[1] > middle[1] else -size[1] / 2))


def _width(text: str) -> float:
    return sum(LETTER * (2 if unicodedata.east_asian_width(each) in "WF" else 1) for each in text)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _safe(text: str) -> str:
    """As XML takes it: it has no control characters (XML 1.0, 2.2), and markup stays text."""
    return escape(UNPRINTABLE.sub("", text).translate({0xFFFE: None, 0xFFFF: None}))
