"""Serial modems on clocks of their own: drift, jitter, backlogs, lost bytes, and descriptors that die.

An hour is simulated in seconds: the engine is stepped, and told when each chunk arrived.
"""

import os

import numpy as np
import pytest

from dsp._native.engine import EventKind
from tests.dsp.engine_rig import TICK_NS, Modem, Rig, pair, run

HOUR_TICKS = 50 * 3600


def sine(hz, amplitude=10000):
    return lambda first, count: amplitude * np.sin(2 * np.pi * hz / 8000 * np.arange(first, first + count))


def residual_db(samples, hz):
    """Signal to residual of the best sine near `hz`, in dB."""
    n = np.arange(len(samples))

    def fitted(at):
        basis = np.stack([np.cos(2 * np.pi * at / 8000 * n), np.sin(2 * np.pi * at / 8000 * n)], axis=1)
        rest = samples - basis @ np.linalg.lstsq(basis, samples, rcond=None)[0]
        return 10 * np.log10(np.mean(samples**2) / max(np.mean(rest**2), 1e-9))

    width = 600e-6 * hz
    for _ in range(5):
        hz = max(hz + np.linspace(-width, width, 21), key=fitted)
        width /= 8
    return fitted(hz)


def bridged(**modem):
    """A modem heard by a slot, as it is in a call."""
    rig = Rig(1)
    rig.page.say(0, rig.tick, 0)
    far = Modem(rig, **modem)
    rig.engine.connect(far.port, rig.ports[0], 1.0)
    rig.engine.connect(rig.ports[0], far.port, 1.0)
    return rig, far


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [200, -200])
@pytest.mark.parametrize("jitter_ms", [(0.0, 0.0), (1.0, 16.0)], ids=["steady", "jitter"])
def test_an_hour_of_drift_grows_no_delay_and_loses_nothing(ppm, jitter_ms):
    rig, far = bridged(wave=sine(1000), ppm=ppm, jitter_ms=jitter_ms)
    run(rig, [far], 50 * 10)  # 10 s to learn the jitter
    before = far.status()
    delays, heard, deepest = [], [], []

    def each(tick):
        delays.append(far.status()["delay_ms"])
        far.take()
        if tick % 3000 < 50:
            heard.append(rig.page.heard(0, tick))
        if tick % 3000 == 50:
            deepest.append(residual_db(np.concatenate(heard[-5:]).astype(float), 1000 * (1 + ppm * 1e-6)))

    run(rig, [far], HOUR_TICKS - 500, each)
    after = far.status()
    for name in ("underruns", "overruns", "realigns"):
        assert after[name] == before[name], name
    # the buffer after a tick: the guard of 3 ms, up to one chunk, and the jitter
    assert max(delays) < 27 + jitter_ms[1]
    first, last = delays[50 * 60 : 50 * 660], delays[-50 * 600 :]
    assert abs(np.mean(last) - np.mean(first)) < 2.0
    assert after["ppm"] == pytest.approx(ppm, abs=60)
    assert min(deepest) > (60 if jitter_ms[1] == 0 else 50), "no click in 100 ms looked at every minute"


@pytest.mark.parametrize("hz", [300, 1000, 3000])
def test_resampling_is_cleaner_than_60_db(hz):
    rig, far = bridged(wave=sine(hz), ppm=150)
    run(rig, [far], 50 * 120)
    heard = []
    run(rig, [far], 25, lambda tick: heard.append(rig.page.heard(0, tick)))
    assert residual_db(np.concatenate(heard).astype(float), hz * (1 + 150e-6)) > 60


@pytest.mark.parametrize("ppm", [300, -300])
def test_clocks_worse_than_promised_are_followed_too(ppm):
    rig, far = bridged(wave=sine(1000), ppm=ppm)
    run(rig, [far], 50 * 180)
    status = far.status()
    assert status["ppm"] == pytest.approx(ppm, abs=20)
    assert (status["underruns"], status["overruns"]) == (0, 0)


