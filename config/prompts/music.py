"""Composes the music on hold, our own: python music.py OUT.wav (8 kHz, 16 bit, mono).

Four soft chords twice, an arpeggio over them the second time. Every note is laid on a ring as long as
the piece, so what rings on past the end is already heard at the beginning: the loop has no seam.
"""

import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8000
BAR_SECONDS = 3.0
MUSIC_DBM0 = -22.0  # a little under speech, so that an announcement stands out
FULL_SCALE_SINE_DBM0 = 3.14  # ITU-T G.711

# Semitones above A3 (220 Hz); low notes do not pass a telephone (300 Hz), so the chords lie high.
C_MAJOR_7 = (3, 7, 10, 14, 19)
A_MINOR_7 = (0, 7, 10, 15, 19)
F_MAJOR_7 = (8, 12, 15, 19, 20)
G_SIXTH = (5, 10, 14, 17, 22)
BARS = (C_MAJOR_7, A_MINOR_7, F_MAJOR_7, G_SIXTH) * 2

Samples = npt.NDArray[np.float64]


def note(semitone: int, seconds: float, attack_seconds: float, decay_seconds: float) -> Samples:
    """One note of three partials that swells in and dies away, peak 1 or less."""
    time = np.arange(int(seconds * RATE)) / RATE
    hertz = 220.0 * 2 ** (semitone / 12)
    tone = sum(np.sin(2 * np.pi * hertz * n * time) * weight for n, weight in ((1, 0.7), (2, 0.2), (3, 0.1)))
    swell = np.sin(np.pi / 2 * np.minimum(time / attack_seconds, 1.0)) ** 2
    fall = np.exp(-time / decay_seconds) * np.sin(np.pi / 2 * np.minimum((seconds - time) / 0.3, 1.0)) ** 2
    return np.asarray(tone * swell * fall)


def piece() -> Samples:
    """The whole loop."""
    bar = int(BAR_SECONDS * RATE)
    ring = np.zeros(bar * len(BARS))

    def lay(at: int, sound: Samples) -> None:
        np.add.at(ring, (at + np.arange(len(sound))) % len(ring), sound)

    for index, chord in enumerate(BARS):
        for semitone in chord:
            lay(index * bar, 0.3 * note(semitone, BAR_SECONDS + 1.5, 0.6, 2.5))
        if index >= len(BARS) // 2:
            for beat, semitone in enumerate((*chord, *chord[-2:0:-1])):
                lay(index * bar + beat * bar // 8, 0.35 * note(semitone + 12, 1.5, 0.02, 0.4))
    return ring


def main(target: Path) -> None:
    """Writes the piece at -22 dBm0."""
    music = piece()
    wanted = 10 ** ((MUSIC_DBM0 - FULL_SCALE_SINE_DBM0) / 20) * 32768 / np.sqrt(2)
    music *= wanted / np.sqrt((music**2).mean())
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(music).astype("<i2").tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
