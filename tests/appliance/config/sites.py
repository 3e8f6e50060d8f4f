"""A small site that is right, for tests that make it wrong."""

from __future__ import annotations

import wave
from pathlib import Path

from appliance.config.load import ConfigError, Problem, load

GOOD = """\
[lines.gsm-1]
driver = "sim7600"
port = "/dev/ttyUSB2"
audio_port = "/dev/ttyUSB4"
to = "menu:main"

[menus.main]
prompt = "welcome"
keys = { 1 = "queue:sales", 2 = "agent:ana" }

[queues.sales]
agents = ["ana", "bob"]

[agents.ana]
phone = "sip:ana@127.0.0.1:5071"

[agents.bob]
phone = "sip:bob@127.0.0.1:5072"

[prompts]
welcome = "welcome.wav"
"""


def write_prompt(path: Path, rate: int = 8000) -> None:
    """A tenth of a second of silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * rate // 10))


def write_site(folder: Path, text: str = GOOD) -> Path:
    """box.toml with the text, and the prompt it names."""
    write_prompt(folder / "welcome.wav")
    path = folder / "box.toml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(old: str, new: str) -> str:
    """GOOD with one thing replaced."""
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times in GOOD"
    return GOOD.replace(old, new)


def problems_of(folder: Path, text: str) -> list[Problem]:
    """What is wrong with the text; nothing when it is right."""
    try:
        load(write_site(folder, text))
    except ConfigError as error:
        return error.problems
    return []


def told(folder: Path, text: str) -> list[str]:
    """The same as lines for people, without the folder."""
    return [str(problem).replace(f"{folder}/", "") for problem in problems_of(folder, text)]
