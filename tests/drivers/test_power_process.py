"""Want 17: the whole way to a modem's power: a tree like /sys, ptys, the driver, a hub's port that obeys."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from drivers import ladder
from drivers.discovery.modems import Modems
from drivers.emulated.network import Network
from drivers.emulated.sysfs import LOOKS, UsbSocket, UsbTree
from drivers.emulated.unit import Unit
from drivers.gsm.port import GsmPort
from drivers.ladder import Rung
from drivers.port import PortState
from drivers.power import UsbPower

PLACE = "1-1.4"


def _unit(folder: Path) -> Unit:
    loop = asyncio.get_running_loop()
    network = Network(later=loop.call_later, clock=loop.time, news=lambda name, values: None)
    usb = UsbSocket(UsbTree(folder / "sys"), PLACE, LOOKS["sim7600"])
    return Unit("gsm-1", folder, network, boot_seconds=0.1, usb=usb)


def _power(folder: Path) -> UsbPower:
    return UsbPower("gsm-1", off_seconds=0.3, devices=folder / "sys/bus/usb/devices")


@pytest.mark.slow
@pytest.mark.realtime
async def test_a_hub_port_that_is_disabled_takes_the_modem_away(tmp_path: Path) -> None:
    unit = _unit(tmp_path)
    cycle = asyncio.create_task(_power(tmp_path).cycle(PLACE))
    await asyncio.sleep(0.2)
    assert not unit.plugged
    await cycle
    await asyncio.sleep(0.4)
    assert unit.plugged
    unit.close()


@pytest.mark.slow
@pytest.mark.realtime
async def test_f11_a_dead_modem_on_usb_has_its_power_switched_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [replace(step, silent_seconds=step.silent_seconds / 20) for step in ladder.STEPS]
    monkeypatch.setattr("drivers.ladder.STEPS", tuple(short))
    monkeypatch.setattr("drivers.gsm.watch.PING_SECONDS", 0.2)
    monkeypatch.setattr("drivers.gsm.watch.ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("drivers.gsm.watch.UNANSWERED_SECONDS", 0.1)
    monkeypatch.setattr("drivers.at.waking.WAKE_SECONDS", (0.2,))
    monkeypatch.setattr("drivers.at.waking.RESET_SECONDS", 0.1)
    unit = _unit(tmp_path)
    where = Modems(tmp_path / "sys").at_place("gsm-1", "sim7600", PLACE)
    port = GsmPort("gsm-1", where=where, power=_power(tmp_path))
    await port.open()
    assert port.state is PortState.IDLE, port.reason
    unit.modem.fault("cure-power")
    unit.modem.fault("F11s")
    async with asyncio.timeout(30):
        await port.until_state(PortState.FAULT)
        await port.until_state(PortState.IDLE)
    health = port.health
    assert (health.rung, health.heals, health.restarts) == (Rung.WELL, 1, 2)  # a reset in vain, the power
    assert unit.modem.faults == {"cure-power"}
    await port.close()
    unit.close()
