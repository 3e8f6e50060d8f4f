"""Watches one call that is up: what the media engine finds in its sound, and the clock, until it is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from drivers.port import AudioNews, EndCause, SerialAudio
from drivers.v253.keys import DIGITS, Keys
from drivers.v253.supervision import FAULTS, Rules, Sign, Supervision


class Watch:
    """One call. `on_digit` gets keys that the modem reports, when they are to be used.

    `held`: of a call that is up since before us, as the engine has it: what it heard lately is heard again.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        answer_reverses: bool,
        on_digit: Callable[[str], None] | None = None,
        held: SerialAudio | None = None,
    ) -> None:
        self.since = _now() - (held.up_seconds if held else 0.0)
        self._signs = Supervision(rules, self.since, answer_reverses=answer_reverses)
        self._keys = Keys()
        self._away = False
        self._news = asyncio.Event()
        self._on_digit = on_digit
        for ago, news, value in held.heard if held else ():
            self._weigh(news, value, _now() - ago)

    @property
    def heard_last(self) -> list[str]:
        """The last codes and tones, for `show lines`."""
        return self._signs.news

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """The modem is taken out of voice by us: its codes, and that nothing is heard, mean nothing."""
        self._away = True
        try:
            yield
        finally:
            self._away = False
            self._news.set()

    async def over(self) -> Sign:
        """Wait for the end of the call, and say by what it is known."""
        while (sign := self._signs.verdict(_now())) is None:
            self._news.clear()
            try:
                async with asyncio.timeout_at(self._signs.next_look()):
                    await self._news.wait()
            except TimeoutError:
                pass
        return sign

    def alive(self) -> None:
        """The far end did something."""
        self._signs.alive()

    def heard(self, news: AudioNews, value: str) -> None:
        """What the media engine tells, but for a lost port."""
        signs = self._signs
        if self._away and news is not AudioNews.ALIVE:
            if news is AudioNews.DEAD:
                signs.dead(_now())
            return
        if news is AudioNews.CODE:
            self._key(value)
        self._weigh(news, value, _now())
        self._news.set()

    def _weigh(self, news: AudioNews, value: str, now: float) -> None:
        signs = self._signs
        if news is AudioNews.CODE:
            if value in DIGITS:
                signs.alive()
            signs.code(value, now)
        elif news is AudioNews.TONE:
            signs.tone(value, now)
        elif news is AudioNews.TONE_OVER:
            signs.tone_over()
        elif news is AudioNews.SILENCE:
            signs.silence(_seconds(value))
        elif news is AudioNews.SILENCE_OVER:
            signs.alive()
        elif news is AudioNews.DEAD:
            signs.dead(now)
        elif news is AudioNews.ALIVE:
            signs.undead()

    def _key(self, char: str) -> None:
        digit = self._keys.feed(char, _now())
        if digit and self._on_digit is not None:
            self._on_digit(digit)


def cause_of(sign: Sign) -> EndCause:
    """Whose doing the end is."""
    if sign is Sign.TOO_LONG:
        return EndCause.LOCAL
    return EndCause.FAILED if sign in FAULTS else EndCause.REMOTE


def _now() -> float:
    return asyncio.get_running_loop().time()


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0
