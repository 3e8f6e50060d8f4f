"""Who a worker is when it calls: a trunk's account, and the way an INVITE takes; no pjsua2 here."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Use = Literal["off", "accept", "always"]
USES: tuple[Use, ...] = ("off", "accept", "always")


class Through(enum.Enum):
    """Which way an INVITE goes, and what its number is."""

    DIRECT = "direct"  # a SIP address, straight there
    EDGE = "edge"  # a SIP address, by way of the edge
    AGENT = "agent"  # an agent's name: the edge rings what has registered
    TRUNK = "trunk"  # a telephone number: the edge takes a server of the trunk that `account` names


@dataclass(frozen=True)
class Way:
    """How calls are made and taken: what an account of the library is made from.

    `trunk` is the line it belongs to, "" for phones. `proxy` is the first hop ("" = straight to the
    address), `public` the address told for RTP instead of our own; `user` and `password` answer challenges.
    """

    trunk: str = ""
    proxy: str = ""
    srtp: Use = "off"
    session_timer: Use = "off"
    prack: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    domain: str = ""
    public: str = ""


@dataclass(frozen=True)
class TrunkAccount:
    """The account of one trunk line; `name` is the line's, and what `SipPool.dial(account=...)` names.

    `domain` stands in From and To ("" = the edge's address); `srtp` and `session_timer` as in the line's
    settings: refuse it, take it where it is offered, insist on it.
    """

    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    domain: str = ""
    session_timer: Use = "accept"
    prack: bool = True
    srtp: Use = "off"

    def plain(self) -> dict[str, object]:
        """As it crosses to a worker."""
        return asdict(self)


def account_of(fields: dict[str, Any]) -> TrunkAccount:
    """What `TrunkAccount.plain` made; raises ValueError for anything else."""
    try:
        account = TrunkAccount(**fields)
    except TypeError as error:
        raise ValueError(f"not an account: {error}") from None
    if account.srtp not in USES or account.session_timer not in USES:
        raise ValueError(f"account {account.name}: srtp and session_timer are one of {', '.join(USES)}")
    return account
