"""USSD strings in every form in which modems write them."""

from __future__ import annotations

import random

import pytest

from drivers.sms import gsm7, ussd

BALANCE = "Ihr Guthaben: 12,50 EUR"


def test_the_code_everybody_dials() -> None:
    assert ussd.packed("*100#") == "AA180C3602"
    assert ussd.packed("*#06#") == gsm7.pack(b"*#06#").hex().upper()


@pytest.mark.parametrize("length", range(1, 33))
def test_what_is_packed_is_unpacked_whatever_its_length(length: int) -> None:
    text = "Balance 12.50 EUR, thank you OK."[:length]
    assert ussd.decode(ussd.packed(text), is_packed=True) == text


def test_seven_bits_left_over_are_no_at_sign() -> None:
    assert ussd.packed("1234567") == gsm7.pack(b"1234567\r").hex().upper()
    assert ussd.decode(ussd.packed("1234567"), is_packed=True) == "1234567"


@pytest.mark.parametrize(
    ("string", "dcs", "text"),
    [
        (BALANCE, 15, BALANCE),
        (ussd.packed(BALANCE), 15, BALANCE),
        (ussd.packed(BALANCE).lower(), 0, BALANCE),
        (ussd.packed(BALANCE), 1, BALANCE),
        (BALANCE.encode("utf-16-be").hex(), 15, BALANCE),  # AT+CSCS="UCS2"
        (BALANCE.encode("utf-16-be").hex(), 72, BALANCE),
        (BALANCE.encode("utf-16-be").hex(), 68, BALANCE),
        (BALANCE.encode().hex(), 15, BALANCE),  # AT+CSCS="HEX"
        (BALANCE.encode().hex(), 68, BALANCE),
        ("Ваш баланс".encode("utf-16-be").hex(), 72, "Ваш баланс"),
        ("Ваш баланс".encode("utf-16-be").hex(), 68, "Ваш баланс"),
        ("余额 5 元".encode("utf-16-be").hex(), 72, "余额 5 元"),
        ("Ваш баланс", 72, "Ваш баланс"),
        (gsm7.pack(b"de\rHallo Welt").hex(), 0x10, "Hallo Welt"),
        ("B232" + "Ж1".encode("utf-16-be").hex(), 0x11, "Ж1"),
        ("1. Yes\n2. No", 15, "1. Yes\n2. No"),
        ("", 15, ""),
        ("5000", 15, "5000"),
        ("12345678", 15, "12345678"),
        ("FACE", 15, "FACE"),
        ("100", 15, "100"),
        ("FF00", 68, "FF00"),
    ],
)
def test_every_form_gives_its_text(string: str, dcs: int, text: str) -> None:
    assert ussd.decode(string, dcs) == text


def test_a_modem_that_packs_is_believed() -> None:
    assert ussd.decode(ussd.packed("OK"), is_packed=True) == "OK"
    assert ussd.decode(ussd.packed("ΔΦΓΛΩ 5"), is_packed=True) == "ΔΦΓΛΩ 5"


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        ussd.packed("ж")


def test_nothing_makes_it_raise() -> None:
    luck = random.Random(9)
    for _ in range(3000):
        string = "".join(luck.choice('0123456789ABCDEFabcdef"\n\u0661ж😀') for _ in range(luck.randrange(12)))
        assert isinstance(ussd.decode(string, luck.randrange(-2, 300), is_packed=luck.random() < 0.5), str)
