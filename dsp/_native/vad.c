#include "vad.h"

#include "spectrum.h" /* spectrum_power */

#include <math.h>   /* fmaxf, fminf, logf, log10f */
#include <string.h> /* memcpy, memmove, memset */

/* Tuned over the tuning half of the packaged speech in white, pink, car, hum, babble and music noise. */
#define STANDS_OUT 0.8f      /* mean over the bands of ln(power / noise) */
#define MOST_BAND 6.0f       /* what one band can add to it */
#define NOISE_OVER_LEAST 1.6f
#define SMOOTHED 0.6f        /* of the power of the frame before */
#define SPAN_FRAMES 20       /* 200 ms */
#define TALKER_RANGE_DB 14.0f
#define QUIET_MARGIN_DB 4.0f
#define BETWEEN 0.45f        /* of the way from quiet to talker */
#define QUIET_SHARE 0.3f     /* of all frames are below quiet_db */
#define QUIET_STEP_DB 0.1f
#define YOUNG_FRAMES 100       /* 1 s */
#define YOUNG_FALL 0.5f
#define TALKER_RISE 0.2f
#define TALKER_FALL_DB 0.05f /* a frame: 5 dB a second, while speaking */
#define QUIETER_FALL_DB 0.015f /* 1.5 dB a second, while a quieter sound stands out: it may be the next talker */
#define BEGIN_FRAMES 4
#define HANGOVER_FRAMES 20   /* 200 ms, as in ITU-T P.56 */
#define EDGE_DB 15.0f        /* a frame louder by that begins the run anew: a click's first edge is not counted */
#define TONE_PURITY 0.9f     /* share of the power in one or two lines */
#define TONE_CHANGE_DB 1.0f  /* from frame to frame at most */
#define STEADY_FRAMES 3      /* 30 ms: may be a tone, says nothing of the talker's level */
#define TONE_FRAMES 10       /* 100 ms: is one */
#define BEATING_FRAMES 30    /* 300 ms: are two that beat, as 350 and 440 Hz do; their level is not steady */
#define TONE_DB 25.0f        /* of quiet_db's scale: about -40 dBm0 */
#define LOWEST_TONE_BIN 5    /* 312 Hz: below is hum */
#define FLOOR 1.0f           /* (sample steps)^2 a bin: digital silence */

/* Bins of 62.5 Hz where the bands begin: 125 Hz wide at the bottom, 440 Hz at the top. */
static const int EDGE[VAD_BANDS + 1] = {2, 4, 6, 8, 10, 12, 15, 18, 22, 26, 31, 36, 42, 48, 55, 62};

void vad_init(struct vad *vad)
{
    memset(vad, 0, sizeof *vad);
}

/* ---- what a frame is like ---- */

static void to_bands(const float *power, float *band)
{
    for (int b = 0; b < VAD_BANDS; b++) {
        band[b] = 0.0f;
        for (int bin = EDGE[b]; bin < EDGE[b + 1]; bin++)
            band[b] += power[bin];
        band[b] = band[b] / (float)(EDGE[b + 1] - EDGE[b]) + FLOOR;
    }
}

/* Takes the strongest line, two bins to each side, out of `power`; what it held, 0 where that is hum. */
static float take_line(float *power)
{
    float line = 0.0f;
    int peak = 1;

    for (int bin = 2; bin < SPECTRUM_BINS - 1; bin++)
        if (power[bin] > power[peak])
            peak = bin;
    for (int bin = peak > 2 ? peak - 2 : 0; bin <= peak + 2 && bin < SPECTRUM_BINS; bin++) {
        line += power[bin];
        power[bin] = 0.0f;
    }
    return peak >= LOWEST_TONE_BIN ? line : 0.0f;
}

static bool is_pure(const float *power)
{
    float left[SPECTRUM_BINS], all = FLOOR;

    memcpy(left, power, sizeof left);
    for (int bin = 1; bin < SPECTRUM_BINS; bin++)
        all += power[bin];
    const float first = take_line(left);
    return first > 0.0f && first + take_line(left) > TONE_PURITY * all;
}

/* ---- noise and talker ---- */

static void begin(struct vad *vad, const float *band, float level_db)
{
    memcpy(vad->smooth, band, sizeof vad->smooth);
    memcpy(vad->least, band, sizeof vad->least);
    for (int m = 0; m < VAD_MINIMA; m++)
        memcpy(vad->minima[m], band, sizeof vad->minima[m]);
    vad->quiet_db = level_db;
    vad->last_db = level_db;
    vad->young = YOUNG_FRAMES;
    vad->begun = true;
}

