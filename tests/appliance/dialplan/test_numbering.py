"""Numbers as each country's telephones dial them, and back."""

from __future__ import annotations

import pytest

from appliance.dialplan.number import Plan, read
from appliance.dialplan.numbering import CountryNumbering
from appliance.dialplan.permit import DialRefused
from dsp.tones import zones

CARRIER_FIRST = {"br"}  # a carrier's digits are chosen by who dials


@pytest.mark.parametrize(
    ("zone", "number", "national"),
    [
        ("uk", "+442079460123", "02079460123"),
        ("uk", "+4930123456", "004930123456"),
        ("us", "+12125550123", "12125550123"),
        ("us", "+18764251234", "18764251234"),
        ("us", "+4930123456", "0114930123456"),
        ("de", "+4930123456", "030123456"),
        ("it", "+390612345678", "0612345678"),
        ("ru", "+74951234567", "84951234567"),
        ("ru", "+4930123456", "8104930123456"),
        ("cn", "+8613123456789", "13123456789"),
        ("il", "+9721800123456", "1800123456"),
        ("il", "+4930123456", "004930123456"),
        ("sg", "+4930123456", "0014930123456"),
        ("jp", "+4930123456", "0104930123456"),
        ("th", "+4930123456", "0014930123456"),
        ("tw", "+4930123456", "0024930123456"),
        ("cl", "+4930123456", "004930123456"),
        ("br", "+4930123456", "00214930123456"),
        ("au", "+4930123456", "00114930123456"),
    ],
)
def test_a_number_is_dialled_as_the_country_does(zone: str, number: str, national: str) -> None:
    assert CountryNumbering(zone).national(number) == national


@pytest.mark.parametrize("zone", [zone for zone in zones() if len(zone) == 2])
def test_a_number_from_abroad_is_the_same_when_it_is_read_again(zone: str) -> None:
    numbering = CountryNumbering(zone)
    plan = Plan({"uk": "GB"}.get(zone, zone.upper()))
    for number in ("+4930123456", "+442079460123", "+18764251234", "+390612345678", "+972502345678"):
        try:
            assert read(numbering.national(number), plan).dial == number
        except DialRefused:
            assert zone in CARRIER_FIRST
        assert numbering.plus(numbering.national(number)) == number or zone in CARRIER_FIRST


@pytest.mark.parametrize("odd", ["", "21", "112", "anonymous", "+", "٣", "9" * 40, "%2B49", "*21#"])
def test_what_is_no_number_stays_as_it_is(odd: str) -> None:
    assert CountryNumbering("de").plus(odd) == odd
