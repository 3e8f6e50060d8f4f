"""Sets a prompt to the level of telephone speech: python level.py IN.wav OUT.wav (8 kHz, 16 bit, mono)."""

import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

SPEECH_DBM0 = -20.0  # the nominal level of active speech in the network, ITU-T G.223 and P.56
FULL_SCALE_SINE_DBM0 = 3.14  # a sine that just fills the codec, ITU-T G.711 (mu-law 3.17, A-law 3.14)
ACTIVE_DB = 15.9  # P.56: what is further below the mean is a pause, not speech
FRAME_SAMPLES = 160

Samples = npt.NDArray[np.float64]


def active_level_dbm0(samples: Samples) -> float:
    """Level of the spoken parts, dBm0: the frames less than 15.9 dB under their own mean (after P.56)."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = (frames**2).mean(axis=1)
    spoken = power[power > power.mean() / 10 ** (ACTIVE_DB / 10)]
    full_scale_sine = 32768.0**2 / 2
    return float(10 * np.log10(spoken.mean() / full_scale_sine) + FULL_SCALE_SINE_DBM0)


def main(source: Path, target: Path) -> None:
    """Writes `source` at -20 dBm0 to `target`; refuses when its peaks would clip."""
    with wave.open(str(source), "rb") as file:
        form = file.getparams()
        samples = np.frombuffer(file.readframes(form.nframes), "<i2").astype(np.float64)
    if (form.framerate, form.sampwidth, form.nchannels) != (8000, 2, 1):
        raise SystemExit(f"{source}: {form} is not 8 kHz, 16 bit, mono; convert it first")
    samples *= 10 ** ((SPEECH_DBM0 - active_level_dbm0(samples)) / 20)
    if np.abs(samples).max() > 32767:
        raise SystemExit(
            f"{source}: clips at {SPEECH_DBM0} dBm0; its peaks are too high, compress them first"
        )
    with wave.open(str(target), "wb") as file:
        file.setparams(form)
        file.writeframes(np.round(samples).astype("<i2").tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
