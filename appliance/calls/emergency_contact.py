"""The emergency switch as a contact on the wall: a button, or a key switch."""

from __future__ import annotations

import asyncio
import logging

from appliance.calls.centre import Centre
from appliance.calls.emergency import EmergencyRefused, switch_off, switch_on
from drivers.contact import ContactError, open_contact

log = logging.getLogger(__name__)

AGAIN_SECONDS = 30.0  # a contact that cannot be read is tried again
BY = "contact"


async def watch_contact(centre: Centre) -> None:
    """Switch on when it closes, off when it opens where [emergency] says so; for ever, if there is one."""
    settings = centre.config.emergency
    told = ""
    while settings.gpio_line >= 0:
        try:
            with open_contact(
                settings.gpio_chip, settings.gpio_line, active_low=settings.gpio_active_low
            ) as contact:
                while True:
                    await contact.until(closed=True)
                    told = ""
                    _switch(centre, on=True)
                    await contact.until(closed=False)
                    if settings.gpio_switches_off:
                        _switch(centre, on=False)
        except ContactError as error:
            if str(error) != told:
                log.error("emergency mode: %s", error)
            told = str(error)
            await asyncio.sleep(AGAIN_SECONDS)


def _switch(centre: Centre, *, on: bool) -> None:
    try:
        switch_on(centre, by=BY) if on else switch_off(centre, by=BY)
    except EmergencyRefused as refused:
        log.warning("emergency mode: the %s did nothing: %s", BY, refused)
