/* Lines in the outputs of the bands (progress_burst.c, its only user): a spectrum of 128 ms, its strongest lines. */
#ifndef CALLBOX_PROGRESS_LINES_H
#define CALLBOX_PROGRESS_LINES_H

#include "progress_burst.h"
#include "progress_table.h" /* LOW_PASS, CARRIER, HANN, EIGHTH_*, TURN_* */
#include "vector.h"         /* VECTOR_CLONES */

#include <math.h> /* fabsf, fmaxf, fminf, sqrtf */

#define BAND_HZ 500.0f                  /* from band to band, and outputs a second */
#define BIN_HZ (BAND_HZ / PROGRESS_WINDOW)
#define LEAST_LINE 0.07f                /* of the energy, -11 dB: a side line at a depth of 60 % */
#define WEAK_LINE 0.16f                 /* of the energy, -7 dB under the other of two: does not count by itself */
#define SIDES_HZ 8.0f                   /* by which the side lines of a modulated tone may be uneven */
#define LEAST_BAND 0.04f                /* of the energy: a band with less is not looked at */
#define BIN_ENERGY 1.7f                 /* energy of a line over its strongest bin, Hann: 1.5 to 2.1 */
#define BETWEEN_HZ 235.0f               /* from the middle of a band: there it is as strong in the next one */
#define EDGE_BINS 6                     /* a line as near to the edge of a band is in the next one too */
#define LEAST_PURITY 0.65f              /* share of the lines in the energy: white noise at 4 dB */

/* Eight lanes, which the compiler lays out for the registers there are; read from any address. */
typedef float lanes __attribute__((vector_size(32)));
typedef float lanes_in_memory __attribute__((vector_size(32), aligned(4), may_alias));
#define LANES_AT(from) (*(const lanes_in_memory *)(from))

/* Power of a band by bin, from -250 to +242 Hz; its sum is the energy. The transform of 64 is eight of 8 points,
 * lanes side by side, a turn each, and eight of 8 points again: sample n1 + 8 n2, bin k1 + 8 k2. */
VECTOR_CLONES static void spectrum(const struct progress_burst_rx *rx, uint64_t first, int band, float *power)
{
    float re[8][8], im[8][8];

    for (int k = 0; k < PROGRESS_WINDOW; k++) {
        const float *out = rx->kept[(first + k) % PROGRESS_KEPT];
        re[k / 8][k % 8] = out[band] * HANN[k];
        im[k / 8][k % 8] = out[band + PROGRESS_BANDS] * HANN[k];
    }
    for (int k1 = 0; k1 < 8; k1++) {
        lanes x = {0}, y = {0}, u = {0}, v = {0};
        float a[8], b[8];
        for (int n2 = 0; n2 < 8; n2++) {
            x += LANES_AT(re[n2]) * EIGHTH_RE[n2][k1] - LANES_AT(im[n2]) * EIGHTH_IM[n2][k1];
            y += LANES_AT(re[n2]) * EIGHTH_IM[n2][k1] + LANES_AT(im[n2]) * EIGHTH_RE[n2][k1];
        }
        *(lanes_in_memory *)a = x * LANES_AT(TURN_RE[k1]) - y * LANES_AT(TURN_IM[k1]);
        *(lanes_in_memory *)b = x * LANES_AT(TURN_IM[k1]) + y * LANES_AT(TURN_RE[k1]);
        for (int n1 = 0; n1 < 8; n1++) {
            u += a[n1] * LANES_AT(EIGHTH_RE[n1]) - b[n1] * LANES_AT(EIGHTH_IM[n1]);
            v += a[n1] * LANES_AT(EIGHTH_IM[n1]) + b[n1] * LANES_AT(EIGHTH_RE[n1]);
        }
        u = (u * u + v * v) * (1.0f / PROGRESS_WINDOW);
        for (int k2 = 0; k2 < 8; k2++)
            power[(k1 + 8 * k2 + PROGRESS_WINDOW / 2) % PROGRESS_WINDOW] = u[k2];
    }
}

/* Energy of each band under the same window; returns their sum. */
VECTOR_CLONES static float energies(const struct progress_burst_rx *rx, uint64_t first, float *in_band)
{
    lanes sum = {0};
    float total = 0.0f;

    for (int k = 0; k < PROGRESS_WINDOW; k++) {
        const lanes windowed = LANES_AT(rx->kept[(first + k) % PROGRESS_KEPT]) * HANN[k];
        sum += windowed * windowed;
    }
    for (int band = 0; band < PROGRESS_BANDS; band++)
        total += in_band[band] = sum[band] + sum[band + PROGRESS_BANDS];
    return total;
}

/* Frequency of a line beside its band's middle, from its strongest bin and the stronger neighbour; exact for a
 * Hann window. Bins go round, as the band does. */
static float line_offset(const float *power, int bin)
{
    const float below = power[(bin + PROGRESS_WINDOW - 1) % PROGRESS_WINDOW];
    const float above = power[(bin + 1) % PROGRESS_WINDOW];
    const float ratio = sqrtf(fmaxf(below, above) / power[bin]);
    const float off = (2.0f * ratio - 1.0f) / (1.0f + ratio);

    return BIN_HZ * ((float)(bin - PROGRESS_WINDOW / 2) + (above > below ? off : -off));
}

