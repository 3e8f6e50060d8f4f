"""Dialling on copper: dial tone first, then the digits, then an ear on what becomes of the call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from drivers.at.channel import CommandFailed
from drivers.port import PortRefused
from drivers.v253.ear import Ear
from drivers.v253.hook import Hook
from drivers.v253.progress import Fate, Progress, ring_back
from drivers.v253.quirks import Chip
from drivers.v253.settings import DialTone, Settings
from drivers.v253.stream import Stream
from drivers.v253.supervision import DIAL_CODES

DIALLABLE = re.compile(r"\+?[0-9*#,]{1,40}")
DIGIT_SECONDS = 0.5  # a digit by tone with its pause; ten breaks of the loop take 1.8 s
PULSE_DIGIT_SECONDS = 2.0
COMMAND_SECONDS = 10.0  # ATD besides its digits: the modem's own wait for dial tone
NO_DIAL_TONE = frozenset({"NO DIALTONE", "NO DIAL TONE"})
FATES = {"BUSY": Fate.BUSY, "NO CARRIER": Fate.FAILED}


class NoDialTone(PortRefused):
    """The exchange does not hear us, or is not there."""


class Dial:
    """One number on one line. `sound` and `code` take what the modem brings meanwhile."""

    def __init__(self, stream: Stream, hook: Hook, chip: Chip, settings: Settings) -> None:
        self._stream = stream
        self._hook = hook
        self._chip = chip
        self._settings = settings
        self._ear = Ear(hook.method.coding, settings.country)
        self._progress: Progress | None = None
        self._dial_tone = False
        self._news = asyncio.Event()

    @property
    def reversed(self) -> bool:
        """Whether a polarity reversal told of the answer."""
        return self._progress is not None and self._progress.reversed

    def sound(self, data: bytes) -> None:
        """Sound of the line, as the modem sends it."""
        for moment in self._ear.feed(data):
            if "dial" in moment.began:
                self._dial_tone = True
            if self._progress is not None:
                self._progress.moment(moment)
        self._news.set()

    def code(self, char: str) -> None:
        """A code of the modem."""
        if char in DIAL_CODES:
            self._dial_tone = True
        if self._progress is not None:
            self._progress.code(char)
        self._news.set()

    async def run(self, number: str, rings: Callable[[], None]) -> Fate:
        """Dial and listen until it is answered (the modem is in voice then) or has failed.

        WAITING or RINGING: not answered in the time allowed. Raises PortRefused without dial tone,
        PortTimeout, PortLost.
        """
        await self._hook.off_hook()
        if self._settings.dial_tone is DialTone.EAR:
            await self._hook.enter_voice()
            await self._until_dial_tone()
            await self._hook.leave_voice()
        fate = await self._digits(number)
        if fate is not Fate.WAITING:
            return fate
        self._ear = Ear(self._hook.method.coding, self._settings.country)
        self._progress = Progress(ring_back(self._settings.country), polarity=self._settings.rules.polarity)
        await self._hook.enter_voice()
        return await self._until_known(self._progress, rings)

    async def _until_dial_tone(self) -> None:
        try:
            async with asyncio.timeout(self._settings.dial_tone_seconds):
                while not self._dial_tone:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise self._no_dial_tone("we heard none") from None

    async def _digits(self, number: str) -> Fate:
        """The digits; WAITING when they are out."""
        command = self._stream.channel.command
        waits = self._settings.dial_tone is DialTone.MODEM
        await command("ATX4" if waits else "ATX3")
        digits = self._settings.dial_prefix + number.replace("+", self._settings.plus)
        each = PULSE_DIGIT_SECONDS if self._settings.pulse else DIGIT_SECONDS
        try:
            await command(
                self._chip.dial.format("P" if self._settings.pulse else "T", digits),
                seconds=COMMAND_SECONDS + each * len(digits),
                dialling=True,
            )
        except CommandFailed as error:
            if error.answer in NO_DIAL_TONE:
                raise self._no_dial_tone(f"the modem said {error.answer}") from error
            if error.answer in FATES:
                return FATES[error.answer]
            if self._settings.pulse:
                raise
            for digit in digits.replace(",", ""):  # a chip that does not dial in voice, but plays its tones
                await command(self._chip.digit.format(digit))
        return Fate.WAITING

    async def _until_known(self, progress: Progress, rings: Callable[[], None]) -> Fate:
        try:
            async with asyncio.timeout(self._settings.max_dial_seconds):
                while progress.fate in (Fate.WAITING, Fate.RINGING):
                    if progress.fate is Fate.RINGING:
                        rings()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        return progress.fate

    def _no_dial_tone(self, why: str) -> NoDialTone:
        return NoDialTone(
            f"port {self._stream.name}: no dial tone ({why}). Check the line cord and the option country"
        )
