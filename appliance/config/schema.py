"""What a configuration may say: every section, its options, ranges, units and one line of help each.

Only shapes and values are checked here; what one section says of another is checked in `check.py`,
and reading TOML with line numbers is `load.py`. All of it is frozen: a running box never edits it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    create_model,
)
from pydantic_core import CoreSchema

from drivers.gsm.families import FAMILIES
from drivers.gsm.quirks import Dialect


class Section(BaseModel):
    """One table of the file: unknown keys are refused, values are never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Destination(NamedTuple):
    """Where a caller goes next: a menu, a queue, an agent, or out."""

    kind: str  # menu, queue, agent, hangup
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def _destination(value: object) -> object:
    if not isinstance(value, str):
        return value
    kind, _, name = value.partition(":")
    if (kind in ("menu", "queue", "agent") and name) or (kind == "hangup" and not name):
        return Destination(kind, name)
    raise ValueError('expected "menu:NAME", "queue:NAME", "agent:NAME" or "hangup"')


To = Annotated[Destination, BeforeValidator(_destination), PlainSerializer(str)]
Digit = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
#: A SIP URI with a user and a host and nothing after them (RFC 3261 25.1, without escapes).
PHONE = r"^sip:[A-Za-z0-9_.!~*'()&=+$,;?/-]+@([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
#: The place of a USB device: bus, root port, then a port of each hub (the kernel's names in sysfs).
USB = r"^([0-9]+-[0-9]+(\.[0-9]+)*)?$"
DIALLED = r"^[0-9*#,]{0,8}$"
USSD_CODE = r"^([0-9*#+]{1,182})?$"  # 182 characters are the most that USSD carries, 3GPP 23.038 5
Seconds = Annotated[float, Field(ge=0, le=86400)]
Most = Annotated[int, Field(ge=0, le=1_000_000)]


class OneOf:
    """For Annotated: a table is one of these sections, and its `driver` says which."""

    def __init__(self, *sections: type[Section]) -> None:
        self.sections = sections

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        any_of_them = functools.reduce(operator.or_, self.sections)
        return handler.generate_schema(Annotated[any_of_them, Field(discriminator="driver")])


class Box(Section):
    """The box as a whole."""

    name: str = Field("callbox", description="what the box calls itself in logs and to phones")
    country: str = Field("us", description="tone zone: dial, busy and ring-back tones", pattern=r"^[a-z]{2}$")


class Sip(Section):
    """The SIP workers that reach the agents' phones."""

    listen: Literal["127.0.0.1"] = Field("127.0.0.1", description="loopback until the SIP edge stands")
    port: int = Field(
        5060, ge=1024, le=65000, description="UDP port of the first worker, the next one higher each"
    )
    workers: int = Field(2, ge=1, le=8, description="worker processes; a worker that dies costs its own legs")


class LineBase(Section):
    """What every line has."""

    driver: str
    number: str = Field("", description="the number callers dial to reach it, as printed on a letter")
    to: To = Field(description="where its callers go first")
    enabled: bool = Field(True, description="false leaves the port alone")
    tariff: str = Field("", description='a name from [tariffs]: limits and balance of its SIM; "" has none')


class SerialLine(LineBase):
    """A line over a serial port; which one is said by exactly one of `usb`, `port` and their like."""

    usb: str = Field(
        "", pattern=USB, description='USB place of the modem, as "1-1.2"; it keeps to the socket'
    )
    port: str = Field("", description="command port by path, where there is no USB to tell it by")
    power: Literal["usb", "gpio", "none"] = Field(
        "usb",
        description="what switches its power when nothing else heals it: the USB port, a relay, nothing",
    )
    power_off_seconds: float = Field(3.0, ge=0.5, le=60, description="how long the power stays off then")
    gpio_chip: str = Field(
        "/dev/gpiochip0", description='chip of the relay\'s GPIO line, with power = "gpio"'
    )
    gpio_line: int = Field(
        -1, ge=-1, le=1023, description="GPIO line of the relay; the modem has power while the relay rests"
    )
    gpio_active_low: bool = Field(False, description="the relay is pulled by a low level")


class GsmLine(SerialLine):
    """A modem with a SIM: AT on one serial port, voice PCM on another; `callbox lines probe` finds it."""

    imei: str = Field(
        "", pattern=r"^([0-9]{15})?$", description="IMEI of the modem, wherever it is plugged in; best"
    )
    audio_port: str = Field("", description="PCM port by path; goes with `port` alone")
    pin: str = Field(
        "", pattern=r"^([0-9]{4,8})?$", description="SIM PIN, tried once and never again by itself"
    )
    rtscts: bool = Field(False, description="hardware flow control on the AT port (real UARTs only)")
    baud: int = Field(115200, ge=1200, le=4_000_000, description="speed of the AT port; USB modems ignore it")


def gsm_line(dialect: Dialect) -> type[GsmLine]:
    """The section of a line at a modem of this family: its driver's name, and the gains it has."""
    gains: dict[str, Any] = {
        gain.option: (
            int,
            Field(
                gain.low - 1,
                ge=gain.low - 1,
                le=gain.high,
                description=f"{gain.help}; {gain.low - 1} leaves it alone",
            ),
        )
        for gain in dialect.gains
    }
    name: Any = Literal[dialect.name]
    return create_model(
        f"{dialect.name.capitalize()}Line",
        __base__=GsmLine,
        __doc__=f"{dialect.title}.",
        driver=(name, ...),
        **gains,
    )


