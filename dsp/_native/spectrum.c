#include "spectrum.h"

#define HALF (SPECTRUM_SAMPLES / 2) /* points of the complex transform: even samples real, odd ones imaginary */
#define WINDOW_SQUARES 48.0f        /* sum over the Hann window */

/* cos(2 pi k / 128), the first quarter turn; the rest follows from symmetry. */
static const float QUARTER[33] = {
    1.00000000f, 0.99879546f, 0.99518473f, 0.98917651f, 0.98078528f, 0.97003125f,
    0.95694034f, 0.94154407f, 0.92387953f, 0.90398929f, 0.88192126f, 0.85772861f,
    0.83146961f, 0.80320753f, 0.77301045f, 0.74095113f, 0.70710678f, 0.67155895f,
    0.63439328f, 0.59569930f, 0.55557023f, 0.51410274f, 0.47139674f, 0.42755509f,
    0.38268343f, 0.33688985f, 0.29028468f, 0.24298018f, 0.19509032f, 0.14673047f,
    0.09801714f, 0.04906767f, 0.00000000f,
};

static inline float cosine(int k) /* 0 to 64 */
{
    return k <= 32 ? QUARTER[k] : -QUARTER[64 - k];
}

static inline float sine(int k) /* 0 to 64 */
{
    return k <= 32 ? QUARTER[32 - k] : QUARTER[k - 32];
}

/* Hann, whole periods: 0 at sample 0, 1 at sample 64. */
static inline float window(int n)
{
    return 0.5f - 0.5f * cosine(n <= 64 ? n : 128 - n);
}

static inline int reversed(int n) /* six bits */
{
    n = (n & 7) << 3 | n >> 3;
    return (n & 011) << 2 | (n & 022) | (n & 044) >> 2;
}

static void load(const int16_t *samples, float *re, float *im)
{
    for (int n = 0; n < HALF; n++) {
        re[reversed(n)] = (float)samples[2 * n] * window(2 * n);
        im[reversed(n)] = (float)samples[2 * n + 1] * window(2 * n + 1);
    }
}

/* In place, decimation in time; the input is in bit-reversed order. */
static void transform(float *re, float *im)
{
    for (int size = 2; size <= HALF; size *= 2)
        for (int k = 0; k < size / 2; k++) {
            const float c = cosine(k * (128 / size)), s = sine(k * (128 / size));
            for (int at = k; at < HALF; at += size) {
                const int other = at + size / 2;
                const float r = re[other] * c + im[other] * s, i = im[other] * c - re[other] * s;
                re[other] = re[at] - r;
                im[other] = im[at] - i;
                re[at] += r;
                im[at] += i;
            }
        }
}

void spectrum_power(const int16_t *samples, float *power)
{
    float re[HALF], im[HALF];

    load(samples, re, im);
    transform(re, im);
    for (int k = 0; k <= HALF; k++) { /* the two interleaved real transforms, parted and put together */
        const int a = k % HALF, b = (HALF - k) % HALF;
        const float even_re = 0.5f * (re[a] + re[b]), even_im = 0.5f * (im[a] - im[b]);
        const float odd_re = 0.5f * (im[a] + im[b]), odd_im = 0.5f * (re[b] - re[a]);
        const float r = even_re + odd_re * cosine(k) + odd_im * sine(k);
        const float i = even_im + odd_im * cosine(k) - odd_re * sine(k);
        power[k] = (r * r + i * i) * (1.0f / WINDOW_SQUARES);
    }
}
