"""Those who take calls."""

from __future__ import annotations

from typing import Literal

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
    wrap_up_seconds: float = Field(
        -1, ge=-1, le=86400, description="time to write up a call, of this agent; -1 = as the queue says"
    )
    role: Literal["agent", "supervisor"] = Field(
        "agent", description="a supervisor may listen to others, whisper, barge in and take over"
    )
    coach: str = Field(
        "", description="an agent whose phone rings to listen to this one's calls, who may whisper too"
    )
    coached_calls: int = Field(
        20, ge=1, le=100_000, description="for the first so many calls; busy coaches are left alone"
    )
    ready_at_start: bool = Field(False, description="log the agent in when the box starts for the first time")
