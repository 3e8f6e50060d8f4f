"""The value of a Refer-To header -> whom the call goes to, and which call that one takes over. Pure.

RFC 3515 2.1 (a name-addr or an addr-spec), RFC 3261 19.1.1 (headers in a URI, escapes), RFC 3891 3.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from drivers.sip.referral import Referral

URI = re.compile(r"(sips?|tel):([^?>\s]*)(?:\?([^>\s]*))?", re.IGNORECASE)


def referral(refer_to: str) -> Referral:
    """What the phone wants; raises ValueError when it cannot be understood."""
    bracketed = re.search(r"<([^>]*)>", refer_to)
    found = URI.fullmatch((bracketed[1] if bracketed else refer_to.partition(";")[0]).strip())
    if found is None:
        raise ValueError(f"no SIP or tel address: {refer_to[:60]!r}")
    user = found[2].partition("@")[0] if "@" in found[2] or found[1].lower() == "tel" else ""
    to = unquote(user.partition(";")[0].partition(":")[0]).strip()
    if not to or not to.isprintable():
        raise ValueError(f"nobody in {refer_to[:60]!r}")
    return Referral(to=to, replaces=_replaced(found[3] or ""), raw=refer_to)


def _replaced(headers: str) -> str:
    """The Call-ID in the URI's Replaces header, "" without one."""
    for header in headers.split("&"):
        name, _, value = header.partition("=")
        if unquote(name).strip().lower() == "replaces":
            return unquote(value).partition(";")[0].strip()
    return ""
