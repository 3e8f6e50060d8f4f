"""Somebody listens to the messages of mailboxes: new ones first, with keys that work while they play.

| key | does                        |
|-----|-----------------------------|
| 1   | the message again           |
| 2   | the next one                |
| 3   | delete it, and the next one |
| 4   | call its caller back        |
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from appliance.calendars.zone import box_zone
from appliance.calls.ask_key import ask_key, forget_keys
from appliance.calls.centre import Centre
from appliance.calls.speak import speak
from appliance.config.section import Language
from appliance.say.phrases import date, digits, time
from appliance.voicemail.mailboxes import Message
from appliance.voicemail_events import MessageHeard
from drivers.port import Leg

log = logging.getLogger(__name__)

KEY_SECONDS = 5.0
QUESTIONS = 3  # without a key; then the next message
MOST_DIGITS = 15  # of a number, ITU-T E.164
MOST_PIECES = 32  # files of one play at the engine


async def listen(
    leg: Leg, port: str, mailboxes: Sequence[str], by: str, centre: Centre, *, language: Language
) -> str:
    """Until all is heard; the number to be called back, "" for none."""
    forget_keys(leg)
    messages = [message for name in mailboxes for message in centre.mailboxes.messages(name)]
    if not messages:
        await speak(f"{leg.id}/say", port, "voicemail-none", centre, language=language)
    for message in sorted(messages, key=lambda each: (not each.is_new, each.left_s)):
        if centre.mailboxes.message(message.message) is None:
            continue  # deleted meanwhile, by another owner
        key = await _one(leg, port, message, by, centre, language)
        if key == "3":
            centre.bus.publish(message.deleted(by))
            await speak(f"{leg.id}/say", port, "voicemail-deleted", centre, language=language)
        elif key == "4" and message.caller:
            return message.caller
    if messages:
        await speak(f"{leg.id}/say", port, "voicemail-end", centre, language=language)
    return ""


async def _one(leg: Leg, port: str, message: Message, by: str, centre: Centre, language: Language) -> str:
    """Play a message, as often as is wished; the key that leads on, "" for none."""
    sound = [Path(path) for path in message.paths]
    told = about(message, centre, language)[:MOST_PIECES]
    key = await ask_key(leg, port, told, centre, wait_seconds=0)
    files, questions = sound, 0
    if message.is_new:
        centre.bus.publish(MessageHeard(mailbox=message.mailbox, message=message.message, by=by))
    while questions < QUESTIONS:
        if key not in ("1", "2", "3", "4"):
            files = [*files, *centre.prompt("voicemail-keys", language=language)]
            key = await ask_key(leg, port, files, centre, wait_seconds=KEY_SECONDS)
        if key in ("2", "3", "4"):
            return key
        questions += key != "1"
        files, key = (sound if key == "1" else []), ""
    return ""


def about(message: Message, centre: Centre, language: Language) -> list[Path]:
    """Whether it is new, when it was left, and from which number."""
    at = datetime.fromtimestamp(message.left_s, box_zone(centre.config.box.zone))
    today = datetime.fromtimestamp(centre.clock.wall(), at.tzinfo).date()
    when = [*(date(language, at.date()) if at.date() != today else []), *time(language, at.time())]
    number = digits(language, message.caller[:MOST_DIGITS])
    paths = centre.prompts.paths
    return [
        *centre.prompt("voicemail-new" if message.is_new else "voicemail-old", language=language),
        *paths(when),
        *(paths([f"{language}/voicemail-from", *number]) if number else []),
    ]
