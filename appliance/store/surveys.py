"""What callers answered: pure. Formulas are those of section 4.3 of the trade's definitions.

- nps: % of 9 and 10 - % of 0 to 6, of answers from 0 to 10
- csat: % of 4 and 5, of answers from 1 to 5
- ces: mean of answers from 1 to 7
The interval is +- 1.96 standard errors (95 %, normal approximation), None for fewer than two answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.events import Stamped
from appliance.flow_events import SurveyAnswered

Z = 1.96  # of the normal distribution, 95 % in the middle

FORMULAS = {
    "nps": "% of 9 and 10 - % of 0 to 6",
    "csat": "% of 4 and 5",
    "ces": "mean",
}


@dataclass(frozen=True)
class Survey:
    """The answers to one question; `answers` counts each, `score` and `margin` are in the metric's unit."""

    metric: str
    question: str
    n: int
    score: float
    margin: float | None
    answers: Mapping[int, int]


def surveys(events: Iterable[Stamped]) -> list[Survey]:
    """By metric and question. Who answered one twice in a call has answered it the second time."""
    last: dict[tuple[str, str, str], int] = {}
    for stamped in events:
        if isinstance(event := stamped.event, SurveyAnswered):
            last[event.metric, event.question, event.call_id] = event.answer
    asked: dict[tuple[str, str], list[int]] = {}
    for (metric, question, _), answer in last.items():
        asked.setdefault((metric, question), []).append(answer)
    return [_survey(metric, question, answers) for (metric, question), answers in sorted(asked.items())]


def _survey(metric: str, question: str, answers: list[int]) -> Survey:
    values = [_value(metric, answer) for answer in answers]
    n, mean = len(values), sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    # a share's variance is p(1 - p), as the trade computes it; a mean of marks is a sample's
    variance = squares / (n - 1 if metric == "ces" else n) if n > 1 else None
    margin = None if variance is None else round(Z * math.sqrt(variance / n), 2)
    return Survey(metric, question, n, round(mean, 2), margin, dict(sorted(Counter(answers).items())))


def _value(metric: str, answer: int) -> float:
    """What one answer adds to the mean."""
    if metric == "nps":
        return 100.0 * ((answer >= 9) - (answer <= 6))
    return 100.0 * (answer >= 4) if metric == "csat" else float(answer)
