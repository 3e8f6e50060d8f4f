"""`AT+VSM=?` as real modems answer it: the coding is chosen by the words, never by the number."""

from __future__ import annotations

import random

import pytest

from drivers.v253.coding import Coding, choose, methods
from drivers.v253.country import GCI, law
from drivers.v253.quirks import chip_of
from dsp.tones import zones

USR5637 = """128,"8-BIT LINEAR",(7200,8000,11025)
129,"16-BIT LINEAR",(7200,8000,11025)
130,"8-BIT ALAW",(8000)
131,"8-BIT ULAW",(8000)
132,"IMA ADPCM",(7200,8000,11025)"""
CX93001 = """0,"SIGNED PCM",8,0,8000,0,0
1,"UNSIGNED PCM",8,0,8000,0,0
129,"IMA ADPCM",4,0,8000,0,0
130,"UNSIGNED PCM",8,0,8000,0,0
131,"Mu-Law",8,0,8000,0,0
132,"A-Law",8,0,8000,0,0
133,"14 bit PCM",14,0,8000,0,0"""
OLDER_CONEXANT = """1,"UNSIGNED PCM",8,0,8000,0,0
129,"IMA ADPCM",4,0,8000,0,0
130,"UNSIGNED PCM",8,0,8000,0,00
140,"2 Bit ADPCM",2,0,8000,0,0
141,"4 Bit ADPCM",4,0,8000,0,0"""
HOST_CONEXANT = """+VSM: 1,"UNSIGNED PCM",8,0,(7200,8000),(0),(0)
+VSM: 128,"8-BIT LINEAR",8,0,(7200,8000),(0),(0)
+VSM: 131,"ULAW",8,0,(7200,8000),(0),(0)
+VSM: 132,"ALAW",8,0,(7200,8000),(0),(0)
+VSM: 133,"LINEAR",16,0,(7200,8000),(0),(0)"""
SI2494 = """0,"SIGNED PCM",8,0,8000,0,0
1,"UNSIGNED PCM",8,0,8000,0,0
4,"G.711U",8,0,8000,0,0
5,"G.711A",8,0,8000,0,0
129,"G.726",2,0,8000,0,0
131,"G.726",4,0,8000,0,0"""
LUCENT = """128,"8-BIT LINEAR",8,0,(7200,8000),(0),(0)
129,"16-BIT LINEAR",16,0,(7200,8000),(0),(0)
132,"IMA ADPCM",4,0,(7200,8000),(0),(0)"""
ZYXEL = """1;CELP;1;0;(9600)
2;ADPCM;2;0;(9600)
3;ADPCM;3;0;(9600)"""
MULTITECH = """128,"SIGNED PCM",12,0,(7200-8000,11025),(127-129),(0-50)
132,"ADPCM/AQ",2,40,(7200),(128),(0-50)"""


@pytest.mark.parametrize(
    ("answer", "us", "de", "linear"),
    [
        (USR5637, "AT+VSM=131,8000", "AT+VSM=130,8000", "AT+VSM=128,8000"),
        (CX93001, "AT+VSM=131,8000", "AT+VSM=132,8000", "AT+VSM=1,8000"),
        (OLDER_CONEXANT, "AT+VSM=1,8000", "AT+VSM=1,8000", "AT+VSM=1,8000"),
        (HOST_CONEXANT, "AT+VSM=131,8000", "AT+VSM=132,8000", "AT+VSM=1,8000"),
        (SI2494, "AT+VSM=4,8000", "AT+VSM=5,8000", "AT+VSM=1,8000"),
        (LUCENT, "AT+VSM=128,8000", "AT+VSM=128,8000", "AT+VSM=128,8000"),
    ],
)
def test_the_countrys_law_is_chosen_where_it_is_offered(answer: str, us: str, de: str, linear: str) -> None:
    offered = methods(answer.splitlines())
    for country, command in (("us", us), ("de", de)):
        method = choose(offered, law(country))
        assert method is not None
        assert method.command == command
    method = choose(offered, Coding.ULAW, Coding.U8)
    assert method is not None
    assert method.command == linear


@pytest.mark.parametrize("answer", [ZYXEL, MULTITECH, "", "OK", '4,"ULAW",8,0,(7200),0,0'])
def test_nothing_is_chosen_of_what_does_not_fit(answer: str) -> None:
    assert choose(methods(answer.splitlines()), Coding.ULAW) is None


def test_any_text_is_read_without_harm() -> None:
    luck = random.Random(3)
    for _ in range(3000):
        text = "".join(luck.choice('0123,;:"()-.GALWUPCMBIT8000 \x00é') for _ in range(luck.randrange(60)))
        for method in methods([text, f"131,{text}"]):
            assert method.coding in Coding


def test_codings_are_those_of_the_dsp() -> None:
    assert Coding.U8.samples(b"\x80\xff") == b"\x00\x00" + (32512).to_bytes(2, "little")
    assert Coding.ULAW.samples(b"\xff") == b"\x00\x00"
    assert Coding.ALAW.samples(b"\xd5") == (8).to_bytes(2, "little")


def test_every_country_with_tones_has_a_code_of_t35() -> None:
    assert set(GCI) == set(zones())


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (["U.S. Robotics 56K FAX USB V1.2.23", "5601"], "usr5637"),
        (["CX93001-EIS_V0.2013-V92", "56000", "CONEXANT"], "cx930xx"),
        (["Si2494", "Silicon Labs"], "si24xx"),
        (["LT V.90 1.0 MT5634ZPX"], "lucent"),
        (["56000", "some modem"], "generic"),
        ([], "generic"),
    ],
)
def test_a_chip_is_known_by_its_words(said: list[str], name: str) -> None:
    assert chip_of(said).name == name
