"""Two things at once on a GSM modem: what one of them makes fail is not taken for an ill modem."""

from __future__ import annotations

import asyncio

import pytest

from drivers.port import EndCause, LegEnded, PortState
from tests.drivers.gsm_bench import bench


async def test_a_caller_who_leaves_as_the_voice_begins_is_no_audio_trouble() -> None:
    async with bench() as b:
        call = b.call("+4917")
        leg = await b.port.next_ring()
        b.network.answered = lambda modem: b.network.hang_up(call.id)  # type: ignore[method-assign]
        answering = asyncio.ensure_future(leg.answer())
        assert await leg.ended() is EndCause.REMOTE
        with pytest.raises(LegEnded):
            await answering
        await b.port.until_state(PortState.IDLE)
        assert "AT+CPCMREG=1" in b.modem.commands
        assert "AT+CRESET" not in b.modem.commands