class V253Line(SerialLine):
    """An analogue line at a voice modem: commands and sound on one serial port."""

    driver: Literal["v253"]
    country: str = Field(
        pattern=r"^[a-z]{2}$", description="whose line it is: the modem's +GCI, mu-law or A-law, its tones"
    )
    coding: Literal["auto", "ulaw", "alaw", "u8", "s8"] = Field(
        "auto", description="how sound is coded; auto takes the country's law if the modem has it"
    )
    dialling: Literal["tone", "pulse"] = Field("tone", description="how digits are dialled")
    dial_tone: Literal["ear", "modem", "none"] = Field(
        "ear", description="who must hear dial tone before it is dialled"
    )
    dial_tone_seconds: float = Field(5.0, ge=1, le=60, description="how long dial tone is waited for")
    dial_prefix: str = Field(
        "", pattern=DIALLED, description='dialled before every number, for an outside line: "0,"'
    )
    plus: str = Field("00", pattern=DIALLED, description="what a + in front of a number is dialled as")
    max_dial_seconds: float = Field(
        60.0, ge=10, le=300, description="a dialled call not answered by then is given up"
    )
    caller_id_wait_seconds: float = Field(
        5.0, ge=0, le=15, description="from the first ring; then a caller is let in without a number"
    )
    ring_cadence: bool = Field(False, description="have the modem measure the ringing (+VDR), for status")
    digits: Literal["audio", "modem"] = Field(
        "audio", description="whose ear for callers' keys is believed; some modems repeat or miss keys"
    )
    receive_gain: int = Field(0, ge=0, le=255, description="+VGR, 128 is nominal; 0 leaves it alone")
    transmit_gain: int = Field(0, ge=0, le=255, description="+VGT, 128 is nominal; 0 leaves it alone")
    echo_tail_ms: int = Field(
        64, ge=0, le=128, description="longest echo of the line that is taken out, in ms; 0 takes out none"
    )
    hear_tones: bool = Field(True, description="busy or dial tone of the country ends a call")
    loop_break: bool = Field(True, description="a break of the loop current ends a call")
    polarity_reversal: bool = Field(True, description="a polarity reversal tells of answer and hang-up")
    trust_modem_tones: bool = Field(
        False, description="the modem's own busy and dial tone reports, four in a row, end a call"
    )
    silence_seconds: Seconds = Field(1800.0, description="a far end silent so long has gone; 0 = never")
    max_call_seconds: float = Field(
        14400.0, ge=60, le=86400, description="no call is longer, whatever the line says"
    )
    rtscts: bool = Field(False, description="hardware flow control, +IFC=2,2 (real UARTs only)")
    baud: int = Field(115200, ge=1200, le=4_000_000, description="speed of the port; USB modems ignore it")


class VirtualLine(LineBase):
    """A line with a script behind it, for tests and training."""

    driver: Literal["virtual"]


GSM_LINES: Mapping[str, type[GsmLine]] = {name: gsm_line(dialect) for name, dialect in FAMILIES.items()}
Line = Annotated[LineBase, OneOf(*GSM_LINES.values(), V253Line, VirtualLine)]


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


class Queue(Section):
    """Callers waiting for one of a list of agents."""

    agents: list[Name] = Field(min_length=1, description="names from [agents]; who may take these callers")
    choice: Literal["longest-idle"] = Field("longest-idle", description="which of the ready agents is rung")
    ring_seconds: float = Field(
        20.0, ge=1, le=300, description="how long a phone rings before the next agent"
    )
    wrap_up_seconds: Seconds = Field(10.0, description="time to write up the call before the next one")
    music: str = Field("", description="a name from [prompts], played in a loop while waiting")
    greeting: str = Field("", description="a name from [prompts], played once at the beginning of the wait")
    max_wait_seconds: Seconds = Field(0.0, description="0 = no limit; then the caller goes to `overflow`")
    overflow: To = Field(Destination("hangup"), description="where a caller goes after max_wait_seconds")
    record: bool = Field(True, description="record conversations of this queue")


class Agent(Section):
    """Somebody who takes calls."""

    name: str = Field("", description="the name shown on screens; the key if left out")
    phone: str = Field(pattern=PHONE, description="SIP address of the phone")
    auto_answer: bool = Field(False, description="ask the phone to answer by itself (Call-Info, Alert-Info)")
    ready_at_start: bool = Field(False, description="log the agent in when the box starts for the first time")


class Recording(Section):
    """Where and how conversations are kept."""

    folder: str = Field("recordings", description="folder, relative to the state folder")
    format: Literal["pcm16", "alaw", "ulaw"] = Field(
        "pcm16", description="WAV of 16 bits, 115 MB an hour, or A-law or mu-law, 58 MB an hour"
    )
    announce: str = Field(
        "", description='prompt a caller hears before a queue that records; "" says nothing'
    )


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
    tariffs: dict[Name, Tariff] = Field(default_factory=dict)
    menus: dict[Name, Menu] = Field(default_factory=dict)
    queues: dict[Name, Queue] = Field(default_factory=dict)
    agents: dict[Name, Agent] = Field(default_factory=dict)
    prompts: dict[Name, str] = Field(
        default_factory=dict, description="name = WAV file, relative to the configuration file"
    )
    recording: Recording = Recording()
    health: Health = Health()
