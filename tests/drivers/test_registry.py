"""Every line a configuration may name has a driver that takes exactly its options."""

from __future__ import annotations

import pytest

from appliance.config.options import drivers
from appliance.config.schema import Config, LineBase
from drivers.gsm.port import GsmPort
from drivers.port import PortState
from drivers.registry import DRIVERS, make_port

NEEDED = {"port": "/dev/at", "audio_port": "/dev/audio"}


def test_the_configuration_and_the_registry_name_the_same_drivers() -> None:
    assert set(drivers()) == set(DRIVERS)


@pytest.mark.parametrize("driver", sorted(DRIVERS))
def test_a_port_is_made_of_what_the_configuration_says(driver: str) -> None:
    plain = {"driver": driver, "to": "hangup", **(NEEDED if driver != "virtual" else {})}
    line = Config.model_validate({"lines": {"line-1": plain}}).lines["line-1"]
    port = make_port(driver, "line-1", line.model_dump(exclude=set(LineBase.model_fields) | {"driver"}))
    assert (port.name, port.state) == ("line-1", PortState.DOWN)


def test_the_sim7600_is_opened_where_the_configuration_says() -> None:
    options = {**NEEDED, "pin": "", "rtscts": False, "baud": 115200}
    port = make_port("sim7600", "gsm-1", options)
    assert isinstance(port, GsmPort)
    assert port.path == "/dev/at"
