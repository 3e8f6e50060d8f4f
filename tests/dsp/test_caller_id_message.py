"""What caller ID messages say, by GR-30 and EN 300 659-3; and that no bytes at all make the reader raise."""

from dataclasses import replace

import numpy as np
import pytest

from dsp.caller_id_message import CallerId, Reason, When, read, write
from tests.dsp.caller_id_signals import framed, with_parameters


def said(*parameters, kind=0x80):
    """All but the raw parameters."""
    return replace(read(with_parameters(*parameters, kind=kind)), parameters=())


def test_gr30_the_printed_examples_are_read():
    """The two that the literature on SDMF and MDMF repeats; their printed checksums, 12 and 7D, are wrong."""
    blocked = bytes.fromhex("04 09 30 39 33 30 31 32 32 34 50 0E")
    assert read(blocked) == CallerId(reason=Reason.PRIVATE, when=When(9, 30, 12, 24))
    named = "80 20 01 08 30 33 32 34 30 39 30 32 07 08 4A 4F 48 4E 20 44 4F 45 "
    whole = read(bytes.fromhex(named + "02 0A 38 30 30 35 35 35 31 32 31 32 84"))
    assert (whole.number, whole.name, whole.when) == ("8005551212", "JOHN DOE", When(3, 24, 9, 2))
    assert whole.problems == ()


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (b"P", Reason.PRIVATE),
        (b"O", Reason.UNAVAILABLE),
        (b"C", Reason.PAYPHONE),
        (b"I", Reason.INTERNATIONAL),
    ],
)
def test_en300659_3_5_4_absence_of_number_and_name(letter, reason):
    assert said((4, letter), (8, letter)) == CallerId(reason=reason, name_reason=reason)


@pytest.mark.parametrize(("lamp", "waiting"), [(0xFF, True), (0x00, False)])
def test_en300659_3_message_waiting(lamp, waiting):
    assert said((0x0B, bytes([lamp])), (0x13, b"\x07"), kind=0x82) == CallerId(
        waiting=waiting, waiting_count=7
    )


@pytest.mark.parametrize(("content", "waiting"), [(b"BBB", True), (b"ooo", False)])
def test_gr30_message_waiting_without_parameters(content, waiting):
    assert read(framed(0x06, content)) == CallerId(waiting=waiting)


def test_en300659_3_called_numbers_call_type_and_redirection():
    assert said((0x11, b"\x01"), (2, b"030123"), (3, b"44"), (0x12, b"55"), (0x1A, b"66")) == CallerId(
        number="030123", called="44", first_called="55", redirecting="66", call_type=1
    )


def test_other_parameters_are_kept_raw_and_in_order():
    parameters = ((0x50, b"hello"), (2, b"123"), (0xE0, b"\x00\xff"), (0x15, b"\x01"))
    caller = read(with_parameters(*parameters))
    assert caller.parameters == parameters
    assert (caller.number, caller.problems) == ("123", ())


def test_parity_bits_of_old_senders_are_dropped():
    def parity(text):
        return bytes(byte | (byte.bit_count() % 2 << 7) for byte in text)

    caller = read(framed(0x04, parity(b"0930122455512")))
    assert (caller.number, caller.when) == ("55512", When(9, 30, 12, 24))
    assert read(framed(0x04, parity(b"09301224P"))).reason is Reason.PRIVATE


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ([(1, b"13011200")], "no month, day, hour and minute"),
        ([(1, b"0101")], "no month, day, hour and minute"),
        ([(4, b"X")], "none of P, O, I, C"),
        ([(0x0B, b"\x12")], "neither on"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_read(parameters, problem):
    caller = read(with_parameters(*parameters, (2, b"12345")))
    assert caller.number == "12345"
    assert [problem in why for why in caller.problems] == [True]


def test_a_message_that_was_cut_says_how_far():
    whole = with_parameters((2, b"12345"), (7, b"JANE DOE"))
    caller = read(whole[:-4])
    assert caller.number == "12345"
    assert caller.problems == (
        f"message: 4 of {len(whole)} bytes were not heard",
        "parameter 0x07: only 5 bytes of it are there",
    )


def test_no_bytes_make_the_reader_raise():
    rng = np.random.default_rng(5)
    for n in range(20000):
        message = bytearray(rng.bytes(int(rng.integers(0, 40))))
        if message and n % 2:
            message[0] = rng.choice([0x04, 0x06, 0x80, 0x82])
        caller = read(bytes(message))
        assert caller.problems or sum(message) % 256 == 0


CALLERS = [
    CallerId("5551234567", name="JANE DOE", when=When(12, 31, 23, 59)),
    CallerId(reason=Reason.PRIVATE, name_reason=Reason.UNAVAILABLE, when=When(1, 1, 0, 0)),
    CallerId("1", called="2", first_called="3", redirecting="4", call_type=2, name="Zoë"),
    CallerId(waiting=True, waiting_count=3),
    CallerId(waiting=False),
]


@pytest.mark.parametrize("caller", CALLERS)
def test_what_is_written_is_read_the_same(caller):
    assert replace(read(write(caller)), parameters=()) == caller


def test_parameters_that_no_field_holds_are_sent_as_they_are():
    assert read(write(CallerId("1", parameters=((0x55, b"raw"), (2, b"ignored"))))).parameters == (
        (2, b"1"),
        (0x55, b"raw"),
    )


@pytest.mark.parametrize("caller", [CALLERS[0], CALLERS[1], CALLERS[4]])
def test_single_data_messages_are_written(caller):
    caller = replace(caller, name="", name_reason=None)
    assert read(write(caller, single=True)) == caller


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="Shorten"):
        write(CallerId(name="x" * 256))
    with pytest.raises(ValueError, match="Shorten"):
        write(CallerId(name="x" * 200, number="1" * 60))
    with pytest.raises(ValueError, match="SDMF begins with it"):
        write(CallerId("1"), single=True)
