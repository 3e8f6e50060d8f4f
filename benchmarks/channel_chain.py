"""What one channel costs, all of it: A-law in, offset off, level, digits, busy, mix, A-law out, record.

The box's own C in one thread, every channel bridged with its neighbour and recorded in stereo, speech of all
kinds in them. The stages run as in the media engine's tick, each over all channels; the recorder's writer
(another thread there) is counted as well, without the disk. From 1 to 512 channels.

Memory bandwidth: a channel's frame touches so many bytes (each buffer and all state once read, once written);
what a plain copy of a large memory reaches on this machine says how fast that could go at best.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus, native
from benchmarks.rig.report import Report, options
from dsp import g711, progress

FRAME, FRAMES = 160, 250  # 5 s of every channel
COUNTS = (1, 8, 16, 64, 256, 512)
CHANNELS = 64
ROUNDS = 8
TICK_NS = 20e6
STAGES = ("A-law decode", "offset", "level", "digits", "busy", "mix", "A-law encode", "record")
COPY_BYTES = 256 << 20

DECLARED = """
typedef struct box box;
box *box_new(int channels, const void *plan);
void box_free(box *b);
void box_run(box *b, const uint8_t *in, int frames, double *ns);
int box_state_bytes(void);
int box_digits(const box *b);
int box_tones(const box *b);
double copy_ns(long bytes);
"""
SOURCE = """
#include "dc.h"
#include "dtmf.h"
#include "g711.h"
#include "gain.h"
#include "level.h"
#include "progress.h"
#include "recorder.h"
#include "saturate.h"
#include <stdlib.h>

#define FOUND 8

struct channel {
    int16_t rx[160], out[160];
    float mix[160];
    uint8_t sent[160], recorded[2 * 160];
    struct gain gain;
    struct dc dc;
    struct level level;
};

typedef struct box {
    int channels, groups, digits, tones;
    struct channel *channel;
    struct dtmf_group *group;
    struct progress *progress;
    struct recorder **recorder;
} box;

box *box_new(int channels, const void *plan)
{
    box *b = calloc(1, sizeof *b);
    b->channels = channels;
    b->groups = (channels + DTMF_LANES - 1) / DTMF_LANES;
    b->channel = calloc(channels, sizeof *b->channel);
    b->group = malloc(b->groups * sizeof *b->group);
    b->progress = malloc(channels * sizeof *b->progress);
    b->recorder = malloc(channels * sizeof *b->recorder);
    for (int g = 0; g < b->groups; g++)
        dtmf_group_init(&b->group[g]);
    for (int c = 0; c < channels; c++) {
        struct channel *ch = &b->channel[c];
        ch->gain.now = ch->gain.target = 1.0f;
        level_init(&ch->level, 0.5f);
        progress_init(&b->progress[c], plan);
        b->recorder[c] = calloc(1, sizeof *b->recorder[c]);
        memset(b->recorder[c]->ring, 1, sizeof b->recorder[c]->ring); /* its pages are there */
    }
    return b;
}

void box_free(box *b)
{
    for (int c = 0; c < b->channels; c++)
        free(b->recorder[c]);
    free(b->recorder);
    free(b->progress);
    free(b->channel);
    free(b->group);
    free(b);
}

int box_digits(const box *b) { return b->digits; }
int box_tones(const box *b) { return b->tones; }

int box_state_bytes(void)
{
    return sizeof(struct gain) + sizeof(struct dc) + sizeof(struct level) + sizeof(struct progress)
           + sizeof(struct dtmf_group) / DTMF_LANES;
}

static void listen(box *b)
{
    struct dtmf_digit out[DTMF_MOST_DIGITS(160)];
    for (int g = 0; g < b->groups; g++) {
        const int16_t *rows[DTMF_LANES] = {0};
        for (int lane = 0; lane < DTMF_LANES && g * DTMF_LANES + lane < b->channels; lane++)
            rows[lane] = b->channel[g * DTMF_LANES + lane].rx;
        b->digits += dtmf_group_feed(&b->group[g], rows, 160, out);
    }
}

static void saturate(const float *mix, int16_t *out)
{
    for (int i = 0; i < 160; i++)
        out[i] = saturated(mix[i]);
}

/* What recorder_push and the writer do with a frame; the ring is as long as the real one. */
static void record(struct recorder *r, struct channel *ch, const int16_t *left, const int16_t *right)
{
    uint64_t at = r->head % RECORDER_RING;
    recorder_push(r, left, right);
    r->tail = r->head;
    g711_alaw_from_s16(ch->recorded, r->ring[at], 2 * 160);
}

#define EACH(body) for (int c = 0; c < b->channels; c++) { struct channel *ch = &b->channel[c]; body; }
#define STAGE(number, body) { double from = now(); body; ns[number] += now() - from; }

