"""What is counted, and what a grammar can say of it; the pieces are names of [pieces] of its language.

Whole numbers from 0 to 999,999,999 are read as numbers, larger ones digit by digit, negative ones after
"minus": no value of a lookup is refused.
"""

from __future__ import annotations

from datetime import date, time
from typing import Literal, Protocol

Noun = Literal["second", "minute", "hour", "day", "message"]
Currency = Literal["USD", "EUR", "GBP", "RUB", "CNY"]
#: Pieces of a currency's whole unit and of its hundredth.
UNITS: dict[Currency, tuple[str, str]] = {
    "USD": ("dollar", "cent"),
    "EUR": ("euro", "eurocent"),
    "GBP": ("pound", "penny"),
    "RUB": ("rouble", "kopeck"),
    "CNY": ("yuan", "fen"),
}
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
LARGEST = 999_999_999
LONGEST_MINUTES = 60  # a wait is told in minutes below it, in hours from it on
PAUSE = "pause"
KEYS = {"+": "plus", "*": "star", "#": "hash"}


class Grammar(Protocol):
    """One language; everything gives the names of its pieces, without the language."""

    def number(self, n: int) -> list[str]:
        """0 to LARGEST, as one counts: "one hundred and one"."""

    def ordinal(self, n: int) -> list[str]:
        """1 to 999: "twenty-first"."""

    def counted(self, n: int, noun: Noun) -> list[str]:
        """0 to LARGEST of something: "two minutes"."""

    def position(self, n: int) -> list[str]:
        """1 to 999: "You are number two in the queue"."""

    def between(self, low: int, high: int, noun: Noun) -> list[str]:
        """1 to 999, `low` below `high`: "Your waiting time is between two and three minutes"."""

    def compared(self, how: Literal["about", "less", "more"], n: int, noun: Noun) -> list[str]:
        """1 to 999: "Your waiting time is less than two minutes"."""

    def digit(self, digit: str) -> str:
        """One of 0 to 9, as in a telephone number."""

    def amount(self, whole: int, hundredths: int, currency: Currency) -> list[str]:
        """0 to LARGEST and 0 to 99, not both 0: "five dollars and twenty cents"."""

    def date(self, day: date) -> list[str]:
        """With its year, 1901 to 2099."""

    def time(self, at: time) -> list[str]:
        """A time of day, to the minute."""
