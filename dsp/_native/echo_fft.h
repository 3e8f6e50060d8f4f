/* Real Fourier transforms of 128 samples, one or eight at a time, for the echo canceller (echo.c).
 *
 * Eight at a time: row n of [rows][8] holds sample or bin n of all eight, so that every step is a loop over lanes.
 * One at a time: its 64 complex points lie as 8 x 8, and rows, then columns, are transformed the same way
 * (Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965).
 * A real transform of 128 is a complex one of 64 over pairs of samples, and one step to part the halves.
 * Not scaled: forward and back give 64 times the samples.
 */
#ifndef CALLBOX_ECHO_FFT_H
#define CALLBOX_ECHO_FFT_H

#include <math.h>

#define FFT_LANES 8
#define FFT_POINTS 64 /* complex */
#define FFT_SAMPLES 128
#define FFT_BINS 65

#define FFT_INLINE static inline __attribute__((always_inline))

/* Turns: row k1, column n2 holds that of k1 * n2 / 64; `half`, k / 128. */
struct fft_table {
    float cosine[8][8], sine[8][8];
    float half_cosine[FFT_BINS], half_sine[FFT_BINS];
};

static inline void fft_table_init(struct fft_table *table)
{
    for (int k = 0; k < 8; k++)
        for (int n = 0; n < 8; n++) {
            table->cosine[k][n] = (float)cos(2 * M_PI * k * n / FFT_POINTS);
            table->sine[k][n] = (float)sin(2 * M_PI * k * n / FFT_POINTS);
        }
    for (int k = 0; k < FFT_BINS; k++) {
        table->half_cosine[k] = (float)cos(2 * M_PI * k / FFT_SAMPLES);
        table->half_sine[k] = (float)sin(2 * M_PI * k / FFT_SAMPLES);
    }
}

/* Eight transforms of eight points, one a lane, in place; point n is in row n * stride. */
FFT_INLINE void fft_eight(float (*re)[FFT_LANES], float (*im)[FFT_LANES], const int stride)
{
    const float root = 0.70710678f; /* of a half */

    for (int lane = 0; lane < FFT_LANES; lane++) {
        float a[8], b[8], c[8], d[8], turned;

        for (int n = 0; n < 4; n++) {
            const float first = re[n * stride][lane], second = re[(n + 4) * stride][lane];
            const float third = im[n * stride][lane], fourth = im[(n + 4) * stride][lane];
            a[n] = first + second;
            a[n + 4] = first - second;
            b[n] = third + fourth;
            b[n + 4] = third - fourth;
        }
        turned = (a[5] + b[5]) * root; /* the odd half turns by 1/8, 2/8, 3/8 */
        b[5] = (b[5] - a[5]) * root;
        a[5] = turned;
        turned = b[6];
        b[6] = -a[6];
        a[6] = turned;
        turned = (b[7] - a[7]) * root;
        b[7] = -(a[7] + b[7]) * root;
        a[7] = turned;
        for (int half = 0; half < 8; half += 4) {
            c[half] = a[half] + a[half + 2];
            d[half] = b[half] + b[half + 2];
            c[half + 1] = a[half + 1] + a[half + 3];
            d[half + 1] = b[half + 1] + b[half + 3];
            c[half + 2] = a[half] - a[half + 2];
            d[half + 2] = b[half] - b[half + 2];
            c[half + 3] = b[half + 1] - b[half + 3]; /* turned by a quarter */
            d[half + 3] = a[half + 3] - a[half + 1];
        }
        for (int pair = 0; pair < 4; pair++) { /* bins in the order 0 4, 2 6, 1 5, 3 7 */
            const int bin = (pair & 1) * 2 + (pair >> 1);
            re[bin * stride][lane] = c[2 * pair] + c[2 * pair + 1];
            im[bin * stride][lane] = d[2 * pair] + d[2 * pair + 1];
            re[(bin + 4) * stride][lane] = c[2 * pair] - c[2 * pair + 1];
            im[(bin + 4) * stride][lane] = d[2 * pair] - d[2 * pair + 1];
        }
    }
}

/* One transform of 64 complex points in place, in order. */
FFT_INLINE void fft_one(float (*re)[8], float (*im)[8], const struct fft_table *table)
{
    float across_re[8][8], across_im[8][8];

    fft_eight(re, im, 1);
    for (int k = 0; k < 8; k++)
        for (int n = 0; n < 8; n++) {
            const float cosine = table->cosine[k][n], sine = table->sine[k][n];
            across_re[k][n] = re[k][n] * cosine + im[k][n] * sine;
            across_im[k][n] = im[k][n] * cosine - re[k][n] * sine;
        }
    for (int k = 0; k < 8; k++)
        for (int n = 0; n < 8; n++) {
            re[n][k] = across_re[k][n];
            im[n][k] = across_im[k][n];
        }
    fft_eight(re, im, 1);
}

/* Row of a bin after fft_lanes. */
FFT_INLINE int fft_row(int bin)
{
    return 8 * (bin & 7) + ((bin >> 3) & 7);
}

