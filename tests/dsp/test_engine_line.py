"""A V.253 modem's port: the shield at any split, in any storm; codings, drift, running dry."""

import os

import numpy as np
import pytest

from dsp._native.engine import CODINGS, EventKind
from tests.dsp.engine_rig import TICK_NS, Modem, Rig, pair, run
from tests.dsp.signals import s16, sine
from tests.dsp.test_engine_serial import residual_db
from tests.dsp.voice_modem import (
    FROM_BYTES,
    LINE,
    TO_BYTES,
    VoiceModem,
    codes,
    shielded,
    talk,
    unshielded,
    wave_of,
)

# A frame: 160 samples, and codes among them, each way of writing 0x10, and a packet.
FEED = (
    shielded(bytes(range(100, 200)))
    + b"\x10u"
    + bytes(40)
    + b"\x10\x1a\x10\x10\x10/\x105\x10X\x10\x10a\x10.\x10~\x10\x1a"
)
FEED += b"\x10\x10" * 10 + b"\x42" * 5


def bare(form=None):
    """A rig with a port that one slot hears, and a far end that says only what a test writes."""
    rig = Rig(1)
    far = Modem(rig, form=form or LINE)
    rig.engine.connect(far.port, rig.ports[0], 1.0)
    return rig, far


# --- the shield


def fed(pieces_of):
    """(what is heard, codes) of a second in which each frame's bytes come in the pieces of `pieces_of`."""
    rig, far = bare()
    heard = []
    for number in range(50):
        sound = bytes((7 * number + k * k) % 256 for k in range(160))
        data = FEED if number > 10 else shielded(sound)
        for piece in pieces_of(data) if number > 10 else [data]:  # the first say where reading begins
            far.send(piece, rig.tick * TICK_NS + 7_000_000)
        heard.append(rig.step()[0])
    return np.concatenate(heard), codes(rig)


@pytest.mark.slow
def test_every_split_of_every_frame_sounds_the_same_and_tells_the_same():
    whole = fed(lambda data: [data])
    assert sorted(set(whole[1])) == sorted(b"u/5X~")
    for at in range(len(FEED)):
        halves = fed(lambda data, at=at: [piece for piece in (data[:at], data[at:]) if piece])
        assert halves[1] == whole[1], at
        assert np.array_equal(halves[0], whole[0]), at


def test_byte_by_byte_sounds_the_same():
    whole = fed(lambda data: [data])
    single = fed(lambda data: [data[i : i + 1] for i in range(len(data))])
    assert single[1] == whole[1]
    assert np.array_equal(single[0], whole[0])


def test_codes_are_told_with_their_tick_and_are_no_sound():
    rig, far = bare()
    for code in b"5bd\x00\xff":
        far.send(bytes([0x10, code]), rig.tick * TICK_NS + 1)
        rig.step()
    told = rig.events(EventKind.MODEM_CODE)
    assert [(port, code) for port, code, *_ in told] == [(far.port, code) for code in b"5bd\x00\xff"]
    assert [tick - told[0][2] for *_, tick, _, _ in told] == [0, 1, 2, 3, 4]
    assert rig.engine.port_status(far.port)["delay_ms"] == 0


def test_a_packet_is_skipped_and_told_as_one_code():
    rig, far = bare()
    far.send(b"\xff" * 160, rig.tick * TICK_NS + 1)
    before = rig.engine.port_status(far.port)["delay_ms"]
    far.send(b"\x10X" + b"\x01\x02\x10\x10\x03" * 9 + b"\x10.", rig.tick * TICK_NS + 1)
    assert rig.engine.port_status(far.port)["delay_ms"] == before
    assert codes(rig) == b"X"


@pytest.mark.parametrize(
    ("broken", "told"),
    [(b"\x10X" + b"\x55" * 2000, b"X"), (b"\x10Xabc\x10b", b"Xb"), (b"\x10X" + b"\x10\x1a" * 900, b"X")],
    ids=["never ends", "a code in it", "only shielded bytes"],
)
def test_a_packet_that_is_none_costs_less_than_80_ms(broken, told):
    rig, far = bare()
    far.send(broken, rig.tick * TICK_NS + 1)
    assert codes(rig) == told
    before = rig.engine.port_status(far.port)["delay_ms"]
    far.send(b"\xff" * 160, rig.tick * TICK_NS + 1)
    assert rig.engine.port_status(far.port)["delay_ms"] >= before + 15 or before > 200


