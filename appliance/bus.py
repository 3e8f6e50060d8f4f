"""The notice board: facts go out, nothing comes back. Journal, console and wallboard read here."""

from __future__ import annotations

import logging
from collections.abc import Callable

from appliance.clock import Clock
from appliance.events import Event, Stamped

log = logging.getLogger(__name__)

Reader = Callable[[Stamped], None]


class Bus:
    """Stamps an event and hands it to every reader, in the order in which they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._readers: list[Reader] = []

    def subscribe(self, reader: Reader) -> Callable[[], None]:
        """Give every event from now on to `reader`; returns the call that ends it."""
        self._readers.append(reader)
        return lambda: self._readers.remove(reader)

    def publish(self, event: Event) -> Stamped:
        """Tell everybody; a reader that raises is logged with its traceback, the others are still told."""
        stamped = Stamped(event, self._clock.wall(), self._clock.mono(), self._clock.boot)
        for reader in list(self._readers):
            try:
                reader(stamped)
            except Exception:  # one of the three places: a reader must not stop a call
                log.exception("bus: a reader failed on %s", type(event).__name__)
        return stamped
