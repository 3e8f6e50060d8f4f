"""The drift corrector through the engine: how clean tones are on a modem whose clock is off, both ways."""

import math

import numpy as np
import pytest

from tests.dsp.engine_rig import Modem, Rig, run

LEARN_TICKS = 50 * 240  # the loop needs a minute for a clock; four leave no trace of the learning
AMPLITUDE = 30000
# Least ratio of a tone to all else, in dB: the reach of sinc.h, less the rounding to 16 bits, twice.
# The tones have no short period at 8 kHz: a loud one that has may look like sound read one byte off.
LEAST_DB = {299.3: 88, 1003.7: 88, 2001.1: 77, 2997.3: 70, 3197.9: 52, 3396.1: 40}


def wave(hz):
    return lambda first, count: AMPLITUDE * np.sin(2 * np.pi * hz / 8000 * np.arange(first, first + count))


def clean_db(samples, hz):
    """The best-fitting sine near `hz` against what it leaves, in dB."""
    n = np.arange(len(samples)) - len(samples) / 2
    for _ in range(6):  # the frequency by Newton's way: its error is the part that grows with n
        turn = 2 * np.pi * hz / 8000 * n
        basis = np.stack([np.cos(turn), np.sin(turn), -n * np.sin(turn), n * np.cos(turn)], axis=1)
        c, s, cn, sn = np.linalg.lstsq(basis, samples, rcond=None)[0]
        hz += (cn * c + sn * s) / (c * c + s * s) * 8000 / (2 * np.pi)
    rest = samples - basis[:, :2] @ np.linalg.lstsq(basis[:, :2], samples, rcond=None)[0]
    return 10 * np.log10(np.mean(samples**2) / np.mean(rest**2))


def learnt(ppm):
    """A modem whose clock is this far off, heard by a slot, for long enough."""
    rig = Rig(1)
    rig.page.say(0, rig.tick, 0)
    far = Modem(rig, wave=wave(1000), ppm=ppm)
    rig.engine.connect(far.port, rig.ports[0], 1.0)
    rig.engine.connect(rig.ports[0], far.port, 1.0)
    run(rig, [far], LEARN_TICKS)
    return rig, far


def sweep_ticks(ppm):
    """Ticks in which the reading point passes through all fractions of a sample."""
    return math.ceil(1e6 / abs(ppm) / 160) + 1


@pytest.mark.parametrize("hz", [100, 1000, 3001.7])
def test_the_measure_itself_sees_95_db(hz):
    samples = (AMPLITUDE * np.sin(2 * np.pi * hz / 8000 * np.arange(960) + 1)).round()
    assert clean_db(samples, hz * 1.0001) > 94


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [-300, -50, 50, 300])
def test_tones_of_a_modem_with_another_clock_are_this_clean(ppm):
    rig, far = learnt(ppm)
    for hz, least in LEAST_DB.items():
        far.wave, heard = wave(hz), []
        run(rig, [far], 10)
        run(rig, [far], sweep_ticks(ppm), lambda tick, heard=heard: heard.append(rig.page.heard(0, tick)))
        reached = clean_db(np.concatenate(heard).astype(float), hz * (1 + ppm * 1e-6))
        assert reached >= least, hz


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [-300, 300])
def test_tones_to_a_modem_with_another_clock_are_this_clean(ppm):
    rig, far = learnt(ppm)
    for hz, least in LEAST_DB.items():
        far.take()
        ticks = sweep_ticks(ppm)
        for tick in range(10 + ticks):
            far.until((rig.tick + 1) * 20_000_000)
            rig.step({0: np.round(wave(hz)(160 * tick, 160))})
        reached = clean_db(far.take()[-160 * ticks :].astype(float), hz / (1 + ppm * 1e-6))
        assert reached >= least, hz
