"""Who rings: RING, +CRING, +CLIP and +CLCC in any order, late, doubled or missing (F7), become one caller."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from drivers.at.channel import Channel
from drivers.at.parser import fields
from drivers.gsm.clcc import CallStat, current_calls, dialled_number
from drivers.port import DriverError

log = logging.getLogger(__name__)

#: +CLIP may come late or never: +CLCC is asked after these pauses, until it knows the number.
GRACE_SECONDS = (0.3, 0.7, 2.0)
TOLD = (["1"], ["2"])  # <CLI validity>: the caller withholds the number, or the network has none


class Arrival:
    """Tells `came` the caller's number ("" for none), as soon as it is known, else after the grace."""

    def __init__(self, name: str, channel: Channel, came: Callable[[str], None]) -> None:
        self.name = name
        self._channel = channel
        self._came = came
        self._asking: asyncio.Task[None] | None = None

    def rings(self) -> None:
        """RING, without a number."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="who rings")

    def clip(self, text: str) -> None:
        """`+CLIP: "num",type,"",,"alpha",validity`; an empty number is unknown yet, or withheld."""
        values = fields(text)
        if values and (values[0] or values[5:6] in TOLD):
            self._came(dialled_number(values[0]))
        else:
            self.rings()

    def known(self) -> None:
        """There is a leg: no need to ask any more."""
        if self._asking is not None and self._asking is not asyncio.current_task():
            self._asking.cancel()
            self._asking = None

    async def stop(self) -> None:
        """No task is left."""
        task = self._asking
        self.known()
        if task is not None and task is not asyncio.current_task():
            await asyncio.wait({task})

    async def _ask(self) -> None:
        try:
            for seconds in GRACE_SECONDS:
                await asyncio.sleep(seconds)
                calls = await current_calls(self._channel)
                ringing = [call for call in calls if call.stat is CallStat.INCOMING]
                if not ringing:
                    return  # an old RING, or the caller is gone
                if ringing[0].number:
                    break
            self._came(ringing[0].number)
        except DriverError as error:
            log.warning("port %s: who rings could not be asked: %s", self.name, error)
        finally:
            if self._asking is asyncio.current_task():
                self._asking = None
