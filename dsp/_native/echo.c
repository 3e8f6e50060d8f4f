#include "echo.h"

#include "echo_learn.h" /* add_echo, learn, shift_far */
#include "saturate.h"
#include "vector.h"

#include <math.h>   /* fmaxf, fminf, log10f */
#include <string.h> /* memcpy, memset */

#define RUN 32 /* samples filtered side by side */

/* When one filter takes over from the other. */
#define MEAN_STEP 0.12f       /* a block: 8 blocks */
#define LONG_STEP 0.01f       /* 100 blocks */
#define BETTER 0.9f           /* what is left, as a ratio of powers, over 8 blocks */
#define BETTER_LONG 0.95f     /* over 100 blocks */
#define BETTER_ATTEMPT 0.2f   /* in an attempt: the near end cannot be foretold that well by chance */
#define FAR_WORSE 8.0f
#define HARMFUL 2.0f          /* more is left than came: there is no such echo any more */

/* Attempts to learn anew. */
#define BAD_RESIDUAL 0.1f     /* of the echo, as a ratio of powers */
#define FAINT 1e-4f           /* of the far power: an echo 40 dB down is none */
#define BAD_BLOCKS 20         /* 160 ms */
#define ATTEMPT_BLOCKS 60     /* 480 ms */
#define PATIENCE 50           /* blocks, 400 ms; doubles each time */
#define MOST_PATIENCE 400     /* 3.2 s */

/* The usual share of what is left. */
#define RESIDUAL_FALL 0.15f   /* a block */
#define RESIDUAL_RISE 0.01f   /* towards a larger share */
#define UNUSUAL 16.0f         /* 12 dB more than usual is double talk, and no news of the usual share */
#define RESIDUAL_LEAK 1.001f  /* a block: 0.5 dB a second, lest it be low for ever */

size_t echo_size(int tail_samples)
{
    const int parts = (tail_samples + ECHO_PART_TAPS - 1) / ECHO_PART_TAPS;

    if (tail_samples < 1 || tail_samples > ECHO_MOST_TAPS)
        return 0;
    return sizeof(struct echo) + (size_t)parts * sizeof(struct echo_part);
}

static void doubt_everything(struct echo *ec)
{
    for (int p = 0; p < ec->parts; p++)
        for (int k = 0; k < FFT_BINS; k++)
            for (int lane = 0; lane < PART_LANES; lane++)
                ec->part[p].learnt.doubt[k][lane] = FIRST_DOUBT;
    ec->youth = 1.0f;
}

void echo_init(struct echo *ec, int tail_samples, int suppress)
{
    memset(ec, 0, echo_size(tail_samples));
    ec->parts = (tail_samples + ECHO_PART_TAPS - 1) / ECHO_PART_TAPS;
    ec->patience = PATIENCE;
    ec->residual = 1.0f;
    fft_table_init(&ec->table);
    echo_suppressor_init(&ec->suppressor, suppress);
    doubt_everything(ec);
    for (int p = 0; p < ec->parts; p++)
        ec->part[p].used = ec->part[p].learnt;
    ec->used_youth = 1.0f;
}

/* ---- the two filters ---- */

FFT_INLINE void use_what_was_learnt(struct echo *ec)
{
    float re[FFT_BINS], im[FFT_BINS], taps[FFT_SAMPLES];

    for (int p = 0; p < ec->parts; p++)
        ec->part[p].used = ec->part[p].learnt;
    ec->used_youth = ec->youth;
    ec->mean.error = ec->mean.trial;
    ec->long_mean.error = ec->long_mean.trial;
    for (int k = 0; k < FFT_BINS; k++) {
        re[k] = ec->part[0].used.re[k][0];
        im[k] = ec->part[0].used.im[k][0];
    }
    fft_back(re, im, taps, &ec->table);
    for (int n = 0; n < ECHO_BLOCK; n++)
        ec->first_taps[n] = taps[n] * (1.0f / FFT_POINTS);
}

static void learn_from_what_is_used(struct echo *ec)
{
    for (int p = 0; p < ec->parts; p++)
        ec->part[p].learnt = ec->part[p].used;
    ec->youth = ec->used_youth;
    ec->mean.trial = ec->mean.error;
    ec->long_mean.trial = ec->long_mean.error;
}

