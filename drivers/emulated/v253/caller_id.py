"""How a modem tells who calls: text lines in its chip's words, or the exchange's message as hex."""

from __future__ import annotations

from drivers.emulated.v253.chips import Chip
from drivers.emulated.v253.dle import code, shield
from dsp.caller_id_message import CallerId, Reason, write


def caller_lines(chip: Chip, caller: CallerId, *, as_hex: bool) -> list[str]:
    """DATE, TIME, NMBR, NAME; or one line MESG (+VCID=2)."""
    if as_hex:
        return [chip.caller_id.format("MESG", write(caller).hex().upper())]
    told = []
    if caller.when is not None:
        told.append(("DATE", f"{caller.when.month:02d}{caller.when.day:02d}"))
        told.append(("TIME", f"{caller.when.hour:02d}{caller.when.minute:02d}"))
    told.append(("NMBR", caller.number or ("P" if caller.reason is Reason.PRIVATE else "O")))
    if caller.name or caller.name_reason:
        told.append(("NAME", caller.name or "P"))
    return [chip.caller_id.format(tag, value) for tag, value in told]


def caller_event(lines: list[str]) -> bytes:
    """The same as a complex event, V.253 9.2: <DLE>X, lines, <DLE>."""
    text = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    return code("X") + shield(text) + code(".")