def test_after_the_end_nothing_is_sound_and_nothing_is_written():
    rig, far = bare()
    far.send(b"\xff" * 160, rig.tick * TICK_NS + 1)
    run(rig, [far], 3)
    far.got = b""
    received = rig.engine.port_status(far.port)["bytes_in"]
    far.send(b"\x10\x03\r\nOK\r\n" + b"\x10b" + b"\x30" * 160, rig.tick * TICK_NS + 1)
    run(rig, [far], 5)
    assert codes(rig) == b"\x03"
    assert far.got == b""
    assert rig.engine.port_status(far.port)["bytes_in"] > received
    far.far, near = pair()
    rig.engine.serial_swap(far.port, near, **LINE)
    far.send(b"\xff" * 160, rig.tick * TICK_NS + 1)
    run(rig, [far], 3)
    assert len(far.got) > 320, "declared again, it is a stream again"


@pytest.mark.parametrize("storm", [b"\x10u" * 160, b"".join(bytes([0x10, c]) for c in range(32, 192))])
def test_a_storm_of_8000_codes_a_second_tells_few_and_counts_all(storm):
    rig, far = bare()
    for i in range(100):
        far.send(storm, rig.tick * TICK_NS + 1)
        if i == 50:
            far.send(b"\x10\x03", rig.tick * TICK_NS + 1)
        rig.step()
    told = codes(rig)
    status = rig.engine.port_status(far.port)
    assert len(told) <= 5 * 11 + 1
    assert told.endswith(b"\x03"), "the end is told in the worst of storms"
    assert len(told) + status["codes_untold"] == 51 * 160 + 1
    assert rig.engine.counters()["events_lost"] == 0
    assert status["modem_underruns"] == storm.count(b"\x10u") * 51


@pytest.mark.parametrize("seed", range(8))
def test_any_bytes_in_any_pieces_are_taken_as_the_shield_says(seed):
    """Against the shield of the test's own, in which packets are not: there is no X."""
    random = np.random.default_rng(seed)
    rig, far = bare({"coding": "u8", "shielded": True})
    data = random.choice([0x10, 0x1A, 0x75, 0x6F, 0x80, 0x22], size=40_000).astype(np.uint8).tobytes()
    sound, all_codes, _rest = unshielded(data)
    at = 0
    while at < len(data):
        size = int(random.integers(1, 700))
        far.send(data[at : at + size], rig.tick * TICK_NS + int(random.integers(1, TICK_NS)))
        at += size
        rig.step()
    status = rig.engine.port_status(far.port)
    assert status["modem_underruns"] == all_codes.count(b"u")
    assert status["modem_overruns"] == all_codes.count(b"o")
    assert status["codes_untold"] + len(codes(rig)) == len(all_codes)
    assert status["samples_in"] == len(sound)


@pytest.mark.slow
def test_a_million_random_bytes_wedge_nothing():
    random = np.random.default_rng(3)
    for coding in CODINGS:
        form = {"coding": coding, "shielded": True, "echo_tail_ms": 64, "silence_ticks": 5}
        rig, far = bare(form)
        for _ in range(700):
            size = int(random.integers(0, 600))
            data = random.integers(0, 256, size, np.uint8).tobytes()
            far.send(data.replace(b"\x03", b"\x10"), rig.tick * TICK_NS + 5)  # without an end
            rig.step({0: random.integers(-32768, 32767, 160)})
            far.read()
        near = pair()
        rig.engine.serial_swap(far.port, near[1], **form)
        far.far = near[0]
        for _ in range(20):
            far.send(shielded(TO_BYTES[coding](sine(400, 160, -10))), rig.tick * TICK_NS + 5)
            heard = rig.step()[0]
        assert np.abs(heard).max() > 100, coding


def test_what_lay_in_the_descriptor_tells_its_codes_and_ends_in_the_middle_of_a_pair():
    far, near = pair()
    os.write(far, b"\x55" * 300 + b"\x10l" + b"\x55" * 30 + b"\x10")
    rig = Rig(0)
    port = rig.engine.serial_open(near, **LINE)
    os.write(far, b"\x10" + b"\x55" * 159)
    rig.engine.poll(rig.tick * TICK_NS + 1)
    assert codes(rig) == b"l"
    assert rig.engine.port_status(port)["samples_in"] == 160
    os.close(far)


# --- sound both ways


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("is_shielded", [True, False])
def test_a_tone_goes_both_ways_as_well_as_its_coding_lets_it(coding, is_shielded):
    """Signal to noise of a sine of -4 dBm0: G.711 about 38 dB (G.712 asks for 33), 8 bits linear 43."""
    rig = Rig(1)
    modem = VoiceModem(rig, coding=coding, form={"shielded": is_shielded})
    if not is_shielded:
        modem.send = lambda data, at: Modem.send(modem, data.replace(b"\x10\x10", b"\x10"), at)
        modem.listen = lambda: plain_listen(modem)
    tone = sine(1020, 160 * 150, -4)
    modem.wave = wave_of(tone)
    heard = talk(rig, modem, s16(tone))
    for sound in (heard[16000:16800], modem.heard[16000:16800]):
        assert residual_db(sound, 1020) > (55 if coding == "s16le" else 35)
        assert np.abs(sound).max() == pytest.approx(np.abs(tone).max(), rel=0.04)


