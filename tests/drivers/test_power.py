"""The power rung: what is written to sysfs, what a relay does, and what is said when it cannot be done."""

from __future__ import annotations

import asyncio
import sys
import types
from pathlib import Path

import pytest

from drivers.power import POWER_OPTIONS, PowerError, RelayPower, UsbPower, hub_port, make_power, usb_place

OFF_SECONDS = 0.02


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is written to files, by their names."""
    written: list[tuple[str, str]] = []
    write_text = Path.write_text

    def write(path: Path, data: str) -> int:
        written.append((path.name, data))
        return write_text(path, data)

    monkeypatch.setattr(Path, "write_text", write)
    return written


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    port = tmp_path / "1-1:1.0/1-1-port4"
    port.mkdir(parents=True)
    (port / "disable").touch()
    (tmp_path / "1-1.4").mkdir()
    (tmp_path / "1-1.4/authorized").touch()
    return tmp_path


def _usb(devices: Path, off_seconds: float = OFF_SECONDS) -> UsbPower:
    return UsbPower("gsm-1", off_seconds=off_seconds, devices=devices)


@pytest.mark.parametrize(
    ("place", "port"),
    [
        ("1-4", "1-0:1.0/usb1-port4"),
        ("1-1.4", "1-1:1.0/1-1-port4"),
        ("3-1.2.7", "3-1.2:1.0/3-1.2-port7"),
        ("12-10.11", "12-10:1.0/12-10-port11"),
    ],
)
def test_the_hub_port_of_a_place(place: str, port: str) -> None:
    assert hub_port(place) == port


@pytest.mark.parametrize("place", ["1", "1-", "usb1", "1-1.", "1-1:1.0", "../1-1", "1-1/x"])
def test_what_is_no_place_on_usb_is_refused(place: str) -> None:
    with pytest.raises(PowerError, match="no place on USB"):
        hub_port(place)


@pytest.mark.realtime
async def test_the_hub_port_is_switched_off_and_on(devices: Path, written: list[tuple[str, str]]) -> None:
    began = asyncio.get_running_loop().time()
    await _usb(devices).cycle("1-1.4")
    assert written == [("disable", "1"), ("disable", "0")]
    assert asyncio.get_running_loop().time() - began >= OFF_SECONDS


@pytest.mark.realtime
async def test_a_device_that_fell_off_the_bus_is_switched_all_the_same(
    devices: Path, written: list[tuple[str, str]]
) -> None:
    (devices / "1-1.4/authorized").unlink()
    await _usb(devices).cycle("1-1.4")
    assert written == [("disable", "1"), ("disable", "0")]


@pytest.mark.realtime
async def test_an_older_kernel_has_the_device_disconnected(
    devices: Path, written: list[tuple[str, str]]
) -> None:
    (devices / "1-1:1.0/1-1-port4/disable").unlink()
    await _usb(devices).cycle("1-1.4")
    assert written == [("authorized", "0"), ("authorized", "1")]


@pytest.mark.realtime
async def test_power_that_is_off_comes_on_again_when_whoever_asked_is_cancelled(
    devices: Path, written: list[tuple[str, str]]
) -> None:
    cycle = asyncio.create_task(_usb(devices, off_seconds=10).cycle("1-1.4"))
    while not written:  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.001)
    cycle.cancel()
    await asyncio.wait({cycle})
    assert written == [("disable", "1"), ("disable", "0")]
    assert cycle.cancelled()


async def test_without_a_place_or_a_switch_it_says_what_would_help(devices: Path) -> None:
    with pytest.raises(PowerError, match=r"gsm-1.*not known.*relay"):
        await _usb(devices).cycle("")
    with pytest.raises(PowerError, match=r"gsm-1.*2-1 cannot be switched.*Linux 6.0"):
        await _usb(devices).cycle("2-1")


@pytest.mark.realtime
async def test_a_switch_that_may_not_be_written_is_named(devices: Path) -> None:
    switch = devices / "1-1:1.0/1-1-port4/disable"
    switch.unlink()
    switch.mkdir()
    with pytest.raises(PowerError, match=r"port4/disable cannot be written.*systemd/README"):
        await _usb(devices).cycle("1-1.4")


def test_the_place_of_a_serial_port_is_found(tmp_path: Path) -> None:
    interface = tmp_path / "devices/pci0000:00/usb1/1-1/1-1.4/1-1.4:1.2/ttyUSB2"
    interface.mkdir(parents=True)
    tty = tmp_path / "class/tty/ttyUSB2"
    tty.mkdir(parents=True)
    (tty / "device").symlink_to(interface)
    by_id = tmp_path / "usb-SimTech-if02-port0"
    by_id.symlink_to("/dev/ttyUSB2")
    assert usb_place("/dev/ttyUSB2", sysfs=tmp_path) == "1-1.4"
    assert usb_place(str(by_id), sysfs=tmp_path) == "1-1.4"
    assert usb_place("/dev/ttyUSB3", sysfs=tmp_path) == ""
    assert usb_place("/dev/pts/3", sysfs=tmp_path) == ""


# --- relay ----------------------------------------------------------------------------------------------


class _GpioError(OSError):
    pass


class _Gpio:
    """Stands for periphery.GPIO: what python-periphery 2.4 takes and does."""

    log: list[object] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, path: str, line: int, direction: str, *, inverted: bool = False) -> None:
        if line > 53:
            raise _GpioError(22, "Invalid argument")
        self.log.append((path, line, direction, inverted))

    def write(self, value: bool) -> None:
        self.log.append(value)

    def close(self) -> None:
        self.log.append("closed")


@pytest.fixture
def periphery(monkeypatch: pytest.MonkeyPatch) -> None:
    _Gpio.log.clear()
    module = types.ModuleType("periphery")
    module.GPIO, module.GPIOError = _Gpio, _GpioError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "periphery", module)


def _relay(line: int = 17, off_seconds: float = OFF_SECONDS) -> RelayPower:
    return RelayPower("gsm-1", chip="/dev/gpiochip0", line=line, active_low=True, off_seconds=off_seconds)


@pytest.mark.realtime
@pytest.mark.usefixtures("periphery")
async def test_a_relay_is_driven_while_the_power_is_off_and_then_rests() -> None:
    await _relay().cycle("1-1.4")
    assert _Gpio.log == [("/dev/gpiochip0", 17, "out", True), True, False, "closed"]


@pytest.mark.realtime
@pytest.mark.usefixtures("periphery")
async def test_a_relay_rests_when_whoever_asked_is_cancelled() -> None:
    cycle = asyncio.create_task(_relay(off_seconds=10).cycle("1-1.4"))
    while True not in _Gpio.log:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0.001)
    cycle.cancel()
    await asyncio.wait({cycle})
    assert _Gpio.log[-3:] == [True, False, "closed"]


@pytest.mark.usefixtures("periphery")
async def test_a_relay_line_that_is_none_is_named() -> None:
    with pytest.raises(PowerError, match=r"gsm-1.*gpiochip0 line 99.*gpio_line"):
        await _relay(line=99).cycle("1-1.4")


async def test_a_relay_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "periphery", None)
    with pytest.raises(PowerError, match=r"python-periphery.*pip install 'callbox\[gpio\]'"):
        await _relay().cycle("1-1.4")


# --- options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("power", "kind"), [("usb", UsbPower), ("gpio", RelayPower), ("none", type(None))])
def test_the_options_of_a_line_choose_the_switch(power: str, kind: type) -> None:
    options = {
        "power_off_seconds": 3.0,
        "gpio_chip": "/dev/gpiochip0",
        "gpio_line": 4,
        "gpio_active_low": True,
    }
    assert isinstance(make_power("gsm-1", power=power, **options), kind)  # type: ignore[arg-type]
    assert set(POWER_OPTIONS) == {"power", *options}
