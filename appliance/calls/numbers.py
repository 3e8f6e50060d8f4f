"""What the configuration says of the number a caller dialled: where he goes first, what is recorded."""

from __future__ import annotations

import re

from appliance.config.schema import Config
from appliance.config.section import Destination
from appliance.config.trunks import Number


def first_destination(line: str, called: str, config: Config) -> Destination:
    """By the number dialled, else by the line."""
    number = number_of(line, called, config)
    return number.to if number is not None else config.lines[line].to


def number_of(line: str, called: str, config: Config) -> Number | None:
    """The entry of the number dialled: itself, else the longest beginning with a * that fits.

    A line that does not tell what was dialled has its own `number`. Numbers are compared without + and 00.
    """
    dialled = _digits(called) or _digits(config.lines[line].number if line in config.lines else "")
    exact = {_digits(key): entry for key, entry in config.numbers.items() if not key.endswith("*")}
    if dialled in exact:
        return exact[dialled]
    beginnings = {_digits(key): entry for key, entry in config.numbers.items() if key.endswith("*")}
    fitting = [beginning for beginning in beginnings if dialled.startswith(beginning)]
    return beginnings[max(fitting, key=len)] if dialled and fitting else None


def _digits(number: str) -> str:
    digits = re.sub(r"[^0-9+]", "", number)
    return re.sub(r"^(\+|00)", "", digits)
