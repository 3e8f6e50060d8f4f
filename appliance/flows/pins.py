"""How often a caller's number may try a PIN: wrong ones count for a time, in all calls."""

from __future__ import annotations

MOST_HELD = 100_000  # numbers and PINs; whoever calls from more has other costs


class PinTries:
    """When which number tried which PIN, in wall-clock seconds; a try counts as wrong until it was right."""

    def __init__(self) -> None:
        self._tried: dict[tuple[str, str], list[float]] = {}

    def begin(self, number: str, pin: str, *, tries: int, minutes: int, wall_s: float) -> bool:
        """Use up a try; False when none is left. `pin` is "flow/node"."""
        since = wall_s - 60.0 * minutes
        recent = [at for at in self._tried.get((number, pin), []) if at > since]
        if len(recent) >= tries:
            return False
        self._hold(number, pin, [*recent, wall_s])
        return True

    def remember(self, number: str, pin: str, wall_s: float) -> None:
        """A wrong one of an earlier life."""
        self._hold(number, pin, [*self._tried.get((number, pin), []), wall_s])

    def was_right(self, number: str, pin: str) -> None:
        """The last try does not count."""
        tried = self._tried.get((number, pin))
        if tried:
            tried.pop()

    def _hold(self, number: str, pin: str, tried: list[float]) -> None:
        self._tried.pop((number, pin), None)
        self._tried[number, pin] = tried
        if len(self._tried) > MOST_HELD:
            del self._tried[next(iter(self._tried))]
