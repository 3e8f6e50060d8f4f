"""A contact at a GPIO line: a button or a key switch that somebody presses, a relay of another system."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from drivers.port import DriverError

LOOK_SECONDS = 0.1
STEADY_LOOKS = 4  # in a row that say the same: a bounce or a spark does not last that long


class ContactError(DriverError):
    """The contact cannot be read; the message says why and what to do."""


class Contact:
    """Made by `open_contact`; reading it is one ioctl and never blocks."""

    def __init__(self, gpio: Any, failure: type[Exception], name: str) -> None:
        self._gpio = gpio
        self._failure = failure
        self._name = name

    async def until(self, closed: bool) -> None:
        """Wait until it is steadily closed, or open. Raises ContactError."""
        looks = 0
        while looks < STEADY_LOOKS:
            await asyncio.sleep(LOOK_SECONDS)
            looks = looks + 1 if self._is_closed() is closed else 0

    def _is_closed(self) -> bool:
        try:
            return bool(self._gpio.read())
        except self._failure as error:
            raise _trouble(self._name, error) from error


@contextlib.contextmanager
def open_contact(chip: str, line: int, *, active_low: bool) -> Iterator[Contact]:
    """The contact at a line of a chip such as /dev/gpiochip0, for as long as the body runs.

    `active_low`: closed pulls the line to ground, the usual wiring. Needs python-periphery (extra `gpio`).
    Raises ContactError.
    """
    name = f"contact at {chip} line {line}"
    try:
        periphery = importlib.import_module("periphery")
    except ImportError as error:
        raise ContactError(
            f"{name}: python-periphery is not installed. Install it: pip install 'callbox[gpio]'"
        ) from error
    try:
        gpio = periphery.GPIO(chip, line, "in", inverted=active_low)
    except periphery.GPIOError as error:
        raise _trouble(name, error) from error
    with contextlib.closing(gpio):
        yield Contact(gpio, periphery.GPIOError, name)


def _trouble(name: str, error: Exception) -> ContactError:
    return ContactError(
        f"{name}: cannot be read ({error}). Check gpio_chip and gpio_line, and that the box's user may use "
        "it (group gpio)"
    )
