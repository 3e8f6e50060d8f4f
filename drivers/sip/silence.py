"""Tells a far end that sends no sound any more by the count of its packets."""

from __future__ import annotations

from dataclasses import dataclass

#: s, well above the longest pause of a phone that sends comfort noise now and then (RFC 3389).
SILENT_SECONDS = 5.0


@dataclass
class SilenceWatch:
    """Told the count of packets now and then; a stream made anew counts from 0 again."""

    listening: bool = False  # the far end is to send at all
    silent: bool = False  # and this was told
    packets: int = 0
    changed_at: float = 0.0

    def begin(self, now: float, *, listening: bool) -> None:
        """From now on the far end sends, or it does not (hold)."""
        self.listening = listening
        self.changed_at = now

    def seen(self, packets: int, now: float) -> dict[str, object] | None:
        """`packets` have come by now; the news to tell, if it is any."""
        came = packets > (self.packets if packets >= self.packets else 0)
        self.packets = packets
        if came:
            self.changed_at = now
            if self.silent:
                self.silent = False
                return {"event": "sounding"}
        elif now - self.changed_at >= SILENT_SECONDS and not self.silent:
            self.silent = True
            return {"event": "silent", "seconds": round(now - self.changed_at, 1)}
        return None
