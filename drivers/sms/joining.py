"""A long message from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.messages import TextPart
from drivers.sms.octets import Malformed
from drivers.sms.pdu import decode_deliver
from drivers.sms.user_data import text_of

MISSING = "[…]"  # stands in the text where parts did not come


def join(parts: Sequence[TextPart]) -> str:
    """The text of one long message from its parts, in any order, some perhaps twice.

    MISSING stands for parts that are not there. Characters that the sender cut in two are mended.
    """
    by_number = {part.part: part for part in reversed(parts)}
    text, following = "", 1
    run: list[TextPart] = []
    for number in sorted(by_number):
        if number > following:
            text += _text(run) + MISSING
            run = []
        run.append(by_number[number])
        following = number + 1
    text += _text(run)
    return text + MISSING if run and following <= run[-1].parts else text


def _text(run: Sequence[TextPart]) -> str:
    """Decoded together from the PDUs; where these say nothing, the parts' own texts."""
    try:
        return text_of([decode_deliver(part.pdu).user for part in run])
    except Malformed:
        return "".join(part.text for part in run)