void box_run(box *b, const uint8_t *in, int frames, double *ns)
{
    struct progress_finding found[FOUND];
    for (int f = 0; f < frames; f++) {
        STAGE(0, EACH(g711_alaw_to_s16(ch->rx, in + ((size_t)c * frames + f) * 160, 160)))
        STAGE(1, EACH(dc_remove(&ch->dc, ch->rx, ch->rx, 160)))
        STAGE(2, EACH(level_feed(&ch->level, ch->rx, 160)))
        STAGE(3, listen(b))
        STAGE(4, EACH(b->tones += progress_feed(&b->progress[c], ch->rx, 160, found, FOUND)))
        STAGE(5, EACH(memset(ch->mix, 0, sizeof ch->mix);
                      gain_add(&ch->gain, b->channel[(c ^ 1) % b->channels].rx, ch->mix);
                      saturate(ch->mix, ch->out)))
        STAGE(6, EACH(g711_alaw_from_s16(ch->sent, ch->out, 160)))
        STAGE(7, EACH(record(b->recorder[c], ch, ch->rx, ch->out)))
    }
}

double copy_ns(long bytes)
{
    char *from = malloc(bytes), *to = malloc(bytes);
    memset(from, 1, bytes);
    memset(to, 2, bytes);
    double best = 1e30;
    for (int i = 0; i < 5; i++) {
        double begun = now();
        memcpy(to, from, bytes);
        __asm__ volatile("" : : "r"(to) : "memory");
        double took = now() - begun;
        best = took < best ? took : best;
    }
    free(from);
    free(to);
    return best;
}
"""
OURS = ["g711.c", "level.c", "dtmf.c", "progress.c", "progress_burst.c", "recorder.c"]
# Bytes read and written of a frame: A-law in; samples written, then read by six; mix written, read, written;
# out written, read twice; A-law out; the ring written and read; the recorded bytes.
FRAME_BYTES = 160 + 7 * 320 + 320 + 3 * 640 + 3 * 320 + 160 + 2 * 640 + 320

Bytes = npt.NDArray[np.uint8]


def speech(channels: int) -> Bytes:
    """A-law, (channels, FRAMES * FRAME): a different piece of packaged speech in each."""
    spoken = np.concatenate([samples for _, samples in corpus.speech("score")])
    step = (len(spoken) - FRAMES * FRAME) // channels
    pieces = np.stack([spoken[c * step :][: FRAMES * FRAME] for c in range(channels)])
    coded = g711.alaw_encode(pieces.tobytes())
    return np.frombuffer(coded, np.uint8).reshape(channels, FRAMES * FRAME)


def once(module: ModuleType, coded: Bytes) -> npt.NDArray[np.float64]:
    """Nanoseconds per channel and frame of every stage."""
    plan = progress.plan(progress.ANY)
    box = module.lib.box_new(len(coded), module.ffi.cast("void *", plan.address()))
    ns = np.zeros(len(STAGES))
    module.lib.box_run(
        box,
        module.ffi.from_buffer("uint8_t[]", np.ascontiguousarray(coded)),
        FRAMES,
        module.ffi.from_buffer("double[]", ns, require_writable=True),
    )
    module.lib.box_free(box)
    return ns / len(coded) / FRAMES


def quickest(runs: list[tuple[ModuleType, Bytes]]) -> list[npt.NDArray[np.float64]]:
    """The quickest round of each, taken in turn, so that a busy moment of the machine falls on all alike."""
    best = [once(module, coded) for module, coded in runs]
    for _ in range(ROUNDS - 1):
        for i, (module, coded) in enumerate(runs):
            found = once(module, coded)
            best[i] = found if found.sum() < best[i].sum() else best[i]
    return best


def main() -> None:
    """Stages at 64 channels, then the sum with more and more channels."""
    arguments = options(__doc__).parse_args()
    module = native.compiled("channel_chain", DECLARED, SOURCE, ours=OURS)
    baseline = native.compiled(
        "channel_chain_baseline", DECLARED, SOURCE, ours=OURS, flags=["-DVECTOR_CLONES="]
    )
    report = Report("One channel, all of it", component="whole channel")
    coded = speech(COUNTS[-1])
    runs = [(module, coded[:count]) for count in COUNTS]
    *each, plain = quickest([*runs, (baseline, coded[:CHANNELS])])
    usual = each[COUNTS.index(CHANNELS)]
    for name, ns in zip(STAGES, usual, strict=True):
        report.figure(f"{name}, of {CHANNELS} channels", round(ns), "ns per channel and 20 ms")
    report.figure("channels per core, all stages", round(TICK_NS / usual.sum()))
    report.figure("channels per core, baseline x86-64", round(TICK_NS / plain.sum()))
    copied = 2 * COPY_BYTES / module.lib.copy_ns(COPY_BYTES)  # bytes a nanosecond, read and written
    touched = FRAME_BYTES + 2 * module.lib.box_state_bytes()
    report.figure("memory bandwidth, copy", round(copied, 1), "GB/s")
    report.figure("bytes touched per channel and 20 ms", touched)
    report.figure("of the memory-bandwidth limit", round(100 * touched / copied / usual.sum(), 1), "%")
    for count, ns in zip(COUNTS, each, strict=True):
        report.figure(f"all stages, {count} channels", round(ns.sum()), "ns per channel and 20 ms")
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
