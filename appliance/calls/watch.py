"""What a conversation is told: one small task for each thing that may come from a party's leg."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from appliance.calls.party import Party
from drivers.port import Leg, LegEnded, LegState
from drivers.sip.leg import SipLeg
from drivers.sip.referral import Referral

log = logging.getLogger(__name__)

SILENT_SECONDS = 60.0  # without a packet of sound, and not on hold: nobody is there any more
GONE_SECONDS = 8.0  # the same, of an agent whom no phone would ring either: a browser closed
LOOK_SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class Ended:
    """The party's leg has ended."""

    party: Party


@dataclass(frozen=True, eq=False)
class HoldChanged:
    """The party's phone holds, or does so no more."""

    party: Party


@dataclass(frozen=True, eq=False)
class Pressed:
    """The party pressed a key: an agent any, others one that cannot be heard in their sound."""

    party: Party
    digit: str


@dataclass(frozen=True, eq=False)
class Referred:
    """The party's phone wishes a transfer."""

    party: Party
    referral: Referral


@dataclass(frozen=True, eq=False)
class MustEnd:
    """The permit of the party is used up."""

    party: Party
    why: str


News = Ended | HoldChanged | Pressed | Referred | MustEnd
Tell = Callable[[News], None]
HasPhone = Callable[[str], bool]
Work = Callable[[], Coroutine[Any, Any, None]]


def watch(party: Party, tell: Tell, has_phone: HasPhone) -> list[asyncio.Task[None]]:
    """The tasks that tell everything of a party, to be cancelled when it leaves.

    `has_phone` says whether an agent could be rung anywhere.
    """
    leg = party.leg
    works: list[Work] = [partial(_ended, party, tell), partial(_holds, party, tell)]
    if party.agent or not leg.digits_in_audio:
        works.append(partial(_keys, party, tell))
    if isinstance(leg, SipLeg):
        works.append(partial(end_when_silent, party, leg, has_phone))
        if party.agent:
            works.append(partial(_referrals, party, leg, tell))
    if party.out is not None:
        works.append(partial(_must_end, party, tell))
    return [asyncio.create_task(_until_ended(work), name=f"watch {leg.id}") for work in works]


async def _until_ended(work: Work) -> None:
    with contextlib.suppress(LegEnded):
        await work()


async def _ended(party: Party, tell: Tell) -> None:
    await party.leg.ended()
    tell(Ended(party))


async def _holds(party: Party, tell: Tell) -> None:
    held = party.leg.held
    while True:
        held = not held
        await party.leg.until_held(held)
        tell(HoldChanged(party))
        await asyncio.sleep(0)  # a leg that holds and resumes without end must not stop everybody else


async def _keys(party: Party, tell: Tell) -> None:
    while True:
        tell(Pressed(party, await party.leg.digits.get()))


async def _referrals(party: Party, leg: SipLeg, tell: Tell) -> None:
    while True:
        tell(Referred(party, await leg.referrals.get()))


async def _must_end(party: Party, tell: Tell) -> None:
    assert party.out is not None
    tell(MustEnd(party, await party.out.must_end()))


@contextlib.contextmanager
def ended_when_silent(party: Party, has_phone: HasPhone) -> Iterator[None]:
    """While the body runs a leg of a phone that sends nothing is hung up."""
    leg = party.leg
    if not isinstance(leg, SipLeg):
        yield
        return
    watcher = asyncio.create_task(
        _until_ended(partial(end_when_silent, party, leg, has_phone)), name=f"silence of {leg.id}"
    )
    try:
        yield
    finally:
        watcher.cancel()


async def end_when_silent(party: Party, leg: SipLeg, has_phone: HasPhone) -> None:
    """Hang up a leg that is up, does not hold, and has sent nothing for too long; raises LegEnded."""
    while True:
        await leg.until_silent()
        since = leg.silent_since
        while leg.silent_since is not None:
            now = asyncio.get_running_loop().time()
            if leg.held or leg.state is not LegState.UP:
                since = now  # it owes us nothing; after the hold it has the whole time again
            elif since is not None and now - since >= _patience_seconds(party, has_phone):
                await _give_up(party, leg, now - since)
                return
            await asyncio.sleep(LOOK_SECONDS)


def _patience_seconds(party: Party, has_phone: HasPhone) -> float:
    return GONE_SECONDS if party.agent and not has_phone(party.agent) else SILENT_SECONDS


async def _give_up(party: Party, leg: Leg, seconds: float) -> None:
    log.warning("leg %s: nothing came from it for %.0f s, it is hung up", leg.id, seconds)
    party.silent = True
    await leg.hangup()
