"""Caller ID by DTMF, by the variants that caller_id_dtmf.py lists with their sources."""

import numpy as np
import pytest

from dsp import caller_id_dtmf, dtmf
from dsp.caller_id import Receiver, Standard
from dsp.caller_id_message import CallerId, Reason
from tests.dsp.signals import s16, silence


def messages(signal):
    receiver = Receiver(Standard.DTMF)
    return receiver.feed(s16(signal).tobytes()) + receiver.flush()


DTMF_CALLS = [
    ("A0812345678C", CallerId(number="0812345678")),
    ("A0812345678D5556677C", CallerId(number="0812345678", redirecting="5556677")),
    ("B10C", CallerId(reason=Reason.PRIVATE)),
    ("B00C", CallerId(reason=Reason.UNAVAILABLE)),
    ("A33112233#", CallerId(number="33112233")),
    ("D1#", CallerId(reason=Reason.PRIVATE)),
    ("D2#", CallerId(reason=Reason.INTERNATIONAL)),
    ("D3#", CallerId(reason=Reason.UNAVAILABLE)),
    ("D0123456789C", CallerId(number="0123456789")),
    ("D0000000000C", CallerId(reason=Reason.UNAVAILABLE)),
    ("33112233#", CallerId(number="33112233")),
    ("33112233C", CallerId(number="33112233")),
]


@pytest.mark.parametrize(("digits", "said"), DTMF_CALLS)
@pytest.mark.parametrize("ms", [50, 70])
def test_every_variant_is_read(digits, said, ms):
    first = np.frombuffer(dtmf.generate(digits, ms, ms), np.int16)
    (message,) = messages(np.concatenate([silence(800), first, silence(80)]))
    assert message.caller == said
    assert (message.data.decode(), message.is_whole) == (digits, True)
    assert abs(message.start_sample - 800) <= 40


def test_without_an_end_a_pause_ends_it_and_two_follow_one_another():
    first = np.frombuffer(dtmf.generate("33112233"), np.int16)
    second = np.frombuffer(dtmf.generate("A44C"), np.int16)
    found = messages(np.concatenate([first, silence(4800), second, silence(80)]))
    assert [(message.caller.number, message.is_whole) for message in found] == [
        ("33112233", False),
        ("44", True),
    ]


@pytest.mark.parametrize("bytes_at_once", [1, 3, 160, 318, 320, 5001])
def test_any_split_gives_the_same_messages(bytes_at_once):
    data = dtmf.generate("33112233", 120, 480) + bytes(12000) + dtmf.generate("A44C") + bytes(1000)
    receiver = Receiver(Standard.DTMF)
    pieces = (data[at : at + bytes_at_once] for at in range(0, len(data), bytes_at_once))
    found = [message for piece in pieces for message in receiver.feed(piece)]
    assert found == Receiver(Standard.DTMF).feed(data)
    assert [message.caller.number for message in found] == ["33112233", "44"]


@pytest.mark.parametrize(("digits", "said"), DTMF_CALLS)
def test_what_is_written_is_read_the_same(digits, said):
    brackets = f"{digits[0]} {digits[-1]}" if digits[0] in "AD" and said.number else f"A {digits[-1]}"
    assert caller_id_dtmf.read(caller_id_dtmf.write(said, brackets)) == said


@pytest.mark.parametrize("digits", ["*1#", "A*5C", "B77C", "AC", "", "#", "C", "DDDD", "A12*34C", "D9#"])
def test_what_is_not_known_is_told_and_nothing_raises(digits):
    said = caller_id_dtmf.read(digits)
    assert said.problems or said.number


def test_any_digits_are_read_without_raising():
    rng = np.random.default_rng(4)
    for _ in range(2000):
        digits = "".join(rng.choice(list(dtmf.KEYS), rng.integers(0, 12)))
        said = caller_id_dtmf.read(digits)
        assert said.number or said.reason or said.redirecting or said.problems


def test_what_dtmf_cannot_say_is_refused():
    with pytest.raises(ValueError, match="digits only"):
        caller_id_dtmf.write(CallerId(number="+4930"))
    with pytest.raises(ValueError, match="not a variant"):
        caller_id_dtmf.write(CallerId(number="1"), "C A")
