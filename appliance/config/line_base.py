"""What every line has, whatever carries it."""

from __future__ import annotations

from pydantic import Field

from appliance.config.recording import Record
from appliance.config.section import Section, To


class LineBase(Section):
    """What every line has."""

    driver: str
    number: str = Field("", description="the number callers dial to reach it, as printed on a letter")
    to: To = Field(description="where its callers go first")
    enabled: bool = Field(True, description="false leaves the port alone")
    record: Record = Field(
        "", description='conversations over it; "" is always for callers, and as [outbound] for others'
    )
    tariff: str = Field("", description='a name from [tariffs]: limits and balance of its SIM; "" has none')
