"""What one section says of another: every contradiction is found, and nothing that is right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.config.check import check
from appliance.config.load import load
from tests.appliance.config.sites import GOOD, changed, told, write_prompt, write_site


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'to = "menu:main"',
            'to = "menu:mian"',
            'box.toml:5: lines.gsm-1.to = "menu:mian": there is no menu mian. Allowed: menu:main. '
            'Did you mean "menu:main"?',
        ),
        (
            'to = "menu:main"',
            'to = "menu:main"\ntariff = "prepaid"\n[tariffs.pre-paid]',
            'box.toml:6: lines.gsm-1.tariff = "prepaid": there is no tariff prepaid. '
            'Allowed: pre-paid. Did you mean "pre-paid"?',
        ),
        (
            'to = "menu:main"',
            'to = "menu:main"\n[tariffs.prepaid]\nbalance_pattern = "([0-9"',
            'box.toml:7: tariffs.prepaid.balance_pattern = "([0-9": no regular expression: '
            "unterminated character set at position 1. "
            'Allowed: a pattern such as "([0-9]+[.,][0-9]{2}) EUR".',
        ),
        (
            '1 = "queue:sales"',
            '1 = "queue:support"',
            'box.toml:9: menus.main.keys.1 = "queue:support": there is no queue support. '
            "Allowed: queue:sales.",
        ),
        (
            '2 = "agent:ana"',
            '2 = "agent:anna"',
            'box.toml:9: menus.main.keys.2 = "agent:anna": there is no agent anna. '
            'Allowed: agent:ana, agent:bob. Did you mean "agent:ana"?',
        ),
        (
            'prompt = "welcome"',
            'prompt = "welcome"\notherwise = "menu:x"',
            'box.toml:9: menus.main.otherwise = "menu:x": there is no menu x. Allowed: menu:main.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\noverflow = "queue:sale"',
            'box.toml:13: queues.sales.overflow = "queue:sale": there is no queue sale. '
            'Allowed: queue:sales. Did you mean "queue:sales"?',
        ),
        (
            'prompt = "welcome"',
            'prompt = "Welcome"',
            'box.toml:8: menus.main.prompt = "Welcome": there is no prompt Welcome. Allowed: welcome. '
            'Did you mean "welcome"?',
        ),
        (
            'prompt = "welcome"',
            'prompt = ""',
            'box.toml:8: menus.main.prompt = "": needs the name of a prompt. Allowed: welcome.',
        ),
        (
            'prompt = "welcome"',
            'prompt = "welcome"\nwrong_key = "oops"',
            'box.toml:9: menus.main.wrong_key = "oops": there is no prompt oops. Allowed: welcome.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\nmusic = "jazz"',
            'box.toml:13: queues.sales.music = "jazz": there is no prompt jazz. Allowed: welcome.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\ngreeting = "hello"',
            'box.toml:13: queues.sales.greeting = "hello": there is no prompt hello. Allowed: welcome.',
        ),
        (
            "[prompts]",
            '[recording]\nannounce = "rec"\n[prompts]',
            'box.toml:21: recording.announce = "rec": there is no prompt rec. Allowed: welcome.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = [\n"ana",\n"carl"]',
            'box.toml:14: queues.sales.agents[1] = "carl": there is no agent carl. Allowed: ana, bob.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana", "bob",\n"ana"]',
            'box.toml:13: queues.sales.agents[2] = "ana": stands twice in this list, leave one out.',
        ),
        (
            'audio_port = "/dev/ttyUSB4"',
            'audio_port = "/dev/../dev/ttyUSB2"',
            'box.toml:4: lines.gsm-1.audio_port = "/dev/../dev/ttyUSB2": the same port as lines.gsm-1.port, '
            "every line needs its own two.",
        ),
        (
            'audio_port = "/dev/ttyUSB4"',
            'audio_port = "\\u0000"',
            'box.toml:4: lines.gsm-1.audio_port = "\\u0000": no name of a device.',
        ),
        (
            'phone = "sip:bob@127.0.0.1:5072"',
            'phone = "sip:ana@127.0.0.1:5071"',
            'box.toml:18: agents.bob.phone = "sip:ana@127.0.0.1:5071": the same phone as agents.ana, '
            "every agent needs an own one.",
        ),
        (
            "[prompts]",
            "[recording]\nfolder = '../else'\n[prompts]",
            'box.toml:21: recording.folder = "../else": not a usable folder. '
            "Allowed: a folder below the state folder, without a leading / and without ..",
        ),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert [line.rstrip(".") for line in told(tmp_path, changed(old, new))] == [expected.rstrip(".")]


def test_an_unknown_country_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    (line,) = told(tmp_path, GOOD + '[box]\ncountry = "gb"\n')
    assert 'box.toml:23: box.country = "gb": a country whose tones are not known. Allowed: ae ar' in line
    assert " us " in line


def test_two_lines_cannot_share_a_port(tmp_path: Path) -> None:
    ports = 'port = "/dev/ttyUSB4"\naudio_port = "/dev/ttyUSB5"\n'
    second = f'[lines.gsm-2]\ndriver = "sim7600"\n{ports}to = "hangup"\n'
    assert told(tmp_path, GOOD + second) == [
        'box.toml:24: lines.gsm-2.port = "/dev/ttyUSB4": the same port as lines.gsm-1.audio_port, '
        "every line needs its own two."
    ]
    assert told(tmp_path, GOOD + second + "enabled = false\n") == []


def test_a_relay_has_a_gpio_line_and_serves_one_modem(tmp_path: Path) -> None:
    relay = 'power = "gpio"\n'
    first = changed('audio_port = "/dev/ttyUSB4"\n', f'audio_port = "/dev/ttyUSB4"\n{relay}')
    (line,) = told(tmp_path, first)
    assert 'lines.gsm-1.gpio_line: missing, power = "gpio" needs it. Allowed: 0 to 1023' in line
    first = changed('audio_port = "/dev/ttyUSB4"\n', f'audio_port = "/dev/ttyUSB4"\n{relay}gpio_line = 4\n')
    assert told(tmp_path, first) == []
    second = f'[lines.gsm-2]\ndriver = "sim7600"\nusb = "1-4"\nto = "hangup"\n{relay}gpio_line = 4\n'
    (line,) = told(tmp_path, first + second)
    assert "lines.gsm-2.gpio_line = 4: the same relay as lines.gsm-1" in line


PORTS = 'port = "/dev/ttyUSB2"\naudio_port = "/dev/ttyUSB4"\n'
ALLOWED = "Allowed: one of imei, usb, port; callbox lines probe prints what there is."


@pytest.mark.parametrize("place", ['imei = "867584030000017"\n', 'usb = "1-1.2"\n', PORTS])
def test_a_line_is_told_by_one_of_three(tmp_path: Path, place: str) -> None:
    assert told(tmp_path, GOOD.replace(PORTS, place)) == []


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("", f"1: lines.gsm-1: does not say which modem it is. {ALLOWED}"),
        (
            PORTS + 'usb = "1-1.2"\n',
            f'3: lines.gsm-1.port = "/dev/ttyUSB2": the modem is told by `usb` already, leave one of them '
            f"out. {ALLOWED}",
        ),
        (
            'usb = "1-1.2"\nimei = "867584030000017"\n',
            f'3: lines.gsm-1.usb = "1-1.2": the modem is told by `imei` already, leave one of them out. '
            f"{ALLOWED}",
        ),
        (
            'port = "/dev/ttyUSB2"\n',
            '3: lines.gsm-1.port = "/dev/ttyUSB2": goes with `audio_port`, which is missing.',
        ),
        (
            'usb = "1-1.2"\naudio_port = "/dev/ttyUSB4"\n',
            '4: lines.gsm-1.audio_port = "/dev/ttyUSB4": goes with `port`, which is missing.',
        ),
        (
            'imei = "86758403000001"\n',
            '3: lines.gsm-1.imei = "86758403000001": not of the right form. Allowed: 15 digits.',
        ),
        (
            'usb = "ttyUSB2"\n',
            '3: lines.gsm-1.usb = "ttyUSB2": not of the right form. Allowed: a place as "1-1.2".',
        ),
    ],
)
def test_a_line_told_by_none_or_two_is_refused(tmp_path: Path, place: str, expected: str) -> None:
    assert told(tmp_path, GOOD.replace(PORTS, place)) == [f"box.toml:{expected}"]


@pytest.mark.parametrize("place", ['imei = "867584030000017"\n', 'usb = "1-1.2"\n'])
def test_two_lines_cannot_share_a_modem(tmp_path: Path, place: str) -> None:
    second = f'[lines.gsm-2]\ndriver = "sim7600"\n{place}to = "hangup"\n'
    (line,) = told(tmp_path, GOOD.replace(PORTS, place) + second)
    assert line.endswith("the same modem as lines.gsm-1, every line needs its own.")
    assert told(tmp_path, GOOD.replace(PORTS, place) + second + "enabled = false\n") == []


def test_a_port_is_the_same_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "real")
    text = GOOD.replace("/dev/ttyUSB2", str(tmp_path / "real")).replace(
        "/dev/ttyUSB4", str(tmp_path / "by-id")
    )
    assert len(told(tmp_path, text)) == 1


def test_the_case_of_a_phones_host_makes_no_difference_that_of_its_user_does(tmp_path: Path) -> None:
    text = GOOD.replace("ana@127.0.0.1:5071", "ana@desk").replace("bob@127.0.0.1:5072", "{}@DESK")
    assert len(told(tmp_path, text.replace("{}", "ana"))) == 1
    assert told(tmp_path, text.replace("{}", "Ana")) == []


def test_a_prompt_must_be_a_file_that_can_be_played(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"this is no sound")
    write_prompt(tmp_path / "wide.wav", rate=44100)
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    names = ["noise", "wide", "pipe", "folder", "absent"]
    lines = told(tmp_path, GOOD + "".join(f'{name} = "{name}.wav"\n' for name in names) + 'empty = ""\n')
    for name, line in zip(names, lines, strict=False):
        assert f'prompts.{name} = "{name}.wav": ' in line
    assert ["cannot be played" in line for line in lines] == [True, True, False, False, False, False]
    assert ["there is no file" in line for line in lines] == [False, False, True, True, True, False]
    assert 'prompts.empty = "": no name of a file' in lines[5]


def test_menus_in_a_circle_and_things_nobody_leads_to_are_no_mistake(tmp_path: Path) -> None:
    circle = '[menus.{}]\nprompt = "welcome"\nkeys = {{ 1 = "menu:{}" }}\notherwise = "menu:{}"\n'
    spare = '[queues.spare]\nagents = ["bob"]\noverflow = "queue:spare"\n'
    assert told(tmp_path, GOOD + circle.format("a", "b", "a") + circle.format("b", "a", "b") + spare) == []


def test_checking_a_right_configuration_finds_nothing(tmp_path: Path) -> None:
    loaded = load(write_site(tmp_path))
    assert check(loaded.config, loaded.folder) == []
