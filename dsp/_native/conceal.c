#include "conceal.h"
#include <string.h> /* memcpy, memset */

#define JOIN_SAMPLES 20 /* 2.5 ms of cross-fade */

void conceal_init(struct conceal *c)
{
    memset(c, 0, sizeof *c);
    c->missed = CONCEAL_FRAMES;
}

void conceal_keep(struct conceal *c, const int16_t *frame)
{
    memcpy(c->last, frame, sizeof c->last);
    c->missed = 0;
}

void conceal_join(struct conceal *c, int16_t *frame, int from)
{
    int16_t before[FRAME_SAMPLES];
    conceal_lost(c, before);
    for (int i = 0; i < from && i < FRAME_SAMPLES; i++)
        frame[i] = before[i];
    for (int i = from, k = 0; i < FRAME_SAMPLES && k < JOIN_SAMPLES; i++, k++)
        frame[i] = (int16_t)((before[i] * (JOIN_SAMPLES - k) + frame[i] * k) / JOIN_SAMPLES);
    conceal_keep(c, frame);
}

bool conceal_lost(struct conceal *c, int16_t *out)
{
    if (c->missed >= CONCEAL_FRAMES) {
        memset(out, 0, FRAME_SAMPLES * sizeof *out);
        return false;
    }
    /* backwards, forwards, backwards: each seam meets at the same sample value */
    bool backwards = c->missed % 2 == 0;
    int whole = CONCEAL_FRAMES * FRAME_SAMPLES, left = whole - c->missed * FRAME_SAMPLES;
    for (int i = 0; i < FRAME_SAMPLES; i++, left--)
        out[i] = (int16_t)(c->last[backwards ? FRAME_SAMPLES - 1 - i : i] * left / whole);
    c->missed++;
    return true;
}
