"""What a configuration may say: every section, its options, ranges, units and one line of help each.

Only shapes and values are checked here; what one section says of another is checked in `check.py`,
and reading TOML with line numbers is `load.py`. All of it is frozen: a running box never edits it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.config.agents import Agent
from appliance.config.calendars import Calendar
from appliance.config.edge import Edge, Phone
from appliance.config.emergency import Emergency
from appliance.config.flows import Flow, Lookup
from appliance.config.line_base import LineBase
from appliance.config.outbound import Outbound, Permission, Rate, Route
from appliance.config.pause_reasons import PauseReasons
from appliance.config.queue_choice import QueueChoice
from appliance.config.queue_talk import QueueTalk
from appliance.config.queue_wait import QueueWait
from appliance.config.recording import Recording
from appliance.config.section import (
    USSD_CODE,
    Destination,
    Digit,
    Language,
    Most,
    Name,
    OneOf,
    PromptName,
    Seconds,
    Section,
    To,
)
from appliance.config.serial_lines import GSM_LINES, V253Line, VirtualLine
from appliance.config.supervision import Supervision
from appliance.config.trunks import DialledNumber, Number, TrunkLine
from appliance.config.voicemail import Mail, Mailbox

Line = Annotated[LineBase, OneOf(*GSM_LINES.values(), V253Line, TrunkLine, VirtualLine)]


class Box(Section):
    """The box as a whole."""

    name: str = Field("callbox", description="what the box calls itself in logs and to phones")
    country: str = Field("us", description="tone zone: dial, busy and ring-back tones", pattern=r"^[a-z]{2}$")
    zone: str = Field("", description='time zone as "Europe/Berlin"; that of the machine if left out')
    language: Language = Field(
        "en", description="of what the box says by itself, where nothing else is named"
    )


class Sip(Section):
    """The SIP workers behind the edge."""

    listen: Literal["127.0.0.1"] = Field("127.0.0.1", description="nobody reaches a worker but by the edge")
    port: int = Field(
        5080, ge=1024, le=65000, description="UDP port of the first worker, the next one higher each"
    )
    workers: int = Field(2, ge=1, le=8, description="worker processes; a worker that dies costs its own legs")


class Tariff(Section):
    """What may go out over each SIM of a kind, and how its balance is asked."""

    calls_a_day: Most = Field(0, description="outgoing calls; 0 = no limit, for this and the next five")
    calls_a_month: Most = Field(0, description="the same in a calendar month")
    minutes_a_day: Most = Field(0, description="minutes of outgoing calls")
    minutes_a_month: Most = Field(0, description="the same in a calendar month")
    messages_a_day: Most = Field(0, description="text messages out; a long one counts by its parts")
    messages_a_month: Most = Field(0, description="the same in a calendar month")
    billing_seconds: int = Field(
        60, ge=1, le=600, description="each call is rounded up to whole steps of this, as the operator does"
    )
    alarm_percent: int = Field(80, ge=1, le=100, description="alarm when so much of a limit is used")
    balance_code: str = Field(
        "", pattern=USSD_CODE, description='USSD code that tells the balance; "" has none'
    )
    balance_pattern: str = Field(
        "([0-9]+[.,][0-9]{2})",
        description="regular expression that finds the amount in the answer, in its first group",
    )
    balance_every: Literal["hour", "day", "week"] = Field("day", description="how often it is asked")
    balance_alarm_below: float = Field(0.0, ge=0, le=1_000_000, description="alarm when less is left")


class Menu(Section):
    """Ask the caller to press a key."""

    prompt: str = Field(description="a name from [prompts]")
    keys: dict[Digit, To] = Field(description="where each key leads", min_length=1)
    wait_seconds: Seconds = Field(5.0, description="how long to wait for a key after the prompt")
    attempts: int = Field(3, ge=1, le=10, description="how often the prompt is played before giving up")
    wrong_key: str = Field("", description="prompt played when a key leads nowhere")
    otherwise: To = Field(Destination("hangup"), description="where a caller goes who pressed nothing useful")


class Queue(QueueWait, QueueTalk, QueueChoice):
    """Callers waiting for one of a list of agents."""


class Health(Section):
    """What is kept of how the lines were, and when somebody is told."""

    keep_days: int = Field(
        30, ge=1, le=3650, description="days that signal, temperature and the like are kept"
    )
    weak_signal_dbm: int = Field(-105, ge=-140, le=-40, description="alarm when the signal stays below this")
    hot_c: float = Field(80.0, ge=20, le=150, description="alarm when a modem stays hotter than this, in °C")


class Config(Section):
    """The whole file."""

    box: Box = Box()
    sip: Sip = Sip()
    lines: dict[Name, Line] = Field(default_factory=dict)
    edge: Edge = Edge()
    numbers: dict[DialledNumber, Number] = Field(default_factory=dict)
    tariffs: dict[Name, Tariff] = Field(default_factory=dict)
    menus: dict[Name, Menu] = Field(default_factory=dict)
    flows: dict[Name, Flow] = Field(default_factory=dict)
    lookups: dict[Name, Lookup] = Field(default_factory=dict)
    queues: dict[Name, Queue] = Field(default_factory=dict)
    calendars: dict[Name, Calendar] = Field(default_factory=dict)
    agents: dict[Name, Agent] = Field(default_factory=dict)
    phones: dict[Name, Phone] = Field(default_factory=dict)
    outbound: Outbound = Outbound()
    permissions: dict[Name, Permission] = Field(default_factory=dict)
    routes: dict[Name, Route] = Field(default_factory=dict)
    rates: dict[Name, Rate] = Field(default_factory=dict)
    prompts: dict[PromptName, str] = Field(
        default_factory=dict, description="name = WAV file, relative to the configuration file"
    )
    recording: Recording = Recording()
    voicemail: dict[Name, Mailbox] = Field(default_factory=dict)
    mail: Mail = Mail()
    emergency: Emergency = Emergency()
    pause_reasons: PauseReasons = PauseReasons()
    supervision: Supervision = Supervision()
    health: Health = Health()
