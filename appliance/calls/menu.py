"""A menu: play the prompt, take one key, say where it leads. A key counts while the prompt still plays."""

from __future__ import annotations

import asyncio

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.speak import LIMIT_SECONDS, speak
from appliance.config.schema import Menu
from appliance.config.section import Destination
from appliance.events import MenuEntered, MenuLeft


async def ask_menu(call: Call, name: str, centre: Centre) -> Destination:
    """Ask until a key leads somewhere or the attempts are used up."""
    menu = centre.config.menus[name]
    call.note(MenuEntered(call_id=call.id, menu=name))
    digit, to = "", menu.otherwise
    for _ in range(menu.attempts):
        digit = await _ask_once(call, menu, centre)
        if digit in menu.keys:
            to = menu.keys[digit]
            break
        if digit:
            await speak(f"{call.id}/say", call.port, menu.wrong_key, centre)
    call.note(MenuLeft(call_id=call.id, menu=name, digit=digit if digit in menu.keys else "", to=str(to)))
    return to


async def _ask_once(call: Call, menu: Menu, centre: Centre) -> str:
    """The key pressed during the prompt or in the time after it, "" for none."""
    with centre.media.playing(f"{call.id}/prompt", call.port, centre.prompt(menu.prompt)) as prompt:
        key = asyncio.ensure_future(call.leg.digits.get())
        played = asyncio.ensure_future(prompt.done.wait())
        try:
            await asyncio.wait({key, played}, timeout=LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({key}, timeout=0 if key.done() else menu.wait_seconds)
            return key.result() if key.done() else ""
        finally:
            key.cancel()
            played.cancel()