/* There is no such echo any more (ITU-T G.168 test 5): both filters begin with nothing. */
static void forget(struct echo *ec)
{
    for (int p = 0; p < ec->parts; p++)
        memset(&ec->part[p].learnt, 0, sizeof ec->part[p].learnt);
    doubt_everything(ec);
    for (int p = 0; p < ec->parts; p++)
        ec->part[p].used = ec->part[p].learnt;
    ec->used_youth = 1.0f;
    memset(ec->first_taps, 0, sizeof ec->first_taps);
    ec->residual = 1.0f;
    ec->attempt_blocks = ec->bad_blocks = 0;
    memset(&ec->mean, 0, sizeof ec->mean);
    memset(&ec->long_mean, 0, sizeof ec->long_mean);
}

FFT_INLINE int learnt_is_better(const struct echo *ec, const struct echo_powers *now)
{
    if (now->trial >= now->error)
        return 0;
    if (ec->attempt_blocks)
        return ec->mean.trial < BETTER_ATTEMPT * ec->mean.error;
    return ec->mean.trial < BETTER * ec->mean.error || ec->long_mean.trial < BETTER_LONG * ec->long_mean.error;
}

/* Much is left of the echo; or of what might be one, where there was none so far. */
static int cancels_badly(const struct echo *ec)
{
    return ec->mean.far > AUDIBLE && ec->mean.error > BAD_RESIDUAL * ec->mean.echo &&
           ec->mean.error > FAINT * ec->mean.far && ec->youth < GROWN_UP;
}

/* Starts an attempt to learn anew after a while of bad cancelling, and ends one that came to nothing. */
static void attempt(struct echo *ec)
{
    if (ec->attempt_blocks > 0) {
        if (--ec->attempt_blocks > 0)
            return;
        learn_from_what_is_used(ec);
        ec->bad_blocks = -ec->patience;
        if (ec->patience < MOST_PATIENCE)
            ec->patience *= 2;
    } else if (!cancels_badly(ec)) {
        if (ec->bad_blocks > 0)
            ec->bad_blocks = 0;
    } else if (++ec->bad_blocks > BAD_BLOCKS) {
        doubt_everything(ec);
        ec->attempt_blocks = ATTEMPT_BLOCKS;
        ec->bad_blocks = 0;
    }
}

FFT_INLINE void choose(struct echo *ec, const struct echo_powers *now)
{
    if (learnt_is_better(ec, now)) {
        if (ec->attempt_blocks)
            ec->residual = 1.0f; /* another path */
        use_what_was_learnt(ec);
        ec->attempt_blocks = 0;
        ec->patience = PATIENCE;
    } else if (ec->mean.echo > AUDIBLE && ec->mean.error > HARMFUL * ec->mean.near) {
        forget(ec);
    } else if (!ec->attempt_blocks && ec->mean.trial > FAR_WORSE * ec->mean.error) {
        learn_from_what_is_used(ec);
    }
    attempt(ec);
}

/* ---- blocks ---- */

static void add_powers(struct echo_powers *mean, const struct echo_powers *now, float step)
{
    mean->error += step * (now->error + 1e-3f - mean->error); /* never so small as to be denormal, and slow */
    mean->trial += step * (now->trial + 1e-3f - mean->trial);
    mean->near += step * (now->near + 1e-3f - mean->near);
    mean->echo += step * (now->echo + 1e-3f - mean->echo);
    mean->far += step * (now->far + 1e-3f - mean->far);
}

static void measure(struct echo *ec, const float *trial)
{
    struct echo_powers now = {0};

    for (int n = 0; n < ECHO_BLOCK; n++) {
        const float error = ec->error[n] - ec->last_error, near = ec->near[n] - ec->last_near;
        const float other = trial[n] - ec->last_trial;
        now.error += error * error;
        now.trial += other * other;
        now.near += near * near;
        now.echo += (near - error) * (near - error);
        ec->last_error = ec->error[n];
        ec->last_near = ec->near[n];
        ec->last_trial = trial[n];
    }
    for (int n = 1; n < ECHO_BLOCK; n++)
        now.far += (ec->far[n] - ec->far[n - 1]) * (ec->far[n] - ec->far[n - 1]);
    add_powers(&ec->mean, &now, MEAN_STEP);
    add_powers(&ec->long_mean, &now, LONG_STEP);
    choose(ec, &now);
}

/* Keeps the usual share of what is left of the echo: quick to fall, slow to rise, deaf to double talk. */
static void follow_residual(struct echo *ec)
{
    const float share = ec->mean.error / (ec->mean.echo + 1.0f);

    if (ec->mean.echo < AUDIBLE)
        return;
    if (share < ec->residual)
        ec->residual += RESIDUAL_FALL * (share - ec->residual);
    else if (share < UNUSUAL * ec->residual)
        ec->residual += RESIDUAL_RISE * (share - ec->residual);
    else
        ec->residual *= RESIDUAL_LEAK;
}

