"""Numbers as people dial them in nine countries, and everything that is no number."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from appliance.dialplan.number import REGIONS, Number, Plan, emergency, read
from appliance.dialplan.permit import DialRefused, Kind
from dsp.tones import zones

COUNTRIES = ("US", "GB", "DE", "FR", "RU", "CN", "IT", "IL", "KZ")
ABROAD = {  # what is dialled before a country code
    "US": "011",
    "GB": "00",
    "DE": "00",
    "FR": "00",
    "RU": "810",
    "CN": "00",
    "IT": "00",
    "IL": "00",
    "KZ": "810",
}
#: country, what is dialled, what the line dials, kind, country of the number
DIALLED = """
US 911 911 emergency US
US 112 112 emergency US
US 411 411 short-code US
US 2125550123 +12125550123 national US
US 1-212-555-0123 +12125550123 national US
US (212)5550123 +12125550123 national US
US +12125550123 +12125550123 national US
US 18005550123 +18005550123 toll-free US
US 19005550123 +19005550123 premium US
US 18764251234 +18764251234 international JM
US 18095551234 +18095551234 international DO
US 17875551234 +17875551234 international PR
US 14165551234 +14165551234 international CA
US 0114930123456 +4930123456 international DE
US 011881612345678 +881612345678 satellite -
US 0118823421234 +8823421234 satellite -
GB 999 999 emergency GB
GB 112 112 emergency GB
GB 100 100 short-code GB
GB 118118 118118 premium GB
GB 02079460123 +442079460123 national GB
GB 00442079460123 +442079460123 national GB
GB 03001234567 +443001234567 national GB
GB 07400123456 +447400123456 mobile GB
GB 08081570000 +448081570000 toll-free GB
GB 08451234567 +448451234567 premium GB
GB 05512345678 +445512345678 other GB
GB 09012345678 +449012345678 premium GB
GB 07012345678 +447012345678 other GB
GB 07640123456 +447640123456 other GB
GB 01534456789 +441534456789 international JE
GB 01481256789 +441481256789 international GG
GB 0035312345678 +35312345678 international IE
GB 00870301234567 +870301234567 satellite -
GB 00881612345678 +881612345678 satellite -
GB 00883510012345 +883510012345 satellite -
GB 0080012345678 +80012345678 toll-free -
GB 0080812345678 +80812345678 shared-cost -
GB 00979123456789 +979123456789 premium -
GB 00878101234567890 +878101234567890 other -
GB 0041900123456 +41900123456 premium CH
DE 110 110 emergency DE
DE 112 112 emergency DE
DE 115 115 short-code DE
DE 116117 116117 short-code DE
DE 11833 11833 premium DE
DE 030123456 +4930123456 national DE
DE +490301234567 +49301234567 national DE
DE 01701234567 +491701234567 mobile DE
DE 08001234567 +498001234567 toll-free DE
DE 01801234567 +491801234567 shared-cost DE
DE 09001234567 +499001234567 premium DE
DE 070012345678 +4970012345678 other DE
DE 004312345678 +4312345678 international AT
FR 15 15 emergency FR
FR 17 17 emergency FR
FR 18 18 emergency FR
FR 112 112 emergency FR
FR 3631 3631 premium FR
FR 118712 118712 premium FR
FR 01.23.45.67.89 +33123456789 national FR
FR 0612345678 +33612345678 mobile FR
FR 0801234567 +33801234567 toll-free FR
FR 0891123456 +33891123456 premium FR
FR 0912345678 +33912345678 national FR
FR 0033123456789 +33123456789 national FR
FR 00262262161234 +262262161234 international RE
RU 101 101 emergency RU
RU 103 103 emergency RU
RU 112 112 emergency RU
RU 84951234567 +74951234567 national RU
RU 89123456789 +79123456789 mobile RU
RU 88001234567 +78001234567 toll-free RU
RU 88091234567 +78091234567 premium RU
RU 87710009998 +77710009998 international KZ
RU 8104930123456 +4930123456 international DE
RU 8108821612345678 +8821612345678 satellite -
CN 110 110 emergency CN
CN 119 119 emergency CN
CN 120 120 emergency CN
CN 12345 12345 short-code CN
CN 01012345678 +861012345678 national CN
CN 13123456789 +8613123456789 mobile CN
CN 4001234567 +864001234567 shared-cost CN
CN 8001234567 +868001234567 toll-free CN
CN 16812345 +8616812345 premium CN
CN 0085221234567 +85221234567 international HK
IT 112 112 emergency IT
IT 118 118 emergency IT
IT 1254 1254 premium IT
IT 0612345678 +390612345678 national IT
IT 3123456789 +393123456789 mobile IT
IT 800123456 +39800123456 toll-free IT
IT 848123456 +39848123456 shared-cost IT
IT 899123456 +39899123456 premium IT
IT 00390612345678 +390612345678 national IT
IL 100 100 emergency IL
IL 101 101 emergency IL
IL 021234567 +97221234567 national IL
IL 0502345678 +972502345678 mobile IL
IL 1800123456 +9721800123456 toll-free IL
IL 1700123456 +9721700123456 shared-cost IL
IL 1919123456 +9721919123456 premium IL
IL 00442079460123 +442079460123 international GB
IL 012442079460123 +442079460123 international GB
KZ 101 101 emergency KZ
KZ 112 112 emergency KZ
KZ 87123456789 +77123456789 national KZ
KZ 87710009998 +77710009998 mobile KZ
KZ 88001234567 +78001234567 toll-free KZ
KZ 88091234567 +78091234567 premium KZ
KZ 84951234567 +74951234567 international RU
KZ 8104930123456 +4930123456 international DE
"""
TYPES = {
    PhoneNumberType.FIXED_LINE: Kind.NATIONAL,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.NATIONAL,
    PhoneNumberType.VOIP: Kind.NATIONAL,
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
    PhoneNumberType.SHARED_COST: Kind.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
    PhoneNumberType.PERSONAL_NUMBER: Kind.OTHER,
    PhoneNumberType.PAGER: Kind.OTHER,
    PhoneNumberType.VOICEMAIL: Kind.OTHER,
    PhoneNumberType.UAN: Kind.OTHER,
}


def number(country: str, dialled: str, **more: str) -> Number:
    plan = Plan(country, **more)
    return emergency(dialled, plan) or read(dialled, plan)


@pytest.mark.parametrize("row", [line for line in DIALLED.split("\n") if line])
def test_a_number_is_read_as_its_country_dials_it(row: str) -> None:
    country, dialled, dial, kind, of = row.split(" ")
    found = number(country, dialled)
    assert (found.dial, found.kind.value, found.country) == (dial, kind, of.replace("-", ""))


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("type_", TYPES)
def test_an_example_of_each_type_is_of_its_kind_however_it_is_dialled(country: str, type_: int) -> None:
    example = phonenumbers.example_number_for_type(country, type_)
    if example is None or phonenumbers.number_type(example) not in (type_, PhoneNumberType.FIXED_LINE):
        return  # the country has none of that type
    e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
    for dialled in (e164, ABROAD[country] + e164[1:], national):
        found = number(country, dialled)
        assert (found.dial, found.kind, found.country) == (e164, TYPES[type_], country), dialled


@pytest.mark.slow
@pytest.mark.parametrize("country", COUNTRIES)
def test_a_number_of_another_country_is_international_or_stays_dear(country: str) -> None:
    """Fixed, mobile and freephone numbers of others are international, dear ones stay dear."""
    for other in sorted(phonenumbers.SUPPORTED_REGIONS - {country}):
        for type_ in TYPES:
            example = phonenumbers.example_number_for_type(other, type_)
            if example is None or phonenumbers.is_valid_number_for_region(example, country):
                continue
            if (other, type_) == ("CA", PhoneNumberType.UAN):
                continue  # seven digits, dialled inside Canada only
            found = number(country, phonenumbers.format_number(example, PhoneNumberFormat.E164))
            expected = (
                Kind.NATIONAL if found.dial.startswith("+443") else TYPES[phonenumbers.number_type(example)]
            )
            is_plain = expected in (Kind.NATIONAL, Kind.MOBILE, Kind.TOLL_FREE)
            assert found.kind is (Kind.INTERNATIONAL if is_plain else expected), (other, type_)
            assert found.country not in ("", country)


@pytest.mark.parametrize("zone", [zone for zone in zones() if len(zone) == 2])
def test_every_emergency_number_of_every_country_is_one_with_and_without_prefix(zone: str) -> None:
    country = REGIONS.get(zone, zone.upper())
    codes = [*map(str, range(1, 1000)), *(f"0{rest}" for rest in range(100))]
    known = [code for code in codes if emergency(code, Plan(country))]
    assert known
    for code in known:
        assert number(country, "9" + code, prefix="9").kind is Kind.EMERGENCY


@pytest.mark.parametrize(
    "dialled", ["112" + " " * 62, "+112", "112+", "1 1 2*", "112;x", "1120", "0112", "99112"]
)
def test_what_only_looks_like_an_emergency_number_is_none(dialled: str) -> None:
    assert emergency(dialled, Plan("GB", prefix="9")) is None


def test_own_emergency_numbers_are_added() -> None:
    plan = Plan("GB", emergency=("101",), prefix="9")
    assert [bool(emergency(code, plan)) for code in ("101", "9101", "99101", "1012")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("country", "area", "dialled", "dial"),
    [
        ("GB", "20", "79460123", "+442079460123"),
        ("GB", "20", "02079460123", "+442079460123"),
        ("GB", "20", "+442079460123", "+442079460123"),
        ("US", "212", "5550123", "+12125550123"),
        ("US", "212", "2125550123", "+12125550123"),
        ("DE", "30", "1234567", "+49301234567"),
        ("DE", "30", "9001234567", "+49309001234567"),  # not 0900, whatever a provider makes of it
        ("RU", "495", "1234567", "+74951234567"),
        ("CN", "10", "62345678", "+861062345678"),
        ("IT", "06", "0612345678", "+390612345678"),
    ],
)
def test_a_number_without_its_area_code_is_the_own_areas(
    country: str, area: str, dialled: str, dial: str
) -> None:
    found = number(country, dialled, area=area)
    assert (found.dial, found.kind) == (dial, Kind.LOCAL)


@pytest.mark.parametrize(
    ("country", "dialled"), [("GB", "79460123"), ("US", "5550123"), ("DE", "9001234567"), ("RU", "1234567")]
)
def test_without_an_own_area_such_a_number_is_not_whole(country: str, dialled: str) -> None:
    with pytest.raises(DialRefused, match="lacks its area code") as refused:
        number(country, dialled)
    assert refused.value.sip_code == 484


def test_the_prefix_for_outside_is_taken_off_once_and_not_needed_with_a_plus() -> None:
    for dialled in ("9 020 7946 0123", "902079460123", "+442079460123", "900442079460123"):
        assert number("GB", dialled, prefix="9").dial == "+442079460123"
    for dialled in ("02079460123", "9", "21"):
        with pytest.raises(DialRefused, match="Dial 9 before outside numbers"):
            number("GB", dialled, prefix="9")
    assert number("DE", "0030123456", prefix="0").dial == "+4930123456"
    assert number("DE", "0004312345678", prefix="0").country == "AT"


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        " ",
        "()",
        "+",
        "++442079460123",
        "00+442079460123",
        "44+2079460123",
        "*21*0049301234567#",
        "#31#02079460123",
        "112*",
        "0800FLOWERS",
        "mia",
        "٠٢٠٧٩٤٦٠١٢٣",
        "０２０７９４６０１２３",
        "020²",
        "%2B442079460123",
        "02079460123;phone-context=+44",
        "tel:02079460123",
        "02079460123@evil.example",
        "02079460123\r\nRoute: <sip:x>",
        "02079460123\0",
        "020,79460123",
        "p0207946",
        "1" * 60,
        "0" * 26,
        "9" * 1_000_000,
        "+999123456789",
        "+0012345678",
        "+210123456789",
        "0",
        "00",
        "0044",
        "+44",
        "+4420",
        "+44207946012345",
    ],
)
def test_what_is_no_number_is_refused_with_a_reason(dialled: str) -> None:
    with pytest.raises(DialRefused) as refused:
        number("GB", dialled)
    assert refused.value.sip_code in (404, 484)
    assert 20 < len(str(refused.value)) < 200
    assert not dialled.strip() or len(dialled) < 5 or dialled not in str(refused.value)


LIKELY = "0123456789" * 4 + "+00119-. ()"
ANYTHING = LIKELY + "*#abc;=%@\0\n٣６²é🙂"


@pytest.mark.parametrize("zone", [zone for zone in zones() if len(zone) == 2])
def test_any_text_is_a_number_or_refused(zone: str) -> None:
    chance, country = random.Random(zone), REGIONS.get(zone, zone.upper())
    for _ in range(800):
        dialled = "".join(chance.choices(chance.choice([LIKELY, ANYTHING]), k=chance.randrange(24)))
        prefix, area = chance.choice(["", "0", "9"]), chance.choice(["", "2", "30"])
        try:
            found = number(country, dialled, prefix=prefix, area=area)
        except DialRefused:
            continue
        assert set(found.dial.lstrip("+")) <= set("0123456789")
        assert len(found.dial) <= 1 + 3 + 17  # Japan has freephone numbers of 17 digits
        assert found.dial.startswith("+") or len(found.dial) <= 8
        if found.dial.startswith("+"):  # what was judged is what is dialled: read again it is the same
            again = read(found.dial, Plan(country, area=area))
            assert (again.dial, again.kind, again.country) == (found.dial, found.kind, found.country)
