"""A Refer-To says whom, however a phone writes it."""

from __future__ import annotations

import pytest

from appliance.edge.refer_to import referral

REPLACES = "12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994"  # RFC 3891 6.1, escaped as there


@pytest.mark.parametrize(
    ("refer_to", "to", "replaces"),
    [
        ("<sip:12@box.local>", "12", ""),
        ("sip:12@192.0.2.1:5060", "12", ""),
        ('"Ben Ott" <sips:ben@box.local;transport=tls>;x=y', "ben", ""),
        ("<sip:%2B4930123;phone-context=x@box>", "+4930123", ""),
        ("sip:+4930123@box;user=phone", "+4930123", ""),
        ("<tel:+4930123;ext=5>", "+4930123", ""),
        ("<SIP:ben:secret@box>", "ben", ""),
        ("<sip:*14@box>", "*14", ""),
        (f"<sip:ben@box?Replaces={REPLACES}>", "ben", "12345@192.168.118.3"),
        (
            f"<sip:ben@box;transport=tls?Require=replaces&replaces={REPLACES}&X=%00>",
            "ben",
            "12345@192.168.118.3",
        ),
        ("<sip:ben@box?Replaces=>", "ben", ""),
    ],
)
def test_whom_and_which_call(refer_to: str, to: str, replaces: str) -> None:
    found = referral(refer_to)
    assert (found.to, found.replaces, found.raw) == (to, replaces, refer_to)


@pytest.mark.parametrize(
    "refer_to",
    [
        "",
        "<>",
        "12",
        "<sip:>",
        "<sip:box.local>",
        "<http://x@y>",
        "<sip:%00@box>",
        "<sip:%20@box>",
        "\0\xff",
        "<" * 999,
    ],
)
def test_what_names_nobody_is_refused(refer_to: str) -> None:
    with pytest.raises(ValueError, match=r"no SIP or tel address|nobody in"):
        referral(refer_to)
