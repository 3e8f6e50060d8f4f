"""Countries as a modem knows them: +GCI takes the code of ITU-T T.35 annex A in hex."""

from __future__ import annotations

from drivers.v253.coding import Coding

#: By the name that the country's tones have (config/tones).
GCI: dict[str, str] = {
    "ae": "B3", "ar": "07", "at": "0A", "au": "09", "be": "0F", "bg": "1B", "br": "16", "ch": "A6",
    "cl": "25", "cn": "26", "cr": "2B", "cz": "2E", "de": "42", "dk": "31", "ee": "FA", "es": "A0",
    "fi": "3C", "fr": "3D", "gr": "46", "hu": "51", "il": "58", "in": "53", "it": "59", "jp": "00",
    "lt": "F8", "mo": "6A", "mx": "73", "my": "6C", "nl": "7B", "no": "82", "nz": "7E", "pa": "85",
    "ph": "89", "pl": "8A", "pt": "8B", "ru": "B8", "se": "A5", "sg": "9C", "th": "A9", "tr": "AE",
    "tw": "FE", "uk": "B4", "us": "B5", "us-old": "B5", "ve": "BB", "za": "9F",
}  # fmt: skip

MU_LAW = frozenset({"us", "us-old", "jp", "tw"})  # ITU-T G.711: 1544 kbit/s networks; A-law elsewhere

#: Silicon Labs +VCDT, where it is not 1, Bellcore and ETSI (AN93): British and Japanese caller ID.
CALLER_ID_TYPE = {"uk": 2, "jp": 3}


def law(country: str) -> Coding:
    """What the country's exchanges use."""
    return Coding.ULAW if country in MU_LAW else Coding.ALAW
