"""How a modem may send its sound, chosen by the text of `AT+VSM=?`, and that sound as samples.

Numbers mean nothing: 4 is mu-law on one chip and ADPCM on another. Answers of real modems are in
tests/drivers/test_v253_coding.py.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dsp import g711, linear

RATE = 8000  # samples a second; the only rate of the box


class Coding(enum.Enum):
    """Codings of one byte a sample; wider ones do not fit through every modem in duplex (V3)."""

    ULAW = "ulaw"
    ALAW = "alaw"
    U8 = "u8"
    S8 = "s8"

    def samples(self, sound: bytes) -> bytes:
        """s16 samples, host order."""
        if self is Coding.ULAW:
            return g711.ulaw_decode(sound)
        if self is Coding.ALAW:
            return g711.alaw_decode(sound)
        return linear.decode(sound, linear.Form(self.value))


@dataclass(frozen=True)
class Method:
    """One line of the answer that we can use."""

    number: int
    coding: Coding

    @property
    def command(self) -> str:
        """What chooses it."""
        return f"AT+VSM={self.number},{RATE}"


def methods(lines: Iterable[str]) -> list[Method]:
    """The lines of an answer to `AT+VSM=?` that say one byte a sample at 8 kHz; lines that make no sense are
    left out."""
    return [method for line in lines if (method := _method(line)) is not None]


def choose(offered: Iterable[Method], law: Coding, wanted: Coding | None = None) -> Method | None:
    """The best of what the modem offers: the country's law, the other one, linear; or `wanted` alone."""
    order = [wanted] if wanted else [law, Coding.ULAW, Coding.ALAW, Coding.U8, Coding.S8]
    known = list(offered)
    return next((method for coding in order for method in known if method.coding is coding), None)


_LINE = re.compile(r'\s*(?:\+VSM:)?\s*\(?(\d{1,5})\)?\s*[,;]\s*(?:"([^"]*)"|([^,;("]*))[\s,;]*(.*)')


def _method(line: str) -> Method | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    name = re.sub(r"[^A-Z0-9]", "", (found[2] or found[3] or "").upper())
    rest = found[4]
    coding = _coding(name)
    if coding is None or _bits(name, rest) != 8 or not _has_rate(rest):
        return None
    return Method(int(found[1]), coding)


def _coding(name: str) -> Coding | None:
    if "ADPCM" in name or "IMA" in name:
        return None
    if any(word in name for word in ("ULAW", "ULOG", "G711U")):
        return Coding.ULAW
    if any(word in name for word in ("ALAW", "ALOG", "G711A")):
        return Coding.ALAW
    if "UNSIGNEDPCM" in name or "LINEAR" in name:
        return Coding.U8
    return Coding.S8 if "SIGNEDPCM" in name else None


def _bits(name: str, rest: str) -> int:
    """Of one sample: said by the name, else by a bare number before the rates, else one byte."""
    if said := re.search(r"(\d+)BIT", name):
        return int(said[1])
    first = rest.split(",")[0].split(";")[0].strip()
    return int(first) if re.fullmatch(r"\d{1,2}", first) else 8


def _has_rate(rest: str) -> bool:
    """Whether 8000 is among the rates, as number or within a range; true when no rates are told."""
    rates = [
        (int(low), int(high or low)) for low, high in re.findall(r"(\d{4,6})(?:\s*-\s*(\d{4,6}))?", rest)
    ]
    return not rates or any(low <= RATE <= high for low, high in rates)
