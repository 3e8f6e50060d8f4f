"""What a voice modem itself hears on the line and tells by codes: DTMF, the exchange's tones, silence."""

from __future__ import annotations

import array
from collections.abc import Set

from drivers.emulated.pcm import FRAME_SECONDS, SILENCE
from drivers.emulated.v253.chips import Chip
from drivers.emulated.v253.line import Line, LineState
from drivers.emulated.v253.stream import Stream
from dsp.dtmf import Receiver

SILENCE_PEAK = 228  # of a sine of -40 dBm0: V.253 +VSD=128
REPEAT_SECONDS = 0.07  # V1
FALSE_BUSY_SECONDS, FALSE_DIAL_SECONDS = 4.0, 3.0
#: Tone of the exchange -> its code, after how many seconds, and how often again.
TONES = {
    "busy": ("b", 2.0, 4.0),
    "congestion": ("b", 2.0, 4.0),
    "dial": ("d", 1.0, 3.0),
    "ringback": ("r", 0.5, 6.0),
}


class Ear:
    """The detectors of one modem."""

    def __init__(self, chip: Chip) -> None:
        self.tells_digits = True
        self.voice_heard = False
        self.deaf = False  # V1d
        self._framed = chip.digits_framed
        self._far_keys = Receiver()
        self._own_keys = Receiver()
        self._frames = 0
        self._tone = ""
        self._tone_frames = 0
        self._quiet_frames = 0

    def line_taken(self) -> None:
        """A new call, new ears."""
        self._far_keys, self._own_keys = Receiver(), Receiver()
        self._frames = 0
        self.deaf = False

    def stream_begins(self) -> None:
        """+VSD counts from here, and the host's wish to hear no digits is forgotten."""
        self.tells_digits, self.voice_heard = True, False
        self._quiet_frames = 0

    def listen(self, far: bytes, said: bytes, line: Line, faults: Set[str]) -> str:
        """The codes for one frame: `far` from the line without our echo, `said` our own."""
        self._frames += 1
        codes = self._digits(self._far_keys, far, faults)
        if "V1e" in faults:
            codes += self._digits(self._own_keys, said, faults)
        if "V2n" not in faults:
            codes += self._progress(line.tone)
        if line.state is LineState.TALKING:
            codes += "b" if "V2b" in faults and self._every(FALSE_BUSY_SECONDS) else ""
            codes += "d" if "V2d" in faults and self._every(FALSE_DIAL_SECONDS) else ""
        return codes

    def silence_over(self, seconds: float, heard: bytes, stream: Stream) -> bool:
        """+VSD: whether the line has just been silent for so long (0 = not watched)."""
        if not seconds or not stream.hears:
            return False
        if heard != SILENCE and max(array.array("h", heard)) > SILENCE_PEAK:
            self.voice_heard, self._quiet_frames = True, 0
            return False
        self._quiet_frames += 1
        return self._quiet_frames == round(seconds / FRAME_SECONDS)

    def _digits(self, keys: Receiver, sound: bytes, faults: Set[str]) -> str:
        codes = ""
        for found in keys.feed(sound):
            if self.deaf or not self.tells_digits:
                continue
            seconds = (found.end_sample - found.start_sample) / 8000
            times = 1 + int(seconds / REPEAT_SECONDS) if "V1" in faults else 1
            digit = found.digit * times
            codes += f"/{digit}~" if self._framed or "V1" in faults else digit
        return codes

    def _progress(self, tone: str) -> str:
        if tone != self._tone:
            self._tone, self._tone_frames = tone, 0
        if not tone:
            return ""
        self._tone_frames += 1
        character, first, again = TONES[tone]
        since = self._tone_frames - round(first / FRAME_SECONDS)
        return character if since >= 0 and since % round(again / FRAME_SECONDS) == 0 else ""

    def _every(self, seconds: float) -> bool:
        return self._frames % round(seconds / FRAME_SECONDS) == 0