/* Takes a line, five bins wide, out of the spectrum; returns its energy. */
static float take_line(float *power, int bin)
{
    float sum = 0.0f;

    for (int k = bin + PROGRESS_WINDOW - 2; k <= bin + PROGRESS_WINDOW + 2; k++) {
        sum += power[k % PROGRESS_WINDOW];
        power[k % PROGRESS_WINDOW] = 0.0f;
    }
    return sum;
}

static void insert_line(struct progress_sound *sound, float *energy, float hz, float line)
{
    int at = sound->lines++;

    for (; at > 0 && sound->hz[at - 1] > hz; at--) {
        sound->hz[at] = sound->hz[at - 1];
        energy[at] = energy[at - 1];
    }
    sound->hz[at] = hz;
    energy[at] = line;
}

/* A carrier with its two side lines. */
static int is_modulated(const struct progress_sound *sound, const float *energy)
{
    return sound->lines == 3 && energy[1] > energy[0] && energy[1] > energy[2] &&
           fabsf(sound->hz[0] + sound->hz[2] - 2.0f * sound->hz[1]) < SIDES_HZ;
}

/* Leaves out what a speech coder or noise adds beside the lines that count. */
static void drop_weak_lines(struct progress_sound *sound, const float *energy, float least)
{
    const int lines = sound->lines;

    if (is_modulated(sound, energy))
        return;
    sound->lines = 0;
    for (int i = 0; i < lines; i++)
        if (energy[i] > least)
            sound->hz[sound->lines++] = sound->hz[i];
}

static int strongest_bin(const float *power)
{
    int best = 0;

    for (int k = 1; k < PROGRESS_WINDOW; k++)
        if (power[k] > power[best])
            best = k;
    return best;
}

/* The band that holds the image of a line at the edge of `band`, folded over into the same bin; -1: none. */
static int image_band(float (*power)[PROGRESS_WINDOW], int bands, int band, int bin)
{
    const int below = band - 1, above = band + 1;
    const int any_below = below >= 0 && bands >> below & 1, any_above = bands >> above & 1;

    if (bin >= EDGE_BINS && bin < PROGRESS_WINDOW - EDGE_BINS)
        return -1;
    if (any_below && any_above)
        return power[below][bin] > power[above][bin] ? below : above;
    return any_below ? below : any_above ? above : -1;
}

/* The strongest line of the bands in `bands` (bits), if it has more than `least`; returns its energy. */
static float strongest_line(float (*power)[PROGRESS_WINDOW], int bands, float least, float *hz)
{
    int best = -1, bin = 0, image;
    float offset, sum;

    for (int band = 0; band < PROGRESS_BANDS; band++) {
        const int here = bands >> band & 1 ? strongest_bin(power[band]) : 0;
        if (bands >> band & 1 && (best < 0 || power[band][here] > power[best][bin])) {
            best = band;
            bin = here;
        }
    }
    if (best < 0 || power[best][bin] * BIN_ENERGY <= least)
        return 0.0f;
    offset = line_offset(power[best], bin);
    image = image_band(power, bands, best, bin);
    sum = take_line(power[best], bin);
    if (image >= 0)
        sum += take_line(power[image], bin);
    if (image >= 0 && fabsf(offset) > BETWEEN_HZ && (image > best) != (offset > 0.0f))
        offset += image > best ? BAND_HZ : -BAND_HZ; /* half way between both: it went round */
    *hz = BAND_HZ * (float)(best + 1) + offset;
    return sum;
}

/* The bands worth a spectrum, as bits; none when energy is all over the place, as in noise. */
static int worth_a_spectrum(const float *in_band, float total)
{
    float first = 0.0f, second = 0.0f;
    int bands = 0;

    for (int band = 0; band < PROGRESS_BANDS; band++) {
        second = fmaxf(second, fminf(first, in_band[band]));
        first = fmaxf(first, in_band[band]);
        bands |= (in_band[band] > LEAST_BAND * total) << band;
    }
    return first + second > LEAST_PURITY * total ? bands : 0;
}

/* The lines in the 64 outputs from `first` on; true when there is nothing beside them. */
static int look(const struct progress_burst_rx *rx, uint64_t first, struct progress_sound *sound)
{
    float power[PROGRESS_BANDS][PROGRESS_WINDOW], in_band[PROGRESS_BANDS], energy[PROGRESS_LINES] = {0};
    const float total = energies(rx, first, in_band);
    const int bands = worth_a_spectrum(in_band, total);
    float sum = 0.0f, line, hz;

    sound->lines = 0;
    for (int band = 0; band < PROGRESS_BANDS; band++)
        if (bands >> band & 1)
            spectrum(rx, first, band, power[band]);
    while (sound->lines < PROGRESS_LINES && (line = strongest_line(power, bands, LEAST_LINE * total, &hz)) > 0.0f) {
        insert_line(sound, energy, hz, line);
        sum += line;
    }
    drop_weak_lines(sound, energy, WEAK_LINE * total);
    return sum > LEAST_PURITY * total && sound->lines > 0;
}

#endif
