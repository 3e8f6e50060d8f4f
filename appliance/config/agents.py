"""Those who take calls."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.config.queue_choice import Level
from appliance.config.recording import Record
from appliance.config.section import OPTIONAL_PHONE, Name, OptionalLanguage, Section

AGENT_PHONE = OPTIONAL_PHONE + r"|^number:\+[0-9]{4,15}$"
EXTENSION = r"^([1-9][0-9]{1,5})?$"


class Agent(Section):
    """Somebody who takes calls."""

    name: str = Field("", description="the name shown on screens; the key if left out")
    phone: str = Field(
        "",
        pattern=AGENT_PHONE,
        description="SIP address of a phone that does not register, or number:+E164 outside, dialled as the "
        "agent's permission allows; the agent's registered phones if left out",
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
        "",
        description="an agent whose phone rings to listen to this one, and who may do what supervisors may",
    )
    coached_calls: int = Field(
        20, ge=1, le=100_000, description="for the first so many calls; busy coaches are left alone"
    )
    record: Record = Field("", description='this agent\'s conversations; "" leaves it to queue and line')
    skills: dict[Name, Level] = Field(
        default_factory=dict, description="skill = how well it is known, 1 to 5, as skills = { german = 4 }"
    )
    misses_before_pause: int = Field(
        0, ge=0, le=100, description="calls in a row the agent may miss; 0 = as the queue says"
    )
    stay_connected: bool = Field(
        False, description="dial the agent's number at log-in, and stay connected between calls"
    )
    language: OptionalLanguage = Field(
        "", description="of what the box says to this agent; the box's if left out"
    )
    ready_at_start: bool = Field(False, description="log the agent in when the box starts for the first time")

    @property
    def number(self) -> str:
        """The number outside where the agent is dialled, "" for an agent with phones."""
        return self.phone.removeprefix("number:") if self.phone.startswith("number:") else ""

    @property
    def address(self) -> str:
        """The SIP address of a phone that does not register, "" for none."""
        return "" if self.number else self.phone
