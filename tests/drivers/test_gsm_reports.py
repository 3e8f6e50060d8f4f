"""What families say of calls, line by line: their own forms, and forms that make no sense."""

from __future__ import annotations

import random

import pytest

from drivers.gsm.clcc import CallStat, CurrentCall, dialled_number, parse_clcc
from drivers.gsm.families import FAMILIES
from drivers.gsm.huawei import HUAWEI
from drivers.gsm.quectel import QUECTEL
from drivers.gsm.quirks import Dialect, Meaning
from drivers.gsm.simcom import SIM7600
from drivers.port import EndCause


@pytest.mark.parametrize(
    ("dialect", "line", "expected"),
    [
        (
            SIM7600,
            '+CLCC: 1,1,4,0,0,"+4917012345",145',
            CurrentCall(1, True, CallStat.INCOMING, "+4917012345"),
        ),
        (HUAWEI, "^ORIG:1,0", CurrentCall(1, False, CallStat.DIALING)),
        (HUAWEI, "^ORIG: 2,1", None),  # a data call
        (HUAWEI, "^CONF:1", CurrentCall(1, False, CallStat.ALERTING)),
        (HUAWEI, "^CONN:1,0", CurrentCall(1, None, CallStat.ACTIVE)),
        (HUAWEI, "^CONN:1", CurrentCall(1, None, CallStat.ACTIVE)),
        (HUAWEI, "^CEND:", None),
        (HUAWEI, "^CEND:x,1,2", None),
        (HUAWEI, "^CEND:1", CurrentCall(1, None, CallStat.ENDED)),
        (
            QUECTEL,
            '+QIND: "ccinfo",1,1,4,0,0,"017012345",129',
            CurrentCall(1, True, CallStat.INCOMING, "017012345"),
        ),
        (QUECTEL, '+QIND: "ccinfo",2,0,-1,0,0,"030",129', CurrentCall(2, False, CallStat.ENDED, "030")),
        (QUECTEL, '+QIND: "ccinfo"', None),
        (QUECTEL, '+QIND: "ccinfo",1,0,-2,0,0,"030",129', None),
        (QUECTEL, "^DSCI: 1,0,3,0,030,129", CurrentCall(1, False, CallStat.ACTIVE, "030")),
        (QUECTEL, "^DSCI: 1,0,7,0,030,129", CurrentCall(1, False, CallStat.ALERTING, "030")),
        (QUECTEL, "^DSCI: 1,1,6,0,,128", CurrentCall(1, True, CallStat.ENDED)),
        (QUECTEL, "^DSCI: 1,1,0,0,,128", None),
    ],
)
def test_a_report_is_read_as_its_family_means_it(
    dialect: Dialect, line: str, expected: CurrentCall | None
) -> None:
    assert dialect.meaning(line) is Meaning.CALL
    assert dialect.read_call(line) == expected


@pytest.mark.parametrize(
    ("line", "cause", "words"),
    [
        ("^CEND:1,0,104,17", EndCause.BUSY, "busy (17)"),
        ("^CEND: 1,0,67,21", EndCause.REJECTED, "rejected (21)"),
        ("^CEND:1,0,104,19", EndCause.NO_ANSWER, "rings, no answer (19)"),
        ("^CEND:1,0,104,34", EndCause.FAILED, "no channel free (34)"),
        ("^CEND:1,82,104,16", None, "normal clearing (16)"),
        ("^CEND:1,82,29", None, "end status 29"),
        ("^CEND:1,0,104,", None, "end status 104"),
        ("^CEND:1,0,21,255", EndCause.FAILED, "no service (21)"),
        ("^CEND:1,0,104,99", EndCause.FAILED, "cause (99)"),
    ],
)
def test_a_huawei_end_has_the_networks_own_cause(line: str, cause: EndCause | None, words: str) -> None:
    call = HUAWEI.read_call(line)
    assert call is not None
    assert call.ending is not None
    assert (call.ending.cause, call.ending.words) == (cause, words)


@pytest.mark.parametrize(
    ("name", "line", "digit"),
    [
        ("sim7600", "+RXDTMF: 5", "5"),
        ("sim7600", "+DTMF:#", "#"),
        ("huawei", "^DDTMF:9", "9"),
        ("quectel", "+QTONEDET: 56", "8"),
        ("quectel", "+QTONEDET: x", ""),
    ],
)
def test_a_key_the_modem_heard_is_never_taken_for_something_else(name: str, line: str, digit: str) -> None:
    dialect = FAMILIES[name]
    assert dialect.meaning(line) is Meaning.DIGIT
    assert dialect.read_digit(line) == digit


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("+4917012345678", "+4917012345678"),
        ("0170 123-456", "0170123456"),
        ("12+34", "1234"),
        ("'; DROP TABLE calls; --", ""),
        ("sip:x@y\r\nVia: z", ""),
        ("9" * 500, "9" * 40),
        ("٤٢", ""),
    ],
)
def test_what_a_caller_sends_as_number_has_nothing_else_in_it(given: str, number: str) -> None:
    assert dialled_number(given) == number


@pytest.mark.parametrize(
    "line", ["+CLCC: 0,0,0,0,0", "+CLCC: 10,0,0,0,0", "+CLCC: 1,2,0,0,0", "+CLCC: 1,0,7,0,0"]
)
def test_a_list_of_calls_that_makes_no_sense_is_no_call(line: str) -> None:
    assert parse_clcc(line) is None


@pytest.mark.parametrize("name", FAMILIES)
def test_gains_of_the_configuration_become_commands_and_others_are_left_alone(name: str) -> None:
    dialect = FAMILIES[name]
    assert dialect.tuned({gain.option: gain.low - 1 for gain in dialect.gains}).tuning == ()
    tuned = dialect.tuned({gain.option: gain.high for gain in dialect.gains}).tuning
    assert [str(gain.high) in command for gain, command in zip(dialect.gains, tuned, strict=True)]


@pytest.mark.parametrize("name", FAMILIES)
def test_any_text_is_read_without_an_error(name: str) -> None:
    dialect, luck = FAMILIES[name], random.Random(3)
    starts = [*dialect.calls, *dialect.urcs]
    alphabet = '0123456789,,,"" -:+;^ab\u0664'
    for _ in range(5000):
        line = luck.choice(starts) + "".join(luck.choices(alphabet, k=luck.randrange(24)))
        dialect.meaning(line)
        dialect.read_call(line)
        dialect.read_digit(line)
