"""What the guard answers: a permit with everything needed to dial, or a refusal with the reason."""

from __future__ import annotations

import enum
from dataclasses import dataclass

ITSELF = "@box"  # in the place of an agent: the box itself, by outbound.permission; no agent is called so
FORBIDDEN, NOT_FOUND, INCOMPLETE, UNAVAILABLE = 403, 404, 484, 503  # RFC 3261 21.4, 21.5


class Kind(enum.Enum):
    """What kind of number it is: the classes of [permissions], and emergency, which is always allowed."""

    EMERGENCY = "emergency"
    TOLL_FREE = "toll-free"
    LOCAL = "local"
    NATIONAL = "national"
    MOBILE = "mobile"
    SHARED_COST = "shared-cost"
    PREMIUM = "premium"
    INTERNATIONAL = "international"
    SATELLITE = "satellite"
    SHORT_CODE = "short-code"
    OTHER = "other"


class Cause(enum.Enum):
    """Why a number is to be dialled."""

    DIALLED = "dialled"
    FORWARDED = "forwarded"  # a 3xx answer, RFC 3261 21.3
    ALERTED = "alerted"  # of an emergency
    TRANSFERRED = "transferred"  # a REFER, RFC 3515
    CALLED_BACK = "called back"  # a caller who did not want to wait
    PUT_THROUGH = "put through"  # a caller, by the configuration


class DialRefused(Exception):
    """A number is not dialled; the message says what, why and what to do, `sip_code` tells the phone."""

    def __init__(self, message: str, sip_code: int = FORBIDDEN) -> None:
        super().__init__(message)
        self.sip_code = sip_code


@dataclass(frozen=True)
class Permit:
    """An agent may dial this number now.

    `number` is what the line dials: E.164 with its "+", or the digits of a short code or emergency number;
    `national` is the same for lines that know no "+", as a telephone of the country dials it.
    `country` is ISO 3166's two letters, "" for numbers of no country. `lines` are tried in this order.
    `a_minute` is money for each minute begun; the call is ended after `longest_seconds`.
    """

    id: str
    call_id: str
    agent: str
    number: str
    national: str
    kind: Kind
    country: str
    lines: tuple[str, ...]
    a_minute: float
    longest_seconds: float

    @property
    def emergency(self) -> bool:
        """Nothing may refuse or end it."""
        return self.kind is Kind.EMERGENCY
