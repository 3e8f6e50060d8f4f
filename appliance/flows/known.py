"""What a flow knows of the call, and the texts that facts are put into."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.config.check_lookups import PLACEHOLDER

LONGEST_VALUE = 256
MOST_FACTS = 64
SECRET = "secret."  # facts whose names begin so are never written down
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Known:
    """`facts` change while the flow runs, and hold caller, called and line. `kind` of caller's number is one
    of `config.flows.CallerKind`; `forms` are the ways in which people write the number.
    """

    facts: Mapping[str, str]
    kind: str = "withheld"
    forms: tuple[str, ...] = ()

    def fact(self, name: str) -> str:
        """The value, "" for none."""
        return self.facts.get(name, "")


def fill(template: str, facts: Mapping[str, str], quoted: Callable[[str], str] = str) -> str:
    """The template with each {NAME} replaced by that fact, once: a value's own braces stay as they are."""
    return PLACEHOLDER.sub(lambda found: quoted(facts.get(found[1], "")), template)


def clean(value: str) -> str:
    """A value as facts may hold it: no control characters, not long."""
    return UNPRINTABLE.sub("", value[: 4 * LONGEST_VALUE])[:LONGEST_VALUE]
