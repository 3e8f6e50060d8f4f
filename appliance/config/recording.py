"""Where and how conversations are kept, for how long, and who may read them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from appliance.config.section import Section

MODES = ("always", "on-demand", "never")
#: An age recipient: Bech32 of an X25519 key, as `age-keygen` prints it.
RECIPIENT = r"^age1[02-9ac-hj-np-z]{58}$"
OLD_WORDS = {True: "always", False: "never"}


def _mode(value: object) -> object:
    return OLD_WORDS[value] if isinstance(value, bool) else value


#: When conversations are recorded; "" leaves it to what is less particular. True and false of old files too.
Record = Annotated[Literal["", "always", "on-demand", "never"], BeforeValidator(_mode)]
Recipient = Annotated[str, Field(pattern=RECIPIENT)]
Days = Annotated[int, Field(ge=0, le=36500)]


class Recording(Section):
    """Where and how conversations are kept."""

    folder: str = Field("recordings", description="folder, relative to the state folder")
    format: Literal["pcm16", "alaw", "ulaw"] = Field(
        "pcm16", description="WAV of 16 bits, 115 MB an hour, or A-law or mu-law, 58 MB an hour"
    )
    announce: str = Field(
        "", description='prompt a caller hears before a queue that may record; "" says nothing'
    )
    announce_calls_out: str = Field(
        "", description="prompt heard after the answer by whom an agent calls, if it may be recorded"
    )
    mask_keys: bool = Field(True, description="keys that are heard in the sound of a line are left out")
    beep_seconds: int = Field(
        0,
        ge=0,
        le=120,
        description="so often both hear the country's recording tone; 0: never",
    )
    keep_days: Days = Field(0, description="recordings older than this are deleted; 0 keeps them")
    least_free_percent: int = Field(
        5, ge=0, le=90, description="the oldest are deleted when less of the disk is free; 0: never"
    )
    most_gb: float = Field(
        0.0,
        ge=0,
        le=1_000_000,
        description="the oldest are deleted when all take more; 0: never",
    )
    encrypt_to: list[Recipient] = Field(
        default_factory=list,
        description="age recipients: whoever has the key of one can read; the box itself cannot",
    )
