#include "baudot.h"

#include "baudot_code.h"

#include <math.h>   /* M_PI */
#include <string.h> /* memset */

#define PERIOD (BAUDOT_HOP * BAUDOT_WINDOW) /* samples, 5 ms: 7 periods of 1400 Hz, 9 of 1800 Hz */
#define ONE 1024                            /* a soft bit of nothing but mark; purity of nothing but tones */
#define BIT_45 22                           /* hops; TIA-825-A: 22.00 ms +-0.40 */
#define BIT_50 20
#define HALF 11     /* hops, mostly space, after which a character is tried */
#define EARLIER 10  /* hops before HALF in which it may begin: a start bit of which that much is missing */
#define TRIED 10    /* hops from there on. No more: with two stop bits, the bit after the start bit is at times as
                       good a beginning */
#define DELAY 24    /* samples: a bit's hops begin with windows that began before it */
#define LEAST_POWER 5.2e5f /* of both tones, |DFT|^2, (amplitude * 20)^2: -56 dBm0 */

/* Limits, in parts of ONE. White noise alone has a purity of 0.11, and soft bits of 0 +-0.28 (mean over a bit). */
#define LEAST_HALF 400     /* space in half a bit, to try */
#define LEAST_START 50     /* start bit: what a concealed hole of 10 ms in it may leave */
#define LEAST_STOP 200     /* stop bit, likewise */
#define LEAST_MARK 600     /* half a bit before; with less, a start bit must have 0.7 of the mean of all bits */

/* Mean of all seven bits at least. */
enum { KNOWN, NEW, STEP };
static const struct limit {
    int clearness, purity;
} LIMITS[] = {
    [KNOWN] = {600, 200}, /* once the caller is known to be at a text telephone */
    [NEW] = {650, 300},   /* before that: 5 dB of noise with tones 5 % off; one such in 67 hours of speech */
    [STEP] = {700, 500},  /* before that, and no more than a step from space to mark: speech has those */
};

/* Mark and space, cosine and sine, for each of the 40 samples in which both are periodic. */
#define TURN(k) (2.0 * M_PI * (k) / PERIOD)
#define ROW(n) {__builtin_cos(TURN(7 * (n))), __builtin_sin(TURN(7 * (n))), \
                __builtin_cos(TURN(9 * (n))), __builtin_sin(TURN(9 * (n)))}
#define ROWS(n) ROW(n), ROW(n + 1), ROW(n + 2), ROW(n + 3), ROW(n + 4), ROW(n + 5), ROW(n + 6), ROW(n + 7)
static const float TONES[PERIOD][4] = {ROWS(0), ROWS(8), ROWS(16), ROWS(24), ROWS(32)};

/* ---- samples to hops ---- */

/* A section of the high-pass: gain * (1 - z^-1)^2 over a pole pair. */
static inline float section(float in, float pole, float radius, float *past)
{
    const float out = (in - 2.0f * past[0] + past[1] - radius * past[3]) + pole * past[2];

    past[1] = past[0];
    past[0] = in;
    past[3] = past[2];
    past[2] = out;
    return out;
}

/* Butterworth, order 4, -3 dB at 400 Hz, -65 dB at 60 Hz
 * (scipy.signal.butter(4, 400, "highpass", fs=8000, output="sos")).
 * The dither, a thousandth of a step at 4 kHz, keeps the state out of slow denormal numbers in silence. */
static inline float high_pass(struct baudot_rx *rx, float sample)
{
    rx->dither = -rx->dither;
    return section(section(0.66201584f * (sample + rx->dither), 1.47967422f, 0.55582154f, rx->past[0]), 1.70096433f,
                   0.78849974f, rx->past[1]);
}

static void add_sample(struct baudot_rx *rx, float sample)
{
    struct baudot_hop *hop = &rx->hops[rx->phase / BAUDOT_HOP];
    const float *tone = TONES[rx->phase];

    if (rx->phase % BAUDOT_HOP == 0)
        memset(hop, 0, sizeof *hop);
    hop->mark_re += sample * tone[0];
    hop->mark_im += sample * tone[1];
    hop->space_re += sample * tone[2];
    hop->space_im += sample * tone[3];
    hop->energy += sample * sample;
    rx->phase = rx->phase + 1 < PERIOD ? rx->phase + 1 : 0;
}

