"""Every line a configuration may name has a driver that takes exactly its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.line_base import LineBase
from appliance.config.options import drivers
from appliance.config.schema import Config
from appliance.config.serial_lines import GSM_LINES
from drivers.discovery.modems import Modems
from drivers.gsm.port import GsmPort
from drivers.port import PortState
from drivers.registry import DRIVERS, make_port

NEEDED = {"port": "/dev/at", "audio_port": "/dev/audio"}
NEEDED_BY = {"virtual": {}, "v253": {"port": "/dev/at", "country": "us"}}


def test_the_configuration_and_the_registry_name_the_same_drivers() -> None:
    assert set(drivers()) == {*DRIVERS, "sip"}  # a trunk is made of the SIP workers, appliance/app.py


@pytest.mark.parametrize("driver", sorted(DRIVERS))
def test_a_port_is_made_of_what_the_configuration_says(driver: str) -> None:
    plain = {"driver": driver, "to": "hangup", **NEEDED_BY.get(driver, NEEDED)}
    line = Config.model_validate({"lines": {"line-1": plain}}).lines["line-1"]
    options = line.model_dump(exclude=set(LineBase.model_fields) | {"driver"})
    port = make_port(driver, "line-1", options, Modems())
    assert (port.name, port.state) == ("line-1", PortState.DOWN)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (NEEDED, "/dev/at is missing"),
        ({"usb": "9-9"}, "nothing is plugged in at USB 9-9"),
        ({"imei": "867584030000017"}, "no modem with IMEI 867584030000017 is found"),
    ],
)
async def test_a_modem_is_looked_for_where_the_configuration_says(
    place: dict[str, str], said: str, tmp_path: Path
) -> None:
    line = GSM_LINES["sim7600"].model_validate({"driver": "sim7600", "to": "hangup", **place})
    options = line.model_dump(exclude=set(LineBase.model_fields) | {"driver"})
    port = make_port("sim7600", "gsm-1", options, Modems(tmp_path))
    assert isinstance(port, GsmPort)
    await port.open()
    assert said in port.reason
    await port.close()
