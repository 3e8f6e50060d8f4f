"""The drivers by name: which options each takes, and how a Port is made of them.

The options are dataclasses: the configuration checks fields and types against them, and their help texts
are what the reference and the console show. Nothing is registered at import by anybody else: a new driver
is one entry in DRIVERS.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from drivers.gsm.port import GsmPort
from drivers.gsm.quirks import SIM7600
from drivers.port import DriverError, EndCause, Port
from drivers.virtual import VirtualPort, answers, fails, never


class BadOptions(DriverError):
    """A line's driver or one of its options is wrong; the message says which, and what is allowed."""


def option(help: str, **more: Any) -> Any:
    """A field of an options dataclass with its line of help."""
    return field(metadata={"help": help}, **more)


@dataclass(frozen=True, kw_only=True)
class Sim7600Options:
    """A SIMCom SIM7600 with its AT port and its audio port."""

    port: str = option("the AT port, as /dev/serial/by-id/...-if02-port0 (USB interface 2)")
    audio_port: str = option("the PCM port of the same modem (USB interface 4)")
    pin: str = option("the SIM's PIN; tried once only, never twice", default="")
    rtscts: bool = option("hardware flow control on the AT port (real UARTs only)", default=False)
    baud: int = option("speed of the AT port; USB modems ignore it", default=115200)


@dataclass(frozen=True, kw_only=True)
class VirtualOptions:
    """A line without hardware, for trying out flows."""

    outcome: str = option("what a dialled party does: answer, busy, reject or never", default="answer")
    after_seconds: float = option("how long the dialled party takes to do so", default=1.0)


@dataclass(frozen=True)
class Driver:
    """One way to carry calls: its options and the maker of its ports."""

    options: type[Any]
    make: Callable[[str, Any], Port]


def _sim7600(name: str, options: Sim7600Options) -> Port:
    return GsmPort(
        name,
        path=options.port,
        audio_path=options.audio_port,
        dialect=SIM7600,
        pin=options.pin,
        rtscts=options.rtscts,
        baud=options.baud,
    )


def _virtual(name: str, options: VirtualOptions) -> Port:
    outcomes = {
        "answer": answers(options.after_seconds),
        "busy": fails(EndCause.BUSY, options.after_seconds),
        "reject": fails(EndCause.REJECTED, options.after_seconds),
        "never": never(),
    }
    if options.outcome not in outcomes:
        raise BadOptions(
            f"line {name}: outcome {options.outcome!r} is none of {', '.join(outcomes)}"
            + _closest(options.outcome, outcomes)
        )
    return VirtualPort(name, script=outcomes[options.outcome])


DRIVERS: Mapping[str, Driver] = {
    "sim7600": Driver(Sim7600Options, _sim7600),
    "virtual": Driver(VirtualOptions, _virtual),
}


def make_port(driver: str, name: str, options: Mapping[str, Any]) -> Port:
    """The port of line `name`; raises BadOptions with everything that is wrong, one fault a line."""
    if driver not in DRIVERS:
        raise BadOptions(
            f"line {name}: there is no driver {driver!r}; there are {', '.join(DRIVERS)}"
            + _closest(driver, DRIVERS)
        )
    kind = DRIVERS[driver].options
    if faults := option_faults(kind, options):
        raise BadOptions("\n".join(f"line {name}: {fault}" for fault in faults))
    return DRIVERS[driver].make(name, kind(**options))


def option_faults(kind: type[Any], options: Mapping[str, Any]) -> list[str]:
    """What is wrong with `options` for an options dataclass, in words; [] when nothing is."""
    types = get_type_hints(kind)
    faults = [
        f"there is no option {key!r}; there are {', '.join(types)}{_closest(key, types)}"
        for key in options
        if key not in types
    ]
    for option in dataclasses.fields(kind):
        wanted = types[option.name]
        if option.name not in options:
            if option.default is dataclasses.MISSING:
                faults.append(f"option {option.name!r} is missing: {option.metadata['help']}")
        elif not _fits(options[option.name], wanted):
            value = options[option.name]
            faults.append(f"{option.name} = {value!r} is no {wanted.__name__}: {option.metadata['help']}")
    return faults


def _fits(value: Any, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is wanted


def _closest(word: str, words: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""
