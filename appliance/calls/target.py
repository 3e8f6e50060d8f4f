"""What was dialled on an agent's phone, or stands in its wish to transfer: a colleague, a queue, a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.calls.centre import Centre
from appliance.dialplan.permit import NOT_FOUND, Cause, DialRefused, Permit

USER = re.compile(r"sips?:([^@;>?]*)@", re.IGNORECASE)


@dataclass(frozen=True)
class Colleague:
    """An agent's phones."""

    agent: str

    def __str__(self) -> str:
        return f"agent:{self.agent}"


@dataclass(frozen=True)
class Waiting:
    """A queue, for whoever is free."""

    queue: str

    def __str__(self) -> str:
        return f"queue:{self.queue}"


@dataclass(frozen=True)
class Outside:
    """Somebody outside, with the permit to dial there."""

    permit: Permit

    def __str__(self) -> str:
        return self.permit.number


Target = Colleague | Waiting | Outside


def resolve(
    dialled: str, agent: str, centre: Centre, *, call_id: str, cause: Cause = Cause.DIALLED
) -> Target:
    """Whom `agent` means by it: an extension, the name of an agent or a queue, else what the guard allows.

    Emergency numbers come before all others. Raises DialRefused.
    """
    config = centre.config
    if not centre.guard.is_emergency(dialled):
        by_extension = {settings.extension: name for name, settings in config.agents.items()}
        colleague = by_extension.get(dialled, dialled) if dialled else ""
        if colleague in config.agents:
            if colleague == agent:
                raise DialRefused(f"agent {agent}: dialled the own phone. Dial a colleague's", NOT_FOUND)
            return Colleague(colleague)
        if dialled in config.queues:
            return Waiting(dialled)
    return Outside(centre.guard.ask(agent, dialled, call_id=call_id, cause=cause))


def user_of(address: str) -> str:
    """The user part of a SIP address, as a 3xx answer's Contact has it; "" for none."""
    found = USER.search(address)
    return found[1] if found else ""
