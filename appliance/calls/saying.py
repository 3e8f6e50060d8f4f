"""Values of facts as they are spoken: whatever cannot be read as what it should be is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import get_args

from appliance.config.section import Language
from appliance.say import phrases
from appliance.say.words import Currency

MOST = Decimal(999_999_999)


def saying(language: Language, kind: str, value: str) -> list[str]:
    """The names of prompts; `kind` is one of `config.flows.SayAs`."""
    try:
        return SAYINGS[kind](language, value.strip())
    except (ValueError, InvalidOperation):
        return []


def _number(language: Language, value: str) -> list[str]:
    return phrases.number(language, int(_decimal(value).to_integral_value(ROUND_HALF_UP)))


def _money(currency: Currency) -> Callable[[Language, str], list[str]]:
    def money(language: Language, value: str) -> list[str]:
        hundredths = (_decimal(value) * 100).to_integral_value(ROUND_HALF_UP)
        return phrases.amount(language, int(hundredths), currency)

    return money


def _decimal(value: str) -> Decimal:
    """Raises ValueError for what nobody would say."""
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MOST:
        raise ValueError(value)
    return number


SAYINGS: Mapping[str, Callable[[Language, str], list[str]]] = {
    "digits": phrases.digits,
    "number": _number,
    "date": lambda language, value: phrases.date(language, date.fromisoformat(value[:10])),
    "time": lambda language, value: phrases.time(language, time.fromisoformat(value[-8:].lstrip("T"))),
    **{currency: _money(currency) for currency in get_args(Currency)},
}
