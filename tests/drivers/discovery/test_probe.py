"""What a look at the modems of a machine finds out, and that it leaves no trace."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.discovery.finding import Finding, Verdict
from drivers.discovery.holders import Holder
from drivers.discovery.probe import Look, probe
from drivers.emulated.modem import Identity
from drivers.emulated.sysfs import LOOKS, STORAGE_CLASS, UsbLook
from drivers.port import PortLost
from drivers.serialline import open_audio
from tests.drivers.discovery.rig import IMEI, Behind, Rig
from tests.drivers.wires import WIRES

LONGEST_SECONDS = 12.0  # to wake, to ask, to restore, to listen: of a modem that dies in between


def look(rig: Rig, *only: str) -> Look:
    return Look(rig.sysfs, only, access=rig.access)


async def only(rig: Rig, *ports: str) -> Finding:
    """The one finding there is, in a bounded time, with everything closed behind it."""
    began = asyncio.get_running_loop().time()
    (found,) = await probe(look(rig, *ports))
    assert asyncio.get_running_loop().time() - began < LONGEST_SECONDS
    assert rig.open_now == 0
    return found


@pytest.mark.parametrize("wire", ["whole", "byte by byte", "delayed"])
async def test_a_modem_tells_who_it_is(tmp_path: Path, wire: str) -> None:
    rig = Rig(tmp_path, WIRES[wire])
    rig.plug_modem("1-1.2", 1)
    found = await only(rig)
    assert found == Finding(
        place="1-1.2",
        usb_id="1e0e:9001",
        verdict=Verdict.MODEM,
        driver="sim7600",
        what="SIMCom SIM7500/SIM7600",
        at="/dev/ttyR2",
        at_interface=2,
        audio="/dev/ttyR4",
        audio_interface=4,
        maker="SIMCOM INCORPORATED",
        model="SIMCOM_SIM7600E-H",
        firmware="LE20B04SIM7600M22",
        imei=IMEI.format(1),
        sim="ready",
        number="+4915900000017",
        operator="Testnetz",
        registration="home",
        signal_dbm=-73,
        sound="opens and is silent, as it should be without a call",
        sound_bytes_per_second=0,
    )


@pytest.mark.parametrize("seed", range(20))
async def test_a_bad_cable_never_takes_longer_and_never_raises(tmp_path: Path, seed: int) -> None:
    rig = Rig(tmp_path, WIRES["lossy"])
    rig.plug_modem("1-1.2", seed)
    found = await only(rig)
    assert found.verdict is not Verdict.MODEM or found.imei or found.trouble


async def test_a_modem_is_left_as_it_was_found(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    modem = rig.plug_modem("1-1.2", 1)
    modem.feed(b"AT+CMEE=2\rAT+COPS=3,2\r")
    before, echo = dict(modem._settings), modem.echo
    found = await only(rig)
    assert (found.operator, found.verdict) == ("Testnetz", Verdict.MODEM)
    assert (modem._settings, modem.echo) == (before, echo)


@pytest.mark.parametrize(
    ("fault", "pin", "sim"),
    [
        ("no-sim", "", "missing: insert one"),
        ("F28", "", "is busy, as for some seconds after power-up"),
        ("", "1234", "wants its PIN: put `pin` into the configuration of the line"),
    ],
)
async def test_a_sim_that_is_not_ready_is_told_and_no_pin_is_tried(
    tmp_path: Path, fault: str, pin: str, sim: str
) -> None:
    rig = Rig(tmp_path)
    modem, behind = rig.modem(Identity(pin=pin))
    rig.plug("1-1.2", behind)
    if fault:
        modem.fault(fault)
    assert (await only(rig)).sim == sim
    assert modem.identity.pin_tries == 3
    assert not [line for line in modem.commands if "CPIN=" in line]


@pytest.mark.parametrize("fault", ["F1", "F3", "F4", "F5", "F6"])
async def test_lines_cut_glued_and_repeated_are_understood(tmp_path: Path, fault: str) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.2", 1).fault(fault)
    found = await only(rig)
    assert (found.imei, found.sim, found.operator) == (IMEI.format(1), "ready", "Testnetz")


async def test_f20_a_modem_stuck_in_a_prompt_answers_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.2", 1)
    await only(rig)
    assert rig.behind["/dev/ttyR2"].heard.startswith(b"\x1b")


async def test_f11_a_modem_that_dies_in_between_keeps_what_it_said(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    modem = rig.plug_modem("1-1.2", 1)
    asking = asyncio.ensure_future(only(rig))
    behind = rig.behind["/dev/ttyR2"]
    behind.feed = lambda data: modem.fault("F11") if b"CGMM" in data else modem.feed(data)
    found = await asking
    assert (found.imei, found.verdict) == (IMEI.format(1), Verdict.MODEM)
    assert "stopped answering" in found.trouble


async def test_a_modem_unplugged_in_between_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, WIRES["delayed"])
    rig.plug_modem("1-1.2", 1)
    asking = asyncio.ensure_future(only(rig))
    await asyncio.sleep(0.2)
    behind = rig.behind["/dev/ttyR2"]
    behind.lost(PortLost("port 1-1.2: /dev/ttyR2 went away (Input/output error)"))
    assert "went away" in (await asking).trouble


async def test_f23_f24_a_port_of_somebody_else_is_never_opened_and_its_holder_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.1", 1)
    rig.plug_modem("1-1.2", 2)
    rig.held["/dev/ttyR2"] = Holder(812, "ModemManager")
    rig.busy.add("/dev/ttyR7")
    first, second = await probe(look(rig))
    assert (first.verdict, second.verdict) == (Verdict.HELD, Verdict.HELD)
    assert first.trouble.startswith("/dev/ttyR2 is held by process 812 (ModemManager). Stop that program")
    assert rig.opened == 0


async def test_an_audio_port_of_somebody_else_is_not_listened_to(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.2", 1)
    rig.held["/dev/ttyR4"] = Holder(9, "arecord")
    found = await only(rig)
    assert (found.sound, found.sound_bytes_per_second) == ("is held by process 9 (arecord), left alone", None)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (b"$GPGGA,094501.00,5231.2000,N*5C\r\n", "sends GPS sentences"),
        (bytes(16000), "sound flows already (16000 bytes/s)"),
        (b"???", "sends something without a call (3 bytes/s)"),
    ],
)
async def test_what_comes_out_of_the_audio_port_is_told(tmp_path: Path, sound: bytes, words: str) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.2", 1)
    rig.sound["/dev/ttyR4"] = sound
    assert words in (await only(rig)).sound


async def test_an_audio_port_that_is_missing_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.2", 1)
    rig.access = replace(rig.access, open_audio=open_audio)
    found = await only(rig)
    assert found.sound.startswith("is missing")
    assert found.verdict is Verdict.MODEM


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "answers nothing. Check that the modem has power"),
        (b"$GPRMC,081836,A*62\r\n", "GPS sentences: it is the modem's NMEA port"),
        (b"\x7e\x00\x78\xf0\x7e" * 40, 'sends something else (600 bytes, "~.x.~'),
        (b"OKAY\r\nNOT OK\r\n", "answers no AT"),
    ],
)
async def test_a_port_that_talks_nonsense_is_told_with_what_it_may_be(
    tmp_path: Path, said: bytes, words: str
) -> None:
    rig = Rig(tmp_path)
    behind = Behind()
    behind.feed = lambda data: behind.send(said) if b"AT" in data else None
    rig.plug("1-1.2", behind)
    found = await only(rig)
    assert (found.verdict, words in found.trouble) == (Verdict.SILENT, True), found.trouble


async def test_a_flood_of_noise_is_bounded(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    behind = Behind()
    rig.plug("1-1.2", behind)

    async def flood() -> None:
        while True:
            behind.send(bytes(range(256)) * 16)
            await asyncio.sleep(0.001)

    noise = asyncio.create_task(flood())
    found = await only(rig)
    noise.cancel()
    assert (found.verdict, "(8192 bytes" in found.trouble) == (Verdict.SILENT, True)


SAYINGS = [
    b"OK",
    b"ERROR",
    b"+CME ERROR: 14",
    b"+CPIN: ",
    b"+CPIN: SIM PIN",
    b"+COPS: 0,2,",
    b"+COPS: 9",
    b"> ",
]
SAYINGS += [
    b"+CSQ: ",
    b"+CSQ: 99,99",
    b"+CREG: ,",
    b"+CMEE: 2",
    b"867584030000017",
    b"0,1,8",
    b"+VSM: (",
    b"RING",
]
SAYINGS += [
    b"+FCLASS: 8.0.",
    b"\xff\x00\x10",
    b'+CNUM: "',
    b"131,",
    b"+GCI: ZZ",
    b"AT+CGSN",
    b"OK+CREG: 1",
    b"",
]


@pytest.mark.parametrize("seed", range(50))
async def test_whatever_is_answered_the_look_ends_with_a_verdict(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    rig = Rig(tmp_path)
    behind = Behind()

    def babble(data: bytes) -> None:
        said = [luck.choice(SAYINGS) for _ in range(luck.randrange(5))]
        if luck.random() < 0.7:
            said.append(b"OK")
        behind.send(b"".join(b"\r\n" + each + b"\r\n" for each in said))

    behind.feed = babble
    rig.plug("1-1.2", behind, luck.choice(list(LOOKS.values())))
    found = await only(rig)
    assert found.trouble or found.verdict is Verdict.MODEM
    assert b"CPIN=" not in behind.heard


async def test_all_modems_are_asked_at_a_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in range(1, 8):
        rig.plug("1-1." + str(number), Behind())
    began = asyncio.get_running_loop().time()
    assert len(await probe(look(rig))) == 7
    assert asyncio.get_running_loop().time() - began < 4.0


async def test_a_stick_in_storage_mode_and_other_devices(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.tree.plug("1-1.1", replace(LOOKS["huawei"], product="1446"), {0: None}, cls=STORAGE_CLASS)
    rig.tree.plug("1-1.2", UsbLook("0403", "6001", "FTDI", "UART", 0, None), {0: Path("/dev/ttyUSB9")})
    found = await only(rig)
    assert (found.place, found.verdict) == ("1-1.1", Verdict.UNUSABLE)
    assert "usb-modeswitch" in found.trouble


async def test_a_named_port_of_a_known_modem_means_that_modem(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.1", 1)
    rig.plug_modem("1-1.2", 2)
    found = await only(rig, "/dev/ttyR9")
    assert (found.place, found.imei) == ("1-1.2", IMEI.format(2))


async def test_a_named_port_that_is_on_no_known_usb_is_asked_all_the_same(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    modem, rig.behind["/dev/ttyS1"] = rig.modem()
    found = await only(rig, "/dev/ttyS1")
    assert (found.name, found.driver, found.imei) == ("/dev/ttyS1", "sim7600", modem.identity.imei)
    missing = await only(rig, "/dev/ttyS2")
    assert "is missing" in missing.trouble


async def test_progress_is_told_of_every_modem_at_the_beginning_and_the_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.1", 1)
    rig.plug("1-1.2", Behind())
    told: list[tuple[str, str]] = []
    await probe(replace(look(rig), tell=lambda name, text: told.append((name, text))))
    assert [name for name, _ in told] == ["1-1.1", "1-1.2", "1-1.1", "1-1.2"]
    assert [text.split(":")[1][:8] for _, text in told] == [" asking ", " asking ", " a modem", " /dev/tt"]


#: Of a CX93001 as in published logs, as far as a probe asks; None is an error.
ANSWERS: dict[str, list[str] | None] = {
    "AT": [],
    "AT+CGSN": None,
    "AT+FCLASS=?": ["0,1,1.0,2,8"],
    "AT+FCLASS?": ["0"],
    "AT+FCLASS=8": [],
    "AT+FCLASS=0": [],
    "AT+GMI": ["CONEXANT"],
    "AT+GMM": ["+GMM: V90"],
    "AT+GMR": ["+GMR: CX93001-EIS_V0.2013-V92"],
    "ATI3": ["CX93001-EIS_V0.2013-V92"],
    "AT+GCI?": ["+GCI: B5"],
    "AT+VSM=?": ['1,"UNSIGNED PCM",8,0,8000,0,0', '131,"Mu-Law",8,0,8000,0,0', '+VSM: (4),"A-Law",8'],
}


class VoiceModem:
    """Says ANSWERS."""

    def __init__(self, behind: Behind, *, voice: bool = True) -> None:
        self.asked: list[str] = []
        self._behind = behind
        self._voice = voice
        behind.feed = self._feed

    def _feed(self, data: bytes) -> None:
        for line in data.split(b"\r")[:-1]:
            command = line.decode("latin-1").removeprefix("\x1b")
            self.asked.append(command)
            answer = None if command.startswith("\x10") else ANSWERS.get(command)
            if command == "AT+FCLASS=?" and not self._voice:
                answer = ["0,1"]
            final = "ERROR" if answer is None else "OK"
            for text in [*(answer or []), final]:
                self._behind.send(f"\r\n{text}\r\n".encode())


async def test_a_voice_modem_tells_its_chip_codings_and_country_and_is_left_in_data_mode(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    modem = VoiceModem(behind := Behind())
    rig.plug("1-1.3", behind, LOOKS["v253"])
    found = await only(rig)
    assert (found.verdict, found.driver, found.audio) == (Verdict.MODEM, "v253", "")
    assert (found.maker, found.model, found.chip) == ("CONEXANT", "V90", "CX93001-EIS_V0.2013-V92")
    assert (found.country, found.codings) == ("us", ["1 UNSIGNED PCM", "131 Mu-Law", "4 A-Law"])
    assert modem.asked[0] == "\x10\x03\x10^"
    assert [line for line in modem.asked if "FCLASS=" in line] == [
        "AT+FCLASS=?",
        "AT+FCLASS=8",
        "AT+FCLASS=0",
    ]
    assert "AT+CGSN" not in modem.asked


async def test_a_modem_without_voice_is_no_line(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    VoiceModem(behind := Behind(), voice=False)
    rig.plug("1-1.3", behind, LOOKS["v253"])
    found = await only(rig)
    assert (found.verdict, "V.253" in found.trouble) == (Verdict.UNUSABLE, True)


async def test_an_unknown_port_may_be_a_voice_modem_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    VoiceModem(behind := Behind())
    rig.behind["/dev/ttyS1"] = behind
    assert (await only(rig, "/dev/ttyS1")).driver == "v253"
