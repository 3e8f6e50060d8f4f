"""Containment and surveys by their definitions."""

from __future__ import annotations

import pytest

from appliance.events import CallEnded, Event, Stamped
from appliance.flow_events import FlowEntered, FlowLeft, SurveyAnswered
from appliance.store.flow_figures import FlowFigures, flow_figures
from appliance.store.surveys import surveys


def stamped(*events: Event) -> list[Stamped]:
    return [Stamped(event, 1.7e9 + at, float(at), "b") for at, event in enumerate(events)]


def come(node: str, flow: str = "main", *, goal: bool = False, call: str = "c") -> FlowEntered:
    return FlowEntered(call_id=call, flow=flow, node=node, goal=goal)


def go(node: str, to: str, flow: str = "main", by: str = "next", call: str = "c") -> FlowLeft:
    return FlowLeft(call_id=call, flow=flow, node=node, by=by, to=to)


def end(call: str = "c") -> CallEnded:
    return CallEnded(call_id=call, outcome="menu", by="caller")


def main(*events: Event) -> FlowFigures:
    return flow_figures(stamped(*events))["main"]


def counts(figures: FlowFigures) -> tuple[int, int, int, int, int]:
    return figures.visits, figures.contained, figures.abandoned, figures.gone_on, figures.going_on


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([come("a"), end()], (1, 0, 1, 0, 0)),
        ([come("a", goal=True), end()], (1, 1, 0, 0, 0)),
        ([come("a", goal=True), go("a", "flow:main/b"), come("b"), end()], (1, 1, 0, 0, 0)),
        ([come("a", goal=True), go("a", "queue:sales"), end()], (1, 0, 0, 1, 0)),
        ([come("a"), go("a", "hangup"), end()], (1, 0, 1, 0, 0)),
        ([come("a", goal=True), go("a", "play:bye"), end()], (1, 1, 0, 0, 0)),
        ([come("a"), go("a", "flow:x"), come("y", "x", goal=True), end()], (1, 1, 0, 0, 0)),
        ([come("a"), go("a", "queue:q"), come("a"), go("a", "hangup"), end()], (2, 0, 1, 1, 0)),
        ([come("a")], (0, 0, 0, 0, 1)),
        ([come("a"), come("a"), end()], (1, 0, 1, 0, 0)),
        ([come("a"), go("a", "flow:main/a"), come("a"), end()], (1, 0, 1, 0, 0)),
    ],
)  # fmt: skip
def test_each_visit_ends_by_a_goal_without_one_or_goes_on(
    events: list[Event], expected: tuple[int, ...]
) -> None:
    assert counts(main(*events)) == expected


def test_nodes_tell_how_often_and_by_what_they_were_left() -> None:
    figures = main(come("a"), go("a", "flow:main/a", by="1"), come("a"), come("a"), go("a", "hangup", by="2"))
    node = figures.nodes["a"]
    assert (node.entered, dict(node.left), node.abandoned) == (2, {"1": 1, "2": 1}, 1)
    assert figures.containment == 0.0
    assert flow_figures(stamped(go("a", "hangup"), end())) == {}


def test_want_scores_and_intervals_follow_their_formulas() -> None:
    """Section 4.3 of the definitions: NPS, CSAT, CES, n and +-95 %."""
    answers = {
        "nps": [10, 10, 9, 8, 7, 6, 3, 0, 9, 10],
        "csat": [5, 4, 3, 1],
        "ces": [7, 5, 3],
    }
    events = [
        SurveyAnswered(call_id=f"{metric}{at}", metric=metric, question="q", answer=answer)
        for metric, given in answers.items()
        for at, answer in enumerate(given)
    ]
    found = {survey.metric: survey for survey in surveys(stamped(*events))}
    assert (found["nps"].n, found["nps"].score) == (10, 20.0)
    assert found["nps"].margin == pytest.approx(1.96 * 100 * ((0.5 + 0.3 - 0.2**2) / 10) ** 0.5, abs=0.01)
    assert (found["csat"].score, found["csat"].margin) == (50.0, pytest.approx(1.96 * 25.0, abs=0.01))
    assert (found["ces"].score, found["ces"].margin) == (5.0, pytest.approx(1.96 * 2 / 3**0.5, abs=0.01))
    assert found["ces"].answers == {3: 1, 5: 1, 7: 1}


def test_the_last_answer_in_a_call_counts_and_one_answer_has_no_interval() -> None:
    twice = [SurveyAnswered(call_id="c", metric="csat", question="q", answer=answer) for answer in (1, 5)]
    [survey] = surveys(stamped(*twice))
    assert (survey.n, survey.score, survey.margin) == (1, 100.0, None)
    assert surveys([]) == []
