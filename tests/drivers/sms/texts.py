"""Random texts for the codecs, from a seed: plain, with extension characters, other scripts, emoji."""

from __future__ import annotations

import random

from drivers.sms import gsm7

DEFAULT = gsm7.DEFAULT.replace("\x1b", "")
EXTENSION = "^{}[]~\\|€"
OTHERS = "Ждшя中文字漢ωאبกçğı’“…–"
EMOJI = "😀🚀🇩🇪👩‍👩‍👧🏽𝄞"
EDGES = (1, 69, 70, 71, 134, 135, 153, 159, 160, 161, 305, 306, 307, 459, 460)


def random_text(luck: random.Random) -> str:
    """1 to about 460 characters; every second text fits the GSM alphabet."""
    length = luck.choice(EDGES) if luck.random() < 0.5 else luck.randint(1, 460)
    alphabet = luck.choice((DEFAULT, DEFAULT + EXTENSION * 3, DEFAULT + OTHERS, OTHERS + EMOJI * 3))
    return "".join(luck.choice(alphabet) for _ in range(length))
