"""Automatic level control: brings the active speech of a channel to one level. Done by dsp/_native/agc.c."""

from dsp._native.voice_parts import Agc
from dsp.samples import Bytes, whole

TARGET_DBM0 = -19.0  # active speech level, ITU-T G.169 and G.115 as told by RFC 7874 section 4
MOST_GAIN_DB = 20.0
LEAST_GAIN_DB = -20.0


class LevelControl:
    """One channel's gain: moves slowly while somebody speaks, stands still in pauses, noise and tones."""

    def __init__(self, target_dbm0: float = TARGET_DBM0, most_gain_db: float = MOST_GAIN_DB) -> None:
        if not -60 <= target_dbm0 <= 0:
            raise ValueError(f"target_dbm0: {target_dbm0} is no level for speech. Use -60 to 0.")
        if not LEAST_GAIN_DB <= most_gain_db <= 40:
            raise ValueError(f"most_gain_db: {most_gain_db} is out of range. Use {LEAST_GAIN_DB} to 40.")
        self._agc = Agc(target_dbm0, most_gain_db)

    @property
    def gain_db(self) -> float:
        """The gain now, without what the limiter takes off."""
        return self._agc.gain_db

    def run(self, samples: Bytes) -> bytes:
        """The same number of s16 samples, levelled; no delay."""
        return self._agc.run(whole(samples))
