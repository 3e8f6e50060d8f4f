"""Which prompts the options that are on need, and which of them nobody recorded and no voice spoke here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from appliance.config.queue_wait import CALL_BACK
from appliance.config.schema import Config, Queue
from appliance.config.section import Language
from appliance.say.phrases import digits, position, wait_between
from appliance.say.spoken import SpokenPrompts

PLACES = range(1, 121)  # positions that a caller may be told; further ones are of the same pieces
MINUTES = range(0, 61)
KEYS = "0123456789*#+"
CALL_BACK_SENTENCES = ("offer", "number", "right", "taken", "enter", "impossible")


def unsaid(config: Config, prompts: SpokenPrompts) -> Iterator[str]:
    """A line for every option whose words are missing here, with what to do."""
    for option, language, names in _needed(config):
        missing = [name for name in dict.fromkeys(names) if not prompts.paths([name])]
        if missing:
            yield (
                f"{option} says nothing in {language}: {missing[0]}"
                + (f" and {len(missing) - 1} more prompts are" if missing[1:] else " is")
                + " neither recorded nor spoken here. What to do: callbox prompts missing"
            )


def _needed(config: Config) -> Iterator[tuple[str, str, Iterable[str]]]:
    """An option, its language, the whole names that it needs."""
    for name, queue in config.queues.items():
        language = queue.language or config.box.language
        for option, names in _of_queue(queue, language):
            yield f"queues.{name}.{option}", language, names


def _of_queue(queue: Queue, language: Language) -> Iterator[tuple[str, Iterable[str]]]:
    if queue.tell_position:
        yield "tell_position", (name for n in PLACES for name in position(language, n))
    if queue.tell_wait:
        ranges = ((low, high) for low in MINUTES for high in {low, low + 1, 15})
        yield "tell_wait", (name for low, high in ranges for name in wait_between(language, low, high))
    if CALL_BACK in queue.keys.values():
        sentences = (f"{language}/call-back-{name}" for name in CALL_BACK_SENTENCES)
        yield "keys", (*sentences, *digits(language, KEYS))
