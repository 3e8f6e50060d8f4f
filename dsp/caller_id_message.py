"""The data link messages of caller ID: bytes to what they say, and back.

Telcordia GR-30 (SDMF, MDMF) and ETSI EN 300 659-3 share the shape: type, length, contents, checksum.
Nothing here raises on received bytes: what could be read is given, and why the rest could not.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace

SDMF_CALL, SDMF_WAITING = 0x04, 0x06  # GR-30: one item, without parameters
CALL, WAITING = 0x80, 0x82  # GR-30 MDMF; EN 300 659-3 5.2: call set-up, message waiting indicator
CHARGE, SHORT_MESSAGE = 0x86, 0x89  # EN 300 659-3 5.2: kept as parameters

# Parameter types, EN 300 659-3 5.3; GR-30 has the same numbers up to 0x0B.
TIME, NUMBER, CALLED, NUMBER_ABSENT = 0x01, 0x02, 0x03, 0x04
NAME, NAME_ABSENT, WAITING_LAMP = 0x07, 0x08, 0x0B
CALL_TYPE, FIRST_CALLED, WAITING_COUNT, REDIRECTING = 0x11, 0x12, 0x13, 0x1A

MOST_CONTENT = 255  # bytes: the length is one byte
LAMP_ON, LAMP_OFF = 0xFF, 0x00  # EN 300 659-3, visual indicator; GR-30 the same
SDMF_LAMP_ON, SDMF_LAMP_OFF = b"BBB", b"ooo"  # GR-30


class Reason(enum.Enum):
    """Why there is no number, or no name."""

    PRIVATE = "private"  # the caller withholds it
    UNAVAILABLE = "unavailable"  # the network has none, or it is "out of area"
    INTERNATIONAL = "international"  # none, because the call is
    PAYPHONE = "payphone"


REASONS = {  # GR-30 and EN 300 659-3: P and O; Taiwan and Kuwait add I and C
    "P": Reason.PRIVATE,
    "O": Reason.UNAVAILABLE,
    "I": Reason.INTERNATIONAL,
    "C": Reason.PAYPHONE,
}


@dataclass(frozen=True, slots=True)
class When:
    """The exchange's clock when it sent. There is no year in it."""

    month: int
    day: int
    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class CallerId:
    """What a message says; a text is empty and the others None where it says nothing."""

    number: str = ""
    reason: Reason | None = None  # of no number
    name: str = ""
    name_reason: Reason | None = None
    when: When | None = None
    called: str = ""  # the number that was dialled, or the called line
    first_called: str = ""  # where a redirected call went first
    redirecting: str = ""
    call_type: int | None = None  # EN 300 659-3: 1 voice, 2 ring back when free, 0x81 message waiting
    waiting: bool | None = None  # messages wait: lamp on or off
    waiting_count: int | None = None
    parameters: tuple[tuple[int, bytes], ...] = ()  # all that were read, in their order, as they came
    problems: tuple[str, ...] = ()  # what could not be read, and why


# ---- reading ----


def read(message: bytes) -> CallerId:
    """A message from its type to its checksum, whole or not."""
    if len(message) < 2:
        return CallerId(problems=(f"message {message.hex()!r}: no type and length; the rest was not heard",))
    kind, length = message[0], message[1]
    content = message[2 : 2 + length]
    caller = CallerId(problems=_damage(message))
    if kind == SDMF_CALL:
        return _read_sdmf_call(caller, content)
    if kind == SDMF_WAITING:
        return _read_sdmf_waiting(caller, content)
    return _read_parameters(caller, content)


def _damage(message: bytes) -> tuple[str, ...]:
    missing = message[1] + 3 - len(message)
    if missing > 0:
        return (f"message: {missing} of {message[1] + 3} bytes were not heard",)
    if sum(message[: message[1] + 3]) % 256:
        return ("message: its checksum is wrong, any of it may be",)
    return ()


def _read_sdmf_call(caller: CallerId, content: bytes) -> CallerId:
    """MMDDHHMM, then the number or one letter for its absence."""
    caller = _when(caller, content[:8])
    return (
        _reason(caller, content[8:]) if _characters(content[8:]).isalpha() else _number(caller, content[8:])
    )


def _read_sdmf_waiting(caller: CallerId, content: bytes) -> CallerId:
    if content not in (SDMF_LAMP_ON, SDMF_LAMP_OFF):
        return _problem(caller, f"lamp: {content!r} is neither on ({SDMF_LAMP_ON!r}) nor off")
    return replace(caller, waiting=content == SDMF_LAMP_ON)


def _read_parameters(caller: CallerId, content: bytes) -> CallerId:
    while content:
        kind, value = content[0], content[2:]
        if len(content) < 2 or len(value) < content[1]:
            return _problem(caller, f"parameter {kind:#04x}: only {len(value)} bytes of it are there")
        value, content = value[: content[1]], value[content[1] :]
        caller = replace(caller, parameters=(*caller.parameters, (kind, value)))
        caller = READERS.get(kind, _keep)(caller, value)
    return caller


def _problem(caller: CallerId, why: str) -> CallerId:
    return replace(caller, problems=(*caller.problems, why))


def _keep(caller: CallerId, value: bytes) -> CallerId:
    return caller


def read_time(value: bytes) -> When | None:
    """MMDDHHMM; None when it is something else."""
    text = _characters(value)
    if not (len(text) == 8 and text.isdigit()):
        return None
    when = When(*(int(text[at : at + 2]) for at in (0, 2, 4, 6)))
    is_time = 1 <= when.month <= 12 and 1 <= when.day <= 31 and when.hour < 24 and when.minute < 60
    return when if is_time else None


