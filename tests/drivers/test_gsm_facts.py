"""What modems of each family say of themselves, and how gently they are asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from drivers.gsm.facts import Facts
from drivers.port import PortTimeout
from tests.drivers.answering import Answering


@pytest.mark.parametrize(
    ("answers", "celsius"),
    [
        ({"AT+CPMUTEMP": "+CPMUTEMP: 41"}, 41.0),  # SIMCom
        ({"AT+QTEMP": "+QTEMP: 33,35,32"}, 35.0),  # Quectel: the warmest of three
        ({"AT^CHIPTEMP?": "^CHIPTEMP: 385,65535,65535,29,65535"}, 38.5),  # Huawei
        ({"AT^CHIPTEMP?": "^CHIPTEMP: 65535,65535,65535,65535,65535"}, None),
        ({}, None),
    ],
)
async def test_temperature(answers: Mapping[str, str], celsius: float | None) -> None:
    facts = Facts()
    await facts.refresh(Answering(answers).channel)
    assert facts.temperature_c == celsius


@pytest.mark.parametrize(
    "answers",
    [
        {"AT+CICCID": "+ICCID: 89490200001234567890"},
        {"AT+QCCID": "+QCCID: 89490200001234567890"},
        {"AT^ICCID?": "^ICCID: 89490200001234567890"},
        {"AT+CCID": '+CCID: "89490200001234567890"'},
    ],
)
async def test_iccid(answers: Mapping[str, str]) -> None:
    facts = Facts()
    await facts.identify(Answering(answers).channel)
    assert facts.iccid == "89490200001234567890"


@pytest.mark.parametrize(
    ("creg", "cereg", "registered"),
    [
        ("+CREG: 0,1", "ERROR", True),
        ('+CREG: 2,5,"1A2B","0C3D01",7', "ERROR", True),
        ("+CREG: 0,0", "+CEREG: 0,1", True),  # VoLTE
        ("+CREG: 0,6", "+CEREG: 0,3", False),  # messages only
        ("+CREG: 0,2", "ERROR", False),
        ("ERROR", "+CEREG: 0,5", True),
    ],
)
async def test_registration(creg: str, cereg: str, registered: bool) -> None:
    facts = Facts()
    await facts.ask_registration(Answering({"AT+CREG?": creg, "AT+CEREG?": cereg}).channel)
    assert facts.registered is registered


@pytest.mark.parametrize(
    ("cops", "operator", "technology"),
    [
        ('+COPS: 0,0,"Testnetz",7', "Testnetz", "E-UTRAN"),
        ('+COPS: 0,0,"Testnetz",0', "Testnetz", "GSM"),
        ('+COPS: 0,0,"Testnetz"', "Testnetz", ""),
        ('+COPS: 0,0,"Testnetz",12', "Testnetz", "technology 12"),
        ("+COPS: 0", "", ""),
    ],
)
async def test_operator_and_technology(cops: str, operator: str, technology: str) -> None:
    facts = Facts()
    await facts.refresh(Answering({"AT+COPS?": cops}).channel)
    assert (facts.operator, facts.technology) == (operator, technology)


async def test_what_was_refused_is_not_asked_again() -> None:
    modem = Answering({"AT+QTEMP": "+QTEMP: 33,35,32"})
    facts = Facts()
    for _ in range(5):
        await facts.refresh(modem.channel)
    assert modem.asked.count("AT+CPMUTEMP") == 1
    assert modem.asked.count("AT+QTEMP") == 5
    modem = Answering({})
    facts = Facts()
    for _ in range(5):
        await facts.refresh(modem.channel)
    assert modem.asked.count("AT+CPMUTEMP") == modem.asked.count("AT^CHIPTEMP?") == 1


async def test_f21_a_question_that_had_no_answer_is_never_asked_again() -> None:
    modem = Answering({"AT+CPMUTEMP": None})
    facts = Facts()
    with pytest.raises(PortTimeout):
        await facts.refresh(modem.channel)
    modem = Answering({})
    await facts.refresh(modem.channel)
    assert not {"AT+CPMUTEMP", "AT+QTEMP"} & set(modem.asked)


async def test_nothing_more_is_asked_when_somebody_has_need_of_the_modem() -> None:
    modem = Answering({})
    await Facts().refresh(modem.channel, lambda: not modem.asked)
    assert modem.asked == ["AT+COPS?"]


async def test_an_ok_without_a_value_is_no_sign_of_life() -> None:
    with pytest.raises(PortTimeout, match=r"gsm-1.*AT\+CSQ was answered without a value"):
        await Facts().ping(Answering({"AT+CSQ": ""}).channel)
