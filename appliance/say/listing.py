"""Every prompt that a configuration may play, in the languages it uses: its text, and its sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from appliance.config.flows import LanguageNode
from appliance.config.schema import Config
from appliance.say.catalogue import sentences, texts
from appliance.say.spoken import SpokenPrompts


@dataclass(frozen=True)
class Listed:
    """One prompt; `text` is "" for a recording beside the catalogue, `file` None where it is missing."""

    name: str
    language: str
    text: str
    source: Literal["recorded", "spoken", "missing"]
    file: Path | None


def languages_of(config: Config) -> list[str]:
    """That of the box first, then those that queues, agents and flows name."""
    nodes = (node for flow in config.flows.values() for node in flow.nodes.values())
    chosen = (each for node in nodes if isinstance(node, LanguageNode) for each in node.keys.values())
    queues = (queue.language for queue in config.queues.values())
    agents = (agent.language for agent in config.agents.values())
    return list(dict.fromkeys(filter(None, (config.box.language, *queues, *agents, *chosen))))


def listing(config: Config, prompts: SpokenPrompts, languages: Iterable[str]) -> Iterator[Listed]:
    """The box's own prompts in these languages, then the recordings beside them.

    A language that the box does not speak has its sentences, with the English text, to be recorded.
    """
    own, english = texts(), sentences()
    wanted: dict[str, str] = {}
    for language in languages:
        spoken = {name: text for name, text in own.items() if name.startswith(f"{language}/")}
        wanted |= spoken or {f"{language}/{name}": text for name, text in english.items()}
    others = (name for name in config.prompts if name not in wanted and name not in english)
    wanted |= dict.fromkeys(others, "")
    for name, text in wanted.items():
        language = name.partition("/")[0] if "/" in name else config.box.language
        files = prompts.paths([name])
        source = prompts.source(name)
        yield Listed(name, language, text, source, files[0] if files else None)
