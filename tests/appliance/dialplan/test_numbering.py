"""Numbers as a trunk's country writes them, to + form and back."""

from __future__ import annotations

import pytest

from appliance.dialplan.numbering import CountryNumbering


@pytest.mark.parametrize(
    ("zone", "written", "expected"),
    [
        ("de", "030123456", "+4930123456"),
        ("de", "004930123456", "+4930123456"),
        ("de", "4930123456", "+4930123456"),
        ("de", "0033123456789", "+33123456789"),
        ("de", "+33123456789", "+33123456789"),
        ("de", "110", "110"),
        ("de", "anna", "anna"),
        ("de", "", ""),
        ("de", "1" * 60, "1" * 60),
        ("de", "٣٠١٢٣٤٥٦", "٣٠١٢٣٤٥٦"),
        ("us", "2125550123", "+12125550123"),
        ("us", "12125550123", "+12125550123"),
        ("us", "911", "911"),
        ("uk", "02079460018", "+442079460018"),
        ("it", "0612345678", "+390612345678"),
    ],
)
def test_a_number_gets_its_plus_form(zone: str, written: str, expected: str) -> None:
    assert CountryNumbering(zone).plus(written) == expected


@pytest.mark.parametrize(
    ("zone", "number", "expected"),
    [
        ("de", "+4930123456", "030123456"),
        ("de", "+33123456789", "0033123456789"),
        ("us", "+12125550123", "12125550123"),
        ("us", "+493012345678", "011493012345678"),
        ("it", "+390612345678", "0612345678"),
        ("de", "+", "+"),
    ],
)
def test_and_its_form_inside_the_country(zone: str, number: str, expected: str) -> None:
    assert CountryNumbering(zone).national(number) == expected
