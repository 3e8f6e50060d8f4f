"""Drawings: whole, readable, and safe with any text."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.flows.draw import SHAPES, draw
from appliance.flows.layout import layout
from tests.appliance.flows.scripted import flow
from tests.appliance.flows.test_walk import NAMES, NODE

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def test_every_node_way_and_place_is_in_the_drawing() -> None:
    nodes: dict[str, Any] = {
        "hello": {"do": "menu", "prompt": "welcome", "keys": {"1": "queue:sales", "2": "again"}},
        "again": {"do": "lookup", "lookup": "crm", "next": "again", "error": "hello"},
    }
    svg = draw("main", flow(nodes, "hello"))
    found = words(svg)
    assert {"hello", "again", "menu", "lookup", "crm", "queue:sales", "hangup"} <= set(found)
    assert {"1", "2", "otherwise", "next", "error"} <= set(found)
    assert svg.count("marker-end") == 5
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "text", ["</text><script>x()</script>", '"><&\x00\x1b]]>', "语音菜单" * 20, "a" * 600, "\ufffe\uffff"]
)
def test_hostile_texts_stay_texts(text: str) -> None:
    nodes = {
        "a": {"do": "play", "prompt": text, "next": "b"},
        "b": {"do": "sms", "text": text, "next": "hangup"},
    }
    svg = draw(text, flow(nodes))
    root = ET.fromstring(svg.encode())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "style", "defs", "marker", "path", "rect", "g", "polygon", "text",
    }  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(nodes=st.fixed_dictionaries({name: NODE for name in NAMES}))
def test_any_flow_is_drawn_well_formed(nodes: Any) -> None:
    assert set(NAMES) <= set(words(draw("main", flow(nodes))))


def test_every_kind_of_node_has_a_shape() -> None:
    assert len({(outline, colour) for outline, colour in SHAPES.values()}) >= 9


def test_boxes_never_overlap_and_each_line_ends_at_its_boxes() -> None:
    chance = random.Random(4)
    for count in (1, 2, 7, 30, 90):
        names = [f"n{number}" for number in range(count)]
        sizes = {name: (chance.uniform(40, 200), chance.uniform(30, 80)) for name in names}
        lines = [(chance.choice(names), chance.choice(names)) for _ in range(2 * count)]
        found = layout(sizes, lines)
        for a, b in combinations(names, 2):
            apart = [
                abs(found.middles[a][n] - found.middles[b][n]) - (sizes[a][n] + sizes[b][n]) / 2
                for n in (0, 1)
            ]
            assert max(apart) > 0, (a, b)
        for a, b in set(lines):
            if a != b:
                assert (found.runs[a, b][0], found.runs[a, b][-1]) == (found.middles[a], found.middles[b])
        assert all(0 <= x <= found.width and 0 <= y <= found.height for x, y in found.middles.values())
