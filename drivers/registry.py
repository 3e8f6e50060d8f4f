"""The drivers by name: how a Port is made of a line's options.

What options there are, with their types and help, is declared once, in `appliance/config/schema.py`; the
makers here take exactly those. A new driver is one entry in DRIVERS and one section there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivers.gsm.port import GsmPort
from drivers.gsm.quirks import SIM7600
from drivers.port import Port
from drivers.virtual import VirtualPort


def _sim7600(name: str, *, port: str, audio_port: str, pin: str, rtscts: bool, baud: int) -> Port:
    return GsmPort(name, path=port, audio_path=audio_port, dialect=SIM7600, pin=pin, rtscts=rtscts, baud=baud)


DRIVERS: Mapping[str, Callable[..., Port]] = {"sim7600": _sim7600, "virtual": VirtualPort}


def make_port(driver: str, name: str, options: Mapping[str, Any]) -> Port:
    """The port of line `name`; `options` are those of a checked configuration, so a wrong one is a bug."""
    return DRIVERS[driver](name, **options)
