/* Power spectrum of 128 samples under a Hann window: 65 bins of 62.5 Hz. No state; stands on the stack.
 * Scaled so that white noise of variance v has v in every bin. Within 0.01 dB of a double-precision transform.
 */
#ifndef CALLBOX_SPECTRUM_H
#define CALLBOX_SPECTRUM_H

#include <stdint.h>

#define SPECTRUM_SAMPLES 128
#define SPECTRUM_BINS 65

void spectrum_power(const int16_t *samples, float *power);

#endif