/* What there is to do when a block of far and near samples is complete. */
VECTOR_CLONES static void end_block(struct echo *ec)
{
    float re[FFT_BINS], im[FFT_BINS], samples[FFT_SAMPLES];

    fft_forward(ec->far, re, im, &ec->table);
    ec->narrow = is_narrow(re, im);
    for (int k = 0; k < FFT_BINS; k++) {
        ec->part[0].far_re[k][0] = re[k];
        ec->part[0].far_im[k][0] = im[k];
        re[k] = im[k] = 0.0f;
    }
    memcpy(ec->far, ec->far + ECHO_BLOCK, sizeof ec->far / 2);
    for (int p = 0; p < ec->parts; p++)
        add_echo(&ec->part[p], &ec->part[p].learnt, re, im);
    fft_back(re, im, samples, &ec->table);
    for (int n = 0; n < ECHO_BLOCK; n++) {
        samples[n] = 0.0f;
        samples[ECHO_BLOCK + n] = ec->near[n] - samples[ECHO_BLOCK + n] * (1.0f / FFT_POINTS);
    }
    fft_forward(samples, re, im, &ec->table);
    learn(ec, re, im);
    measure(ec, samples + ECHO_BLOCK);
    follow_residual(ec);
    echo_suppressor_block(&ec->suppressor, re, im, ec->residual, &ec->table);

    shift_far(ec);
    memset(re, 0, sizeof re);
    memset(im, 0, sizeof im);
    for (int p = 0; p < ec->parts; p++)
        add_echo(&ec->part[p], &ec->part[p].used, re, im);
    fft_back(re, im, samples, &ec->table);
    for (int n = 0; n < ECHO_BLOCK; n++)
        ec->later_echo[n] = samples[ECHO_BLOCK + n] * (1.0f / FFT_POINTS);
}

/* ---- samples ---- */

/* Echo of `count` samples from the current block's sample `at`; each sample adds its taps in the same order. */
VECTOR_CLONES static void make_echo(const struct echo *ec, int at, int count, float *echo)
{
    const float *far = ec->far + ECHO_BLOCK + at;
    int n = 0;

    for (; n + RUN <= count; n += RUN) {
        float sum[RUN];
        for (int i = 0; i < RUN; i++)
            sum[i] = ec->later_echo[at + n + i];
        for (int tap = 0; tap < ECHO_BLOCK; tap++)
            for (int i = 0; i < RUN; i++)
                sum[i] += ec->first_taps[tap] * far[n + i - tap];
        memcpy(echo + n, sum, sizeof sum);
    }
    for (; n < count; n++) {
        echo[n] = ec->later_echo[at + n];
        for (int tap = 0; tap < ECHO_BLOCK; tap++)
            echo[n] += ec->first_taps[tap] * far[n - tap];
    }
}

/* At most to the end of the block. */
static void cancel_run(struct echo *ec, const int16_t *far, const int16_t *near, int16_t *out, int count)
{
    const int at = ec->filled;
    float echo[ECHO_BLOCK];

    for (int n = 0; n < count; n++)
        ec->far[ECHO_BLOCK + at + n] = far[n];
    make_echo(ec, at, count, echo);
    for (int n = 0; n < count; n++) {
        ec->near[at + n] = near[n];
        ec->error[at + n] = near[n] - echo[n];
        out[n] = saturated(echo_suppressor_sample(&ec->suppressor, ec->error[at + n], echo[n], at + n));
    }
    ec->filled += count;
}

void echo_cancel(struct echo *ec, const int16_t *far, const int16_t *near, int16_t *out, int count)
{
    while (count > 0) {
        const int room = ECHO_BLOCK - ec->filled, run = count < room ? count : room;
        cancel_run(ec, far, near, out, run);
        if (ec->filled == ECHO_BLOCK) {
            ec->filled = 0;
            end_block(ec);
        }
        far += run;
        near += run;
        out += run;
        count -= run;
    }
}

void echo_status(const struct echo *ec, struct echo_status *status)
{
    status->erle_db = -10.0f * log10f(fminf(fmaxf(ec->residual, 1e-9f), 1.0f));
    status->converged = ec->residual < 0.01f;
    status->double_talk = ec->mean.echo > AUDIBLE && ec->mean.error > UNUSUAL * ec->residual * ec->mean.echo;
}
