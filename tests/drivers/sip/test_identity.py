"""Who calls, as headers tell it: every way of writing a number, and of withholding it."""

from __future__ import annotations

import random

import pytest

from drivers.sip.identity import CallerHeader, caller_of, clean, number_in


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("<sip:+4930123@sip.example.net>", "+4930123"),
        ('"Anna, Inc" <sip:+49-30-123@h;user=phone>;tag=1', "+4930123"),
        ('"sip:+999@evil" <sip:+4930123@h>', "+4930123"),
        (r'"a \" <sip:+999@evil>" <sip:+4930123@h>', "+4930123"),
        ("sip:030123;phone-context=+49@h", "030123"),
        ("<tel:+49-30-123;ext=1>", "+4930123"),
        ("tel:110", "110"),
        ("SIPS:%2B4930123@h", "+4930123"),
        ("<sip:+4930123@h>, <tel:+4930999>", "+4930123"),
        ("<sip:anna.b@h>", "anna.b"),
        ("<sip:anonymous@anonymous.invalid>", ""),
        ("<sip:+4930123@ANONYMOUS.invalid>", ""),
        ("<sip:Anonymous@h>", ""),
        ("<sip:h>", ""),
        ("", ""),
        ("\x00<sip:%00%0d%0a12@h>", "12"),
        ("<sip:" + "1" * 500 + "@h>", "1" * 64),
        ("<sip:@h>", ""),
    ],
)
def test_the_number_is_found_in_a_header(value: str, number: str) -> None:
    assert number_in(value) == number


def test_a_users_parameters_and_separators_go_but_a_names_dots_stay() -> None:
    assert [clean(user) for user in ("+49(30) 12.3;npdi", "a.b", "*67", "%zz")] == [
        "+4930123",
        "a.b",
        "*67",
        "%zz",
    ]


FROM = "<sip:+4930111@h>"
ALL = {
    "P-Asserted-Identity": "<sip:+4930222@h>",
    "Remote-Party-ID": "<sip:+4930333@h>;party=calling;privacy=off",
}


@pytest.mark.parametrize(
    ("header", "headers", "number"),
    [
        (CallerHeader.FROM, ALL, "+4930111"),
        (CallerHeader.ASSERTED, ALL, "+4930222"),
        (CallerHeader.PARTY, ALL, "+4930333"),
        (CallerHeader.ASSERTED, {}, "+4930111"),
        (CallerHeader.PARTY, {}, "+4930111"),
        (CallerHeader.ASSERTED, {**ALL, "Privacy": "id;critical"}, ""),
        (CallerHeader.FROM, {"Privacy": "user; id"}, ""),
        (CallerHeader.ASSERTED, {**ALL, "Privacy": "none"}, "+4930222"),
        (CallerHeader.PARTY, {"Remote-Party-ID": "<sip:+4930333@h>;privacy=full"}, ""),
        (CallerHeader.PARTY, {"Remote-Party-ID": '<sip:+4930333@h>; privacy = "uri-network"'}, ""),
        (CallerHeader.PARTY, {"Remote-Party-ID": "<sip:+4930333@h>;screen=yes"}, "+4930333"),
    ],
)
def test_the_caller_is_who_the_chosen_header_says(
    header: CallerHeader, headers: dict[str, str], number: str
) -> None:
    assert caller_of(FROM, headers, header) == number


def test_whatever_a_stranger_writes_is_read_without_harm() -> None:
    dice = random.Random(7)
    pieces = [
        "sip:",
        "tel:",
        "<",
        ">",
        '"',
        "\\",
        "@",
        ";",
        "%",
        "%0",
        "%0d%0a",
        ":",
        ",",
        "+49",
        "\0",
        "é",
        "٣",
        "anonymous.invalid",
        "privacy=",
        " ",
    ]
    for _ in range(3000):
        value = "".join(dice.choices(pieces, k=dice.randrange(12)))
        headers = {"P-Asserted-Identity": value, "Remote-Party-ID": value, "Privacy": value}
        for header in CallerHeader:
            number = caller_of(value, headers, header)
            assert number.isprintable()
            assert len(number) <= 64
