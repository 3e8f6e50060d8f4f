"""Loading: what is right comes out frozen, what is wrong comes out whole, each with its place."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pydantic
import pytest

from appliance.config.load import ConfigError, Problem, format_problems, load, load_text
from appliance.config.options import PATTERNS
from appliance.config.problem import names
from appliance.config.schema import Config
from appliance.config.section import DESTINATIONS, Destination
from tests.appliance.config.sites import GOOD, changed, problems_of, told, write_prompt, write_site

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLES = [CONFIG / "callbox.toml", *sorted((CONFIG / "examples").glob("*.toml"))]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_example_loads(file: Path) -> None:
    loaded = load(file)
    assert loaded.config.lines
    assert all(loaded.prompt(name).is_file() for name in loaded.config.prompts)


def test_the_default_configuration_has_a_line_a_menu_two_queues_and_two_agents() -> None:
    config = load(CONFIG / "callbox.toml").config
    assert (len(config.lines), len(config.menus), len(config.queues), len(config.agents)) == (1, 1, 2, 2)


def test_a_right_file_gives_its_values_and_cannot_be_changed(tmp_path: Path) -> None:
    loaded = load(write_site(tmp_path))
    assert loaded.config.menus["main"].keys["1"] == Destination("queue", "sales")
    assert loaded.folder == tmp_path
    assert loaded.prompt("welcome") == tmp_path / "welcome.wav"
    with pytest.raises(pydantic.ValidationError):
        loaded.config.box.name = "other"  # type: ignore[misc]


def test_prompts_are_relative_to_the_file_or_absolute(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "sounds").mkdir()
    write_prompt(tmp_path / "sounds" / "music.wav")
    text = GOOD + f'far = "../sounds/music.wav"\nabsolute = "{tmp_path}/sounds/music.wav"\n'
    loaded = load(write_site(tmp_path / "site", text))
    assert loaded.prompt("far").samefile(loaded.prompt("absolute"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'driver = "sim7600"',
            'driver = "sim7601"',
            'box.toml:2: lines.gsm-1.driver = "sim7601": unknown driver. '
            "Allowed: huawei, quectel, sim7600, sip, v253, virtual. "
            'Did you mean "sim7600"?',
        ),
        (
            'driver = "sim7600"\n',
            "",
            "box.toml:1: lines.gsm-1.driver: missing. Allowed: huawei, quectel, sim7600, sip, v253, virtual.",
        ),
        (
            'audio_port = "/dev/ttyUSB4"\n',
            "",
            'box.toml:3: lines.gsm-1.port = "/dev/ttyUSB2": goes with `audio_port`, which is missing.',
        ),
        (
            'to = "menu:main"',
            'too = "menu:main"\nto = "hangup"',
            'box.toml:5: lines.gsm-1.too = "menu:main": unknown key. Allowed: audio_port, baud, driver, '
            "enabled, gpio_active_low, gpio_chip, gpio_line, imei, number, pin, port, power and 9 more. "
            'Did you mean "to"?',
        ),
        (
            'to = "menu:main"',
            'to = "menü:main"',
            'box.toml:5: lines.gsm-1.to = "menü:main": no destination. '
            f'Allowed: {DESTINATIONS}. Did you mean "menu:main"?',
        ),
        (
            'keys = { 1 = "queue:sales", 2 = "agent:ana" }',
            "keys = {}",
            "box.toml:9: menus.main.keys = {}: empty. Allowed: a table.",
        ),
        (
            'keys = { 1 = "queue:sales", 2 = "agent:ana" }',
            'keys = { 1 = "hangup", 12 = "hangup" }',
            "box.toml:9: menus.main.keys.12: no usable name. "
            "Allowed: one key of the telephone: 0 to 9, * or #.",
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = [\n  "ana",\n  7,\n]',
            "box.toml:14: queues.sales.agents[1] = 7: not text. Allowed: text in quotes.",
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\nring_seconds = 301',
            "box.toml:13: queues.sales.ring_seconds = 301: too large. Allowed: a number, 1 to 300.",
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\nwrap_up_seconds = nan',
            "box.toml:13: queues.sales.wrap_up_seconds = nan: too large. Allowed: a number, 0 to 86400.",
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\nring_seconds = "20"',
            'box.toml:13: queues.sales.ring_seconds = "20": not a number. Allowed: a number, 1 to 300.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\nrecord = "yes"',
            'box.toml:13: queues.sales.record = "yes": unknown value. Allowed: "", always, on-demand, never.',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = ["ana"]\nchoice = "longest-idel"',
            'box.toml:13: queues.sales.choice = "longest-idel": unknown value. Allowed: longest-idle, '
            'least-occupied, in-order, round-robin, weighted-random, ring-all. Did you mean "longest-idle"?',
        ),
        (
            'agents = ["ana", "bob"]',
            'agents = "ana"',
            'box.toml:12: queues.sales.agents = "ana": not a list. Allowed: a list of names, at least one.',
        ),
        (
            "[queues.sales]",
            "[queues.Sales]\nagents = ['ana']\n[queues.sales]",
            "box.toml:11: queues.Sales: no usable name. "
            'Allowed: small letters, digits, "-" and "_", at most 32.',
        ),
        (
            "[prompts]",
            "[promts]\nx = 1\n[prompts]",
            f"box.toml:20: promts = {{ … }}: unknown key. Allowed: {names(Config.model_fields)}. "
            'Did you mean "prompts"?',
        ),
        (
            "[prompts]",
            "[recording]\nformat = 'a-law'\n[prompts]",
            'box.toml:21: recording.format = "a-law": unknown value. '
            'Allowed: pcm16, alaw, ulaw. Did you mean "alaw"?',
        ),
        (
            "[prompts]",
            "[sip]\nworkers = 2.5\n[prompts]",
            "box.toml:21: sip.workers = 2.5: not a whole number. Allowed: a whole number, 1 to 8.",
        ),
        (
            'phone = "sip:bob@127.0.0.1:5072"',
            'phone = "bob"',
            'box.toml:18: agents.bob.phone = "bob": not of the right form. '
            "Allowed: sip:USER@HOST, sip:USER@HOST:PORT or number:+E164.",
        ),
        (
            'to = "menu:main"',
            'to = "menu:main"\npin = "12a4"',
            "box.toml:6: lines.gsm-1.pin: not of the right form. Allowed: 4 to 8 digits, or nothing.",
        ),
        (
            "[lines.gsm-1]",
            "lines.gsm-2 = 5\n[lines.gsm-1]",
            "box.toml:1: lines.gsm-2 = 5: not a table. Allowed: a table.",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert told(tmp_path, changed(old, new)) == [expected]


def test_a_section_that_is_a_list_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "[[queues]]\nagents = []\n") == [
        "box.toml:1: queues = [ 1 values ]: not a table. Allowed: a table."
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[box]\nname = callbox\n", "box.toml:2:8: not TOML: Invalid value."),
        ("[box]\nname = 'a'\nname = 'b'\n", "box.toml:3:11: not TOML: Cannot overwrite a value."),
        ("[box]\n[box]\n", "box.toml:2:5: not TOML: Cannot declare ('box',) twice."),
        ('[box]\nname = "a', "box.toml:2: not TOML: Unterminated string."),
        ("[lines\n", "box.toml:1:7: not TOML: Expected ']' at the end of a table declaration."),
        (
            "a = 1\nb = 2 c = 3\n",
            "box.toml:2:7: not TOML: Expected newline or end of document after a statement.",
        ),
        ('a = "\0"\n', "box.toml:1:6: not TOML: Illegal character '\\x00'."),
    ],
)
def test_a_slip_in_the_grammar_has_its_line_and_column(tmp_path: Path, text: str, expected: str) -> None:
    assert told(tmp_path, text) == [expected]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        GOOD.replace('port = "/dev/ttyUSB2"', 'prot = "/dev/ttyUSB2"\nport = 3', 1)
        .replace('prompt = "welcome"', 'prompt = "welcom"\nattempts = 0')
        .replace('["ana", "bob"]', '["ana", "bbo"]')
        .replace("welcome.wav", "welcome.vaw")
        + "[recording]\nfolder = '/'\n"
    )
    assert [(problem.line, problem.path) for problem in problems_of(tmp_path, text)] == [
        (3, ("lines", "gsm-1", "prot")),
        (4, ("lines", "gsm-1", "port")),
        (9, ("menus", "main", "prompt")),
        (10, ("menus", "main", "attempts")),
        (14, ("queues", "sales", "agents", 1)),
        (23, ("prompts", "welcome")),
        (25, ("recording", "folder")),
    ]


def test_what_refers_to_a_broken_entry_is_not_told_as_well(tmp_path: Path) -> None:
    text = changed('phone = "sip:ana@127.0.0.1:5071"', "fone = 1")
    assert {problem.path[:2] for problem in problems_of(tmp_path, text)} == {("agents", "ana")}


def test_a_mark_of_windows_editors_and_its_line_ends_are_no_mistake(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path).config.queues["sales"].agents == ["ana", "bob"]
    path.write_bytes(GOOD.replace('"welcome"', '"welcom"').replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError, match=r"box\.toml:8: menus\.main\.prompt"):
        load(path)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"[box]\nname = '\xfc'\n", "box.toml:2:9: byte 0xfc is not UTF-8, save the file as UTF-8."),
        ("[box]\n".encode("utf-16"), "box.toml:1:1: byte 0xff is not UTF-8, save the file as UTF-8."),
        (b"\0" * 100, "box.toml:1:1: not TOML: Invalid statement."),
        (b"#" * 1_000_001, "box.toml: is larger than 1000000 bytes, that is no configuration."),
        (b"a = " + b"[" * 5000, "box.toml: is nested too deeply."),
        (b"a = " + b"[" * 300 + b"]" * 300, "unknown key"),
        (b".".join([b"a"] * 400) + b" = 1", "box.toml:1: is nested too deeply."),
        (b"a = {" + b".".join([b"a"] * 200_000) + b" = 1}", "box.toml:1: is nested too deeply."),
        (b"a = " + b"9" * 5000, "not TOML: Exceeds the limit"),
        (b"sip.port = 0x" + b"f" * 9000, "(a number of more than 64 bits): too large"),
        (b"queues.a.ring_seconds = 0x" + b"f" * 9000, "not a number"),
        (b'prompts.a = "\\u0000"', 'prompts.a = "\\u0000": no name of a file.'),
        (b'prompts.a = "' + b"a" * 5000 + b'"', "…"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_odd_files_are_refused_with_a_reason(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "box.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nowhere/box.toml", "No such file or directory"),
        ("/", "is not a file"),
        ("/dev/zero", "is not a file"),
        ("/proc/self/mem", "Input/output error"),
        ("/etc/hostname/box.toml", "Not a directory"),
        ("a\0b", "null byte"),
        ("a" * 300, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(path: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Path(path))
    (problem,) = caught.value.problems
    assert reason in str(problem)
    assert (problem.line, problem.path) == (0, ())


def test_problems_as_plain_values_survive_json(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, changed('driver = "sim7600"', 'driver = "sim7601"'))
    assert problem.plain() == {
        "file": str(tmp_path / "box.toml"),
        "line": 2,
        "column": 0,
        "path": "lines.gsm-1.driver",
        "value": '"sim7601"',
        "wrong": "unknown driver",
        "allowed": "huawei, quectel, sim7600, sip, v253, virtual",
        "closest": "sim7600",
    }


def test_problems_without_a_file_are_told_too() -> None:
    assert format_problems([Problem(wrong="bad"), Problem(path=("a b", 0), value=True, wrong="no")]) == (
        'configuration: bad.\nconfiguration: "a b"[0] = true: no.'
    )


def test_every_pattern_of_the_schema_has_words() -> None:
    def patterns(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["pattern"]} if isinstance(value.get("pattern"), str) else set()
            names = set(value["patternProperties"]) if "patternProperties" in value else set()
            return own | names | {found for each in value.values() for found in patterns(each)}
        return {found for each in value for found in patterns(each)} if isinstance(value, list) else set()

    assert patterns(Config.model_json_schema()) == set(PATTERNS)


INSERTED = [
    "",
    *"\"'[]{}=.,\n#\\0-é\0\r",
    "nan",
    "1e9",
    "true",
    '""' + '"',
    "'''",
    "[[",
    "]]",
    "a.b.c",
    "[x]\n",
    "9" * 30,
]


def mutated(text: str, pick: random.Random) -> str:
    """The text with a few letters, words or lines changed, moved or gone."""
    for _ in range(pick.randrange(1, 6)):
        start = pick.randrange(len(text) + 1)
        end = min(len(text), start + pick.choice([0, 1, 1, 2, 8, 60]))
        inserted = pick.choice([*INSERTED, text[end : end + 30]])
        text = text[:start] + inserted + text[end:]
    return text


def load_mutations(seeds: range) -> int:
    """How many mutations were refused; raises whatever but ConfigError comes out."""
    good = (CONFIG / "callbox.toml").read_text()
    whole = [line for line in good.splitlines() if line.strip() and not line.startswith("#")]
    said: list[str] = []
    for seed in seeds:
        pick = random.Random(seed)
        text = mutated("\n".join(whole), pick)
        began = time.monotonic()
        try:
            load_text(text, CONFIG / "callbox.toml")
        except ConfigError as error:
            said.append(str(error))
        assert time.monotonic() - began < 5.0, f"seed {seed}"
    assert all(said)
    return len(said)


def test_a_few_random_changes_are_refused_or_right_never_worse() -> None:
    assert load_mutations(range(25)) > 10


@pytest.mark.slow
def test_many_random_changes_are_refused_or_right_never_worse() -> None:
    assert load_mutations(range(100, 6100)) > 3000
