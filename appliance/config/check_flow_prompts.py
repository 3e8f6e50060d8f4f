"""Whether every prompt of a flow has a sound in each language that callers can choose."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.config.check_prompts import known_prompts
from appliance.config.flows import Asking, Digits, LanguageNode, LookupNode, NodeBase, Play
from appliance.config.problem import Keys, Problem
from appliance.config.schema import Config


def prompts_of(node: NodeBase) -> Iterator[tuple[str, str]]:
    """Option and prompt."""
    if isinstance(node, Play | Asking):
        yield "prompt", node.prompt
    if isinstance(node, Asking) and node.wrong_key:
        yield "wrong_key", node.wrong_key
    if isinstance(node, Digits) and node.confirm:
        yield "confirm", node.confirm
    if isinstance(node, LookupNode) and node.music:
        yield "music", node.music


def all_prompts(config: Config) -> Iterator[tuple[Keys, str]]:
    """Where flows name prompts, and which."""
    for name, flow in config.flows.items():
        for node_name, node in flow.nodes.items():
            for option, prompt in prompts_of(node):
                yield ("flows", name, "nodes", node_name, option), prompt


def languages(config: Config) -> list[str]:
    """Those that callers can choose in some flow."""
    nodes = [node for flow in config.flows.values() for node in flow.nodes.values()]
    chosen = {each for node in nodes if isinstance(node, LanguageNode) for each in node.keys.values()}
    return sorted(chosen)


def prompt_references(config: Config) -> Iterator[tuple[Keys, str, str]]:
    """Prompts that must be there by their own name, as those that are there in each language need not."""
    offered = languages(config)
    known = known_prompts(config) if offered else set()
    for path, prompt in all_prompts(config):
        if not offered or not all(f"{language}/{prompt}" in known for language in offered):
            yield path, "prompt", prompt


def silent_prompts(config: Config) -> Iterator[Problem]:
    """Prompts that are there, but not in a language that a caller may have chosen."""
    offered = languages(config)
    known = known_prompts(config) if offered else set()
    for path, prompt in all_prompts(config):
        if "/" in prompt or prompt in config.prompts or prompt not in known:
            continue  # a recording under the plain name serves every language
        missing = [language for language in offered if f"{language}/{prompt}" not in known]
        if missing:
            wrong = f"has no sound in {', '.join(missing)}, which callers can choose"
            allowed = f'a recording "{missing[0]}/{prompt}" in [prompts]'
            yield Problem(path=path, value=prompt, wrong=wrong, allowed=allowed)
