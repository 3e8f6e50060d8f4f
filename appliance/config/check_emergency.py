"""What [emergency] says of itself and of other sections: called by `check.py`."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.config.check_voicemail import no_line_for_texts
from appliance.config.problem import Keys, Problem
from appliance.config.schema import Config
from appliance.config.section import DESTINATIONS, NOWHERE, Destination


def emergency_problems(config: Config) -> Iterator[Problem]:
    """What would not work on the day on which it is needed."""
    settings = config.emergency
    if settings.model_fields_set and settings.to == NOWHERE:
        wrong = "missing, so callers would go nowhere in an emergency"
        yield Problem(path=("emergency", "to"), wrong=wrong, allowed=DESTINATIONS)
    if settings.call and not config.outbound.permission:
        wrong = "nobody can be called: the box itself may dial nothing"
        allowed = "outbound.permission names a permission that covers these numbers"
        yield Problem(path=("emergency", "call"), value=settings.call, wrong=wrong, allowed=allowed)
    help_to = config.supervision
    yield from no_line_for_texts(("supervision",), help_to.sms_to, help_to.sms_line, config)
    yield from no_line_for_texts(("emergency",), settings.sms_to, settings.sms_line, config)
    if settings.acknowledgements > len(settings.call) > 0:
        wrong = f"more than the {len(settings.call)} who are called, so they are called for nothing"
        yield Problem(path=("emergency", "acknowledgements"), value=settings.acknowledgements, wrong=wrong)


def emergency_destinations(config: Config) -> Iterator[tuple[Keys, Destination]]:
    """Where an emergency sends callers."""
    if config.emergency.to != NOWHERE:
        yield ("emergency", "to"), config.emergency.to
    yield from ((("emergency", "lines", line), to) for line, to in config.emergency.lines.items())


def emergency_references(config: Config) -> Iterator[tuple[Keys, str, str]]:
    """Where, kind and name of what it refers to; a name may be empty."""
    settings = config.emergency
    yield ("emergency", "announcement"), "prompt", settings.announcement
    yield ("emergency", "alert"), "prompt", settings.alert
    yield ("emergency", "sms_line"), "line", settings.sms_line
    yield ("supervision", "sms_line"), "line", config.supervision.sms_line
    yield from ((("emergency", "lines", line), "line", line) for line in settings.lines)
    yield from ((("emergency", "queues", n), "queue", name) for n, name in enumerate(settings.queues))
    yield from ((("emergency", "agents", n), "agent", name) for n, name in enumerate(settings.agents))
