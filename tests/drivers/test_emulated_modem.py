"""The emulated modem's brain: commands, calls and faults, without I/O."""

from __future__ import annotations

import asyncio

import pytest

from drivers.emulated.families import FAMILIES
from drivers.emulated.family import Family
from drivers.emulated.faults import FAULTS
from drivers.emulated.modem import Hooks, Identity, Modem
from drivers.emulated.network import Callee, Network, NetworkError, Outcome, Plan, Sound
from drivers.emulated.pcm import FRAME_BYTES, SILENCE
from drivers.emulated.simcom import SIM7600
from drivers.emulated.voice import BadSpeech, FarVoice, read_speech, tone


class Desk:
    """A modem on a table: `ask` types a command, `out` is everything it said."""

    def __init__(self, *, family: Family = SIM7600, **identity: object) -> None:
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
            family=family,
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


# --- families -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "at_answer", "at_end"),
    [
        ("sim7600", b"VOICE CALL: BEGIN", b"VOICE CALL: END: 000005"),
        ("huawei", b"^CONN:1,0", b"^CEND:1,5,104,16"),
        ("quectel", b'+QIND: "ccinfo",1,1,0,0,0,"1",129', b'+QIND: "ccinfo",1,1,-1,0,0,"1",129'),
    ],
)
async def test_a_family_tells_of_a_call_in_its_own_words(
    family: str, at_answer: bytes, at_end: bytes
) -> None:
    desk = Desk(family=FAMILIES[family])
    desk.ask('AT+QINDCFG="ccinfo",1,0')
    call = desk.network.place(desk.modem, "1")
    desk.ask("ATA")
    await asyncio.sleep(5.1)
    assert at_answer in desk.out
    desk.network.hang_up(call.id)
    assert at_end in desk.out


@pytest.mark.parametrize(
    ("family", "ring", "before", "answer", "after", "flows"),
    [
        ("huawei", True, "AT^DDSETEX=2", "ATA", "AT", False),
        ("huawei", True, "AT", "ATA", "AT^DDSETEX=2", True),
        ("huawei", False, "AT^DDSETEX=2", "ATD1;", "AT", False),
        ("huawei", False, "AT", "ATD1;", "AT^DDSETEX=2", True),
        ("quectel", True, "AT+QPCMV=0;+QPCMV=1,0", "ATA", "AT", True),
        ("quectel", True, "AT", "ATA", "AT+QPCMV=0;+QPCMV=1,0", False),
        ("quectel", False, "AT+QPCMV=0;+QPCMV=1,0", "ATD1;", "AT", True),
        ("quectel", False, "AT", "ATD1;", "AT+QPCMV=0;+QPCMV=1,0", False),
        ("quectel", True, "AT+QPCMV=1,2", "ATA", "AT", False),
        ("sim7600", True, "AT+CPCMREG=1", "ATA", "AT", False),
    ],
)
async def test_voice_flows_only_when_a_family_was_told_in_its_order(
    family: str, ring: bool, before: str, answer: str, after: str, flows: bool
) -> None:
    desk = Desk(family=FAMILIES[family])
    if ring:
        desk.network.place(desk.modem, "1")
    for command in (before, answer, after):
        desk.ask(command)
    await asyncio.sleep(3)
    assert desk.modem.call is not None
    assert desk.modem.talking is flows


async def test_a_quectels_second_call_needs_the_voice_switched_off_in_between() -> None:
    desk = Desk(family=FAMILIES["quectel"])
    talks = []
    for command in ("AT+QPCMV=1,0", "AT+QPCMV=1,0", "AT+QPCMV=0;+QPCMV=1,0"):
        desk.ask(command)
        desk.ask("ATD1;")
        await asyncio.sleep(3)
        talks.append(desk.modem.talking)
        desk.ask("ATH")
    assert talks == [True, False, True]


async def test_a_stick_chatters_until_it_is_told_to_be_quiet_and_says_no_in_its_own_words() -> None:
    desk = Desk(family=FAMILIES["huawei"])
    await asyncio.sleep(60)
    assert desk.out.count(b"^BOOT:") > 1
    assert desk.out.count(b"^RSSI:") > 1
    assert "COMMAND NOT SUPPORT" in desk.ask("AT+CPCMREG=1")
    desk.ask("AT^CURC=0")
    desk.network.place(desk.modem, "1")
    desk.ask("ATA")
    await asyncio.sleep(1)
    assert b"^CONN" not in desk.out


@pytest.mark.parametrize(
    ("family", "setting", "line"),
    [
        ("sim7600", "AT+DDET=1", b"\r\r\n+RXDTMF: 8\r\r\n"),
        ("huawei", "AT^DDTMFCFG=0,1", b"\r\n^DDTMF:8\r\n"),
        ("quectel", "AT+QTONEDET=1", b"\r\n+QTONEDET: 56\r\n"),
    ],
)
async def test_keys_of_the_far_end_are_reported_to_who_asks(family: str, setting: str, line: bytes) -> None:
    desk = Desk(family=FAMILIES[family])
    desk.modem.remote_presses("8")
    assert line not in desk.out
    desk.ask(setting)
    desk.modem.remote_presses("8")
    assert line in desk.out


async def test_satellites_stand_in_a_quectels_voice_until_they_are_told_not_to() -> None:
    desk = Desk(family=FAMILIES["quectel"])
    assert desk.modem.has_sound_fault("F14c")
    desk.ask('AT+QGPSCFG="outport","none"')
    assert not desk.modem.has_sound_fault("F14c")
