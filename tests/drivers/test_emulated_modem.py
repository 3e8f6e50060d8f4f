"""The emulated modem's brain: commands, calls and faults, without I/O."""

from __future__ import annotations

import asyncio

import pytest

from drivers.emulated.faults import FAULTS
from drivers.emulated.modem import Hooks, Identity, Modem
from drivers.emulated.network import Callee, Network, NetworkError, Outcome, Plan, Sound
from drivers.emulated.pcm import FRAME_BYTES, SILENCE
from drivers.emulated.voice import BadSpeech, FarVoice, read_speech, tone


class Desk:
    """A modem on a table: `ask` types a command, `out` is everything it said."""

    def __init__(self, **identity: object) -> None:
        loop = asyncio.get_running_loop()
        self.out = b""
        self.pcm: list[bool] = []
        self.news: list[tuple[str, dict[str, object]]] = []
        self.network = Network(
            later=loop.call_later, clock=loop.time, news=lambda name, values: self.news.append((name, values))
        )
        self.modem = Modem(
            "m",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self._said, pcm=self.pcm.append),
            exchange=self.network,
            identity=Identity(**identity),  # type: ignore[arg-type]
        )

    def _said(self, data: bytes) -> None:
        self.out += data

    def ask(self, command: str) -> str:
        self.out = b""
        self.modem.feed(command.encode() + b"\r")
        return self.out.decode()


async def test_echo_is_on_until_it_is_switched_off() -> None:
    desk = Desk()
    assert desk.ask("AT") == "AT\r\r\nOK\r\n"
    assert desk.ask("ATE0") == "ATE0\r\r\nOK\r\n"
    assert desk.ask("AT") == "\r\nOK\r\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CSQ", "+CSQ: 20,99"),
        ("AT+CPIN?", "+CPIN: READY"),
        ("at+cgmm", "SIMCOM_SIM7600E-H"),
        ("AT+CLCC=?", "+CLCC: (0-1)"),
        ("AT+CREG?", "+CREG: 0,1"),
        ("AT+CMEE=1;+COPS=3,2;+COPS?", '+COPS: 0,2,"26207",7'),
    ],
)
async def test_commands_are_answered(command: str, answer: str) -> None:
    desk = Desk()
    desk.ask("ATE0")
    assert desk.ask(command) == f"\r\n{answer}\r\n\r\nOK\r\n"


async def test_errors_have_numbers_when_asked_for() -> None:
    desk = Desk()
    desk.modem.fault("no-sim")
    desk.ask("ATE0")
    assert desk.ask("AT+CPIN?") == "\r\nERROR\r\n"
    desk.ask("AT+CMEE=1")
    assert desk.ask("AT+CPIN?") == "\r\n+CME ERROR: 10\r\n"
    assert desk.ask("AT+NONSENSE") == "\r\nERROR\r\n"


async def test_ath_is_a_trap_until_cvhu_is_0() -> None:
    desk = Desk()
    desk.network.place(desk.modem, "1")
    desk.ask("ATA")
    await asyncio.sleep(1)
    assert "OK" in desk.ask("ATH")
    assert desk.modem.call is not None
    desk.ask("AT+CVHU=0")
    desk.ask("ATH")
    assert desk.modem.call is None


async def test_voice_flows_only_during_a_call_and_after_cpcmreg() -> None:
    desk = Desk()
    assert "ERROR" in desk.ask("AT+CPCMREG=1")
    call = desk.network.place(desk.modem, "1")
    desk.ask("ATA")
    await asyncio.sleep(1)
    assert not desk.modem.talking
    desk.ask("AT+CPCMREG=1")
    assert (desk.modem.talking, desk.pcm[-1]) == (True, True)
    desk.network.hang_up(call.id)
    assert (desk.modem.talking, desk.pcm[-1]) == (False, False)


async def test_a_caller_rings_every_three_seconds_and_gives_up() -> None:
    desk = Desk()
    desk.ask("AT+CLIP=1")
    desk.out = b""
    desk.network.place(desk.modem, "+491234", give_up_after_s=7)
    await asyncio.sleep(20)
    assert desk.out.count(b"RING\r\n") == 3
    assert b'+CLIP: "+491234",145,,,,0' in desk.out
    assert b"MISSED_CALL:" in desk.out
    name, values = desk.news[-1]
    assert (name, values["by"], values["answered"]) == ("ended", "gave up", False)


async def test_an_engaged_modem_takes_no_second_caller() -> None:
    desk = Desk()
    desk.network.place(desk.modem, "1")
    with pytest.raises(NetworkError, match="engaged"):
        desk.network.place(desk.modem, "2")
    assert len(desk.network.calls) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(Outcome.BUSY, b"BUSY"), (Outcome.NEVER, b"NO ANSWER"), (Outcome.ANSWER, b"VOICE CALL: BEGIN")],
)
async def test_dialled_parties_do_what_they_are_told(outcome: Outcome, words: bytes) -> None:
    desk = Desk()
    desk.network.callees["77"] = Callee(outcome)
    desk.ask("ATD77;")
    await asyncio.sleep(100)
    assert words in desk.out


async def test_a_plan_presses_keys_and_hangs_up() -> None:
    desk = Desk()
    call = desk.network.place(desk.modem, "1", Plan(digits=[(1.0, "5")], hang_up_after_s=3.0))
    desk.ask("ATA")
    await asyncio.sleep(1.5)
    assert call.voice.say() == tone(770, 1336, seconds=0.02, level_dbm0=-8.0)
    await asyncio.sleep(5)
    assert desk.news[-1][1]["talked_seconds"] == 3.0


async def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="F99 is no fault"):
        Desk().modem.fault("F99")
    for name in FAULTS:
        Desk().modem.fault(name)


async def test_garbage_does_not_disturb_the_next_command() -> None:
    desk = Desk()
    desk.ask("ATE0")
    desk.modem.feed(bytes(range(256)) * 50 + b"\r\x1b")
    assert desk.ask("AT") == "\r\nOK\r\n"


def test_a_voice_says_its_speech_its_keys_and_then_silence(tmp_path) -> None:  # type: ignore[no-untyped-def]
    voice = FarVoice(b"\1\2" * 200, record=tmp_path / "heard.wav")
    assert voice.say() == b"\1\2" * 160
    assert voice.say() == b"\1\2" * 40 + bytes(240)
    assert voice.say() == SILENCE
    voice.press("1")
    keys = b"".join(voice.say() for _ in range(10))
    assert keys[:1600] == tone(697, 1209, seconds=0.1, level_dbm0=-8.0)
    assert keys[1600:] == bytes(1600)
    with pytest.raises(ValueError, match="no key"):
        voice.press("x")
    voice.hear(b"\3\4" * 160)
    voice.close()
    assert read_speech(str(tmp_path / "heard.wav")) == b"\3\4" * 160
    with pytest.raises(BadSpeech, match="cannot be read"):
        read_speech(str(tmp_path / "none.wav"))


def test_looping_speech_has_no_gap() -> None:
    voice = FarVoice(tone(1000, seconds=1.0, level_dbm0=-10), loop=True)
    frames = [voice.say() for _ in range(120)]
    assert frames[50] == frames[0]
    assert all(len(frame) == FRAME_BYTES for frame in frames)
    assert Sound(tone_hz=1000).loop is False
