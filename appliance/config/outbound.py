"""Who may dial what, over which lines, when, and for how much: nothing unless it is allowed here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.config.recording import Record
from appliance.config.section import Name, Section

COUNTRY = r"^[A-Z]{2}$"
PREFIX = r"^\+?[0-9]{1,15}$"
AREA = r"^[0-9]{0,6}$"
OUTSIDE = r"^[0-9]{0,2}$"
FROM = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
UNTIL = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
Class = Literal[
    "toll-free",
    "local",
    "national",
    "mobile",
    "shared-cost",
    "premium",
    "international",
    "satellite",
    "short-code",
    "other",
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Country = Annotated[str, Field(pattern=COUNTRY)]
Prefix = Annotated[str, Field(pattern=PREFIX)]
Money = Annotated[float, Field(ge=0, le=1_000_000)]
Calls = Annotated[int, Field(ge=0, le=100_000)]


class Outbound(Section):
    """Calls from the box to the outside, whoever begins them."""

    area: str = Field(
        "",
        pattern=AREA,
        description='own area code, as it follows the country code ("30" in Berlin), for numbers without one',
    )
    prefix: str = Field(
        "", pattern=OUTSIDE, description='dialled on a phone before an outside number: "0" or "9"'
    )
    emergency: list[Prefix] = Field(
        default_factory=list, description="emergency numbers beside those of the country; always allowed"
    )
    permission: str = Field(
        "",
        description="a name from [permissions]: what the box itself may dial, to call back and to put "
        "callers through to numbers; nothing if empty",
    )
    record: Record = Field("never", description="the calls that agents make")
    calls_a_minute: Calls = Field(20, description="all outgoing calls together; more lock the way out")
    spend_a_day: Money = Field(50.0, description="money, by [rates]; more locks the way out")
    spend_a_month: Money = Field(500.0, description="the same in a calendar month")
    alarm_percent: int = Field(80, ge=1, le=100, description="alarm when so much of a cap is used")


class Permission(Section):
    """What those who have it may dial: agents by `permission`, nobody by themselves."""

    classes: list[Class] = Field(min_length=1, description="kinds of number")
    countries: list[Country] = Field(
        default_factory=list, description="of international numbers; none if empty"
    )
    refuse: list[Prefix] = Field(default_factory=list, description="numbers that begin so are refused")
    days: list[Day] = Field(default_factory=list, description="on these days; on every day if empty")
    from_time: str = Field(
        "00:00", pattern=FROM, description="not before; later than until_time: over midnight"
    )
    until_time: str = Field("24:00", pattern=UNTIL, description="not after")
    calls_a_minute: Calls = Field(5, description="of one agent, refused ones too; more lock the agent")
    calls_a_day: Calls = Field(200, description="of one agent; more lock the agent")
    refused_a_day: Calls = Field(20, description="what one agent dialled and may not; more lock the agent")
    spend_a_day: Money = Field(10.0, description="of one agent, by [rates]; more locks the agent")
    longest_minutes: int = Field(120, ge=1, le=1440, description="a call is ended after this")


class Route(Section):
    """Over which lines numbers of some kinds go out; the first that fits is taken."""

    classes: list[Class] = Field(default_factory=list, description="kinds of number; every kind if empty")
    prefixes: list[Prefix] = Field(
        default_factory=list, description="numbers that begin so (+49...); every number if empty"
    )
    lines: list[Name] = Field(min_length=1, description="in order; the next is tried when one is not free")


class Rate(Section):
    """What a minute costs."""

    classes: list[Class] = Field(default_factory=list, description="kinds of number; every kind if empty")
    prefixes: list[Prefix] = Field(
        default_factory=list, description="numbers that begin so; the longest wins"
    )
    a_minute: float = Field(ge=0, le=1000, description="money for each minute begun")
