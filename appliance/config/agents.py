"""Those who take calls."""

from __future__ import annotations

from pydantic import Field

from appliance.config.section import OPTIONAL_PHONE, Section

EXTENSION = r"^([1-9][0-9]{1,5})?$"


class Agent(Section):
    """Somebody who takes calls."""

    name: str = Field("", description="the name shown on screens; the key if left out")
    phone: str = Field(
        "",
        pattern=OPTIONAL_PHONE,
        description="SIP address of a phone that does not register; the agent's registered ones if left out",
    )
    extension: str = Field("", pattern=EXTENSION, description="dialled by colleagues")
    permission: str = Field("", description='a name from [permissions]: what may be dialled; "" is nothing')
    auto_answer: bool = Field(False, description="ask the phone to answer by itself (Call-Info, Alert-Info)")
    ready_at_start: bool = Field(False, description="log the agent in when the box starts for the first time")
