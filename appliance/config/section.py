"""What every section of a configuration is made of: its base, and the kinds of value that many have."""

from __future__ import annotations

import functools
import operator
import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema


class Section(BaseModel):
    """One table of the file: unknown keys are refused, values are never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Destination(NamedTuple):
    """Where a caller goes next, or out."""

    kind: str  # one of KINDS, or hangup
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


#: The kinds of place that have a name, and how one is written; `play` says a prompt and hangs up.
KINDS = {
    "menu": '"menu:NAME"',
    "queue": '"queue:NAME"',
    "agent": '"agent:NAME"',
    "play": '"play:PROMPT"',
    "voicemail": '"voicemail:BOX"',
    "flow": '"flow:NAME"',
    "number": '"number:+E164"',
}
PLUS_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}")  # ITU-T E.164: at most 15 digits
NAMELESS = ("hangup", "sign-in")  # "sign-in": an agent calls, and stays connected
DESTINATIONS = f'{", ".join(KINDS.values())}, "sign-in" or "hangup"'
NOWHERE = Destination("")  # an option that names no place


def destination(value: object) -> object:
    """The place that a text of the file means; raises ValueError."""
    if isinstance(value, Destination):
        return value
    kind, _, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    fits = PLUS_NUMBER.fullmatch(name) if kind == "number" else kind in KINDS and name
    if fits or (kind in NAMELESS and not name):
        return Destination(kind, name)
    raise ValueError(f"expected {DESTINATIONS}")


To = Annotated[Destination, BeforeValidator(destination), PlainSerializer(str)]
STEPS = f"a node of this flow, {DESTINATIONS}"


def _step(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(NAME, value) and value not in NAMELESS:
        return Destination("node", value)
    try:
        return destination(value)
    except ValueError as error:
        raise ValueError(f"expected {STEPS}") from error


STEP = BeforeValidator(_step)
#: Where a caller goes from a node: a Destination, or of kind "node" another one of the same flow.
Step = Annotated[Destination, STEP, PlainSerializer(str)]
Digit = Annotated[str, Field(pattern=r"^[0-9*#]$")]
#: Languages that `appliance/say` can count in.
Language = Literal["en", "ru", "zh"]
OptionalLanguage = Literal["", "en", "ru", "zh"]
NAME = r"^[a-z0-9][a-z0-9_-]{0,31}$"
Name = Annotated[str, Field(pattern=NAME)]
#: A prompt, in one language where that stands before it: "en/welcome".
PROMPT = r"^([a-z]{2}/)?[a-z0-9][a-z0-9_-]{0,31}$"
PromptName = Annotated[str, Field(pattern=PROMPT)]
#: A SIP URI with a user and a host and nothing after them (RFC 3261 25.1, without escapes).
OPTIONAL_PHONE = r"^$|^sip:[A-Za-z0-9_.!~*'()&=+$,;?/-]+@([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
#: The place of a USB device: bus, root port, then a port of each hub (the kernel's names in sysfs).
USB = r"^([0-9]+-[0-9]+(\.[0-9]+)*)?$"
DIALLED = r"^[0-9*#,]{0,8}$"
USSD_CODE = r"^([0-9*#+]{1,182})?$"  # 182 characters are the most that USSD carries, 3GPP 23.038 5
Seconds = Annotated[float, Field(ge=0, le=86400)]
Most = Annotated[int, Field(ge=0, le=1_000_000)]


class OneOf:
    """For Annotated: a table is one of these sections, and its option `by` says which."""

    def __init__(self, *sections: type[Section], by: str = "driver") -> None:
        self.sections = sections
        self.by = by

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        any_of_them = functools.reduce(operator.or_, self.sections)
        return handler.generate_schema(Annotated[any_of_them, Field(discriminator=self.by)])
