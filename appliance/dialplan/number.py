"""Reading a dialled number: which number that is in this country, and what kind of number.

What is judged is what is dialled: everything that is no short code becomes E.164, so that no line and no
provider can read it another way. Numbering plans are those of the phonenumbers library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    shortnumberinfo,
)
from phonenumbers.phonenumber import CountryCodeSource

from appliance.config.schema import Config
from appliance.dialplan.permit import INCOMPLETE, NOT_FOUND, DialRefused, Kind

REGIONS = {"uk": "GB"}  # tone zones that are not called as ISO 3166 calls their country
SEPARATORS = str.maketrans("", "", "-.() ")  # RFC 3966 5.1.1, and the blank that people write
DIALLED = re.compile(r"\+?[0-9]{1,25}")  # E.164's 15 digits behind prefixes of every sort
MOST_CHARACTERS = 64
NORTH_AMERICA = 1  # calling code; numbers are complete with and without its trunk prefix
SATELLITE = (
    870,
    881,
    882,
    883,
    888,
)  # ITU-T E.164, assigned codes: Inmarsat, satellites, networks of no country
DIRECTORY = "118"  # 118xy is directory enquiries all over Europe: dear, whatever the library knows
KINDS = {
    PhoneNumberType.FIXED_LINE: Kind.NATIONAL,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.NATIONAL,
    PhoneNumberType.VOIP: Kind.NATIONAL,
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
    PhoneNumberType.SHARED_COST: Kind.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
}
ORDINARY = (Kind.NATIONAL, Kind.MOBILE)
BRITISH_03 = "3"  # numbers with it cost what those with 01 and 02 cost, by Ofcom's numbering plan


@dataclass(frozen=True)
class Plan:
    """Where the box stands: ISO 3166 country, own area code or "", what is dialled before outside numbers."""

    country: str
    area: str = ""
    prefix: str = ""
    emergency: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Config) -> Plan:
        """The plan that a configuration describes."""
        zone, outbound = config.box.country, config.outbound
        country = REGIONS.get(zone, zone.upper())
        return cls(country, outbound.area, outbound.prefix, tuple(outbound.emergency))


@dataclass(frozen=True)
class Number:
    """A number as a line dials it, its kind and country ("" for none).

    `forms` are the ways in which people write it down, for the prefixes of a configuration.
    """

    dial: str
    kind: Kind
    country: str
    forms: tuple[str, ...]

    def longest(self, prefixes: Sequence[str]) -> int:
        """How many characters of it the longest of the prefixes covers; 0 when none fits."""
        return max((len(each) for each in prefixes if self.begins(each)), default=0)

    def begins(self, prefix: str) -> bool:
        """True when it begins so, in one of its forms."""
        return any(form.startswith(prefix) for form in self.forms)


def emergency(dialled: str, plan: Plan) -> Number | None:
    """The emergency number that this is, with or without the prefix for outside; None when it is none."""
    digits = dialled.translate(SEPARATORS) if len(dialled) <= MOST_CHARACTERS else ""
    if not DIALLED.fullmatch(digits):
        return None
    for code in (digits, digits.removeprefix(plan.prefix)):
        if code in plan.emergency or shortnumberinfo.is_emergency_number(code, plan.country):
            return Number(code, Kind.EMERGENCY, plan.country, (code,))
    return None


def read(dialled: str, plan: Plan) -> Number:
    """The number that is meant. Raises DialRefused for what is none, or not whole."""
    digits = _outside(_digits(dialled), plan)
    return _short_code(digits, plan) or _classified(_parsed(digits, plan), digits, plan)


def _digits(dialled: str) -> str:
    """Without separators. Raises DialRefused for anything but digits with or without a + before them."""
    digits = dialled[: MOST_CHARACTERS + 1].translate(SEPARATORS)
    if DIALLED.fullmatch(digits) and len(dialled) <= MOST_CHARACTERS:
        return digits
    if not digits:
        why = "there is no digit in it"
    elif set(digits) & set("*#"):
        why = "codes with * and # are for a network's own settings and never go out"
    elif not set(digits) <= set("+0123456789"):
        why = "it holds other characters than digits and +"
    elif "+" in digits[1:] or digits == "+":
        why = "a + stands before digits"
    else:
        why = "it is longer than any telephone number"
    raise DialRefused(f"what was dialled is no telephone number: {why}. Dial digits", NOT_FOUND)


def _outside(digits: str, plan: Plan) -> str:
    """Without the prefix for outside, which a number with + does not need."""
    if digits.startswith("+") or not plan.prefix:
        return digits
    if not digits.startswith(plan.prefix) or digits == plan.prefix:
        raise DialRefused(
            f"the number is neither an extension nor outside. Dial {plan.prefix} before outside numbers",
            NOT_FOUND,
        )
    return digits.removeprefix(plan.prefix)


def _short_code(digits: str, plan: Plan) -> Number | None:
    if digits.startswith("+"):
        return None
    code = _as_it_is(digits, plan)
    if not shortnumberinfo.is_valid_short_number_for_region(code, plan.country):
        return None
    cost = shortnumberinfo.expected_cost_for_region(code, plan.country)
    is_dear = cost == shortnumberinfo.ShortNumberCost.PREMIUM_RATE
    is_dear = is_dear or (digits.startswith(DIRECTORY) and len(digits) > len(DIRECTORY))
    return Number(digits, Kind.PREMIUM if is_dear else Kind.SHORT_CODE, plan.country, (digits,))


def _as_it_is(digits: str, plan: Plan) -> PhoneNumber:
    """The digits as a number of the country, nothing taken off."""
    zeros = len(digits) - len(digits.lstrip("0"))
    return PhoneNumber(
        country_code=phonenumbers.country_code_for_region(plan.country),
        national_number=int(digits),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros or None,
    )


def _parsed(digits: str, plan: Plan) -> PhoneNumber:
    """The whole number, own area code put before where it was left out. Raises DialRefused."""
    try:
        number = phonenumbers.parse(digits, plan.country, keep_raw_input=True)
        if _lacks_area(number, digits, plan):
            number = _in_own_area(digits, plan)
        number = _settled(number)
    except NumberParseException as error:
        raise DialRefused("what was dialled is no number of any country. Check it", NOT_FOUND) from error
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise DialRefused("the number is too short or too long for its country. Check it", INCOMPLETE)
    return number


def _settled(number: PhoneNumber) -> PhoneNumber:
    """The number that its own + form is read as: +61 0 4... goes out as +61 4..., as a provider takes it."""
    for _ in range(MOST_CHARACTERS):
        written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        number = phonenumbers.parse(written, keep_raw_input=True)
        if phonenumbers.format_number(number, PhoneNumberFormat.E164) == written:
            break
    return number


def _lacks_area(number: PhoneNumber, digits: str, plan: Plan) -> bool:
    """True for a subscriber's number alone: nothing before it, in a country where something stands there."""
    trunk = _trunk_prefix(plan)
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return False
    if phonenumbers.national_significant_number(number) != digits:
        return False  # its trunk prefix was taken off
    possible = phonenumbers.is_possible_number_with_reason(number)
    if not trunk or number.country_code == NORTH_AMERICA:
        return possible == ValidationResult.IS_POSSIBLE_LOCAL_ONLY
    written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    is_whole = phonenumbers.is_valid_number(number) and _only_digits(written) == digits
    return not is_whole and not digits.startswith(trunk)


