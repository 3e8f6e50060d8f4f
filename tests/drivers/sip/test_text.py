"""What is read out of SIP's text, however odd."""

from __future__ import annotations

import pytest

from drivers.sip.text import clean, header, headers, lines, request_user, uri, user_of, values


@pytest.mark.parametrize(
    ("address", "user"),
    [
        ("<sip:ana@127.0.0.1:5071>", "ana"),
        ('"Ana \\"A\\"" <sip:*41@box>;tag=x', "*41"),
        ('"sip:boss@box" <sip:ana@box>', "ana"),
        ("sip:boss@box <sip:ana@box>", "ana"),
        ("sips:%2341@box", "#41"),
        ("<sip:+4930123;phone-context=x@box;user=phone>", "+4930123"),
        ("sip:ana:secret@box", "ana"),
        ("sip:box", ""),
        ("sip:box;x=a@b", "box"),
        ("tel:+4930-123;phone-context=x", "+4930-123"),
        ("<tel:123>", "123"),
        ("", ""),
        ("sip:%ff%00@box", "\ufffd?"),
    ],
)
def test_the_user_of_an_address_is_found(address: str, user: str) -> None:
    assert user_of(address) == user


MESSAGE = (
    "INVITE sip:%2B49301@box;user=phone SIP/2.0\r\n"
    "X-Callbox-Agent: ana\r\n"
    "i: 42@x\r\n"
    'Record-Route: <sip:a;lr>, "q, r" <sip:b,c;lr>\r\n'
    "Contact : <sip:x@y>\r\n\r\n"
    "X-Callbox-Trunk: in the body\r\n"
)


def test_headers_are_read_in_their_long_and_short_form_but_not_from_the_body() -> None:
    assert header(MESSAGE, "X-Callbox-Agent") == "ana"
    assert header(MESSAGE, "Call-ID") == "42@x"
    assert header(MESSAGE, "X-Callbox-Trunk") == ""
    assert uri(lines(MESSAGE, "Contact")) == "sip:x@y"
    assert values(MESSAGE, "Record-Route")[-1].endswith("<sip:b,c;lr>")


def test_those_asked_for_are_found_once_each() -> None:
    twice = MESSAGE.replace("i: 42@x", "X-CALLBOX-AGENT: forged\r\ni: 42@x")
    found = headers(twice, ["X-Callbox-Agent", "Call-ID", "X-Callbox-Trunk", "Privacy"])
    assert found == {"X-Callbox-Agent": "ana", "Call-ID": "42@x"}


def test_the_number_asked_for_stands_in_the_first_line() -> None:
    assert request_user(MESSAGE) == "+49301"
    assert request_user("") == request_user("INVITE  SIP/2.0") == request_user("SIP/2.0 200 OK") == ""


def test_what_is_handed_on_is_short_and_printable() -> None:
    assert clean("a\x00b\x1b[0m\udcff") == "a?b?[0m?"
    assert len(clean("x" * 10_000)) == 300
