"""A caller says where to be called back: the number he calls from is read out, or he enters another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from appliance.calls.call import Call
from appliance.calls.call_backs import permitted
from appliance.calls.centre import Centre
from appliance.calls.language import language_of
from appliance.say.phrases import digits

NUMBERS = 3  # that a caller may enter until he is left to wait
ANSWER_SECONDS = 10.0
NEXT_KEY_SECONDS = 5.0
MOST_DIGITS = 20
RIGHT, ANOTHER = "1", "2"  # any other key, or none, goes on waiting


class Ears(Protocol):
    """The caller, who hears and presses (`wait_hearing.WaitHearing`)."""

    async def say(self, files: Sequence[Path]) -> str:
        """The key that ended it, "" for none."""

    async def key(self, seconds: float) -> str:
        """The next key, "" when none comes."""


async def ask_number(ears: Ears, call: Call, centre: Centre) -> str:
    """The number to call, in + form, permitted and confirmed; "" for one who goes on waiting."""
    language, prompts = language_of(call, centre), centre.prompts
    number = permitted(call.story.caller, centre)
    for _ in range(NUMBERS):
        if not number:
            entered = await _entered(ears, prompts.named("call-back-enter", language))
            if not entered:
                return ""
            number = permitted(entered, centre)
        if not number:
            await ears.say(prompts.named("call-back-impossible", language))
            continue
        names = [f"{language}/call-back-number", *digits(language, number), f"{language}/call-back-right"]
        key = await ears.say(prompts.paths(names)) or await ears.key(ANSWER_SECONDS)
        if key == RIGHT:
            return number
        if key != ANOTHER:
            return ""
        number = ""
    return ""


async def _entered(ears: Ears, prompt: Sequence[Path]) -> str:
    """Digits up to # or a pause."""
    digits = ""
    key = await ears.say(prompt) or await ears.key(ANSWER_SECONDS)
    while key and key != "#" and len(digits) < MOST_DIGITS:
        digits += key
        key = await ears.key(NEXT_KEY_SECONDS)
    return digits
