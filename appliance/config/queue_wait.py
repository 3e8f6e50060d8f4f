"""What a caller hears and may do while waiting, and when the wait ends without an agent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from appliance.config.section import (
    DESTINATIONS,
    Destination,
    Digit,
    OptionalLanguage,
    Seconds,
    Section,
    To,
    destination,
)

#: What a key may do beside leading somewhere: the caller keeps the place and is called back.
CALL_BACK = Destination("call-back")


def _wait_key(value: object) -> object:
    return CALL_BACK if value == str(CALL_BACK) else destination(value)


def _listed(value: Any) -> Any:
    """One name is a list of one, no name an empty list."""
    return ([value] if value else []) if isinstance(value, str) else value


WaitKey = Annotated[Destination, BeforeValidator(_wait_key), PlainSerializer(str)]
WAIT_KEYS = f'{DESTINATIONS}, or "{CALL_BACK}"'
MOST_MUSIC = 32  # files that the engine plays one after another (MOST_FILES of dsp._native.engine)
Prompts = Annotated[list[str], BeforeValidator(_listed)]


class QueueWait(Section):
    """The part of [queues.NAME] that is the caller's wait."""

    music: Prompts = Field(
        default_factory=list,
        max_length=MOST_MUSIC,
        description="a name from [prompts], or a list of them, played in a loop while waiting",
    )
    greeting: str = Field("", description="a name from [prompts], played once at the beginning of the wait")
    comfort: Prompts = Field(
        default_factory=list,
        description="a name from [prompts], or a list of them: one is played every comfort_seconds, in turn",
    )
    comfort_seconds: float = Field(60.0, ge=5, le=3600, description="from one such message to the next")
    language: OptionalLanguage = Field(
        "", description="of what the box says to its callers, where none was chosen; the box's if left out"
    )
    tell_position: bool = Field(False, description="tell callers how many stand before them")
    tell_wait: bool = Field(False, description="tell callers how many minutes it may take, at most 15")
    tell_seconds: float = Field(
        60.0, ge=10, le=3600, description="from one time that position and wait are told to the next"
    )
    keys: dict[Digit, WaitKey] = Field(
        default_factory=dict, description="where each key leads while waiting, at any time"
    )
    call_back_over_seconds: Seconds = Field(
        0.0, description="callers are told of the call-back key when the expected wait is longer; 0 = always"
    )
    call_back_attempts: int = Field(3, ge=1, le=10, description="how often a call-back is tried")
    call_back_retry_seconds: float = Field(
        300.0, ge=10, le=86400, description="from an attempt that came to nothing to the next"
    )
    call_back_machine: Literal["connect", "try-again"] = Field(
        "connect",
        description="what becomes of a call-back that an answering machine takes: the agent goes on with it, "
        "or it counts as unanswered and is tried again. Nobody waits for the verdict",
    )
    call_back_hours: float = Field(24.0, ge=0.1, le=168, description="after this nobody is called back")
    max_callers: int = Field(0, ge=0, le=10000, description="callers let in at a time; 0 = no limit")
    full: To = Field(Destination("hangup"), description="where a caller goes beyond max_callers")
    empty_when: Literal["never", "nobody-logged-in", "all-paused"] = Field(
        "never", description="when there is nobody to wait for; then callers go, or are sent on, to `empty`"
    )
    empty: To = Field(Destination("hangup"), description="where a caller goes when there is nobody")
    hours: str = Field("", description="a name from [calendars]; outside its times callers go to `closed`")
    closed: To = Field(Destination("hangup"), description="where a caller goes outside `hours`")
    max_wait_seconds: Seconds = Field(0.0, description="0 = no limit; then the caller goes to `overflow`")
    overflow: To = Field(Destination("hangup"), description="where a caller goes after max_wait_seconds")
    overflow_expected_seconds: Seconds = Field(
        0.0,
        description="a caller whose expected wait is longer goes to `overflow` at once; 0 = never. "
        "To another queue only when its expected wait and overflow_cost_seconds are less",
    )
    overflow_cost_seconds: Seconds = Field(
        30.0, description="what going to another queue costs a caller, see overflow_expected_seconds"
    )
