"""Ports are made by the driver's name from plain options; what is wrong is said, all of it."""

from __future__ import annotations

import dataclasses

import pytest

from drivers.gsm.port import GsmPort
from drivers.registry import DRIVERS, BadOptions, make_port, option_faults
from drivers.virtual import VirtualPort

SIM7600 = {"port": "/dev/ttyUSB2", "audio_port": "/dev/ttyUSB4"}


def test_every_driver_makes_a_port() -> None:
    port = make_port("sim7600", "gsm-1", {**SIM7600, "pin": "1234", "rtscts": True, "baud": 9600})
    assert isinstance(port, GsmPort)
    assert (port.name, port.path) == ("gsm-1", "/dev/ttyUSB2")
    assert isinstance(make_port("virtual", "v-1", {"outcome": "busy", "after_seconds": 2}), VirtualPort)


def test_an_unknown_driver_names_the_closest() -> None:
    with pytest.raises(BadOptions, match=r"line gsm-1: there is no driver 'sim760'.*mean 'sim7600'\?"):
        make_port("sim760", "gsm-1", {})


def test_all_faults_of_the_options_are_told_at_once() -> None:
    with pytest.raises(BadOptions) as error:
        make_port("sim7600", "gsm-1", {"prot": "/dev/x", "audio_port": 3, "baud": True})
    text = str(error.value)
    assert text.count("\n") == 3
    assert "no option 'prot'" in text
    assert "Did you mean 'port'?" in text
    assert "'port' is missing: the AT port" in text
    assert "audio_port = 3 is no str" in text
    assert "baud = True is no int" in text


def test_a_bad_outcome_of_a_virtual_line_is_refused() -> None:
    with pytest.raises(BadOptions, match=r"'anwser' is none of .*mean 'answer'"):
        make_port("virtual", "v-1", {"outcome": "anwser"})


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_option_has_a_line_of_help(driver: str) -> None:
    for option in dataclasses.fields(DRIVERS[driver].options):
        assert len(option.metadata["help"]) > 10
    assert DRIVERS[driver].options.__doc__
    assert option_faults(DRIVERS[driver].options, {}) == [] or driver != "virtual"
