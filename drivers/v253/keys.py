"""DTMF as a modem reports it: codes to one digit per press (V1). Used only when a line has digits = "modem".

IS-101 chips say `/`, the digit again and again every 70 ms or so, `~`; others say the digit once.
"""

from __future__ import annotations

DIGITS = frozenset("0123456789ABCD*#")
BEGIN, END = "/", "~"
SAME_PRESS_SECONDS = 0.2  # the same digit again within this is the same press, should `/` or `~` be lost
PRESS_SECONDS = 10.0  # a press without an end is over after this


class Keys:
    """Codes of one call in, digits out."""

    def __init__(self) -> None:
        self._began: float | None = None  # a press that has begun and not ended
        self._last = ("", float("-inf"))  # the digit heard last, and when

    def feed(self, code: str, now: float) -> str:
        """The digit that this code completes, "" for none. `now`: seconds, rising."""
        if code == BEGIN:
            self._began, self._last = now, ("", now)
        elif code == END:
            self._began, self._last = None, ("", now)
        elif code in DIGITS:
            before, self._last = self._last, (code, now)
            pressed = self._began is not None and now - self._began < PRESS_SECONDS
            same = before[0] == code and (pressed or now - before[1] < SAME_PRESS_SECONDS)
            return "" if same else code
        return ""
