"""What is wrong with what strangers send, in the log: one line a minute for each source."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

log = logging.getLogger(__name__)

QUIET_SECONDS = 60.0
MOST_SOURCES = 1024
LONGEST = 200  # characters of a stranger's words that are worth a line


class Complaints:
    """`now` gives monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._said: OrderedDict[str, tuple[float, int]] = (
            OrderedDict()
        )  # when, and how often kept quiet since

    def say(self, source: str, what: str) -> None:
        """Log `what` of `source`, unless something was logged of it within the last minute."""
        at, quiet = self._said.get(source, (-QUIET_SECONDS, 0))
        if self._now() - at < QUIET_SECONDS:
            self._said[source] = (at, quiet + 1)
            return
        more = f" ({quiet} more were not logged)" if quiet else ""
        log.warning("web: %s: %s%s", source, printable(what), more)
        self._said[source] = (self._now(), 0)
        self._said.move_to_end(source)
        while len(self._said) > MOST_SOURCES:
            self._said.popitem(last=False)


def printable(words: str) -> str:
    """A stranger's words on one line of the log."""
    return "".join(letter if letter.isprintable() else "?" for letter in words[:LONGEST])
