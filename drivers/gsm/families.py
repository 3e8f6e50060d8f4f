"""The GSM families by the name that a configuration calls them."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.gsm.huawei import HUAWEI
from drivers.gsm.quectel import QUECTEL
from drivers.gsm.quirks import Dialect
from drivers.gsm.simcom import SIM7600

FAMILIES: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (SIM7600, HUAWEI, QUECTEL)}
