"""The brain of an emulated GSM modem: bytes in, bytes out, timers by a clock it is given. No I/O.

It carries one voice call, tells of it as its family does (`family.py`), and misbehaves on request
(`faults.py`). The network it is registered in is whoever implements `Exchange`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable

from drivers.emulated.atface import Later, Refused
from drivers.emulated.family import Family, Step, VoiceWhen
from drivers.emulated.network import Exchange
from drivers.emulated.simcom import SIM7600
from drivers.emulated.subscriber import NOT_ALLOWED, Hooks, Identity, Subscriber
from drivers.emulated.voicecall import CallState, VoiceCall

__all__ = ["ANSWER_SECONDS", "Hooks", "Identity", "Modem"]

ANSWER_SECONDS = 0.05  # ATA's OK to the report that the call is up
STEPS = {
    CallState.ALERTING: Step.ALERTING,
    CallState.ACTIVE: Step.UP,
}


class Modem(Subscriber):
    """One modem with its SIM. `feed` takes what the host writes; the network calls the verbs below it."""

    def __init__(
        self,
        name: str,
        *,
        later: Later,
        clock: Callable[[], float],
        hooks: Hooks,
        exchange: Exchange,
        identity: Identity | None = None,
        family: Family = SIM7600,
    ) -> None:
        super().__init__(name, later=later, hooks=hooks, exchange=exchange, identity=identity, family=family)
        self.call: VoiceCall | None = None
        self.second: VoiceCall | None = None  # it waits
        self._clock = clock
        self._ring_timer: asyncio.TimerHandle | None = None
        self._dial_is_open = False  # F9: ATD has had no answer yet
        self.boot()

    # --- the body ---------------------------------------------------------------------------------

    def boot(self) -> None:
        """Settings as after power-up; calls and rings are gone."""
        super().boot()
        self._voice_tried = self._voice_led = self._dial_is_open = False
        self._stop_ringing()
        self.second = None
        if self.call is not None:
            self.call = None
            self._exchange.hung_up(self)

    def feed(self, data: bytes) -> None:
        """Bytes the host wrote to the AT port; any of them ends an ATD that has no answer yet (F9)."""
        if self._dial_is_open and data:
            self._dial_is_open = False
            self._hang_up()
            self.finish("NO CARRIER")
            data = data[1:]
        super().feed(data)

    # --- the network's verbs ------------------------------------------------------------------------

    def incoming(self, number: str) -> bool:
        """A call arrives, "" for a withheld number; False when the modem cannot take it."""
        if self.call is not None or not self.registered:
            return False
        index = 2 if "clcc-data" in self.faults else 1
        self.call = call = VoiceCall(number, True, CallState.INCOMING, index)
        if "F7g" not in self.faults:
            self._tell(Step.INCOMING, call)
            self._ring()
        if "F10" in self.faults:
            self._later(0.1, lambda: self._taken_back(call))
        return True

    def second_caller(self, number: str) -> None:
        """Somebody calls while there is a call; he rings when that is over, unless he is refused."""
        assert self.call is not None
        self.second = VoiceCall(number, True, CallState.WAITING, self.call.index + 1)
        self._tell(Step.WAITING, self.second)
        if self._settings["+CCWA"].startswith("1"):
            self.report(f'+CCWA: "{number}",145,1')

    def second_gives_up(self) -> None:
        """The waiting caller is gone."""
        second, self.second = self.second, None
        if second is not None:
            second.state = CallState.ENDED
            self._tell(Step.MISSED, second)

    def remote_alerts(self) -> None:
        """The dialled phone rings."""
        self._advance(CallState.ALERTING)

    def remote_answers(self) -> None:
        """The dialled phone was picked up."""
        if self._dial_is_open:
            self._dial_is_open = False
            self.finish("OK")
        self._begin()

    def remote_ends(self, why: str = "NO CARRIER") -> None:
        """The far end is gone; `why` is BUSY or NO ANSWER for a dialled call that came to nothing."""
        if self.call is None:
            return
        call, self._dial_is_open = self.call, False
        step = Step.ENDED if call.began else Step.MISSED if call.inbound else Step.FAILED
        self._drop_call()
        if "F8" not in self.faults:
            self._tell(step, call, why)

    def remote_presses(self, digits: str) -> None:
        """Keys of the far end, where the host has asked for them; most hosts listen to the sound instead."""
        for digit in digits:
            if self._settings.get("+DDET", "0").startswith("1"):
                self.report(f"+RXDTMF: {digit}")
            if self._settings.get("^DDTMFCFG", "0,0").endswith(",1"):
                self.report(f"^DDTMF:{digit}")
            if self._settings.get("+QTONEDET") == "1":
                self.report(f"+QTONEDET: {ord(digit)}")

    @property
    def engaged(self) -> bool:
        return self.call is not None

    @property
    def talking(self) -> bool:
        """Whether voice flows on the audio port: the call is up, and was led there as the family wants."""
        return self.call is not None and self.call.state is CallState.ACTIVE and self._voice_led

    def has_sound_fault(self, name: str) -> bool:
        """Whether a fault of `pcm.py` is on; satellites' text is in the voice until it is switched off."""
        nmea = self.family.nmea_off
        return name in self.faults or (
            name == "F14c" and nmea is not None and self._settings[nmea[0]] != nmea[1]
        )

    # --- commands -------------------------------------------------------------------------------------

    def _table(self) -> dict[str, Callable[[str], Iterable[str | None]]]:
        return {
            **super()._table(),
            **{name: self._presser(name) for name in self.family.keys},
            "D": self._dial,
            "A": self._answer,
            "H": self._ath,
            "+CHUP": self._chup,
            "+CHLD": self._chld,
            "+CLCC": self._clcc,
            self.family.voice.name: self._voice,
        }

    def _dial(self, tail: str) -> Iterable[str | None]:
        number = tail.rstrip(";").lstrip("TP ")  # gammu dials ATDT, tone or pulse is the same to GSM
        if not tail.endswith(";") or not number or not self.registered:
            self._later(0.05, lambda: self.report("NO CARRIER"))
            return []
        if self.call is not None:
            raise Refused(NOT_ALLOWED)
        if "F16" in self.faults:
            return self._reset(tail)
        index = 2 if "clcc-data" in self.faults else 1
        self.call = call = VoiceCall(number, False, CallState.DIALING, index)
        self._later(0.01, lambda: self._tell(Step.DIALING, call) if self.call is call else None)
        self._later(0.02, lambda: self._exchange.dialled(self, number) if self.call is call else None)
        self._dial_is_open = "F9" in self.faults
        return [None] if self._dial_is_open else []

    def _answer(self, tail: str) -> Iterable[str | None]:
        call = self.call
        if call is None or call.state is not CallState.INCOMING:
            raise Refused(NOT_ALLOWED)
        if "F16" in self.faults:
            return self._reset(tail)
        self._stop_ringing()
        call.is_answering = True
        if "F10a" in self.faults:
            self._later(0.02, lambda: self._taken_back(call))
            return [None]
        self._later(ANSWER_SECONDS, self._answered)
        return []

    def _answered(self) -> None:
        if self.call is not None and self.call.state is CallState.INCOMING:
            self._begin()
            self._exchange.answered(self)

    def _taken_back(self, call: VoiceCall) -> None:
        """The caller is gone, and the network has to be told as well."""
        if self.call is call:
            self.remote_ends()
            if "F10a" in self.faults:
                self.finish("NO CARRIER")
            self._exchange.hung_up(self)

    def _ath(self, tail: str) -> list[str]:
        needs = self.family.ath_needs
        if "F27" not in self.faults and (needs is None or self._settings[needs[0]] == needs[1]):
            self._hang_up()
        return []  # OK all the same: the trap of SIMCom manual 3.8

    def _chup(self, tail: str) -> Iterable[str | None]:
        if "F25" in self.faults:
            return [None]
        self._hang_up()
        return []

    def _chld(self, tail: str) -> list[str]:
        if tail[:2] == "=0" and self.second is not None:
            self.second_gives_up()
        elif tail[:2] in ("=1", "=0"):
            self._hang_up()
        return ["+CHLD: (0,1,1x,2,2x,3,4)"] if tail == "=?" else []

    def _hang_up(self) -> None:
        if self.call is None:
            return
        call = self.call
        self._drop_call()
        self._exchange.hung_up(self)
        if "F8" not in self.faults:
            self._later(0.02, lambda: self._tell(Step.HUNG_UP, call))

    def _clcc(self, tail: str) -> list[str]:
        if tail:
            return self.setting("+CLCC", tail)
        data = ['+CLCC: 1,0,0,1,0,"",128'] if "clcc-data" in self.faults else []
        return [*data, *(call.clcc() for call in (self.call, self.second) if call is not None)]

    def _voice(self, tail: str) -> list[str]:
        """The family's voice command; what it does depends on when it comes."""
        command = self.family.voice
        was_off = self._settings[command.name] != command.on
        if tail != f"={command.on}":
            answer = self.setting(command.name, tail)
            self._voice_led = self._voice_led and tail in ("?", "=?")
            self._hooks.pcm(self.talking)
            return answer
        first, self._voice_tried = not self._voice_tried, True
        state = self.call.state if self.call is not None else None
        if command.when is VoiceWhen.UP and state is not CallState.ACTIVE:
            raise Refused()
        if {"F13x", "F22"} & self.faults or ("F13" in self.faults and first):
            raise Refused()
        self._settings[command.name] = command.on
        is_begun = self.call is not None and (state is not CallState.INCOMING or self.call.is_answering)
        self._voice_led = (was_off and not is_begun) if command.when is VoiceWhen.BEFORE else is_begun
        self._hooks.pcm(self.talking)
        return []

    def _presser(self, name: str) -> Callable[[str], list[str]]:
        def press(tail: str) -> list[str]:
            if tail == "=?" and name in self.family.ranges:
                return [f"{name}: {self.family.ranges[name]}"]
            shape = re.fullmatch(self.family.keys[name], tail)
            if self.call is None or self.call.state is not CallState.ACTIVE or shape is None:
                raise Refused(NOT_ALLOWED)
            if name == "+VTS" and "no-vts" in self.faults:
                raise Refused()
            self._exchange.digits_sent(self, shape[shape.lastindex or 0].replace(",", ""))
            return []

        return press

    # --- the call --------------------------------------------------------------------------------------

    def _advance(self, state: CallState) -> None:
        if self.call is not None:
            self.call.state = state
            self._tell(STEPS[state], self.call)

    def _begin(self) -> None:
        if self.call is None:
            return
        self._stop_ringing()
        self.call.began = self._clock()
        self._advance(CallState.ACTIVE)
        self._hooks.pcm(self.talking)

    def _drop_call(self) -> None:
        if self.call is not None:
            self.call.state = CallState.ENDED
        self.call = None
        self._voice_tried = self._voice_led = False
        if self.family.voice.when is VoiceWhen.UP:
            self._settings[self.family.voice.name] = self.family.settings[self.family.voice.name]
        self._stop_ringing()
        self._hooks.pcm(False)
        if self.second is not None:
            self.call, self.second = self.second, None
            self.call.state = CallState.INCOMING
            self._later(1.0, self._ring)

    def _tell(self, step: Step, call: VoiceCall, why: str = "") -> None:
        """The family's lines for what has become of a call."""
        if step is Step.INCOMING and "F7a" in self.faults:
            return
        seconds = int(self._clock() - call.began) if call.began else 0
        values = call.values(hidden="F7c" in self.faults and call.inbound, seconds=seconds, why=why)
        for says in self.family.says[step]:
            if not says.setting or self._settings[says.setting].startswith(says.value):
                self.report(says.line.format_map(values))

    def _ring(self) -> None:
        if self.call is None or self.call.state is not CallState.INCOMING:
            return
        ring = "+CRING: VOICE" if "F7d" in self.faults or self._settings["+CRC"] == "1" else "RING"
        tells = self._settings["+CLIP"] == "1" and "F7a" not in self.faults
        clip = self.call.clip(hidden="F7c" in self.faults) if tells else ""
        if "F7b" in self.faults:
            ring, clip = clip, ring
        said = [line for line in (ring, clip) if line and not (line == ring and "F7f" in self.faults)]
        if "F7e" in self.faults and clip:
            said.remove(clip)
            self._later(0.4, lambda: self.report(clip) if self.call is not None else None)
        self.report(*said)
        self._ring_timer = self._later(self.family.ring_seconds, self._ring)

    def _stop_ringing(self) -> None:
        if self._ring_timer is not None:
            self._ring_timer.cancel()
            self._ring_timer = None
