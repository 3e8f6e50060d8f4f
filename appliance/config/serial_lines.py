"""Lines over serial ports, a section for each driver, and the scripted line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, create_model

from appliance.config.line_base import LineBase
from appliance.config.section import DIALLED, USB, Seconds
from drivers.gsm.families import FAMILIES
from drivers.gsm.quirks import Dialect


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
