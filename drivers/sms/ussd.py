"""USSD strings: what +CUSD carries, in any of the ways in which modems write it, and what we send.

3GPP 23.038 5 (the data codings of cell broadcast, which USSD uses) and 6.1.2.3 (packing); 27.007 7.15.
"""

from __future__ import annotations

import re

from drivers.sms import gsm7
from drivers.sms.user_data import Alphabet, readable

DEFAULT_DCS = 0x0F  # the default alphabet, language unspecified
_CARRIAGE_RETURN = 0x0D
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_UCS2_PAGES = frozenset((0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0E, 0x20))  # Latin to Thai, punctuation


def packed(text: str) -> str:
    """`text` as packed septets in hex; raises ValueError when the default alphabet lacks a character.

    Seven bits left over would read as "@", so they are filled with a carriage return (23.038 6.1.2.3.1).
    """
    characters = gsm7.encoded(text)
    if characters is None:
        raise ValueError(f"{text!r} has characters that USSD cannot carry")
    septets = b"".join(characters)
    if len(septets) % 8 == 7:
        septets += bytes((_CARRIAGE_RETURN,))
    return gsm7.pack(septets).hex().upper()


def decode(string: str, dcs: int = DEFAULT_DCS, *, is_packed: bool = False) -> str:
    """The text of +CUSD's string. Never raises.

    Modems give the text itself, its octets in hex, or (after AT+CSCS="UCS2") its UCS-2 in hex whatever `dcs`
    says; what reads as text is taken. `is_packed`: this modem writes the default alphabet as packed septets.
    """
    if not _HEX.fullmatch(string):
        return string
    octets = bytes.fromhex(string)
    alphabet = _alphabet(dcs)
    if alphabet is Alphabet.UCS2:
        return _ucs2(octets[2:] if dcs == 0x11 else octets)  # 0x11: a language of two letters in front
    if _is_ucs2(octets):
        return _ucs2(octets)
    if alphabet is Alphabet.DATA:
        return readable(octets)
    text = _unpacked(octets)
    if not is_packed:
        if len(octets) > 3 and all(0x20 <= octet < 0x7F or octet in b"\r\n" for octet in octets):
            return octets.decode("ascii")  # AT+CSCS="HEX"
        if string.isdecimal() or string.isalpha() or not _is_ordinary(text):
            return string  # a sum or a word that happens to read as hex
    return text[3:] if dcs == 0x10 and text[2:3] == "\r" else text  # 0x10: a language and a line end in front


def _alphabet(dcs: int) -> Alphabet:
    """23.038 5: general codings 01xx and 1001, "message class" 1111, UCS2 with a language 0x11; else GSM7."""
    if dcs == 0x11:
        return Alphabet.UCS2
    if dcs >> 6 == 1 or dcs >> 4 == 9:
        return {1: Alphabet.DATA, 2: Alphabet.UCS2}.get(dcs >> 2 & 3, Alphabet.GSM7)
    return Alphabet.DATA if dcs >> 4 == 0xF and dcs & 4 else Alphabet.GSM7


def _ucs2(octets: bytes) -> str:
    return octets.decode("utf-16-be", "replace")


def _is_ucs2(octets: bytes) -> bool:
    """Whether octets whose coding says otherwise are UCS-2: of few pages, and nothing but text."""
    if len(octets) % 2 or not set(octets[::2]) <= _UCS2_PAGES:
        return False
    return all(one.isprintable() or one in "\r\n" for one in _ucs2(octets))


def _unpacked(octets: bytes) -> str:
    septets = gsm7.unpack(octets, len(octets) * 8 // 7)
    if len(octets) % 7 == 0 and septets[-1:] == bytes((_CARRIAGE_RETURN,)):
        septets = septets[:-1]
    return gsm7.decoded(septets)


def _is_ordinary(text: str) -> bool:
    """Half of it at least what every language writes; Greek needs the capitals of the alphabet as well."""
    return sum(one.isascii() and (one.isprintable() or one in "\r\n") for one in text) * 2 > len(text)