static void learn_noise(struct vad *vad, const float *band)
{
    for (int b = 0; b < VAD_BANDS; b++) {
        vad->smooth[b] = band[b] + SMOOTHED * (vad->smooth[b] - band[b]);
        vad->least[b] = vad->smooth[b] < vad->least[b] ? vad->smooth[b] : vad->least[b];
    }
    if (++vad->frame < SPAN_FRAMES)
        return;
    memcpy(vad->minima[vad->span], vad->least, sizeof vad->least);
    memcpy(vad->least, vad->smooth, sizeof vad->least);
    vad->span = (vad->span + 1) % VAD_MINIMA;
    vad->frame = 0;
}

static float above_noise(const struct vad *vad, const float *band)
{
    float sum = 0.0f;

    for (int b = 0; b < VAD_BANDS; b++) {
        float least = vad->least[b];
        for (int m = 0; m < VAD_MINIMA; m++)
            least = vad->minima[m][b] < least ? vad->minima[m][b] : least;
        if (band[b] > least * NOISE_OVER_LEAST)
            sum += fminf(logf(band[b] / (least * NOISE_OVER_LEAST)), MOST_BAND);
    }
    return sum / VAD_BANDS;
}

static bool is_loud(struct vad *vad, bool clear, float level_db)
{
    const float range = vad->talker_db - vad->quiet_db;
    const float least = vad->quiet_db + fmaxf(QUIET_MARGIN_DB, BETWEEN * range);

    if (vad->young > 0 && level_db < vad->quiet_db) /* what it began with may have been speech */
        vad->quiet_db += (level_db - vad->quiet_db) * YOUNG_FALL;
    else
        vad->quiet_db += QUIET_STEP_DB * (level_db < vad->quiet_db ? QUIET_SHARE - 1.0f : QUIET_SHARE);
    vad->young -= vad->young > 0;
    const bool loud = level_db > fmaxf(least, vad->talker_db - TALKER_RANGE_DB);
    if (clear)
        vad->talker_db = fmaxf(vad->talker_db - (loud ? TALKER_FALL_DB : QUIETER_FALL_DB), 0.0f);
    return clear && loud;
}

/* ---- decisions ---- */

static bool is_tone(struct vad *vad, bool pure, float level_db)
{
    const bool same = fabsf(level_db - vad->last_db) < TONE_CHANGE_DB;
    const bool tonal = pure && level_db > TONE_DB;

    vad->last_db = level_db;
    vad->pure_run = tonal ? vad->pure_run + (vad->pure_run < BEATING_FRAMES) : 0;
    vad->tone_run = !tonal ? 0 : !same ? 1 : vad->tone_run + (vad->tone_run < TONE_FRAMES);
    vad->steady = vad->tone_run >= STEADY_FRAMES;
    return vad->tone_run == TONE_FRAMES || vad->pure_run == BEATING_FRAMES;
}

static bool is_speech(struct vad *vad, bool stands_out, float level_db)
{
    if (!stands_out) {
        vad->run = 0;
        return false;
    }
    if (vad->run == 0 || level_db > vad->run_db + EDGE_DB) {
        vad->run = 0;
        vad->run_db = level_db;
    }
    vad->run_db = fmaxf(vad->run_db, level_db);
    if (level_db > vad->run_db - EDGE_DB && vad->run < BEGIN_FRAMES)
        vad->run++;
    if (vad->run < BEGIN_FRAMES)
        return vad->hangover > 0;
    if (!vad->steady && level_db > vad->talker_db)
        vad->talker_db += (level_db - vad->talker_db) * TALKER_RISE;
    return true;
}

static void hear_frame(struct vad *vad)
{
    float power[SPECTRUM_BINS], band[VAD_BANDS], sum = 0.0f;

    spectrum_power(vad->samples, power);
    to_bands(power, band);
    for (int b = 0; b < VAD_BANDS; b++)
        sum += band[b];
    const float level_db = 10.0f * log10f(sum);
    if (!vad->begun)
        begin(vad, band, level_db);
    bool heard = vad->tone = is_tone(vad, is_pure(power), level_db);
    if (!vad->tone) {
        learn_noise(vad, band);
        const bool clear = above_noise(vad, band) > STANDS_OUT;
        heard = is_speech(vad, is_loud(vad, clear, level_db), level_db);
    }
    vad->hangover = heard ? HANGOVER_FRAMES : vad->hangover - (vad->hangover > 0);
    vad->active = vad->hangover > 0;
}

bool vad_feed(struct vad *vad, const int16_t *samples, int count)
{
    while (count > 0) {
        const int run = count < VAD_WINDOW - vad->held ? count : VAD_WINDOW - vad->held;

        memcpy(vad->samples + vad->held, samples, sizeof *samples * (size_t)run);
        vad->held += run;
        samples += run;
        count -= run;
        if (vad->held < VAD_WINDOW)
            break;
        hear_frame(vad);
        vad->held = VAD_WINDOW - VAD_HOP;
        memmove(vad->samples, vad->samples + VAD_HOP, sizeof *samples * (VAD_WINDOW - VAD_HOP));
    }
    return vad->active;
}
