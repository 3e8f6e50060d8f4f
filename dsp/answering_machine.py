"""Who picked up: a person, who greets and then listens, or a machine, which speaks on or beeps.

The clock of the greeting starts with the first voice, so that silence before it counts for nothing: it is
neither a person nor a machine. What is heard comes as changes of what `dsp.vad` says; nothing here waits.

| while    | it goes on until                    | and then it is |
|----------|-------------------------------------|----------------|
| SILENT   | NOBODY_SECONDS from the answer      | NOBODY         |
| GREETING | GREETING_SECONDS of the first voice | MACHINE        |
| PAUSE    | PAUSE_SECONDS of the last voice     | PERSON         |
| BEEP     | BEEP_SECONDS of its begin           | MACHINE        |

Measured on greetings of five voices made by espeak-ng and flite (tests/dsp/greetings.py): those of persons
end by 3.7 s as the detector hears them and have pauses of 0.17 s at most, machines speak for 4.9 s and more
with pauses up to 0.43 s. A limit of 1.5 s, which Asterisk's app_amd has, would take "Good morning, Anna Smith
speaking." for a machine's. The longest tone found in recorded speech (asterisk-core-sounds) lasts 0.09 s.
Of 360 such calls (noise 30, 20 and 10 dB below, -35 to -10 dBm0, 0 to 8 s of silence first) none was judged
wrong; of 357 recorded sentences none below 4 s was a machine's and all above 6 s were. Who greets for longer
than GREETING_SECONDS is taken for a machine, a machine that pauses early for a person.

As a program, `python -m dsp.answering_machine` reads s16le 8 kHz mono from the answer on and prints who it is
and the second in which that was known.
"""

import argparse
import enum
import sys
from collections.abc import Iterable

from dsp.samples import stream
from dsp.vad import HOP_SAMPLES, Detector, Heard
from dsp.wav import RATE

NOBODY_SECONDS = 10.0
GREETING_SECONDS = 4.5
PAUSE_SECONDS = 0.8  # as the detector hears it, which holds on to a voice for 200 ms
BEEP_SECONDS = 0.2  # after the 100 ms that it takes to know a tone
WORD_SECONDS = 0.25  # the same 200 ms in it; a shorter voice is a knock, or the edge of a tone


class Sound(enum.Enum):
    """What is heard now."""

    QUIET = "quiet"
    VOICE = "voice"
    TONE = "tone"


class Who(enum.Enum):
    """Who it is; UNKNOWN until that can be told."""

    PERSON = "person"
    MACHINE = "machine"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class State(enum.Enum):
    """Where the greeting is."""

    SILENT = "nothing was said"
    GREETING = "somebody speaks"
    PAUSE = "somebody has spoken"
    BEEP = "a tone sounds"


#: How long a state must last, and who it is then.
LASTS = {
    State.SILENT: (NOBODY_SECONDS, Who.NOBODY),
    State.GREETING: (GREETING_SECONDS, Who.MACHINE),
    State.PAUSE: (PAUSE_SECONDS, Who.PERSON),
    State.BEEP: (BEEP_SECONDS, Who.MACHINE),
}
#: The state that a sound leads to, once there was a voice.
LEADS_TO = {Sound.QUIET: State.PAUSE, Sound.VOICE: State.GREETING, Sound.TONE: State.BEEP}


class AnsweringMachine:
    """Told of one answered call; times are seconds of any clock that goes evenly."""

    def __init__(self, answered_s: float) -> None:
        self._answered_s = self._since_s = answered_s
        self._voice_s: float | None = None  # when the greeting began
        self._state = State.SILENT
        self._who = Who.UNKNOWN

    @property
    def due_s(self) -> float:
        """When it is known who it is, if what is heard stays as it is."""
        return self._since_s + LASTS[self._state][0]

    def who(self, now_s: float) -> Who:
        """As far as that is known now; once known it stays."""
        if self._who is Who.UNKNOWN and now_s >= self.due_s:
            self._who = LASTS[self._state][1]
        return self._who

    def heard(self, sound: Sound, now_s: float) -> None:
        """What is heard from now on; the same again changes nothing."""
        self.who(now_s)
        if sound is Sound.VOICE and self._voice_s is None:
            self._voice_s = now_s
        if sound is not Sound.VOICE and self._voice_s is not None and now_s - self._voice_s < WORD_SECONDS:
            self._voice_s = None
        state = LEADS_TO[sound]
        if state is State.PAUSE and self._voice_s is None:
            state = State.SILENT
        if state is not self._state:
            self._state, self._since_s = state, now_s
            if state is State.SILENT:
                self._since_s = self._answered_s
            elif state is State.GREETING and self._voice_s is not None:
                self._since_s = self._voice_s


def sound_of(heard: Heard) -> Sound:
    """What the voice-activity detector's decision is here."""
    if heard.tone:
        return Sound.TONE
    return Sound.VOICE if heard.active else Sound.QUIET


def picked_up(pieces: Iterable[bytes]) -> tuple[Who, float]:
    """Who it was and when that was known, in seconds of the sound; pieces of any length."""
    detector, machine, at = Detector(), AnsweringMachine(0.0), 0
    for piece in pieces:
        for offset in range(0, len(piece), 2 * HOP_SAMPLES):
            part = piece[offset : offset + 2 * HOP_SAMPLES]
            at += len(part) // 2
            machine.heard(sound_of(detector.feed(part)), at / RATE)
            who = machine.who(at / RATE)
            if who is not Who.UNKNOWN:
                return who, at / RATE
    return Who.UNKNOWN, at / RATE


def main() -> None:
    """`python -m dsp.answering_machine`."""
    argparse.ArgumentParser(
        prog="python -m dsp.answering_machine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    who, seconds = picked_up(stream(sys.stdin.fileno()))
    sys.stdout.write(f"{who.value} {seconds:.2f}\n")


if __name__ == "__main__":
    main()
