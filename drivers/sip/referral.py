"""What a phone asks when it transfers a call: a REFER, as the edge tells it (RFC 3515, RFC 3891)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Referral:
    """`to` is the user part dialled, `replaces` the Call-ID of the call to take over, "" for none (blind).

    `raw` is the whole Refer-To value, for the log and for whoever must know more.
    """

    to: str
    replaces: str = ""
    raw: str = ""
