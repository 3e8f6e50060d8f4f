"""The AT parser over whole, torn, glued and garbled bytes."""

from __future__ import annotations

import random

import pytest

from drivers.at.parser import LINE_BYTES, Item, Line, Parser, Prompt, Result, fields, number

OK, ERROR = Result("OK"), Result("ERROR")

CASES: dict[str, tuple[bytes, list[Item]]] = {
    "an answer": (b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n", [Line("+CSQ: 20,99"), OK]),
    "an error with its number": (b"\r\n+CME ERROR: 10\r\n", [Result("+CME ERROR: 10")]),
    "Huawei's own error": (b"\r\nCOMMAND NOT SUPPORT\r\n", [Result("COMMAND NOT SUPPORT")]),
    "F1: a URC before OK": (b"\r\n+CREG: 1\r\n\r\nOK\r\n", [Line("+CREG: 1"), OK]),
    "F3: an echo cut by a URC": (
        b'AT+CP\r\n+CMTI: "SM",1\r\nMS?\r',
        [Line("AT+CP"), Line('+CMTI: "SM",1'), Line("MS?")],
    ),
    "F4: a URC glued to the front of OK": (
        b'\r\n+CREG: 1,"1A2B","0C3D",7OK\r\n',
        [Line('+CREG: 1,"1A2B","0C3D",7'), OK],
    ),
    "F4: a URC glued behind OK": (b"\r\nOK+CREG: 1\r\n", [OK, Line("+CREG: 1")]),
    "F4: ERROR+CNUM": (b'\r\nERROR+CNUM: "","123",129\r\n', [ERROR, Line('+CNUM: "","123",129')]),
    "F4: RING glued to OK": (b"\r\nRINGOK\r\n", [Line("RING"), OK]),
    "F4: OK without a line end before RING": (b"OKRING\r\n", [OK, Line("RING")]),
    "F5: echo": (b"AT+CSQ\r\r\n+CSQ: 9,99\r\n\r\nOK\r\n", [Line("AT+CSQ"), Line("+CSQ: 9,99"), OK]),
    "F6: double CR": (b"\r\r\nRING\r\r\n\r\r\nOK\r\r\n", [Line("RING"), OK]),
    "the end of a call is a line, whoever it concerns": (b"\r\nNO CARRIER\r\n", [Line("NO CARRIER")]),
    "NULs and control bytes": (b"\0\0\r\n\x01O\x00K\x7f\r\n", [OK]),
    "a text that ends in OK is a text": (b"\r\n+COPS: 0,0,BROOK\r\n", [Line("+COPS: 0,0,BROOK")]),
    "a prompt without a line end": (b"\r\n> ", [Prompt()]),
    "UTF-8 in an operator's name": ('\r\n+COPS: 0,0,"Téle"\r\n'.encode(), [Line('+COPS: 0,0,"Téle"')]),
    "F4: a PDU with OK glued behind it": (
        b"\r\n0791447758100650040C914497726247000000000000OK\r\n",
        [Line("0791447758100650040C914497726247000000000000"), OK],
    ),
    "an SMS prompt and the echo of what was typed": (b"\r\n> 0011\x1a\r\n", [Prompt(), Line("0011")]),
    "a prompt behind NULs, with a line behind it": (b"\0\0> RING\r\n", [Prompt(), Line("RING")]),
    "a USSD text with line ends": (
        b'\r\n+CUSD: 1,"1. Yes\r\n\r\n> 2. No\n",15\r\n\r\nOK\r\n',
        [Line('+CUSD: 1,"1. Yes\n> 2. No\n",15'), OK],
    ),
    "a USSD text in one line, one without a text, one with quotes": (
        b'+CUSD: 0,"Hi",15\r\n+CUSD: 2\r\n+CUSD: 0,"a "b" c",0\r\n+CUSD: 0,"x"\r\n',
        [Line('+CUSD: 0,"Hi",15'), Line("+CUSD: 2"), Line('+CUSD: 0,"a "b" c",0'), Line('+CUSD: 0,"x"')],
    ),
    "a USSD text that never ends, and what comes next": (
        b'+CUSD: 1,"Menu\r\nA\r\n+CREG: 1\r\nRING\r\n',
        [Line('+CUSD: 1,"Menu\nA'), Line("+CREG: 1"), Line("RING")],
    ),
    "a USSD text that never ends, and the next OK": (
        b'+CUSD: 1,"Menu\r\nRDY\r\nOK\r\n',
        [Line('+CUSD: 1,"Menu\nRDY'), OK],
    ),
    "nothing but line ends": (b"\r\n\r\n\r\r\n", []),
    "half a line": (b"\r\n+CSQ: 2", []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_comes_in_one_piece(name: str) -> None:
    data, items = CASES[name]
    assert Parser().feed(data) == items


@pytest.mark.parametrize("name", CASES)
def test_what_comes_byte_by_byte(name: str) -> None:
    data, items = CASES[name]
    parser = Parser()
    assert [item for byte in data for item in parser.feed(bytes((byte,)))] == items


def test_any_cut_gives_the_same_items() -> None:
    data = b"".join(CASES[name][0] for name in CASES if name != "half a line")
    whole = Parser().feed(data)
    for seed in range(200):
        luck, parser, rest, items = random.Random(seed), Parser(), data, list[Item]()
        while rest:
            size = luck.randint(1, 40)
            items += parser.feed(rest[:size])
            rest = rest[size:]
        assert items == whole


def test_an_over_long_line_is_dropped_and_the_next_one_read() -> None:
    parser = Parser()
    items: list[Item] = []
    for _ in range(100):
        items += parser.feed(b"x" * 1000)
        assert len(parser._rest) <= LINE_BYTES
    assert items == []
    assert parser.feed(b"\r\nOK\r\n") == [OK]
    assert parser.dropped_bytes == 100_000


def test_quotes_that_stay_open_hold_no_more_than_two_lines_of_the_longest() -> None:
    parser = Parser()
    parser.feed(b'+CUSD: 1,"\r\n')
    items: list[Item] = []
    for _ in range(50):
        items += parser.feed(b"x" * 100 + b"\r\n")
        assert len(parser._quoted) <= 2 * LINE_BYTES
    assert parser.feed(b"OK\r\n") == [OK]
    assert sum(len(item.text) for item in items if isinstance(item, Line)) >= 5000


def test_whatever_bytes_come_the_next_answer_is_understood() -> None:
    luck = random.Random(3)
    for _ in range(2000):
        parser = Parser()
        parser.feed(luck.randbytes(luck.randint(0, 60)))
        assert parser.feed(b"\r\nOK\r\n")[-1] == OK


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('+CLCC: 1,0,2,0,0,"+4915",145', ["1", "0", "2", "0", "0", "+4915", "145"]),
        ('+CLIP: "",128,,,,1', ["", "128", "", "", "", "1"]),
        ('+COPS: 0,0,"A, B",7', ["0", "0", "A, B", "7"]),
        ("+CREG: 1", ["1"]),
        ("RING", []),
        ('+X: "unclosed', ['"unclosed']),
    ],
)
def test_fields_of_a_line(text: str, values: list[str]) -> None:
    assert fields(text) == values


def test_a_number_is_a_number_or_nothing() -> None:
    assert [number(text) for text in ("12", "-1", "", "1a", "9" * 30, "\u0661")] == [12, -1, *[None] * 4]
