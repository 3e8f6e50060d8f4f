"""One of those who speak in a call: a leg, who it is, and everything held for it until it leaves."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from appliance.dialplan.outgoing import OutgoingCall
from appliance.media.graph import MediaGraph
from drivers.port import Audio, DriverError, Leg, LegEnded

T = TypeVar("T")


class Place(enum.Enum):
    """What a party hears."""

    ROOM = "the others"
    MUSIC = "music"
    TONE = "ring-back tone"
    SILENCE = "nothing"


@dataclass(frozen=True)
class Who:
    """A party as the journal knows it: a colleague (`agent`), or a `number` over a `line`."""

    leg_id: str = ""
    agent: str = ""
    number: str = ""
    line: str = ""

    @property
    def words(self) -> dict[str, str]:
        """As the fields of an event."""
        return {"leg_id": self.leg_id, "agent": self.agent, "number": self.number, "line": self.line}


class Party:
    """A leg with its place in a call.

    `agent` is "" for somebody outside; `number` is who that is, `line` what carries the leg, both "" for a
    phone. `holds`: the others hear music by this party's wish. `out` is the permitted call of somebody whom
    we dialled. What is held for it (its audio, the agent's time, a permit) is let go by `leave`, once.
    """

    def __init__(self, leg: Leg, *, agent: str = "", number: str = "", line: str = "") -> None:
        self.leg = leg
        self.agent = agent
        self.number = number
        self.line = line
        self.place = Place.ROOM
        self.holds = False
        self.silent = False  # ended by us, because it sent nothing
        self.out: OutgoingCall | None = None
        self.answered_mono: float | None = None  # of somebody whom we dialled
        self.lent: Callable[[], None] | None = None  # the leg stays up after this; told when it is free
        self.port = ""  # the engine's name of its audio
        self._sound = contextlib.ExitStack()
        self._audio: Audio | None = None
        self._held = contextlib.ExitStack()

    @property
    def away(self) -> bool:
        """Neither hears nor speaks: the phone holds, or its user wished so."""
        return self.leg.held or self.holds

    @property
    def name(self) -> str:
        """Who it is, for people: an agent, or a number; "" where that is withheld."""
        return self.agent or self.number

    @property
    def who(self) -> Who:
        """As the journal tells it."""
        return Who(self.leg.id, self.agent, self.number, self.line)

    def open(self, media: MediaGraph) -> None:
        """Give its audio to the engine; harmless when that has it already."""
        if self.port and self._audio == self.leg.audio:
            return
        self._sound.close()
        self._audio = self.leg.audio
        self.port = self._sound.enter_context(media.port(self.leg))

    def borrow(self, other: Party) -> None:
        """Speak by the audio that `other` holds open, which stays so."""
        self.port, self._audio = other.port, other._audio

    def reopen(self, media: MediaGraph) -> None:
        """Its audio was closed by one who shared it."""
        self._sound.close()
        self.port = ""
        self.open(media)

    def change_leg(self, leg: Leg, media: MediaGraph) -> None:
        """Go on with another leg; everything else that is held stays."""
        self._sound.close()
        self.leg, self.port = leg, ""
        self.open(media)

    def hold(self, held: contextlib.AbstractContextManager[T]) -> T:
        """Enter something for as long as the party is here."""
        return self._held.enter_context(held)

    def afterwards(self, do: Callable[[], object]) -> None:
        """Call this when the party leaves."""
        self._held.callback(do)

    def leave(self) -> None:
        """Let go of everything; the leg itself is somebody else's to hang up."""
        self._sound.close()
        self.port = ""
        self._held.close()


async def label(leg: Leg, text: str) -> None:
    """Label a leg for a brain that comes back; one that cannot be is found by other means."""
    with contextlib.suppress(LegEnded, DriverError):
        await leg.set_label(text)
