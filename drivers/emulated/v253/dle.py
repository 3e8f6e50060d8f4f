"""DLE shielding of voice on the modem's side (ITU-T V.253 8.2): data and codes in one stream.

Written apart from the driver's, so that a mistake in one is found by the other.
"""

from __future__ import annotations

import re

DLE, SUB, ETX = 0x10, 0x1A, 0x03
CAN, DC4, ESC, FS, NUL = 0x18, 0x14, 0x1B, 0x1C, 0x00

_RUNS = re.compile(rb"\x10\x10?")


def shield(data: bytes, *, pairs: bool = False) -> bytes:
    """Data as it is sent: each DLE twice; with `pairs`, two of them in a row as DLE SUB."""
    if DLE not in data:
        return data
    if pairs:
        return _RUNS.sub(lambda run: b"\x10\x1a" if len(run[0]) == 2 else b"\x10\x10", data)
    return data.replace(b"\x10", b"\x10\x10")


def code(character: str) -> bytes:
    """An event for the host: DLE and one character."""
    return b"\x10" + character.encode("latin-1")


class Unshielder:
    """Takes what the host sends in any pieces; a DLE at the end of one waits for the next."""

    def __init__(self) -> None:
        self._escaped = False

    def feed(self, data: bytes) -> tuple[bytes, int | None, bytes]:
        """Data before the first code, that code (None = there is none), and what was not looked at yet."""
        out = bytearray()
        at = 0
        while at < len(data):
            if self._escaped:
                self._escaped = False
                second, at = data[at], at + 1
                if second in (DLE, SUB):
                    out += b"\x10" * (1 + (second == SUB))
                    continue
                return bytes(out), second, data[at:]
            found = data.find(DLE, at)
            end = len(data) if found < 0 else found
            out += data[at:end]
            at = end + 1
            self._escaped = found >= 0
        return bytes(out), None, b""