def _when(caller: CallerId, value: bytes) -> CallerId:
    if when := read_time(value):
        return replace(caller, when=when)
    return _problem(caller, f"time: {value!r} is no month, day, hour and minute of two digits each")


def _reason(caller: CallerId, value: bytes) -> CallerId:
    reason = REASONS.get(_characters(value), Reason.UNAVAILABLE)
    return replace(_known_reason(caller, "number", value), reason=reason)


def _name_reason(caller: CallerId, value: bytes) -> CallerId:
    reason = REASONS.get(_characters(value), Reason.UNAVAILABLE)
    return replace(_known_reason(caller, "name", value), name_reason=reason)


def _known_reason(caller: CallerId, what: str, value: bytes) -> CallerId:
    if _characters(value) in REASONS:
        return caller
    return _problem(caller, f"absence of the {what}: {value!r} is none of {', '.join(REASONS)}")


def _number(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, number=_characters(value))


def _name(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, name="".join(c for c in value.decode("latin-1") if c.isprintable()).strip())


def _called(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, called=_characters(value))


def _first_called(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, first_called=_characters(value))


def _redirecting(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, redirecting=_characters(value))


def _lamp(caller: CallerId, value: bytes) -> CallerId:
    if value not in (bytes([LAMP_ON]), bytes([LAMP_OFF])):
        return _problem(caller, f"lamp: {value!r} is neither on ({LAMP_ON:#04x}) nor off ({LAMP_OFF:#04x})")
    return replace(caller, waiting=value[0] == LAMP_ON)


def _waiting_count(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, waiting_count=value[0]) if value else caller


def _call_type(caller: CallerId, value: bytes) -> CallerId:
    return replace(caller, call_type=value[0]) if value else caller


def _characters(value: bytes) -> str:
    """Printable ASCII. The highest bit is dropped: senders with parity put it there."""
    return "".join(chr(byte & 0x7F) for byte in value if 0x20 <= byte & 0x7F < 0x7F).strip()


READERS: dict[int, Callable[[CallerId, bytes], CallerId]] = {
    TIME: _when,
    NUMBER: _number,
    CALLED: _called,
    NUMBER_ABSENT: _reason,
    NAME: _name,
    NAME_ABSENT: _name_reason,
    WAITING_LAMP: _lamp,
    CALL_TYPE: _call_type,
    FIRST_CALLED: _first_called,
    WAITING_COUNT: _waiting_count,
    REDIRECTING: _redirecting,
}


# ---- writing ----


def write(caller: CallerId, *, single: bool = False) -> bytes:
    """The message that says it, from its type to its checksum. Problems are not sent.

    With `single`, SDMF (time and number only, or the lamp only); else parameters: a call set-up, or a message
    waiting indicator when `waiting` is told. Parameters of `caller.parameters` that no field holds come last.
    Raises ValueError for what does not fit.
    """
    if single:
        kind, content = _single(caller)
    else:
        kind = CALL if caller.waiting is None else WAITING
        content = b"".join(bytes([code, _fits(code, value)]) + value for code, value in _parameters(caller))
    if len(content) > MOST_CONTENT:
        raise ValueError(f"message: {len(content)} bytes are more than {MOST_CONTENT}. Shorten a text.")
    message = bytes([kind, len(content)]) + content
    return message + bytes([-sum(message) % 256])


def _single(caller: CallerId) -> tuple[int, bytes]:
    if caller.waiting is not None:
        return SDMF_WAITING, SDMF_LAMP_ON if caller.waiting else SDMF_LAMP_OFF
    if caller.when is None:
        raise ValueError("time: SDMF begins with it. Give one, or send parameters.")
    return SDMF_CALL, _time(caller.when) + (caller.number.encode("ascii") or _letter(caller.reason))


def _parameters(caller: CallerId) -> list[tuple[int, bytes]]:
    known = [
        (CALL_TYPE, b"" if caller.call_type is None else bytes([caller.call_type])),
        (WAITING_LAMP, b"" if caller.waiting is None else bytes([LAMP_ON if caller.waiting else LAMP_OFF])),
        (TIME, _time(caller.when) if caller.when else b""),
        (NUMBER, caller.number.encode("ascii")),
        (NUMBER_ABSENT, _letter(caller.reason) if caller.reason else b""),
        (CALLED, caller.called.encode("ascii")),
        (NAME, caller.name.encode("latin-1")),
        (NAME_ABSENT, _letter(caller.name_reason) if caller.name_reason else b""),
        (FIRST_CALLED, caller.first_called.encode("ascii")),
        (WAITING_COUNT, b"" if caller.waiting_count is None else bytes([caller.waiting_count])),
        (REDIRECTING, caller.redirecting.encode("ascii")),
    ]
    others = [(code, value) for code, value in caller.parameters if code not in READERS]
    return [(code, value) for code, value in known if value] + others


def _fits(code: int, value: bytes) -> int:
    if len(value) > MOST_CONTENT:
        raise ValueError(
            f"parameter {code:#04x}: {len(value)} bytes are more than {MOST_CONTENT}. Shorten it."
        )
    return len(value)


def _time(when: When) -> bytes:
    return f"{when.month:02}{when.day:02}{when.hour:02}{when.minute:02}".encode("ascii")


def _letter(reason: Reason | None) -> bytes:
    return next(
        letter for letter, known in REASONS.items() if known is (reason or Reason.UNAVAILABLE)
    ).encode()
