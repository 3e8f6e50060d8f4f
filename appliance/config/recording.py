"""Where and how conversations are kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.config.section import Section


class Recording(Section):
    """Where and how conversations are kept."""

    folder: str = Field("recordings", description="folder, relative to the state folder")
    format: Literal["pcm16", "alaw", "ulaw"] = Field(
        "pcm16", description="WAV of 16 bits, 115 MB an hour, or A-law or mu-law, 58 MB an hour"
    )
    announce: str = Field(
        "", description='prompt a caller hears before a queue that records; "" says nothing'
    )