def test_a_chunk_is_handed_on_13_ms_after_it_came_and_never_later_than_30():
    """A step at the start of a chunk, at every phase of chunk and tick."""
    delays = []
    for phase_ms in np.arange(0.5, 20, 1.0):
        rig = Rig(1)
        far = Modem(rig, wave=lambda first, count: np.zeros(count))
        far.start_ns = far.next_ns = int((rig.tick + 2) * TICK_NS + phase_ms * 1e6)
        rig.engine.connect(far.port, rig.ports[0], 1.0)
        run(rig, [far], 50 * 60)
        far.wave = lambda first, count: np.full(count, 8000.0)
        came = far.next_ns
        heard = None
        while heard is None or heard.max() < 4000:
            run(rig, [far], 1)
            heard = rig.page.heard(0, rig.tick)
        delays.append(rig.tick * TICK_NS / 1e6 - came / 1e6)
    assert np.median(delays) <= 13.5
    assert max(delays) < 30


@pytest.mark.parametrize(("chunk", "jitter_ms"), [(1, (0, 1)), (32, (0, 2)), (320, (0, 2)), (800, (0, 4))])
def test_chunks_of_any_size_settle_without_loss(chunk, jitter_ms):
    rig, far = bridged(wave=sine(1000), ppm=100, chunk=chunk, jitter_ms=jitter_ms)
    run(rig, [far], 50 * 5)
    before = far.status()
    run(rig, [far], 50 * 60)
    after = far.status()
    assert (after["underruns"], after["overruns"]) == (before["underruns"], before["overruns"])
    assert after["delay_ms"] < 10 + chunk / 8 + jitter_ms[1]


def test_the_modem_gets_as_much_as_it_sends_and_a_clean_tone():
    rig, far = bridged(wave=sine(500), ppm=-200)
    sent = 0
    got = []

    def say(tick):
        nonlocal sent
        got.append(far.take())

    for _ in range(50 * 240):
        far.until((rig.tick + 1) * TICK_NS)
        n = np.arange(sent, sent + 160)
        rig.step({0: (10000 * np.sin(2 * np.pi * 1000 / 8000 * n)).round()})
        sent += 160
        say(rig.tick)
    late = np.concatenate(got[-50 * 120 :])
    assert len(late) == pytest.approx(120 * 8000 * (1 - 200e-6), abs=40)
    assert residual_db(late[:4000].astype(float), 1000 / (1 - 200e-6)) > 60


@pytest.mark.parametrize("late_ms", [14, 17, 22])
def test_a_chunk_that_comes_a_little_late_costs_no_frame_and_no_click(late_ms):
    """Due 7 ms into the tick: at the next one 10.75 ms of it were to be read."""
    rig, far = bridged(wave=sine(400))
    run(rig, [far], 50 * 10)
    far.next_ns += late_ms * 1_000_000
    heard = []
    run(rig, [far], 50, lambda tick: heard.append(rig.page.heard(0, tick)))
    status = far.status()
    assert (status["underruns"], status["slips"], status["overruns"]) == (0, 1, 0)
    steepest = 10000 * 2 * np.pi * 400 / 8000
    assert np.abs(np.diff(np.concatenate(heard).astype(float))).max() < 1.4 * steepest
    assert status["delay_ms"] < 9.3 + 10.75 + 2


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [0, 100, -100])
def test_chunks_that_come_late_leave_no_more_waiting_in_the_modem(ppm):
    """What it was given less what it took, both 160 at a time: seen at whole turns of the two clocks."""
    rig, far = bridged(wave=sine(400), ppm=ppm)
    waiting, taken = [], 0

    def look(tick):
        nonlocal taken
        taken += len(far.take())
        late_ns = tick * TICK_NS - far.arrived_ns  # since its latest chunk: what it took of the next one
        waiting.append(taken - far.sent - late_ns / 1e9 * 8000 * (1 + ppm * 1e-6))

    for _ in range(10):
        run(rig, [far], 50 * 30, look)
        far.next_ns += 18_000_000
    settled = np.mean(waiting[50 * 29 : 50 * 30])
    assert np.mean(waiting[-50:]) == pytest.approx(settled, abs=16)