/* The soft bit and the purity of the window that ends here, added to the sums. */
static void end_hop(struct baudot_rx *rx)
{
    struct baudot_hop sum = {0};
    uint32_t before = (uint32_t)rx->heard++ % BAUDOT_TRAIL, now = (uint32_t)rx->heard % BAUDOT_TRAIL;
    int bit = 0, purity = 0;

    for (int i = 0; i < BAUDOT_WINDOW; i++) {
        sum.mark_re += rx->hops[i].mark_re;
        sum.mark_im += rx->hops[i].mark_im;
        sum.space_re += rx->hops[i].space_re;
        sum.space_im += rx->hops[i].space_im;
        sum.energy += rx->hops[i].energy;
    }
    const float mark = sum.mark_re * sum.mark_re + sum.mark_im * sum.mark_im;
    const float space = sum.space_re * sum.space_re + sum.space_im * sum.space_im;

    if (mark + space > LEAST_POWER && rx->heard > rx->muted_to) {
        bit = (int)(ONE * (mark - space) / (mark + space));
        purity = (int)(ONE * (mark + space) / (sum.energy * (PERIOD / 2)));
    }
    rx->bit_sum[now] = rx->bit_sum[before] + (uint32_t)bit;
    rx->purity_sum[now] = rx->purity_sum[before] + (uint32_t)purity;
}

/* ---- hops to characters ---- */

/* Sum over `count` hops from hop `from` on. */
static inline int over(const uint32_t *sums, uint64_t from, int count)
{
    return (int)(sums[(from + (uint64_t)count) % BAUDOT_TRAIL] - sums[from % BAUDOT_TRAIL]);
}

struct frame {
    uint64_t start; /* hop */
    int bit;        /* hops */
    int code;       /* five bits */
    int clearness;  /* mean of the seven bits, each as clear as it is; 0 = no frame */
    int purity;     /* mean of the seven bits */
};

/* Noise before a carrier looks like a start bit too often, but it is not as pure as the tones after it: the
 * least pure bit must have half of the mean. (Twist of 10 dB in noise 10 dB below, and a hole of 10 ms, leave it
 * above.) 0 where a bit has less. */
static int purity_of(const struct baudot_rx *rx, const struct frame *frame)
{
    const int mean = over(rx->purity_sum, frame->start, 7 * frame->bit) / 7;

    for (int i = 0; i < 7; i++)
        if (2 * over(rx->purity_sum, frame->start + (uint64_t)(i * frame->bit), frame->bit) < mean)
            return 0;
    return mean / frame->bit;
}

/* The seven bits as they would be if the character began at hop `start`. A stop bit lasts 1.5 bits at least;
 * 1.25 of them are weighed, which places a character among others better than one bit does. */
static struct frame frame_at(const struct baudot_rx *rx, uint64_t start, int bit)
{
    struct frame frame = {start, bit, 0, 0, 0};
    const int start_bit = -over(rx->bit_sum, start, bit) / bit;
    const int stop_bit = over(rx->bit_sum, start + 6 * (uint64_t)bit, bit + bit / 4) / (bit + bit / 4);
    int sum = start_bit + stop_bit;

    if (start_bit < LEAST_START || stop_bit < LEAST_STOP)
        return frame;
    for (int i = 0; i < 5; i++) {
        const int soft = over(rx->bit_sum, start + (uint64_t)((i + 1) * bit), bit) / bit;
        frame.code |= (soft > 0) << i;
        sum += soft > 0 ? soft : -soft;
    }
    if (over(rx->bit_sum, start - HALF, HALF) < LEAST_MARK * HALF && 10 * start_bit < sum)
        return frame;
    frame.purity = purity_of(rx, &frame);
    frame.clearness = frame.purity > 0 ? sum / 7 : 0;
    return frame;
}

static struct frame clearest(const struct baudot_rx *rx, uint64_t from, int bit)
{
    struct frame best = {0};

    for (int i = 0; i < EARLIER + TRIED; i++) {
        const struct frame frame = frame_at(rx, from - EARLIER + (uint64_t)i, bit);
        if (frame.clearness > best.clearness)
            best = frame;
    }
    return best;
}

/* The clearest frame at a speed that is allowed. Many characters are as clear at either speed: then those before
 * decide. */
static struct frame find_frame(struct baudot_rx *rx, uint64_t from)
{
    const struct frame none = {0};
    const struct frame slow = rx->fixed == BIT_50 ? none : clearest(rx, from, BIT_45);
    const struct frame fast = rx->fixed == BIT_45 ? none : clearest(rx, from, BIT_50);

