"""What contradicts itself in how conversations are recorded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import PurePosixPath

from appliance.config.problem import Keys, Problem
from appliance.config.schema import Config


def recording_problems(config: Config) -> Iterator[Problem]:
    """A folder outside the state folder; announcements nobody hears; encryption without its program."""
    yield from _bad_folder(config)
    yield from _unheard(config)
    if config.recording.encrypt_to and shutil.which("age") is None:
        wrong = "the program `age` is not installed. sudo apt-get install age"
        yield Problem(path=("recording", "encrypt_to"), wrong=wrong)
    for place, recipient in enumerate(config.recording.encrypt_to):
        if not _is_whole(recipient):
            path = ("recording", "encrypt_to", place)
            wrong = "its last characters do not fit the others, so something was mistyped"
            yield Problem(path=path, value=recipient, wrong=wrong, allowed="as age-keygen -y prints it")


def _bad_folder(config: Config) -> Iterator[Problem]:
    written = config.recording.folder
    folder = PurePosixPath(written)
    if "\0" in written or not folder.parts or folder.is_absolute() or ".." in folder.parts:
        allowed = "a folder below the state folder, without a leading / and without .."
        yield Problem(
            path=("recording", "folder"), value=written, wrong="not a usable folder", allowed=allowed
        )


def _unheard(config: Config) -> Iterator[Problem]:
    if config.recording.announce_calls_out and not _calls_out_are_recorded(config):
        path: Keys = ("recording", "announce_calls_out")
        wrong = "no call that an agent makes is recorded"
        allowed = 'with record = "always" or "on-demand" in [outbound], of an agent, or of a line'
        yield Problem(path=path, value=config.recording.announce_calls_out, wrong=wrong, allowed=allowed)


def _calls_out_are_recorded(config: Config) -> bool:
    modes = [config.outbound.record, *(agent.record for agent in config.agents.values())]
    modes += [line.record for line in config.lines.values()]
    return any(mode not in ("", "never") for mode in modes)


def _is_whole(bech32: str) -> bool:
    """The checksum of a Bech32 text (BIP 173) fits."""
    prefix, _, data = bech32.rpartition("1")
    values = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    values += ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".find(each) for each in data]
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= factor if top >> bit & 1 else 0
    return check == 1
