"""What is wrong in [voicemail] and [emergency] is told before a caller finds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.config.check import check
from appliance.config.problem import dotted
from appliance.config.schema import Config

GSM = {"driver": "sim7600", "port": "/dev/ttyUSB2", "audio_port": "/dev/ttyUSB4", "to": "hangup"}
SITE: dict[str, Any] = {"lines": {"gsm-1": GSM}, "agents": {"ana": {}}}
OUT: dict[str, Any] = {
    "outbound": {"permission": "all"},
    "permissions": {"all": {"classes": ["national"]}},
    "rates": {"any": {"a_minute": 0}},
}


def problems(tmp_path: Path, **sections: Any) -> list[str]:
    found = check(Config.model_validate({**SITE, **sections}), tmp_path)
    return [f"{dotted(problem.path)}: {problem.wrong}" for problem in found]


def box(**options: Any) -> dict[str, Any]:
    return {"voicemail": {"office": options}}


def test_a_mailbox_with_nothing_said_of_it_is_good(tmp_path: Path) -> None:
    assert problems(tmp_path, **box()) == []
    assert problems(tmp_path, **box(sms_to=["+4930123"], agents=["ana"], hook=["/bin/true", "x"])) == []


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"agents": ["eva"]}, "voicemail.office.agents[0]: there is no agent eva"),
        ({"greeting": "hello"}, "voicemail.office.greeting: there is no prompt hello"),
        ({"sms_text": "{bos}"}, "voicemail.office.sms_text: a brace that opens nothing known"),
        ({"sms_text": "{"}, "voicemail.office.sms_text: a brace that opens nothing known"),
        ({"sms_text": "{box.upper}"}, "voicemail.office.sms_text: only plain words stand in braces"),
        ({"hook": ["/no/such/thing"]}, "voicemail.office.hook[0]: no such program"),
        ({"otherwise": "voicemail:office"}, "voicemail.office.otherwise: leads back to the same box"),
        ({"otherwise": "voicemail:home"}, "voicemail.office.otherwise: there is no voicemail home"),
        ({"least_seconds": 60, "most_seconds": 30}, "voicemail.office.least_seconds: not below most_seconds"),
        ({"sms_line": "gsm-2", "sms_to": ["+4930123"]}, "voicemail.office.sms_line: there is no line gsm-2"),
    ],
)
def test_what_cannot_work_is_told(options: dict[str, Any], wrong: str, tmp_path: Path) -> None:
    [told] = problems(tmp_path, **box(**options))
    assert told.startswith(wrong)


def test_mailboxes_that_lead_to_each_other_when_full_are_refused(tmp_path: Path) -> None:
    boxes = {"a": {"otherwise": "voicemail:b"}, "b": {"otherwise": "voicemail:a"}}
    told = problems(tmp_path, voicemail=boxes)
    assert "a -> b -> a" in told[0]
    assert len(told) == 2


@pytest.mark.parametrize("section", ["voicemail", "emergency"])
def test_texts_need_one_line_that_carries_them(section: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"sms_to": ["+4930123"]}
    if section == "emergency":
        options["to"] = "hangup"

    def told(lines: dict[str, Any], **more: Any) -> list[str]:
        settings = {**options, **more}
        whole = {"office": settings} if section == "voicemail" else settings
        return problems(tmp_path, lines=lines, **{section: whole})

    two = {"gsm-1": GSM, "gsm-2": {**GSM, "port": "/dev/a", "audio_port": "/dev/b"}}
    assert "2 lines carry messages" in told(two)[0]
    assert told(two, sms_line="gsm-2") == []
    virtual = {"v-1": {"driver": "virtual", "to": "hangup"}}
    assert "no lines carry messages" in told(virtual)[0]
    assert "carries no messages" in told(virtual, sms_line="v-1")[0]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"announcement": ""}, "emergency.to: missing"),
        ({"to": "queue:sales"}, "emergency.to: there is no queue sales"),
        ({"to": "hangup", "announcement": "fire"}, "emergency.announcement: there is no prompt fire"),
        ({"to": "hangup", "alert": "fire"}, "emergency.alert: there is no prompt fire"),
        ({"to": "hangup", "lines": {"gsm-9": "hangup"}}, "emergency.lines.gsm-9: there is no line gsm-9"),
        ({"to": "hangup", "queues": ["sales"]}, "emergency.queues[0]: there is no queue sales"),
        ({"to": "hangup", "agents": ["eva"]}, "emergency.agents[0]: there is no agent eva"),
        ({"to": "hangup", "call": ["+4930123"]}, "emergency.call: nobody can be called"),
    ],
)
def test_an_emergency_that_would_not_work_is_refused(
    options: dict[str, Any], wrong: str, tmp_path: Path
) -> None:
    [told] = problems(tmp_path, emergency=options)
    assert told.startswith(wrong)


def test_more_acknowledgements_than_people_are_refused(tmp_path: Path) -> None:
    settings = {"to": "hangup", "call": ["+4930123"], "acknowledgements": 2}
    [told] = problems(tmp_path, emergency=settings, **OUT)
    assert told.startswith("emergency.acknowledgements")
    assert problems(tmp_path) == []  # no emergency prepared is no mistake