    rx->favour = (7 * rx->favour) / 8 + slow.clearness - fast.clearness;
    return slow.clearness == 0 || (fast.clearness > 0 && rx->favour < 0) ? fast : slow;
}

int baudot_rx_caller(const struct baudot_rx *rx)
{
    return rx->characters == BAUDOT_CALLER_CHARACTERS;
}

static void count_clear(struct baudot_rx *rx, uint64_t hop)
{
    if (baudot_rx_caller(rx))
        return;
    for (int i = BAUDOT_CALLER_CHARACTERS - 1; i > 0; i--)
        rx->clear[i] = rx->clear[i - 1];
    rx->clear[0] = hop;
    rx->characters = 1;
    while (rx->characters < BAUDOT_CALLER_CHARACTERS && rx->clear[rx->characters] != 0 &&
           hop - rx->clear[rx->characters] <= BAUDOT_CALLER_HOPS)
        rx->characters++;
}

/* Space, then mark, and no more: a glide of speech can be such, and T, O, M, V, backspace and letters are. */
static int is_step(int code)
{
    const int spaces = 31 & ~code;

    return (spaces & (spaces + 1)) == 0;
}

static int is_accepted(const struct baudot_rx *rx, const struct frame *frame)
{
    const struct limit *limit = &LIMITS[baudot_rx_caller(rx) ? KNOWN : is_step(frame->code) ? STEP : NEW];

    return frame->clearness >= limit->clearness && frame->purity >= limit->purity;
}

/* Minds a shift; true when the code is a character, which `out` then holds. */
static int translate(struct baudot_rx *rx, const struct frame *frame, struct baudot_character *out)
{
    const uint64_t sample = frame->start * BAUDOT_HOP;

    if (frame->code == BAUDOT_TO_LETTERS)
        rx->shift = BAUDOT_LETTERS;
    else if (frame->code == BAUDOT_TO_FIGURES)
        rx->shift = BAUDOT_FIGURES;
    out->character = BAUDOT_CODE[rx->shift][frame->code];
    out->start_sample = sample > DELAY ? sample - DELAY : 0;
    return out->character != 0;
}

/* Looks for the next character as far as is heard; true when there is one. */
static int search(struct baudot_rx *rx, struct baudot_character *out)
{
    const int longest = TRIED + 7 * BIT_45 + BIT_45 / 4;

    while (rx->search + (uint64_t)longest <= rx->heard) {
        if (over(rx->bit_sum, rx->search, HALF) > -LEAST_HALF * HALF ||
            over(rx->purity_sum, rx->search, HALF) < LIMITS[KNOWN].purity * HALF) {
            rx->search++;
            continue;
        }
        const struct frame frame = find_frame(rx, rx->search);
        if (!is_accepted(rx, &frame)) {
            rx->search += TRIED / 2;
            continue;
        }
        rx->bit = frame.bit;
        rx->search = frame.start + (uint64_t)(6 * frame.bit + frame.bit / 2);
        if (!is_step(frame.code))
            count_clear(rx, frame.start);
        if (translate(rx, &frame, out))
            return 1;
    }
    return 0;
}

/* ---- outside ---- */

void baudot_rx_init(struct baudot_rx *rx, int baud)
{
    memset(rx, 0, sizeof *rx);
    rx->dither = 1e-3f;
    rx->search = EARLIER;
    rx->fixed = baud == 45 ? BIT_45 : baud == 50 ? BIT_50 : 0;
}

int baudot_rx_feed(struct baudot_rx *rx, const int16_t *samples, int count, struct baudot_character *out,
                   int max_out)
{
    struct baudot_character character;
    int found = 0;

    for (int i = 0; i < count; i++) {
        add_sample(rx, high_pass(rx, (float)samples[i]));
        if (rx->phase % BAUDOT_HOP != 0)
            continue;
        end_hop(rx);
        if (search(rx, &character) && found < max_out)
            out[found++] = character;
    }
    return found;
}

void baudot_rx_mute(struct baudot_rx *rx, uint32_t samples)
{
    const uint64_t to = rx->heard + BAUDOT_WINDOW + samples / BAUDOT_HOP;

    if (to > rx->muted_to)
        rx->muted_to = to;
    memset(rx->bit_sum, 0, sizeof rx->bit_sum);
    memset(rx->purity_sum, 0, sizeof rx->purity_sum);
}

int baudot_rx_baud(const struct baudot_rx *rx)
{
    return rx->bit == 0 ? 0 : rx->bit == BIT_45 ? 45 : 50;
}
