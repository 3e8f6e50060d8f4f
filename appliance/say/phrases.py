"""What the box may have to say with a number in it, as a list of prompts: position("ru", 2) and the like.

Every value has its words: what is beyond a grammar is said digit by digit, never refused.
"""

from __future__ import annotations

from datetime import date as Date
from datetime import time as Time
from itertools import groupby

from appliance.config.section import Language
from appliance.say.chinese import Chinese
from appliance.say.english import English
from appliance.say.russian import Russian
from appliance.say.words import KEYS, LARGEST, LONGEST_MINUTES, PAUSE, Currency, Grammar, Noun

GRAMMARS: dict[Language, Grammar] = {"en": English(), "ru": Russian(), "zh": Chinese()}
MOST_ORDINAL = 999


def number(language: Language, n: int) -> list[str]:
    """A whole number as one counts."""
    if n < 0:
        return [f"{language}/minus", *number(language, -n)]
    if n > LARGEST:
        return digits(language, str(n))
    return _named(language, GRAMMARS[language].number(n))


def ordinal(language: Language, n: int) -> list[str]:
    """First, second, ... 999th; a plain number beyond."""
    return _named(language, GRAMMARS[language].ordinal(n)) if 0 < n <= MOST_ORDINAL else number(language, n)


def counted(language: Language, n: int, noun: Noun) -> list[str]:
    """So many of something, 0 to 999,999,999, in the form that the number asks for; fewer or more are cut."""
    return _named(language, GRAMMARS[language].counted(min(max(n, 0), LARGEST), noun))


def position(language: Language, n: int) -> list[str]:
    """The place in a queue, 1 the next: a whole sentence. Beyond 999 it is 999."""
    return _named(language, GRAMMARS[language].position(min(max(n, 1), MOST_ORDINAL)))


def wait_between(language: Language, low_min: int, high_min: int) -> list[str]:
    """How long it may take yet, in minutes: a whole sentence. `low_min` 0 is "less than", from an hour on
    it is "more than" so many hours, and two times that are the same are "about".
    """
    grammar, (low, high) = GRAMMARS[language], sorted((max(low_min, 0), max(high_min, 1)))
    if low >= LONGEST_MINUTES:
        return _named(language, grammar.compared("more", min(low // 60, MOST_ORDINAL), "hour"))
    if low == 0:
        return _named(language, grammar.compared("less", min(high, MOST_ORDINAL), "minute"))
    if low == high:
        return _named(language, grammar.compared("about", low, "minute"))
    return _named(language, grammar.between(low, min(high, MOST_ORDINAL), "minute"))


def digits(language: Language, text: str) -> list[str]:
    """The keys of a telephone number one by one, in groups of three (four at the end) with a pause between.

    Other characters than digits, +, * and # are not said; they end a group.
    """
    groups = [list(run) for said, run in groupby(text, key=_is_said) if said]
    grammar, found = GRAMMARS[language], list[str]()
    for group in (part for whole in groups for part in _threes(whole)):
        found += [PAUSE] if found else []
        found += [KEYS.get(each) or grammar.digit(each) for each in group]
    return _named(language, found)


def amount(language: Language, hundredths: int, currency: Currency) -> list[str]:
    """Money, in hundredths of the currency's unit: 520 USD is five dollars and twenty cents."""
    if hundredths < 0:
        return [f"{language}/minus", *amount(language, -hundredths, currency)]
    whole, part = divmod(min(hundredths, LARGEST * 100 + 99), 100)
    return _named(language, GRAMMARS[language].amount(whole, part, currency))


def date(language: Language, day: Date) -> list[str]:
    """A day with its year, 1901 to 2099."""
    return _named(language, GRAMMARS[language].date(day))


def time(language: Language, at: Time) -> list[str]:
    """A time of day, to the minute."""
    return _named(language, GRAMMARS[language].time(at))


def _named(language: Language, pieces: list[str]) -> list[str]:
    return [f"{language}/{piece}" for piece in pieces]


def _is_said(character: str) -> bool:
    return character in "0123456789+*#"


def _threes(run: list[str]) -> list[list[str]]:
    if len(run) <= 4:
        return [run]
    return [run[:3], *_threes(run[3:])]
