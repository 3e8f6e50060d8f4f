"""Text messages as PDUs, and USSD strings: text <-> hex. Nothing here knows of modems or ports."""

from drivers.sms.joining import MISSING, join
from drivers.sms.pdu import decode
from drivers.sms.submit import MOST_PARTS, Part, encode

__all__ = ["MISSING", "MOST_PARTS", "Part", "decode", "encode", "join"]