@pytest.mark.parametrize("late_ticks", [1, 2, 10])
def test_a_tick_that_was_left_out_leaves_the_modem_its_reserve(late_ticks):
    rig, far = bridged(wave=sine(400))
    run(rig, [far], 200)
    far.take()
    before = far.sent
    rig.tick += late_ticks
    run(rig, [far], 100)
    assert len(far.take()) - (far.sent - before) >= -160 * (late_ticks - 1) - 4


def test_a_modem_that_sends_nothing_gets_160_samples_a_tick_and_is_told_dead_then_alive():
    rig = Rig(0)
    far = Modem(rig)
    run(rig, [far], 99)
    assert len(far.take()) == 99 * 160
    assert rig.engine.events() == []
    run(rig, [far], 51)
    assert [event[:2] for event in rig.events(EventKind.AUDIO_DEAD)] == [(far.port, 2)]
    far.send(bytes(320), rig.tick * TICK_NS)
    run(rig, [far], 1)
    assert len(rig.events(EventKind.AUDIO_ALIVE)) == 1


@pytest.mark.parametrize("when", ["at the start", "in the call"])
def test_a_backlog_of_300_ms_is_thrown_away(when):
    rig, far = bridged(wave=sine(400))
    if when == "in the call":
        run(rig, [far], 200)
        far.send(sine(400)(0, 2400).round().astype("<i2").tobytes(), rig.tick * TICK_NS + 1)
    else:
        far.send(sine(400)(0, 2400).round().astype("<i2").tobytes(), (rig.tick + 1) * TICK_NS + 7_000_000)
    run(rig, [far], 60)
    status = far.status()
    assert status["overruns"] == 1
    assert status["delay_ms"] < 30


def test_what_lay_in_the_descriptor_before_the_call_is_not_played():
    far, near = pair()
    os.write(far, bytes(4800))
    rig = Rig(0)
    port = rig.engine.serial_open(near)
    rig.engine.poll(rig.tick * TICK_NS)
    assert rig.engine.port_status(port)["bytes_in"] == 0
    assert rig.engine.port_status(port)["overruns"] == 1
    os.close(far)


def test_a_pause_is_concealed_and_leaves_no_delay_behind():
    rig, far = bridged(wave=sine(400))
    run(rig, [far], 400)
    before = far.status()
    wave, far.wave = far.wave, None
    run(rig, [far], 15)
    far.wave = wave
    far.start_ns += 15 * TICK_NS
    far.next_ns += 15 * TICK_NS
    run(rig, [far], 100)
    after = far.status()
    assert 1 <= after["underruns"] - before["underruns"] <= 3
    assert after["delay_ms"] < before["delay_ms"] + 5


# --- lost bytes


def speech_like(rng, count, peak=12000.0):
    """Low-passed noise in syllables, as speech is to a realigner."""
    noise = np.convolve(rng.normal(size=count + 40), np.hanning(8) / 4, "same")[:count]
    syllables = np.abs(np.sin(2 * np.pi * 3 / 8000 * np.arange(count))) ** 2
    return noise * syllables * peak / np.abs(noise).max()


def feed(rig, far, samples, ticks, offset=0):
    """Send `samples` 160 a tick as bytes, with the first `offset` bytes missing."""
    data = np.asarray(samples).round().astype("<i2").tobytes()[offset:]
    for i in range(ticks):
        far.send(data[320 * i : 320 * (i + 1)], rig.tick * TICK_NS + 7_000_000)
        rig.step()
        far.take()


def test_a_lost_byte_is_made_up_for_within_200_ms():
    rng = np.random.default_rng(3)
    rig, far = bridged()
    feed(rig, far, speech_like(rng, 8000), 49)
    assert far.status()["realigns"] == 0
    feed(rig, far, speech_like(rng, 8000), 10, offset=1)
    assert far.status()["realigns"] == 1
    feed(rig, far, speech_like(rng, 8000), 10)
    assert far.status()["realigns"] == 2, "the bytes of the second are where they were at first"


