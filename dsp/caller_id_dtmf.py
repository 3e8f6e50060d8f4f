"""Caller ID by DTMF: digits to what they say, and back.

There is no checksum, and every country has its own brackets. Read are all of these (spandsp's adsi.h lists
them from ETS 300 659-1; the Telia specification of 1992; the Danish CLIP note; Teltone's TLE manual):

    A number [D diverting] [B code] C   Sweden, Finland, Iceland, Belgium, Brazil, India, Uruguay
    B 00 C, B 10 C                      no number: unavailable, private
    A number #                          Denmark; D1# private, D2# international, D3# technical reason
    D number C                          Netherlands (0000000000: unknown), Taiwan, Kuwait
    number #, number C, number          Denmark and Netherlands without a start; the end is a pause
"""

import re
from dataclasses import replace

from dsp.caller_id_message import CallerId, Reason

ENDS = "C#"
CODES = {"00": Reason.UNAVAILABLE, "10": Reason.PRIVATE}  # after B
DANISH = {"1": Reason.PRIVATE, "2": Reason.INTERNATIONAL, "3": Reason.UNAVAILABLE}  # D1# to D3#
FIELD = re.compile(r"([A-D]?)([0-9]*)")


def ends(digits: str) -> bool:
    """The last of these digits is an end. (What comes first is a start.)"""
    return len(digits) > 1 and digits[-1] in ENDS


def read(digits: str) -> CallerId:
    """What the digits of one transmission say, with or without its end."""
    caller = CallerId()
    end = digits[-1] if ends(digits) else ""
    for field in FIELD.finditer(digits[:-1] if end else digits):
        start, value = field.groups()
        if start or value:
            caller = _read_field(caller, start, value, end)
    if left := re.sub(r"[A-D0-9]", "", digits[:-1] if end else digits):
        caller = replace(caller, problems=(f"digits {digits!r}: {left!r} is not known inside a number",))
    if not (caller.number or caller.reason or caller.redirecting):
        return replace(caller, problems=(*caller.problems, f"digits {digits!r}: no number in them"))
    return caller


def _read_field(caller: CallerId, start: str, value: str, end: str) -> CallerId:
    if start == "D" and end == "#" and value in DANISH:
        return replace(caller, reason=DANISH[value])
    if start == "B" and len(value) <= 2:
        if value in CODES:
            return replace(caller, reason=CODES[value])
        return replace(caller, problems=(f"code B{value}: only 00 and 10 are known",))
    if start == "D" and value and not value.strip("0"):
        return replace(caller, reason=Reason.UNAVAILABLE)
    if caller.number:
        return replace(caller, redirecting=value)
    return replace(caller, number=value)


def write(caller: CallerId, brackets: str = "A C") -> str:
    """The digits that say it; `brackets` are the start and the end: "A C", "A #", "D C" or " #".

    Raises ValueError for other brackets, and for a number that is not of digits.
    """
    if brackets not in ("A C", "A #", "D C", " #"):
        raise ValueError(f"brackets {brackets!r}: not a variant. Use 'A C', 'A #', 'D C' or ' #'.")
    for number in (caller.number, caller.redirecting):
        if number and not re.fullmatch("[0-9]+", number):
            raise ValueError(f"number {number!r}: DTMF caller ID sends digits only. Leave out the rest.")
    start, end = brackets[0].strip(), brackets[-1]
    if not caller.number:
        return _absent(caller.reason or Reason.UNAVAILABLE, end)
    diverting = f"D{caller.redirecting}" if caller.redirecting and brackets == "A C" else ""
    return start + caller.number + diverting + end


def _absent(reason: Reason, end: str) -> str:
    if end == "#":
        return "D" + next((digit for digit, known in DANISH.items() if known is reason), "3") + "#"
    return "B10C" if reason is Reason.PRIVATE else "B00C"