/* Eight transforms of 64 complex points in place; bin k is left in row fft_row(k). */
FFT_INLINE void fft_lanes(float (*re)[FFT_LANES], float (*im)[FFT_LANES], const struct fft_table *table)
{
    for (int n = 0; n < 8; n++)
        fft_eight(re + n, im + n, 8);
    for (int k = 0; k < 8; k++) {
        for (int n = 1; n < 8 && k > 0; n++) {
            const float cosine = table->cosine[k][n], sine = table->sine[k][n];
            float *row_re = re[8 * k + n], *row_im = im[8 * k + n];
            for (int lane = 0; lane < FFT_LANES; lane++) {
                const float real = row_re[lane] * cosine + row_im[lane] * sine;
                row_im[lane] = row_im[lane] * cosine - row_re[lane] * sine;
                row_re[lane] = real;
            }
        }
        fft_eight(re + 8 * k, im + 8 * k, 1);
    }
}

/* 65 bins of 128 samples. */
FFT_INLINE void fft_forward(const float *samples, float *bin_re, float *bin_im, const struct fft_table *table)
{
    float re[8][8], im[8][8];
    const float *flat_re = re[0], *flat_im = im[0];

    for (int n = 0; n < FFT_POINTS; n++) {
        re[n >> 3][n & 7] = samples[2 * n];
        im[n >> 3][n & 7] = samples[2 * n + 1];
    }
    fft_one(re, im, table);
    for (int k = 0; k < FFT_BINS; k++) {
        const int there = k & 63, mirror = (FFT_POINTS - k) & 63;
        const float sum_re = flat_re[there] + flat_re[mirror], sum_im = flat_im[there] - flat_im[mirror];
        const float odd_re = flat_im[there] + flat_im[mirror], odd_im = flat_re[mirror] - flat_re[there];
        const float cosine = table->half_cosine[k], sine = table->half_sine[k];
        bin_re[k] = 0.5f * (sum_re + odd_re * cosine + odd_im * sine);
        bin_im[k] = 0.5f * (sum_im + odd_im * cosine - odd_re * sine);
    }
}

/* 64 times the 128 samples of 65 bins. */
FFT_INLINE void fft_back(const float *bin_re, const float *bin_im, float *samples, const struct fft_table *table)
{
    float re[8][8], im[8][8];
    const float *flat_re = re[0], *flat_im = im[0];

    for (int k = 0; k < FFT_POINTS; k++) {
        const int mirror = FFT_POINTS - k;
        const float sum_re = bin_re[k] + bin_re[mirror], sum_im = bin_im[k] - bin_im[mirror];
        const float less_re = bin_re[k] - bin_re[mirror], less_im = bin_im[k] + bin_im[mirror];
        const float cosine = table->half_cosine[k], sine = table->half_sine[k];
        re[k >> 3][k & 7] = 0.5f * (sum_re - less_re * sine - less_im * cosine);
        im[k >> 3][k & 7] = 0.5f * (sum_im + less_re * cosine - less_im * sine);
    }
    fft_one(im, re, table); /* real and imaginary exchanged: the transform back */
    for (int n = 0; n < FFT_POINTS; n++) {
        samples[2 * n] = flat_re[n];
        samples[2 * n + 1] = flat_im[n];
    }
}

/* Back, eight at once: row fft_row(n) then holds 64 times samples 2n (re) and 2n + 1 (im). */
FFT_INLINE void fft_back_lanes(float (*restrict bin_re)[FFT_LANES], float (*restrict bin_im)[FFT_LANES],
                               float (*restrict re)[FFT_LANES], float (*restrict im)[FFT_LANES],
                               const struct fft_table *table)
{
    for (int k = 0; k < FFT_POINTS; k++) {
        const int mirror = FFT_POINTS - k;
        const float cosine = table->half_cosine[k], sine = table->half_sine[k];
        for (int lane = 0; lane < FFT_LANES; lane++) {
            const float sum_re = bin_re[k][lane] + bin_re[mirror][lane];
            const float sum_im = bin_im[k][lane] - bin_im[mirror][lane];
            const float less_re = bin_re[k][lane] - bin_re[mirror][lane];
            const float less_im = bin_im[k][lane] + bin_im[mirror][lane];
            re[k][lane] = 0.5f * (sum_re - less_re * sine - less_im * cosine);
            im[k][lane] = 0.5f * (sum_im + less_re * cosine - less_im * sine);
        }
    }
    fft_lanes(im, re, table);
}

/* 65 bins, eight at once: row n holds samples 2n (re) and 2n + 1 (im) and is used up. */
FFT_INLINE void fft_forward_lanes(float (*restrict re)[FFT_LANES], float (*restrict im)[FFT_LANES],
                                  float (*restrict bin_re)[FFT_LANES], float (*restrict bin_im)[FFT_LANES],
                                  const struct fft_table *table)
{
    fft_lanes(re, im, table);
    for (int k = 0; k < FFT_BINS; k++) {
        const int there = fft_row(k), mirror = fft_row(FFT_POINTS - k);
        const float cosine = table->half_cosine[k], sine = table->half_sine[k];
        for (int lane = 0; lane < FFT_LANES; lane++) {
            const float sum_re = re[there][lane] + re[mirror][lane];
            const float sum_im = im[there][lane] - im[mirror][lane];
            const float odd_re = im[there][lane] + im[mirror][lane];
            const float odd_im = re[mirror][lane] - re[there][lane];
            bin_re[k][lane] = 0.5f * (sum_re + odd_re * cosine + odd_im * sine);
            bin_im[k][lane] = 0.5f * (sum_im + odd_im * cosine - odd_re * sine);
        }
    }
}

#endif