SIGNALS = {
    "silence": lambda rng, n: np.zeros(n),
    "comfort noise": lambda rng, n: rng.normal(scale=3, size=n),
    "white noise": lambda rng, n: rng.normal(scale=3000, size=n).clip(-32768, 32767),
    "full white noise": lambda rng, n: rng.uniform(-32768, 32767, size=n),
    "loud speech": lambda rng, n: speech_like(rng, n, 32767),
    "clipped speech": lambda rng, n: (speech_like(rng, n, 200000)).clip(-32768, 32767),
    "loud 3 kHz": lambda rng, n: 32000 * np.sin(2 * np.pi * 3000 / 8000 * np.arange(n)),
    "8-bit sound": lambda rng, n: (speech_like(rng, n) / 256).round() * 256,
    "A-law square": lambda rng, n: np.where(np.arange(n) // 20 % 2, 0x4200, -0x4200),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_nothing_that_is_read_right_is_realigned(name):
    rig, far = bridged()
    feed(rig, far, SIGNALS[name](np.random.default_rng(5), 80000), 500)
    assert far.status()["realigns"] == 0


@pytest.mark.parametrize("hz", [2000, 2400, 2800, 3000, 3200, 3600, 3800])
def test_a_loud_tone_of_a_short_period_is_not_realigned_whatever_its_phase(hz):
    """Its few values, read one byte off, may happen to be smooth."""
    for phase in np.arange(0, 1, 0.1):
        rig, far = bridged()
        n = np.arange(1600)
        feed(rig, far, 30000 * np.sin(2 * np.pi * (hz / 8000 * n + phase)), 10)
        assert far.status()["realigns"] == 0, phase


@pytest.mark.parametrize("name", ["comfort noise", "white noise", "loud speech"])
def test_quiet_and_loud_sound_that_is_read_wrong_is_realigned(name):
    rig, far = bridged()
    feed(rig, far, SIGNALS[name](np.random.default_rng(5), 8000), 10, offset=1)
    assert far.status()["realigns"] == 1


# --- descriptors


def test_a_descriptor_that_dies_is_told_once_and_the_others_go_on():
    rig, far = bridged(wave=sine(400))
    other = Modem(rig, wave=sine(400))
    run(rig, [far, other], 10)
    far.hang_up()
    run(rig, [other], 10)
    lost = rig.events(EventKind.PORT_LOST)
    assert [event[0] for event in lost] == [far.port]
    assert not far.status()["alive"]
    assert other.status()["alive"]


def test_a_dead_port_lives_again_with_a_new_descriptor_and_keeps_its_edges():
    rig, far = bridged(wave=sine(400))
    far.hang_up()
    far.far, near = pair()
    rig.engine.serial_swap(far.port, near)
    far.wave = sine(400)
    far.next_ns = rig.tick * TICK_NS + 5_000_000
    far.start_ns = far.next_ns - far.sent // 160 * TICK_NS
    run(rig, [far], 20)
    assert np.abs(rig.page.heard(0, rig.tick)).max() > 9000


def test_a_descriptor_that_cannot_be_watched_is_a_lost_port():
    rig = Rig(0)
    port = rig.engine.serial_open(os.open("/dev/null", os.O_RDWR))
    assert [event[0] for event in rig.events(EventKind.PORT_LOST)] == [port]


def test_a_modem_that_takes_nothing_costs_whole_samples_only():
    rig, far = bridged(wave=sine(400))
    got = []
    for i in range(1500):
        far.until((rig.tick + 1) * TICK_NS)
        rig.step({0: np.full(160, 0x0102)})
        if i > 1200:
            got.append(far.take())
    assert far.status()["overruns"] > 0
    steady = np.concatenate(got)[500:]
    assert len(steady) > 160 * 290
    assert set(steady.tolist()) == {0x0102}, "a byte astray would be 0x0201"


def test_opening_and_closing_ports_leaks_no_descriptor():
    rig = Rig(0)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(300):
        far, near = pair()
        port = rig.engine.serial_open(near)
        rig.engine.port_close(port)
        os.close(far)
    assert len(os.listdir("/proc/self/fd")) == before
