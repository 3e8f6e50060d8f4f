"""A button on the wall switches the emergency mode on, a key switch off again; a broken one costs nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.calls.emergency_contact import watch_contact
from appliance.emergency_events import EmergencyBegun, EmergencyEnded
from tests.appliance.calls.rig import Rig


class GpioError(OSError):
    pass


class Gpio:
    """Stands for periphery.GPIO: what python-periphery 2.4 takes and does."""

    closed = False  # the contact on the wall
    broken = False

    def __init__(self, path: str, line: int, direction: str, *, inverted: bool = False) -> None:
        assert (path, direction, inverted) == ("/dev/gpiochip0", "in", True)
        if line > 53:
            raise GpioError(22, "Invalid argument")

    def read(self) -> bool:
        if Gpio.broken:
            raise GpioError(5, "Input/output error")
        return Gpio.closed

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def periphery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gpio, "closed", False)
    monkeypatch.setattr(Gpio, "broken", False)
    module = types.ModuleType("periphery")
    module.GPIO, module.GPIOError = Gpio, GpioError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "periphery", module)


@contextlib.asynccontextmanager
async def watched(tmp_path: Path, **options: Any) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path, emergency={"to": "queue:sales", "gpio_line": 17, **options})
    rig.bus.subscribe(rig.centre.emergencies.apply)
    task = asyncio.create_task(watch_contact(rig.centre))
    try:
        yield rig
    finally:
        task.cancel()


def switched(rig: Rig) -> list[str]:
    return [type(event).__name__ for event in rig.events(EmergencyBegun, EmergencyEnded)]


async def test_a_button_switches_on_once_and_letting_go_leaves_it_on(tmp_path: Path) -> None:
    async with watched(tmp_path) as rig:
        for closed in (True, False, True, False):
            Gpio.closed = closed
            await asyncio.sleep(1)
        assert switched(rig) == ["EmergencyBegun"]
        assert rig.centre.emergencies.now is not None


async def test_a_key_switch_follows(tmp_path: Path) -> None:
    async with watched(tmp_path, gpio_switches_off=True) as rig:
        Gpio.closed = True
        await asyncio.sleep(1)
        Gpio.closed = False
        await asyncio.sleep(1)
        assert switched(rig) == ["EmergencyBegun", "EmergencyEnded"]


async def test_a_spark_is_no_emergency(tmp_path: Path) -> None:
    async with watched(tmp_path) as rig:
        for _ in range(20):
            Gpio.closed = not Gpio.closed
            await asyncio.sleep(0.2)
        assert switched(rig) == []


async def test_a_broken_contact_is_told_once_and_works_when_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(tmp_path) as rig:
        Gpio.broken = True
        await asyncio.sleep(100)
        said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(said) == 1
        assert "contact at /dev/gpiochip0 line 17: cannot be read" in said[0]
        caplog.clear()
        Gpio.broken, Gpio.closed = False, True
        await asyncio.sleep(40)
        assert switched(rig) == ["EmergencyBegun"]


async def test_without_its_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "periphery", None)
    async with watched(tmp_path):
        await asyncio.sleep(1)
    assert "pip install 'callbox[gpio]'" in caplog.text
    caplog.clear()
