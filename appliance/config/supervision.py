"""How supervisors are noticed by those whom they attend."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.config.section import Section


class Supervision(Section):
    """Listening, whispering, barging in, taking over."""

    beep: Literal["never", "barge", "always"] = Field(
        "barge",
        description="a tone for all when a supervisor barges in; always: one for the agent, too, "
        "when a supervisor begins to listen",
    )
