"""The emulated GSM families by the name of their driver."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.emulated.family import Family
from drivers.emulated.huawei import HUAWEI
from drivers.emulated.quectel import QUECTEL
from drivers.emulated.simcom import SIM7600

FAMILIES: Mapping[str, Family] = {family.name: family for family in (SIM7600, HUAWEI, QUECTEL)}
