"""Any bytes are samples: every detector takes them in pieces of any size and finds what it finds in one."""

import numpy as np
import pytest

from dsp import caller_id, dtmf, progress, text_telephone

DETECTORS = {
    "digits": dtmf.Receiver,
    "call progress of a zone": lambda: progress.Detector("de"),
    "busy of any zone": lambda: progress.Detector(progress.ANY),
    "caller ID, Bell 202": lambda: caller_id.Receiver(caller_id.Standard.BELL202),
    "caller ID, V.23": lambda: caller_id.Receiver(caller_id.Standard.ETSI),
    "caller ID, DTMF": lambda: caller_id.Receiver(caller_id.Standard.DTMF),
    "text telephone": text_telephone.Receiver,
}
SECONDS = 2


def square(hz):
    return np.where(np.arange(8000 * SECONDS) * 2 * hz // 8000 % 2, 32767, -32768).astype(np.int16)


def keyed(random):
    """Full-scale tones that change every few milliseconds."""
    hz = np.repeat(random.uniform(100, 3900, 400), 40)[: 8000 * SECONDS]
    return (32767 * np.sign(np.sin(2 * np.pi * np.cumsum(hz) / 8000))).astype(np.int16)


def signals():
    random = np.random.default_rng(11)
    return {
        "random bytes": random.bytes(16000 * SECONDS + 1),
        "squares of 60 Hz": square(60).tobytes(),
        "squares of 941 Hz": square(941).tobytes(),
        "keyed tones": keyed(random).tobytes(),
        "the lower rail": b"\x00\x80" * 8000 * SECONDS,
        "both rails in turn": b"\x00\x80\xff\x7f" * 4000 * SECONDS,
    }


def in_pieces(detector, data, seed):
    """What is found when the data comes in pieces of 1 to 999 bytes, many of a single one."""
    random = np.random.default_rng(seed)
    found, at = [], 0
    while at < len(data):
        size = 1 if random.random() < 0.3 else int(random.integers(1, 1000))
        found += detector.feed(data[at : at + size])
        at += size
    return found + detector.flush()


@pytest.mark.parametrize("signal", signals())
@pytest.mark.parametrize("name", DETECTORS)
def test_any_bytes_in_any_pieces_are_heard_alike(name, signal):
    data = signals()[signal]
    whole = DETECTORS[name]()
    expected = whole.feed(data) + whole.flush()
    assert in_pieces(DETECTORS[name](), data, seed=5) == expected


@pytest.mark.parametrize("name", DETECTORS)
def test_nothing_at_all_is_heard_as_nothing(name):
    detector = DETECTORS[name]()
    assert detector.feed(b"") + detector.feed(b"\x01") + detector.flush() == []
