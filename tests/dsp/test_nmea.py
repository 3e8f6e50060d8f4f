"""NMEA sentences in a modem's sound (failure catalogue F14): taken out, whatever the split; sound stays."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.dsp.engine_rig import TICK_NS, Modem, Rig
from tests.dsp.test_engine_serial import SIGNALS

SENTENCES = [
    b"$GPGGA,094501.00,5231.2000,N,01324.6000,E,1,08,1.0,34.0,M,,M,,*5C\r\n",
    b"$GPGSA,A,2,26,02,05,15,21,29,,,,,,,1.3,1.0,0.8*3A\r\n",
    b"$PQXFI,094501.0,5231.2000,N,01324.6000,E,34.0,1.0,5.0,0.1*7B\r\n",
]


def heard(chunks: list[bytes]) -> bytes:
    """What a phone hears of a modem that sends a chunk a tick."""
    rig = Rig(1)
    rig.page.say(0, rig.tick, 0)
    far = Modem(rig)
    rig.engine.connect(far.port, rig.ports[0], 1.0)
    frames = []
    for chunk in chunks:
        far.send(chunk, rig.tick * TICK_NS + 7_000_000)
        rig.step()
        far.take()
        frames.append(np.array(rig.page.heard(0, rig.tick), dtype="<i2").tobytes())
    return b"".join(frames)


def in_chunks(samples: np.ndarray) -> list[bytes]:
    data = np.asarray(samples).round().astype("<i2").tobytes()
    return [data[at : at + 320] for at in range(0, len(data), 320)]


@pytest.mark.parametrize("name", ["loud speech", "silence", "white noise"])
def test_sentences_anywhere_in_the_sound_are_not_heard(name: str) -> None:
    dice = random.Random(4)
    clean = in_chunks(SIGNALS[name](np.random.default_rng(4), 8000))
    spoiled = []
    for number, chunk in enumerate(clean):
        at = dice.randrange(len(chunk))
        sentence = dice.choice(SENTENCES) if number % 3 == 1 else b""
        spoiled.append(chunk[:at] + sentence + chunk[at:])
    assert heard(spoiled) == heard(clean)


def test_a_sentence_in_two_chunks_is_not_heard() -> None:
    clean = in_chunks(SIGNALS["loud speech"](np.random.default_rng(5), 8000))
    before = heard(clean)
    for cut in range(1, len(SENTENCES[0]), 7):
        spoiled = list(clean)
        spoiled[20] += SENTENCES[0][:cut]
        spoiled[21] = SENTENCES[0][cut:] + spoiled[21]
        assert heard(spoiled) == before


@pytest.mark.parametrize(
    "almost",
    [
        b"$",
        b"$GPGGA",
        b"$GPGGA,",
        b"$GPGGA," + b"1" * 100,
        b"$GPGGA,1\r\r\n",
        b"$gpgga,1,2\r\n",
        b"$GPGGA,\x80\x01\r\n",
        b"$$GPGGA;1,2,3\r\n",
    ],
)
def test_what_is_no_sentence_is_sound(almost: bytes) -> None:
    clean = in_chunks(SIGNALS["loud speech"](np.random.default_rng(6), 4000))
    as_it_is, another = list(clean), list(clean)
    as_it_is[12] = clean[12][: 320 - len(almost)] + almost
    another[12] = clean[12][: 320 - len(almost)] + almost.replace(b"$", b"#")
    one, other = (np.frombuffer(heard(chunks), "<i2").astype(int) for chunks in (as_it_is, another))
    assert 0 < np.abs(one - other).max() < 600, "a letter more or less is 256, a byte less would be thousands"
