"""When a queue, a line or a flow is open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator

from appliance.config.calendar_days import Day, Opening, holiday, opening, special
from appliance.config.holidays_file import read_holidays
from appliance.config.section import Section

Week = Annotated[Opening, PlainValidator(opening), PlainSerializer(str)]
Holiday = Annotated[Day, PlainValidator(holiday), PlainSerializer(str)]
Special = Annotated[Day, PlainValidator(special), PlainSerializer(str)]


class Calendar(Section):
    """Weekly opening times, and the days that are otherwise."""

    zone: str = Field("", description='time zone as "Europe/Berlin"; that of the box if left out')
    open: list[Week] = Field(
        default_factory=list, description='each week: "mon-fri 09:00-12:30, 13:30-18:00"; over midnight too'
    )
    holidays: list[Holiday] = Field(
        default_factory=list,
        description='closed all day: "12-25 Christmas Day", "2026-08-01..2026-08-14 Summer break", '
        '"easter+1 Easter Monday -> play:easter"',
    )
    holidays_file: str = Field(
        "", description="an iCalendar file (.ics) with more of them, relative to the configuration file"
    )
    special: list[Special] = Field(
        default_factory=list,
        description='other times than the week\'s, on a holiday too: "2026-12-24 09:00-12:00 Christmas Eve"',
    )

    def with_file(self, folder: Path) -> Calendar:
        """The same with the days of `holidays_file`, which is in `folder`, after the other holidays.

        Raises BadHolidays and OSError.
        """
        if not self.holidays_file:
            return self
        days = read_holidays(folder / self.holidays_file)
        return self.model_copy(update={"holidays": [*self.holidays, *days]})
