"""Every GSM family as our driver knows it and as the emulator plays it: what tests run over."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.emulated import families as emulated
from drivers.emulated.family import Family
from drivers.gsm.families import FAMILIES
from drivers.gsm.quirks import Dialect


@dataclass(frozen=True)
class Pair:
    """One family from both sides of the wire."""

    dialect: Dialect
    family: Family


PAIRS = {name: Pair(dialect, emulated.FAMILIES[name]) for name, dialect in FAMILIES.items()}
SIM7600 = PAIRS["sim7600"]
HUAWEI = PAIRS["huawei"]
QUECTEL = PAIRS["quectel"]
