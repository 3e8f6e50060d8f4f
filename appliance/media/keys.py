"""Keys pressed at a line by nobody but us: DTMF digits as a tone plan that is played once."""

from __future__ import annotations

from dsp.dtmf import HIGH_HZ, KEYS, LOW_HZ

#: Of each tone: a telephone may send -5 to -22 dBm, the high one up to 4 dB above (AS/CA S002:2010 5.5.1.9).
LEVEL_DBM0 = -8.0
ON_MS = 100  # both more than twice what a receiver asks for (ITU-T Q.24: 40 ms)
OFF_MS = 100
MOST = 32  # digits of one plan, dsp/_native/tone.h


def spec(digits: str) -> str:
    """The plan, for digits of dsp.dtmf.KEYS (see dsp/_native/tone.h)."""
    return ",".join(f"!{_tones(digit)}/{ON_MS},!0/{OFF_MS}" for digit in digits)


def seconds(digits: str) -> float:
    """How long they take."""
    return len(digits) * (ON_MS + OFF_MS) / 1000


def _tones(digit: str) -> str:
    row, column = divmod(KEYS.index(digit), len(HIGH_HZ))
    return f"{LOW_HZ[row]}+{HIGH_HZ[column]}"
