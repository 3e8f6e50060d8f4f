"""Why agents pause, as the screens offer it and the figures count it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from appliance.config.section import Section

REASON = r"^[^\x00-\x1f\x7f]{1,64}$"
Reason = Annotated[str, Field(pattern=REASON)]


class PauseReasons(Section):
    """The reasons for a pause, in the order of their keys: *131 is the first."""

    names: list[Reason] = Field(
        default_factory=lambda: ["lunch", "break", "training", "other"],
        min_length=1,
        max_length=9,
        description="what is offered",
    )
    only: bool = Field(False, description="refuse any other reason; else a screen may send words of its own")

    def reason(self, asked: str) -> str:
        """What was asked for: a name, or the digit of one."""
        if asked.isdecimal() and len(asked) == 1:
            return self.names[int(asked) - 1] if 0 < int(asked) <= len(self.names) else f"code {asked}"
        return asked[:64]

    def allows(self, reason: str) -> bool:
        """Whether it may be given; nothing at all always may."""
        return not reason or not self.only or reason in self.names
