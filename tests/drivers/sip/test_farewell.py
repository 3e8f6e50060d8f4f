"""The datagram that ends a dead worker's call is right by RFC 3261, whatever the dialogue looked like."""

from __future__ import annotations

from drivers.sip.farewell import bye, cancel

INVITE = (
    "INVITE sip:ana@127.0.0.1:5071 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc\r\n"
    "Max-Forwards: 70\r\n"
    'From: "sales" <sip:+15550123@127.0.0.1:5060>;tag=ours\r\n'
    "To: <sip:ana@127.0.0.1:5071>\r\n"
    "Contact: <sip:box@127.0.0.1:5060;ob>\r\n"
    "Call-ID: 42@box\r\n"
    "CSeq: 18 INVITE\r\n"
    "Content-Length: 4\r\n\r\nVia: body\r\n"
)
ANSWER = (
    "SIP/2.0 200 OK\r\n"
    "v: SIP/2.0/UDP 127.0.0.1:5060;rport=5060;branch=z9hG4bKabc\r\n"
    'f: "sales" <sip:+15550123@127.0.0.1:5060>;tag=ours\r\n'
    "t: <sip:ana@127.0.0.1:5071>;tag=theirs\r\n"
    "m: <sip:ana-0x1@127.0.0.1:5099>\r\n"
    "i: 42@box\r\n"
    "CSeq: 18 INVITE\r\n\r\n"
)
ROUTES = "Record-Route: <sip:p2.example;lr>, <sip:10.0.0.1:5080;lr>\r\n"


def test_a_cancel_matches_the_invite_it_takes_back() -> None:
    last_word = cancel(INVITE)
    assert last_word is not None
    assert (last_word.host, last_word.port) == ("127.0.0.1", 5071)
    assert last_word.text.split("\r\n") == [
        "CANCEL sip:ana@127.0.0.1:5071 SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc",
        "Max-Forwards: 70",
        'From: "sales" <sip:+15550123@127.0.0.1:5060>;tag=ours',
        "To: <sip:ana@127.0.0.1:5071>",
        "Call-ID: 42@box",
        "CSeq: 18 CANCEL",
        "Content-Length: 0",
        "",
        "",
    ]


def test_a_bye_goes_to_the_phones_contact_within_the_dialogue() -> None:
    last_word = bye(INVITE, ANSWER)
    assert last_word is not None
    assert (last_word.host, last_word.port) == ("127.0.0.1", 5099)
    lines = last_word.text.split("\r\n")
    assert lines[0] == "BYE sip:ana-0x1@127.0.0.1:5099 SIP/2.0"
    assert lines[1].startswith("Via: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK")
    assert "abc" not in lines[1]
    assert "To: <sip:ana@127.0.0.1:5071>;tag=theirs" in lines
    assert "CSeq: 1018 BYE" in lines


def test_a_bye_takes_the_recorded_route_backwards() -> None:
    last_word = bye(INVITE, ANSWER.replace("CSeq", ROUTES + "CSeq"))
    assert last_word is not None
    assert (last_word.host, last_word.port) == ("10.0.0.1", 5080)
    routes = [line for line in last_word.text.split("\r\n") if line.startswith("Route")]
    assert routes == ["Route: <sip:10.0.0.1:5080;lr>", "Route: <sip:p2.example;lr>"]


def test_a_message_that_is_not_understood_has_no_farewell() -> None:
    assert cancel("") is None
    assert cancel("REGISTER sip:x SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n") is None
    assert bye(INVITE, "SIP/2.0 200 OK\r\n\r\n") is None
    assert bye(INVITE, ANSWER.replace("sip:ana-0x1@127.0.0.1:5099", "tel:123")) is None
