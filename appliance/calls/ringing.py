"""Somebody rings for a call, outside any queue: wait for the answer, or say what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.target import user_of
from appliance.events import Event, OfferResult
from drivers.port import EndCause, Leg, LegEnded, LegState
from drivers.sip.leg import SipLeg

#: What the end of a rung leg means, and what its caller's phone is told (RFC 3261 21).
RESULTS = {
    EndCause.BUSY: (OfferResult.BUSY, 486),
    EndCause.REJECTED: (OfferResult.REJECTED, 603),
    EndCause.REMOTE: (OfferResult.REJECTED, 603),
    EndCause.NO_ANSWER: (OfferResult.NO_ANSWER, 480),
    EndCause.LOCAL: (OfferResult.RECALLED, 480),
}
#: Codes of a trunk that say more than the cause does: not found, gone, incomplete, exists nowhere.
TELLING = frozenset({404, 410, 484, 604})

#: Runs while somebody rings, cancelled with the answer: to let sound through before it.
Early = Callable[[Party], Coroutine[Any, Any, None]]


class Rings(Protocol):
    """Somebody is dialled for it: a call, or what stands in its place."""

    rung: Party | None

    @property
    def id(self) -> str:
        """Of the call."""

    def note(self, event: Event) -> None:
        """Something happened to it."""


class NotReached(Exception):
    """Nobody came to the phone: what it counts as, and the SIP code for the phone that wanted it.

    `forwarded` is what that phone has its callers dial instead.
    """

    def __init__(self, result: OfferResult, code: int, why: str = "", forwarded: str = "") -> None:
        super().__init__(why or result.value)
        self.result = result
        self.code = code
        self.forwarded = forwarded


def drop_rung(call: Rings, centre: Centre) -> None:
    """Ring nobody any more; harmless when nobody is rung."""
    rung, call.rung = call.rung, None
    if rung is not None:
        centre.end(rung)


async def until_taken(party: Party, seconds: float, call: Rings, early: Early | None) -> None:
    await until_up(party, seconds, early)
    if call.rung is not party:  # dropped in the very tick of the answer
        raise NotReached(OfferResult.RECALLED, 480)
    call.rung = None


async def until_up(party: Party, seconds: float, early: Early | None = None) -> None:
    """Wait for the answer; raises NotReached."""
    sound = asyncio.create_task(early(party), name=f"early {party.leg.id}") if early else None
    try:
        async with asyncio.timeout(seconds):
            await party.leg.until(LegState.UP)
    except TimeoutError:
        raise NotReached(OfferResult.NO_ANSWER, 480) from None
    except LegEnded as ended:
        raise missed_by(ended.leg) from None
    finally:
        if sound is not None:
            sound.cancel()


def missed_by(leg: Leg) -> NotReached:
    """What it means that a rung leg has ended."""
    result, code = RESULTS.get(leg.cause or EndCause.FAILED, (OfferResult.FAILED, 503))
    if isinstance(leg, SipLeg):
        if leg.forwarded:
            return NotReached(OfferResult.FORWARDED, 480, forwarded=user_of(leg.forwarded))
        if leg.code in TELLING:
            result, code = OfferResult.REJECTED, leg.code
    return NotReached(result, code)
