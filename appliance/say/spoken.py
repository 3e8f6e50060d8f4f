"""Where the sound of a prompt is: a recorded file of the configuration, else what was spoken by `make`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from appliance.config.schema import Config
from appliance.say.catalogue import sentences

log = logging.getLogger(__name__)

SPOKEN = Path(sys.prefix) / "share" / "callbox" / "spoken"  # where `make` puts what it spoke


def recorded_prompts(config: Config, folder: Path, *, spoken: Path = SPOKEN) -> SpokenPrompts:
    """Those of a configuration whose relative files are in `folder`.

    A recording with the plain name of a sentence of ours is that sentence in the box's language.
    """
    recorded = {name: folder / written for name, written in config.prompts.items()}
    plain = {f"{config.box.language}/{name}": recorded[name] for name in sentences() if name in recorded}
    recorded = {**plain, **recorded}
    return SpokenPrompts(spoken, recorded, config.box.language)


class SpokenPrompts:
    """The prompts that can be played: `recorded` is [prompts] with whole paths, `language` that of the box.

    The folder is looked at once, when this is made.
    """

    def __init__(self, folder: Path, recorded: Mapping[str, Path], language: str = "en") -> None:
        self._recorded = recorded
        self._language = language
        self._spoken = {f"{path.parent.name}/{path.stem}": path for path in folder.glob("*/*.wav")}
        if not self._spoken:
            log.warning(
                "prompts: none was spoken into %s, so the box is silent where none is recorded", folder
            )

    def paths(self, names: Iterable[str]) -> list[Path]:
        """The files of whole names ("en/20"), in order; none where one is missing: no half sentences."""
        files = [self._recorded.get(name) or self._spoken.get(name) for name in names]
        return [file for file in files if file] if all(files) else []

    def source(self, name: str) -> Literal["recorded", "spoken", "missing"]:
        """Where the sound of a whole name is from."""
        return "recorded" if name in self._recorded else "spoken" if name in self._spoken else "missing"

    def named(self, name: str, language: str = "") -> list[Path]:
        """The file of a prompt as a configuration names it, in a language ("": the box's); [] for none.

        A name with its language ("ru/goodbye") is that one. A recording of a plain name is in the box's
        language, so in another one what was spoken goes before it.
        """
        if not name or "/" in name:
            return self.paths([name]) if name else []
        whole = f"{language or self._language}/{name}"
        plain = self._recorded.get(name)
        ours = language in ("", self._language)
        ways = [self._recorded.get(whole), plain if ours else None, self._spoken.get(whole), plain]
        return next(([file] for file in ways if file), [])
