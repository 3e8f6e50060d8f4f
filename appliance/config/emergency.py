"""What one switch does in an emergency: where callers go then, and who is alerted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.config.section import NOWHERE, Name, Seconds, Section, To
from appliance.config.voicemail import PIN, Number


class Emergency(Section):
    """Prepared before it is needed; switched by `callbox emergency`, *91, a contact or the socket."""

    to: To = Field(NOWHERE, description="where every new caller goes; the rest of this section needs it")
    lines: dict[Name, To] = Field(
        default_factory=dict, description="the same for callers at these lines, instead of `to`"
    )
    announcement: str = Field("", description="a name from [prompts], played to callers before they go there")
    waiting: Literal["move", "tell", "leave"] = Field(
        "move",
        description="who is in menus and queues already: move = announcement, then as new callers; "
        "tell = announcement, the place is kept; leave = nothing",
    )
    queues: list[Name] = Field(default_factory=list, description="queues that go on as ever")
    agents: list[Name] = Field(
        default_factory=list, description="may switch at their phones without PIN: *91 on, *90 off, *92 drill"
    )
    pin: str = Field("", pattern=PIN, description='lets other agents switch at their phones; "" does not')
    sms_to: list[Number] = Field(default_factory=list, description="who gets a text message at once")
    sms_line: str = Field("", description="the line for it; the only one with messages if left out")
    call: list[Number] = Field(
        default_factory=list,
        description="who is called, one after the other, until one presses 1; by outbound.permission",
    )
    alert: str = Field("", description="a name from [prompts], played to them; the box's own if left out")
    acknowledgements: int = Field(1, ge=1, le=20, description="how many must press 1 before calls stop")
    rounds: int = Field(3, ge=1, le=20, description="how often the list is gone through")
    pause_seconds: Seconds = Field(60.0, description="between one round and the next")
    gpio_line: int = Field(
        -1, ge=-1, le=1023, description="line of a contact whose closing switches on, a button; -1 has none"
    )
    gpio_chip: str = Field("/dev/gpiochip0", description="the GPIO chip of that line")
    gpio_active_low: bool = Field(True, description="the contact pulls the line to ground when it closes")
    gpio_switches_off: bool = Field(
        False, description="its opening switches off: for a key switch; a button must not"
    )
