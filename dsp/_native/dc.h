/* Takes the offset off a channel. Serial codecs add a constant of up to thousands of steps.
 *
 * What it is: a one-pole high-pass, (1 - z^-1) / (1 - 63/64 z^-1), whose offset is the sum of its own outputs
 * over 64. Were any offset left in the output, the sum would grow without end: none can be left, not even a part
 * of a step, and with a constant input the output is exactly 0 and stays so. Integers throughout.
 *
 * Specification: -3 dB at 20 Hz; 200 Hz to 4 kHz within +-0.07 dB; an offset of 10,000 steps is below one step
 * after 80 ms; saturates where taking it off leads beyond full scale; no delay. Memory: 4 bytes.
 */
#ifndef CALLBOX_DC_H
#define CALLBOX_DC_H

#include <stdint.h>

struct dc {
    int32_t sum; /* 64 times the offset, sample steps, and 32 for rounding */
};

static inline void dc_init(struct dc *dc)
{
    dc->sum = 32;
}

/* In place or not, any count. */
static inline void dc_remove(struct dc *dc, const int16_t *in, int16_t *out, int count)
{
    int32_t sum = dc->sum;

    for (int i = 0; i < count; i++) {
        const int32_t left = in[i] - (sum >> 6);
        sum += left;
        out[i] = (int16_t)(left > 32767 ? 32767 : left < -32768 ? -32768 : left);
    }
    dc->sum = sum;
}

#endif