def plain_listen(modem):
    modem.read()
    modem.heard, modem.got = np.concatenate([modem.heard, FROM_BYTES[modem.coding](modem.got)]), b""


@pytest.mark.parametrize("coding", CODINGS)
def test_both_directions_full_of_0x10_lose_nothing(coding):
    value = {"s16le": 0x1010, "ulaw": None, "alaw": None, "u8": (0x10 - 128) * 256, "s8": 0x1000}[coding]
    full = float(FROM_BYTES[coding](b"\x10\x10")[0]) if value is None else float(value)
    rig = Rig(1)
    modem = VoiceModem(rig, lambda first, count: np.full(count, full), coding=coding)
    talk(rig, modem, np.full(160 * 100, full, np.int16))
    status = modem.status()
    assert (status["underruns"], status["overruns"], status["codes_untold"]) == (0, 0, 0)
    assert (modem.dry, modem.codes) == (0, b"")
    assert set(modem.heard[2000:].tolist()) == {full}
    assert status["bytes_out"] > 1.9 * 160 * 90 * (2 if coding == "s16le" else 1)


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [100, -100])
@pytest.mark.parametrize("chunk", [160, 237, 320])
def test_a_minute_of_duplex_on_a_clock_of_its_own_loses_nothing(ppm, chunk):
    rig = Rig(1)
    tone = sine(1000, 8000 * 60, -10)
    modem = VoiceModem(rig, wave_of(tone), ppm=ppm, chunk=chunk, jitter_ms=(0.0, 3.0))
    heard = talk(rig, modem, s16(tone[:40000]))  # 5 s to learn the chunk
    before = modem.status()
    heard = np.concatenate([heard, talk(rig, modem, s16(tone[40000:]))])
    status = modem.status()
    assert modem.dry == 0
    for name in ("underruns", "overruns", "modem_underruns"):
        assert status[name] == before[name], name
    assert status["ppm"] == pytest.approx(ppm, abs=60)
    for second in range(5, 59, 6):
        piece = slice(second * 8000, second * 8000 + 800)
        assert residual_db(heard[piece], 1000 * (1 + ppm * 1e-6)) > 30, second
        assert residual_db(modem.heard[piece], 1000 / (1 + ppm * 1e-6)) > 30, second
    assert len(modem.queue) < 160 + 2 * chunk, "what waits in the modem is short"


def test_nothing_is_written_before_the_modem_has_spoken():
    rig, far = bare()
    run(rig, [far], 20)
    assert far.got == b""
    far.send(b"\xff" * 160, rig.tick * TICK_NS + 1)
    run(rig, [far], 1)
    assert far.got == b"\xff" * (208 + 160)


@pytest.mark.parametrize("tells", [True, False])
def test_a_modem_that_ran_dry_gets_its_reserve_again(tells):
    """The box sleeps for 200 ms; without <DLE>u it is known by what the modem made meanwhile."""
    rig = Rig(1)
    modem = VoiceModem(rig, tells=tells)
    talk(rig, modem, np.full(160 * 100, 1000, np.int16))
    rig.tick += 10
    modem.until(rig.tick * TICK_NS)
    assert modem.dry >= 8
    talk(rig, modem, np.full(160 * 100, 1000, np.int16))
    before = modem.dry
    assert before <= 11
    talk(rig, modem, np.full(160 * 100, 1000, np.int16))
    assert modem.dry == before
    assert 160 < len(modem.queue) < 160 * 4


def test_a_modem_that_needs_more_reserve_gets_it_and_a_storm_of_u_does_not_fill_it():
    rig = Rig(1)
    modem = VoiceModem(rig)
    for _ in range(500):
        modem.until((rig.tick + 1) * TICK_NS)
        modem.send(b"\x10u" * 20, rig.tick * TICK_NS + 9)
        rig.step()
    assert len(modem.queue) < 20 * 640 + 1000
    given = len(modem.heard)
    assert given < 500 * 160 * 1.25, "at most a reserve each half second"


def test_a_modem_that_takes_nothing_gets_whole_samples_only():
    rig = Rig(1)
    modem = VoiceModem(rig, coding="s16le")
    rig.engine.connect(rig.ports[0], modem.port, 1.0)
    listen, modem.listen = modem.listen, lambda: None
    for i in range(3000):
        if i > 2700:
            modem.listen = listen
        modem.until((rig.tick + 1) * TICK_NS)
        rig.step({0: np.full(160, 0x1010)})
    assert modem.status()["overruns"] > 0
    assert set(modem.heard[-160 * 100 :].tolist()) == {0x1010}
    assert modem.codes == b""
