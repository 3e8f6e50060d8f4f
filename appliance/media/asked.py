"""Reads the fields of a request; a missing or wrong one is refused with what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from drivers.wire import Message, WireError
from dsp.dtmf import KEYS

GAIN_DB = (-100.0, 20.0)  # the range a gain may have


def text(message: Message, field: str) -> str:
    """A field that must be text and not empty."""
    value = message.get(field)
    if not isinstance(value, str) or not value:
        raise wrong(message, field, "text")
    return value


def number(message: Message, field: str) -> int:
    """A field that must be a whole number."""
    value = message.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(message, field, "a whole number")
    return value


def whole(message: Message, field: str, least: int, most: int) -> int:
    """A whole number within a range, the least when absent."""
    value = message.get(field, least)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise wrong(message, field, f"a whole number from {least} to {most}")
    return value


def seconds(message: Message, field: str, most: float) -> float:
    """A time, 0 when absent."""
    value = message.get(field, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= most:
        raise wrong(message, field, f"seconds from 0 to {most:g}")  # NaN too
    return float(value)


def name(message: Message, field: str) -> str:
    """Text that may be empty, or absent, for none."""
    value = message.get(field, "")
    if not isinstance(value, str):
        raise wrong(message, field, 'text, "" for none')
    return value


def digits(message: Message, most: int) -> str:
    """Keys of a telephone, at least one."""
    value = message.get("digits")
    if not isinstance(value, str) or not 1 <= len(value) <= most or not set(value) <= set(KEYS):
        raise wrong(
            message, "digits", f"1 to {most} of {''.join(sorted(KEYS))}; send more in the next request"
        )
    return value


def flag(message: Message, field: str, default: bool | None = None) -> bool:
    """A field that must be true or false."""
    value = message.get(field, default)
    if not isinstance(value, bool):
        raise wrong(message, field, "true or false")
    return value


def gain_db(message: Message) -> float:
    """The gain, 0 dB when absent."""
    value = message.get("gain_db", 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(message, "gain_db", "a number")
    if not GAIN_DB[0] <= value <= GAIN_DB[1]:  # also refuses NaN
        raise wrong(message, "gain_db", f"between {GAIN_DB[0]:g} and {GAIN_DB[1]:g} dB")
    return float(value)


def files(message: Message) -> list[str]:
    """The files of a play: at least one path."""
    value = message.get("files")
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise wrong(message, "files", "a list of at least one path")
    return value


def descriptor(message: Message, fds: list[int]) -> int:
    """Take the one descriptor that came with the request; the caller owns it then."""
    if len(fds) != 1:
        raise WireError(f"{message['op']}: expected one descriptor with the request, got {len(fds)}")
    return fds.pop()


def choice(message: Message, field: str, allowed: Iterable[str], default: str) -> str:
    """A field that must be one of a few words."""
    value = message.get(field, default)
    if not isinstance(value, str) or value not in allowed:
        raise wrong(message, field, "one of " + ", ".join(allowed))
    return value


def new_path(message: Message) -> Path:
    """Where to record: an absolute path."""
    path = Path(text(message, "path"))
    if not path.is_absolute():
        raise wrong(message, "path", "an absolute path")
    return path


def wrong(message: Message, field: str, expected: str) -> WireError:
    """The refusal of one field."""
    return WireError(f"{message['op']}: {field} is {message.get(field)!r}, expected {expected}")
