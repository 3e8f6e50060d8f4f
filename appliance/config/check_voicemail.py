"""What [voicemail] says of itself and of this machine: called by `check.py`."""

from __future__ import annotations

import shutil
import string
from collections.abc import Iterator

from appliance.config.problem import Keys, Problem, closest, names
from appliance.config.schema import Config
from appliance.config.section import Destination
from appliance.config.serial_lines import GsmLine
from appliance.config.voicemail import Mailbox

WORDS = ("box", "caller", "seconds", "new")


def voicemail_problems(config: Config) -> Iterator[Problem]:
    """Every contradiction in the mailboxes."""
    for name, box in config.voicemail.items():
        yield from _bad_text(name, box)
        yield from _bad_hook(name, box)
        yield from no_line_for_texts(("voicemail", name), box.sms_to, box.sms_line, config)
        yield from _full_in_a_circle(name, config)
        if box.least_seconds >= box.most_seconds:
            wrong = "not below most_seconds, so no message is ever kept"
            yield Problem(path=("voicemail", name, "least_seconds"), value=box.least_seconds, wrong=wrong)


def voicemail_destinations(config: Config) -> Iterator[tuple[Keys, Destination]]:
    """Where mailboxes send callers."""
    for name, box in config.voicemail.items():
        yield ("voicemail", name, "otherwise"), box.otherwise


def voicemail_references(config: Config) -> Iterator[tuple[Keys, str, str]]:
    """Where, kind and name of what mailboxes refer to; a name may be empty."""
    for name, box in config.voicemail.items():
        yield ("voicemail", name, "greeting"), "prompt", box.greeting
        yield ("voicemail", name, "sms_line"), "line", box.sms_line
        yield from ((("voicemail", name, "agents", n), "agent", agent) for n, agent in enumerate(box.agents))


def no_line_for_texts(section: Keys, sms_to: list[str], sms_line: str, config: Config) -> Iterator[Problem]:
    """Texts go out over one line, which must be known and carry messages."""
    able = [name for name, line in config.lines.items() if isinstance(line, GsmLine)]
    path = (*section, "sms_line")
    if sms_line and sms_line in config.lines and sms_line not in able:
        yield Problem(
            path=path, value=sms_line, wrong="carries no messages", allowed=names(able) or "a GSM line"
        )
    elif sms_to and not sms_line and len(able) != 1:
        wrong = f"missing, {len(able) or 'no'} lines carry messages"
        yield Problem(path=path, wrong=wrong, allowed=names(able) or "a GSM line")


def _bad_text(name: str, box: Mailbox) -> Iterator[Problem]:
    path, allowed = ("voicemail", name, "sms_text"), "text with " + ", ".join(f"{{{word}}}" for word in WORDS)
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(box.sms_text) if field is not None]
        box.sms_text.format(**dict.fromkeys(WORDS, ""))
    except (ValueError, KeyError, IndexError, AttributeError):
        fields = [field for field in _fields(box.sms_text) if field not in WORDS]
        near = closest(fields[0], WORDS) if fields else ""
        wrong = "a brace that opens nothing known"
        yield Problem(path=path, value=box.sms_text, wrong=wrong, allowed=allowed, closest=near)
        return
    if any(field not in WORDS for field in fields):
        wrong = "only plain words stand in braces"
        yield Problem(path=path, value=box.sms_text, wrong=wrong, allowed=allowed)


def _fields(text: str) -> list[str]:
    try:
        return [field for _, field, _, _ in string.Formatter().parse(text) if field]
    except ValueError:
        return []


def _bad_hook(name: str, box: Mailbox) -> Iterator[Problem]:
    if not box.hook:
        return
    program = box.hook[0]
    if any("\0" in word for word in box.hook) or shutil.which(program) is None:
        allowed = "a program that is there and may be run, with its whole path"
        yield Problem(
            path=("voicemail", name, "hook", 0), value=program, wrong="no such program", allowed=allowed
        )


def _full_in_a_circle(name: str, config: Config) -> Iterator[Problem]:
    seen, at = [name], config.voicemail[name].otherwise
    while at.kind == "voicemail" and at.name in config.voicemail and at.name not in seen:
        seen.append(at.name)
        at = config.voicemail[at.name].otherwise
    if at.kind == "voicemail" and at.name == name:
        wrong = (
            f"leads back to the same box, by {' -> '.join([*seen, name])}: nobody gets out when all are full"
        )
        yield Problem(
            path=("voicemail", name, "otherwise"), value=f"voicemail:{(*seen, name)[1]}", wrong=wrong
        )