def _in_own_area(digits: str, plan: Plan) -> PhoneNumber:
    if not plan.area:
        raise DialRefused(
            "the number lacks its area code. Dial it with the area code, or set outbound.area", INCOMPLETE
        )
    code = phonenumbers.country_code_for_region(plan.country)
    return phonenumbers.parse(f"+{code}{plan.area}{digits}", keep_raw_input=True)


def _classified(number: PhoneNumber, digits: str, plan: Plan) -> Number:
    country = _country(number, plan)
    kind = _kind(number, country, plan)
    forms = tuple(_forms(number, digits, country == plan.country, plan))
    return Number(forms[0], kind, country, forms)


def _kind(number: PhoneNumber, country: str, plan: Plan) -> Kind:
    if number.country_code in SATELLITE:
        return Kind.SATELLITE
    type_, national = phonenumbers.number_type(number), phonenumbers.national_significant_number(number)
    kind = KINDS.get(type_, Kind.OTHER)
    if type_ == PhoneNumberType.UAN and country == "GB" and national.startswith(BRITISH_03):
        kind = Kind.NATIONAL
    if not country:
        return Kind.OTHER if kind in ORDINARY else kind
    if country != plan.country:
        return Kind.INTERNATIONAL if kind in (*ORDINARY, Kind.TOLL_FREE) else kind
    if kind is Kind.NATIONAL and plan.area and national.startswith(plan.area):
        return Kind.LOCAL
    return kind


def _country(number: PhoneNumber, plan: Plan) -> str:
    """The own one wherever that is possible: freephone numbers of North America are everybody's."""
    code = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if code == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return ""
    if phonenumbers.is_valid_number_for_region(number, plan.country):
        return plan.country
    return phonenumbers.region_code_for_number(number) or code


def _forms(number: PhoneNumber, digits: str, is_own: bool, plan: Plan) -> Iterator[str]:
    yield phonenumbers.format_number(number, PhoneNumberFormat.E164)
    yield digits
    if is_own:
        national = phonenumbers.national_significant_number(number)
        yield national
        yield _trunk_prefix(plan) + national


def _trunk_prefix(plan: Plan) -> str:
    return phonenumbers.ndd_prefix_for_region(plan.country, True) or ""


def _only_digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))
