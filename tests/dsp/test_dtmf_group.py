"""Groups of DTMF receivers: neighbours, lanes that begin anew, memory, the baseline code, a fuzz."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dsp import dtmf
from dsp._native import dtmf_rx, make_dtmf_table
from tests.dsp.signals import noise, s16
from tests.dsp.test_dtmf import KEYS, dialled, press


def crowd():
    """Signals for all lanes of a group: digits, noise, speech-like noise, silence, squares."""
    rng = np.random.default_rng(21)
    made = []
    for lane in range(dtmf_rx.LANES):
        signal = dialled("".join(rng.permutation(list(KEYS))), 60, 50)
        signal = np.roll(signal, int(rng.integers(2000))) + noise(len(signal), -30 - lane, lane)
        made.append(s16([signal, signal * 8, signal * 0, np.sign(signal) * 32767][lane % 4]))
    return made


def test_a_lane_hears_the_same_whoever_its_neighbours_are():
    signals = crowd()
    together = dtmf_rx.DtmfGroup().feed(signals)
    assert {found[0] for found in together} >= {0, 4, 8, 12}
    for lane, signal in enumerate(signals):
        alone = dtmf_rx.DtmfGroup().feed([None] * lane + [signal])
        assert alone == [found for found in together if found[0] == lane]
        assert [found[1:] for found in dtmf_rx.DtmfGroup().feed([signal])] == [found[1:] for found in alone]


def test_a_lane_that_begins_anew_is_as_a_new_one_and_the_others_go_on():
    signals = crowd()
    again = [np.concatenate([signals[0][:4000], signals[0]]), *(np.tile(signal, 2) for signal in signals[1:])]
    count = len(again[0])
    group = dtmf_rx.DtmfGroup()
    group.feed([signal[:4000] for signal in again])
    group.begin(0)
    found = group.feed([signal[4000:count] for signal in again])
    assert [digit for digit in found if digit[0] == 0] == dtmf_rx.DtmfGroup().feed(signals[:1])
    undisturbed = dtmf_rx.DtmfGroup()
    undisturbed.feed([signal[:4000] for signal in again])
    expected = undisturbed.feed([signal[4000:count] for signal in again])
    assert [digit for digit in found if digit[0]] == [digit for digit in expected if digit[0]]


def test_a_group_refuses_what_it_cannot_hear():
    group = dtmf_rx.DtmfGroup()
    with pytest.raises(ValueError, match=r"17 channels: a group has 16\. Use more"):
        group.feed([None] * 17)
    with pytest.raises(ValueError, match="lane 1: 3 samples, others 2"):
        group.feed([np.zeros(2, np.int16), np.zeros(3, np.int16)])
    with pytest.raises(IndexError, match="lane 16: a group has lanes 0 to 15"):
        group.begin(16)
    assert group.feed([]) == []


def test_memory_is_less_than_1600_bytes_a_channel(record_property):
    record_property("bytes", dtmf_rx.GROUP_BYTES / dtmf_rx.LANES)
    assert dtmf_rx.GROUP_BYTES / dtmf_rx.LANES < 1600


def test_fuzz_random_samples_in_random_pieces_give_the_same_as_whole():
    rng = np.random.default_rng(31)
    for _ in range(20):
        made = rng.integers(-32768, 32768, 3000).astype(np.int16)
        at = int(rng.integers(1000))
        made[at : at + 480] = s16(press(str(rng.choice(list(KEYS))), 60) + rng.normal(0, 100, 480))
        made[at + 480 :] = rng.choice([-32768, 0, 32767])
        cuts = np.sort(rng.integers(0, 3000, 40))
        receiver = dtmf.Receiver()
        pieces = [found for piece in np.split(made, cuts) for found in receiver.feed(piece.tobytes())]
        assert pieces == dtmf.Receiver().feed(made.tobytes())


BASELINE = """
#include "dtmf.h"
#include <stdio.h>
int main(void)
{
    static struct dtmf_group group;
    struct dtmf_digit out[DTMF_MOST_DIGITS(160)];
    int16_t samples[160];
    const int16_t *rows[DTMF_LANES] = {samples};
    size_t count;

    dtmf_group_init(&group);
    while ((count = fread(samples, 2, 160, stdin)) > 0)
        for (int i = 0, found = dtmf_group_feed(&group, rows, (int)count, out); i < found; i++)
            printf("%c %llu %llu\\n", out[i].digit, (unsigned long long)out[i].start_sample,
                   (unsigned long long)out[i].end_sample);
    return 0;
}
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="needs a compiler: apt-get install gcc")
def test_the_baseline_code_gives_bit_for_bit_what_the_built_extension_gives(tmp_path):
    native = Path(make_dtmf_table.__file__).parent
    (tmp_path / "main.c").write_text(BASELINE)
    flags = ["-O3", "-std=gnu11", "-fno-math-errno", "-ffp-contract=off", "-DVECTOR_CLONES=", f"-I{native}"]
    sources = [tmp_path / "main.c", native / "dtmf.c"]
    subprocess.run(["gcc", *flags, *sources, "-o", tmp_path / "baseline", "-lm"], check=True)
    heard = np.concatenate(crowd())
    printed = subprocess.run([tmp_path / "baseline"], input=heard.tobytes(), capture_output=True, check=True)
    expected = [f"{d.digit} {d.start_sample} {d.end_sample}" for d in dtmf.Receiver().feed(heard.tobytes())]
    assert len(expected) > 50
    assert printed.stdout.decode().splitlines() == expected
