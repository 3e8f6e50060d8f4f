"""What every leg does, whatever its driver."""

from __future__ import annotations

import asyncio

import pytest

from drivers.port import MOST_DIGITS, EndCause, Leg, LegEnded, LegState, SlotAudio


def ringing() -> Leg:
    return Leg(id="l", port="p", peer="123", state=LegState.RINGING)


async def test_sound_may_come_before_the_answer() -> None:
    leg = ringing()
    waiting = asyncio.create_task(leg.until_audio())
    await asyncio.sleep(0)
    leg.sounds(SlotAudio("sip-0", 3))
    assert await waiting == SlotAudio("sip-0", 3)
    assert leg.state is LegState.RINGING
    assert await leg.until_audio() == SlotAudio("sip-0", 3)


async def test_who_waits_for_sound_is_told_of_the_end() -> None:
    leg = ringing()
    waiting = asyncio.create_task(leg.until_audio())
    await asyncio.sleep(0)
    leg.moved(LegState.ENDED, EndCause.REMOTE)
    with pytest.raises(LegEnded):
        await waiting
    with pytest.raises(LegEnded):
        await leg.progress()


async def test_a_driver_without_early_sound_or_memory_does_nothing_and_harms_nothing() -> None:
    leg = ringing()
    await leg.progress()
    await leg.set_label("call-7")
    assert (leg.audio, leg.label) == (None, "call-7")
    leg.moved(LegState.ENDED, EndCause.REMOTE)
    await leg.set_label("call-8")


async def test_digits_without_end_are_not_kept_without_end() -> None:
    leg = ringing()
    for _ in range(10 * MOST_DIGITS):
        leg.heard("5")
    assert leg.digits.qsize() == MOST_DIGITS
