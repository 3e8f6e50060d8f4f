"""Voice menus made of nodes, and lookups of other programs' data: the shapes; how they hang together is
checked in `check_flows.py`, what each node does is in `appliance/flows/nodes.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.config.section import NOWHERE, Destination, Digit, Name, OneOf, Seconds, Section, Step

FACT = r"^[a-z][a-z0-9_.-]{0,47}$"
OPTIONAL_FACT = r"^([a-z][a-z0-9_.-]{0,47})?$"
LANGUAGE = r"^[a-z]{2}$"
NUMBER_PREFIX = r"^\+?[0-9]{1,20}$"
HEADER = r"^[!-9;-~]{1,64}$"  # visible ASCII without a colon, RFC 9110 5.1
HEADER_VALUE = r"^[ -~]{0,1024}$"

Fact = Annotated[str, Field(pattern=FACT)]
Prefix = Annotated[str, Field(pattern=NUMBER_PREFIX)]
Header = Annotated[str, Field(pattern=HEADER)]
HeaderValue = Annotated[str, Field(pattern=HEADER_VALUE)]
CallerKind = Literal["withheld", "mobile", "national", "abroad"]
SayAs = Literal["digits", "number", "date", "time", "USD", "EUR", "GBP", "RUB", "CNY"]
LastOutcome = Literal["answered", "abandoned", "menu", "blocked", "unanswered", "failed"]


class NodeBase(Section):
    """What every node has."""

    goal: bool = Field(False, description="who comes here has got what the flow can give: containment")


class Asking(NodeBase):
    """What every node has that waits for keys."""

    prompt: str = Field(description="a name from [prompts], LANGUAGE/NAME first")
    wait_seconds: Seconds = Field(5.0, description="how long to wait for a key after the prompt")
    attempts: int = Field(3, ge=1, le=10, description="how often the caller is asked before it goes on")
    wrong_key: str = Field("", description="prompt played when what was pressed means nothing here")


class Play(NodeBase):
    """Say something."""

    do: Literal["play"]
    prompt: str = Field(description="a name from [prompts], LANGUAGE/NAME first")
    say: str = Field("", pattern=OPTIONAL_FACT, description="fact whose value is said after it")
    say_as: SayAs = Field("number", description="how: 2026-12-24 is a date, 15:30 a time, 5.20 EUR money")
    next: Step = Field(NOWHERE, description="where it goes on")


class Menu(Asking):
    """Ask for one key."""

    do: Literal["menu"]
    keys: dict[Digit, Step] = Field(description="where each key leads", min_length=1)
    timeout: Step = Field(NOWHERE, description="who pressed nothing; left out: `otherwise`")
    otherwise: Step = Field(Destination("hangup"), description="who pressed nothing useful")


class Digits(Asking):
    """Ask for a number of several digits."""

    do: Literal["digits"]
    into: Fact = Field(description='fact that holds them; a name as "secret.card" is never written down')
    least: int = Field(1, ge=1, le=32, description="fewest digits")
    most: int = Field(16, ge=1, le=32, description="with so many it goes on at once")
    terminator: Literal["#", "*", ""] = Field("#", description="key that ends the number")
    gap_seconds: Seconds = Field(3.0, description="how long to wait for the next digit")
    confirm: str = Field("", description="prompt after the digits are read back: 1 takes them, else again")
    next: Step = Field(NOWHERE, description="where it goes on with the number")
    timeout: Step = Field(NOWHERE, description="who pressed nothing; left out: `otherwise`")
    otherwise: Step = Field(Destination("hangup"), description="who gave no number that will do")


class Pin(Asking):
    """Ask for a PIN; what is typed is written nowhere."""

    do: Literal["pin"]
    fact: str = Field("", pattern=OPTIONAL_FACT, description='fact that holds the right one, as "secret.pin"')
    lookup: str = Field(
        "", description="or the name of a lookup with {pin}, whose `right` says whether it is"
    )
    least: int = Field(4, ge=1, le=32, description="fewest digits")
    most: int = Field(8, ge=1, le=32, description="with so many it goes on at once")
    terminator: Literal["#", "*", ""] = Field("#", description="key that ends the PIN")
    gap_seconds: Seconds = Field(3.0, description="how long to wait for the next digit")
    tries: int = Field(5, ge=1, le=100, description="wrong PINs that a caller's number has, in all calls")
    tries_minutes: int = Field(60, ge=1, le=10_080, description="within so many minutes")
    next: Step = Field(NOWHERE, description="where it goes on with the right PIN")
    otherwise: Step = Field(Destination("hangup"), description="who did not give it")
    locked: Step = Field(NOWHERE, description="who has no tries left; left out: `otherwise`")
    error: Step = Field(NOWHERE, description="where it goes on when nobody can say; left out: `otherwise`")


class LanguageNode(Asking):
    """Ask for the language of the prompts that follow."""

    do: Literal["language"]
    keys: dict[Digit, Annotated[str, Field(pattern=LANGUAGE)]] = Field(
        description='language of each key, as 1 = "en"', min_length=1
    )
    next: Step = Field(NOWHERE, description="where it goes on")
    otherwise: Step = Field(NOWHERE, description="who chose none; left out: `next`")


class LookupNode(NodeBase):
    """Ask another program what it knows of the caller."""

    do: Literal["lookup"]
    lookup: Name = Field(description="a name from [lookups]")
    music: str = Field("", description="a name from [prompts], played meanwhile")
    next: Step = Field(NOWHERE, description="where it goes on with the answer")
    error: Step = Field(NOWHERE, description="where it goes on without one")


class Case(Section):
    """All that is given must be true."""

    open: str = Field("", description="name of a calendar that is open now")
    closed: str = Field("", description="name of a calendar that is closed now")
    caller_begins: list[Prefix] = Field(
        default_factory=list, description="of the caller's number, one of them"
    )
    called_begins: list[Prefix] = Field(
        default_factory=list, description="of the number dialled, one of them"
    )
    caller_is: list[CallerKind] = Field(
        default_factory=list, description="kind of caller's number, one of them"
    )
    facts: dict[Fact, str] = Field(
        default_factory=dict, description='facts and their values; "*" is any value, "" none'
    )
    least: dict[Fact, float] = Field(
        default_factory=dict, description="facts that are numbers, and the least"
    )
    days: int = Field(7, ge=1, le=365, description="how far back the next three look")
    calls: int = Field(0, ge=0, le=1000, description="earlier calls of this number, at least")
    last_outcome: list[LastOutcome] = Field(default_factory=list, description="how the last of them ended")
    last_agent: list[Name] = Field(default_factory=list, description="who spoke in the last of them")
    go: Step = Field(description="where it goes on")


class When(NodeBase):
    """Go on by the first case that is true."""

    do: Literal["when"]
    cases: list[Case] = Field(description="looked at in their order", min_length=1)
    otherwise: Step = Field(NOWHERE, description="where it goes on when none is true")


class Sms(NodeBase):
    """Send the caller a text message."""

    do: Literal["sms"]
    text: str = Field(description="what it says; {NAME} is that fact", min_length=1, max_length=640)
    line: str = Field("", description="a name from [lines]; left out: the line of the call")
    to: str = Field("", pattern=OPTIONAL_FACT, description="fact that holds a number; left out: the caller's")
    next: Step = Field(NOWHERE, description="where it goes on")
    error: Step = Field(NOWHERE, description="where it goes on when none can be sent; left out: `next`")


class Set(NodeBase):
    """Make facts known."""

    do: Literal["set"]
    facts: dict[Fact, str] = Field(description="values may hold {NAME} of other facts", min_length=1)
    next: Step = Field(NOWHERE, description="where it goes on")


class Question(Asking):
    """Ask one question of a survey."""

    do: Literal["question"]
    metric: Literal["nps", "csat", "ces"] = Field(
        description="nps: 0 to 9, 10 by * or 1 0; csat: 1 to 5; ces: 1 to 7"
    )
    question: Name = Field(description="the name it has in the report")
    next: Step = Field(NOWHERE, description="where it goes on")
    otherwise: Step = Field(NOWHERE, description="who did not answer; left out: `next`")


class Go(NodeBase):
    """Go somewhere else; a name for a place that several nodes lead to."""

    do: Literal["go"]
    to: Step = Field(description="where to")


Node = Annotated[
    NodeBase,
    OneOf(Play, Menu, Digits, Pin, LanguageNode, LookupNode, When, Sms, Set, Question, Go, by="do"),
]


class Flow(Section):
    """A voice menu made of nodes."""

    start: Name = Field(description="the node where callers begin")
    nodes: dict[Name, Node] = Field(description="its nodes, each a table of its own", min_length=1)


class Lookup(Section):
    """Another program that knows something of callers, asked over HTTP; it answers with JSON."""

    url: str = Field(description="where; {NAME} is that fact, percent-encoded", min_length=8, max_length=2000)
    method: Literal["GET", "POST"] = Field("GET", description="POST sends `body` as JSON")
    body: dict[str, str] = Field(default_factory=dict, description="what is sent; {NAME} is that fact")
    headers: dict[Header, HeaderValue] = Field(default_factory=dict, description="sent with it, as a token")
    ca: str = Field("", description="PEM file of who vouches for its certificate; left out: the system's")
    time_seconds: float = Field(3.0, ge=0.1, le=10, description="what it may cost the caller, at most")
    facts: dict[Fact, str] = Field(
        default_factory=dict, description='facts and where the answer has them, as customer = "data.name"'
    )
    right: str = Field("", description="where the answer has true or false: whether {pin} was right")
