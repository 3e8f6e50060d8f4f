"""Why the network ended a call, in its own numbers and in words (3GPP 24.008 10.5.4.11)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.port import EndCause

#: Cause values of call control, table 10.5.123, as a technician would say them.
WORDS = {
    1: "number not assigned",
    3: "no route to the number",
    6: "channel unacceptable",
    8: "barred by the operator",
    16: "normal clearing",
    17: "busy",
    18: "phone does not respond",
    19: "rings, no answer",
    21: "rejected",
    22: "number changed",
    25: "pre-emption",
    26: "answered elsewhere",
    27: "destination out of order",
    28: "number incomplete or wrong",
    29: "facility rejected",
    31: "normal, unspecified",
    34: "no channel free",
    38: "network out of order",
    41: "temporary failure",
    42: "network congested",
    44: "channel not available",
    47: "no resources",
    50: "not subscribed",
    57: "not authorised",
    58: "not available now",
    63: "service not available",
    65: "not implemented",
    68: "credit used up",
    79: "not implemented",
    88: "incompatible destination",
    102: "network timer expired",
    111: "protocol error",
    127: "interworking",
}
NORMAL = frozenset({16, 26, 31})  # says nothing of who or why
_CAUSES = {
    17: EndCause.BUSY,
    18: EndCause.NO_ANSWER,
    19: EndCause.NO_ANSWER,
    21: EndCause.REJECTED,
}


@dataclass(frozen=True)
class Ending:
    """How a call ended. `cause` is None when the network's own reason says nothing of it."""

    cause: EndCause | None
    words: str


def network_ending(cause: int) -> Ending:
    """What cause value `cause` of the network means."""
    words = f"{WORDS.get(cause, 'cause')} ({cause})"
    return Ending(None if cause in NORMAL else _CAUSES.get(cause, EndCause.FAILED), words)
