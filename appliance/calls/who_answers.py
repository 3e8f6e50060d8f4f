"""Did an answering machine take a call that the box made? Nobody waits to know: both hear each other.

Whatever is not surely a machine is somebody to speak with: a person, one who says nothing, one who hangs up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.sounds import sounds
from drivers.port import LegEnded
from dsp.answering_machine import AnsweringMachine, Who

log = logging.getLogger(__name__)


async def is_machine(call: Call, centre: Centre) -> bool:
    """Listen to the first of two parties until that is known, or one leaves; True: it hears no more."""
    answered, other = call.parties
    answered.open(centre.media)
    call.hearing.want(sounds(call, centre))  # as the conversation will have it, which goes on without a gap
    who = Who.UNKNOWN
    with contextlib.suppress(LegEnded):
        async with answered.leg.alive(), other.leg.alive():
            who = await _listen(answered.port, centre)
    log.info("call %s: answered by: %s", call.id, who.value)
    if who is Who.MACHINE:
        call.hearing.close()
    return who is Who.MACHINE


async def _listen(port: str, centre: Centre) -> Who:
    loop = asyncio.get_running_loop()
    machine = AnsweringMachine(loop.time())
    with centre.media.voices(port) as told:
        while (who := machine.who(loop.time())) is Who.UNKNOWN:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(machine.due_s):
                    machine.heard(await told.get(), loop.time())
    return who
