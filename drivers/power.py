"""The last rung before a person: a device's power, off and on again, by its USB port or by a relay."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drivers.port import DriverError

#: The options that `make_power` takes.
POWER_OPTIONS = ("power", "power_off_seconds", "gpio_chip", "gpio_line", "gpio_active_low")
OFF_SECONDS = 3.0  # the capacitors of a modem board are empty by then
_USB_DEVICE = re.compile(r"(\d+)-([\d.]*\d)")  # bus 1, port 4 of the hub at port 1: 1-1.4


class PowerError(DriverError):
    """The power cannot be switched; the message says why and what to do."""


class Power(Protocol):
    """A switch for the power of one device."""

    async def cycle(self, place: str) -> None:
        """Off, a pause, on; `place` is the device's on USB, as "1-1.4", "" when it is not known.

        Once off, it is switched on again even when cancelled. Raises PowerError.
        """


class PowerBy(enum.Enum):
    """What switches the power of a device."""

    USB = "usb"
    GPIO = "gpio"
    NONE = "none"


def make_power(
    name: str,
    *,
    power: str,
    power_off_seconds: float,
    gpio_chip: str,
    gpio_line: int,
    gpio_active_low: bool,
) -> Power | None:
    """The switch that the options of line `name` ask for, None for none."""
    by = PowerBy(power)
    if by is PowerBy.GPIO:
        return RelayPower(
            name,
            chip=gpio_chip,
            line=gpio_line,
            active_low=gpio_active_low,
            off_seconds=power_off_seconds,
        )
    return UsbPower(name, off_seconds=power_off_seconds) if by is PowerBy.USB else None


class UsbPower:
    """Power by the USB port of the hub the device is in.

    The hub port's `disable` (Linux 6.0, Documentation/ABI/testing/sysfs-bus-usb) works even when the device
    has fallen off the bus; on hubs that switch power by port it takes the power away, on others the device
    is disconnected. Older kernels have `authorized` of the device, which only disconnects.
    """

    def __init__(
        self,
        name: str,
        *,
        off_seconds: float = OFF_SECONDS,
        devices: Path = Path("/sys/bus/usb/devices"),
    ) -> None:
        self.name = name
        self._off_seconds = off_seconds
        self._devices = devices

    async def cycle(self, place: str) -> None:
        """As Power.cycle."""
        switch, off, on = self._switch(place)
        await _cycle(lambda: self._write(switch, off), lambda: self._write(switch, on), self._off_seconds)

    def _switch(self, place: str) -> tuple[Path, str, str]:
        """The file, and what is written there for off and on."""
        if not place:
            raise PowerError(
                f"port {self.name}: its power cannot be switched, for its place on USB is not known. "
                "It is learnt when the device has been there once; a relay (power = gpio) works always"
            )
        disable = self._devices / hub_port(place) / "disable"
        if disable.exists():
            return disable, "1", "0"
        authorized = self._devices / place / "authorized"
        if authorized.exists():
            return authorized, "0", "1"
        raise PowerError(
            f"port {self.name}: the power of USB port {place} cannot be switched: there is neither {disable} "
            f"(Linux 6.0 and later) nor {authorized}. A relay (power = gpio) would do"
        )

    def _write(self, switch: Path, value: str) -> None:
        try:
            switch.write_text(value)
        except OSError as error:
            raise PowerError(
                f"port {self.name}: {switch} cannot be written ({error.strerror}). The box's user must be "
                "allowed to: see systemd/README.md"
            ) from error


class RelayPower:
    """Power by a relay on a GPIO line, which is driven active while the power is off.

    Wire the modem to the contact that is closed while the relay rests: then it has power whenever nobody
    drives the line, also while the box starts. Needs python-periphery (extra `gpio`).
    """

    def __init__(
        self, name: str, *, chip: str, line: int, active_low: bool, off_seconds: float = OFF_SECONDS
    ) -> None:
        self.name = name
        self._chip = chip
        self._line = line
        self._active_low = active_low
        self._off_seconds = off_seconds

    async def cycle(self, place: str) -> None:
        """As Power.cycle; the place does not matter."""
        try:
            periphery = importlib.import_module("periphery")
        except ImportError as error:
            raise PowerError(
                f"port {self.name}: the relay needs python-periphery, which is not installed. "
                "Install it: pip install 'callbox[gpio]'"
            ) from error
        try:
            gpio = periphery.GPIO(self._chip, self._line, "out", inverted=self._active_low)
        except periphery.GPIOError as error:
            raise self._trouble(error) from error
        with contextlib.closing(gpio):

            def write(active: bool) -> None:
                try:
                    gpio.write(active)
                except periphery.GPIOError as error:
                    raise self._trouble(error) from error

            await _cycle(lambda: write(True), lambda: write(False), self._off_seconds)

    def _trouble(self, error: Exception) -> PowerError:
        return PowerError(
            f"port {self.name}: the relay at {self._chip} line {self._line} cannot be switched ({error}). "
            "Check gpio_chip and gpio_line, and that the box's user may use it (group gpio)"
        )


async def _cycle(off: Callable[[], None], on: Callable[[], None], seconds: float) -> None:
    """Both may block for a moment, so they do not run on the loop; what was off is on again at the end."""
    try:
        await asyncio.to_thread(off)
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.to_thread(on))
        raise
    await asyncio.to_thread(on)


def hub_port(place: str) -> str:
    """The folder of a device's hub port below /sys/bus/usb/devices: "1-1.4" is in 1-1:1.0/1-1-port4."""
    match = _USB_DEVICE.fullmatch(place)
    if match is None:
        raise PowerError(f"{place!r} is no place on USB; 1-4 (bus-port) or 1-1.4 (bus-port.port) are")
    bus, ports = match.groups()
    above, _, port = ports.rpartition(".")
    return f"{bus}-{above}:1.0/{bus}-{above}-port{port}" if above else f"{bus}-0:1.0/usb{bus}-port{port}"


def usb_place(device: str, *, sysfs: Path = Path("/sys")) -> str:
    """Where a serial port's device is plugged in, as "1-1.4"; "" when it is not there or not on USB."""
    tty = sysfs / "class/tty" / Path(device).resolve().name / "device"
    if not tty.exists():
        return ""
    parts = [part for part in tty.resolve().parts if _USB_DEVICE.fullmatch(part)]
    return parts[-1] if parts else ""
