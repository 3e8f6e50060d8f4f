"""Numbers as one country writes them, for lines: to + form and back, by the phonenumbers library."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, ValidationResult

from appliance.dialplan.number import REGIONS

LONGEST = 20  # digits; more is no number of any country (E.164 has 15, with a prefix before them)
#: Before country codes where every carrier has a prefix of its own; the first that the country knows.
CARRIERS = ("00", "001", "002", "0021")


class CountryNumbering:
    """The numbering of a tone zone's country ("de", "uk"); what is no number of any stays as it is."""

    def __init__(self, zone: str) -> None:
        self._region = REGIONS.get(zone, zone.upper())

    def plus(self, number: str) -> str:
        """In + form where it has one: 030123456, 004930123456, 4930123456 are +4930123456 in Germany."""
        digits = number.removeprefix("+")
        if number.startswith("+") or not (digits.isascii() and digits.isdecimal()) or len(digits) > LONGEST:
            return number
        try:
            parsed = phonenumbers.parse(number, self._region)
        except NumberParseException:
            return number
        if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
            return number  # a short code, or an extension of another exchange
        return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)

    def national(self, number: str) -> str:
        """A number in + form as it is dialled inside the country."""
        try:
            parsed = phonenumbers.parse(number, self._region)
        except NumberParseException:
            return number
        written = phonenumbers.format_out_of_country_calling_number(parsed, self._region)
        abroad = self._abroad() if written.startswith("+") else ""
        return abroad + "".join(filter(str.isdecimal, written)) or number

    def _abroad(self) -> str:
        """The prefix before country codes, in countries that have several."""
        known = PhoneMetadata.metadata_for_region(self._region, None)
        pattern = known.international_prefix or "" if known else ""
        return next((each for each in CARRIERS if re.fullmatch(pattern, each)), CARRIERS[0])
