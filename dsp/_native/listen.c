#include "media_core.h"
#include <math.h> /* pow */
#include <stdlib.h>
#include <string.h>

#define LEVEL_SECONDS 0.5f                /* time constant of the levels shown */
#define QUIET_DBM0 -60.0        /* above the idle noise of a line, -65 dBm0p at most (ITU-T G.712 9.1) */
#define COARSE_QUIET_DBM0 -40.0 /* 8 bits linear: noise that moves the last one is at -42 */
#define KEY_EDGE 80 /* samples, 10 ms: a key's beginning is known that well */
#define FINDINGS (2 + FRAME_SAMPLES / 32) /* of call progress in a frame, progress.h */

void media_listen_begin(struct port *p)
{
    p->digit_lane = -1;
    level_init(&p->level, LEVEL_SECONDS);
}

/* --- digits: ports share groups, a lane each --------------------------------------------------------------- */

static void leave_lane(struct media *m, struct port *p)
{
    if (p->digit_lane >= 0)
        m->lane_port[p->digit_lane] = NULL;
    p->digit_lane = -1;
}

/* Takes the first free lane; there is one for every port. True when `spare` became its group. */
static bool take_lane(struct media *m, struct port *p, struct dtmf_group *spare)
{
    int lane = 0;
    while (m->lane_port[lane] != NULL)
        lane++;
    struct dtmf_group **group = &m->digits[lane / DTMF_LANES];
    bool used = *group == NULL;
    if (used)
        *group = spare;
    m->lane_port[lane] = p;
    m->lanes = lane + 1 > m->lanes ? lane + 1 : m->lanes;
    dtmf_group_begin(*group, lane % DTMF_LANES);
    p->digit_lane = lane;
    p->digit_fed = 0;
    return used;
}

int media_dtmf(struct media *m, int port, bool on)
{
    struct dtmf_group *spare = on ? malloc(sizeof *spare) : NULL;
    if (on && spare == NULL)
        return MEDIA_FULL;
    if (spare != NULL)
        dtmf_group_init(spare);
    pthread_mutex_lock(&m->lock);
    struct port *p = media_find_port(m, port);
    bool used = p != NULL && on && p->digit_lane < 0 && take_lane(m, p, spare);
    if (p != NULL && !on)
        leave_lane(m, p);
    pthread_mutex_unlock(&m->lock);
    if (!used)
        free(spare);
    return p != NULL ? port : MEDIA_NONE;
}

static void say_digit(struct media *m, const struct dtmf_digit *digit, struct port *p, uint64_t tick)
{
    uint64_t origin = tick * FRAME_SAMPLES - p->digit_fed; /* grid sample of the lane's sample 0 */
    media_say(m, (struct media_event){.kind = EVENT_DIGIT,
                                      .handle = p->handle,
                                      .value = digit->digit,
                                      .sample = origin + digit->start_sample,
                                      .end_sample = origin + digit->end_sample});
}

/* What was said of late was a key: recordings that mask keys leave it out. */
static void mask_key(struct media *m, const struct port *p, uint64_t samples)
{
    for (int i = 0; i < m->recorders; i++) {
        struct recorder *r = m->recorder[i];
        if (r == NULL || atomic_load_explicit(&r->state, memory_order_relaxed) != RECORDER_ON)
            continue;
        if (r->left == p->handle)
            recorder_silence(r, 0, samples);
        if (r->right == p->handle)
            recorder_silence(r, 1, samples);
    }
}

static void find_digits(struct media *m, int group, uint64_t tick)
{
    struct port **port = &m->lane_port[group * DTMF_LANES];
    struct dtmf_digit digit[DTMF_MOST_DIGITS(FRAME_SAMPLES)];
    const int16_t *rows[DTMF_LANES];
    bool any = false;
    for (int lane = 0; lane < DTMF_LANES; lane++) {
        rows[lane] = port[lane] != NULL ? port[lane]->rx : NULL;
        any |= port[lane] != NULL;
    }
    int found = any ? dtmf_group_feed(m->digits[group], rows, FRAME_SAMPLES, digit) : 0;
    for (int i = 0; i < found; i++)
        say_digit(m, &digit[i], port[digit[i].lane], tick);
    for (int lane = 0; lane < DTMF_LANES; lane++) {
        if (port[lane] == NULL)
            continue;
        port[lane]->digit_fed += FRAME_SAMPLES;
        uint64_t lasts = dtmf_group_lasts(m->digits[group], lane);
        if (lasts > 0)
            mask_key(m, port[lane], lasts + KEY_EDGE);
    }
    for (int i = 0; i < found; i++) {
        const struct port *p = port[digit[i].lane];
        mask_key(m, p, p->digit_fed - digit[i].start_sample + KEY_EDGE);
    }
}

/* --- call progress -------------------------------------------------------------------------------------------- */

int media_progress(struct media *m, int port, const struct progress_plan *plan)
{
    struct hearing *spare = plan != NULL ? malloc(sizeof *spare) : NULL;
    if (plan != NULL && spare == NULL)
        return MEDIA_FULL;
    if (spare != NULL) {
        spare->plan = *plan;
        spare->fed = 0;
        progress_init(&spare->detector, &spare->plan);
    }
    pthread_mutex_lock(&m->lock);
    struct port *p = media_find_port(m, port);
    if (p != NULL) {
        struct hearing *old = p->hearing;
        p->hearing = spare;
        spare = old;
    }
    pthread_mutex_unlock(&m->lock);
    free(spare);
    return p != NULL ? port : MEDIA_NONE;
}

static void find_progress(struct media *m, struct port *p, uint64_t tick)
{
    struct hearing *h = p->hearing;
    struct progress_finding finding[FINDINGS];
    uint64_t origin = tick * FRAME_SAMPLES - h->fed; /* grid sample of the detector's sample 0 */
    int found = progress_feed(&h->detector, p->rx, FRAME_SAMPLES, finding, FINDINGS);
    h->fed += FRAME_SAMPLES;
    for (int i = 0; i < found; i++)
        media_say(m, (struct media_event){.kind = finding[i].ended ? EVENT_TONE_ENDED : EVENT_TONE_FOUND,
                                          .handle = p->handle,
                                          .value = (int)finding[i].kind,
                                          .sample = origin + finding[i].start_sample,
                                          .end_sample = origin + finding[i].end_sample});
}

/* --- voices ---------------------------------------------------------------------------------------------------- */

int media_voice(struct media *m, int port, bool on)
{
    pthread_mutex_lock(&m->lock);
    struct port *p = media_find_port(m, port);
    if (p != NULL && on && !p->voice_on) {
        vad_init(&p->vad);
        p->voice = VOICE_QUIET;
    }
    if (p != NULL)
        p->voice_on = on;
    pthread_mutex_unlock(&m->lock);
    return p != NULL ? port : MEDIA_NONE;
}

static void find_voice(struct media *m, struct port *p)
{
    bool active = vad_feed(&p->vad, p->rx, FRAME_SAMPLES);
    enum voice voice = p->vad.tone ? VOICE_TONE : active ? VOICE_SPEAKS : VOICE_QUIET;
    if (voice == p->voice)
        return;
    p->voice = voice;
    media_say(m, (struct media_event){.kind = EVENT_VOICE, .handle = p->handle, .value = (int)voice});
}

/* --- a modem that fell silent ------------------------------------------------------------------------------------ */

static void watch_modem(struct media *m, struct port *p, uint64_t tick)
{
    struct serial_pcm *s = p->serial;
    bool silent = tick - s->heard_tick >= DEAD_TICKS;
    if (s->fd < 0 || silent == s->silent)
        return;
    s->silent = silent;
    int kind = silent ? EVENT_AUDIO_DEAD : EVENT_AUDIO_ALIVE;
    media_say(m, (struct media_event){.kind = kind, .handle = p->handle, .value = DEAD_TICKS / 50});
}

/* --- a far end that fell silent ----------------------------------------------------------------------------- */

/* Mean square below which a frame is silence. */
static double quiet_below(enum coding coding)
{
    bool coarse = coding == CODING_U8 || coding == CODING_S8;
    return LEVEL_MEAN_SQUARE * pow(10.0, (coarse ? COARSE_QUIET_DBM0 : QUIET_DBM0) / 10);
}

static void watch_far_end(struct media *m, struct port *p)
{
    const struct serial_form *form = &p->serial->form;
    double sum = 0.0;
    for (int i = 0; i < FRAME_SAMPLES; i++)
        sum += (double)p->rx[i] * p->rx[i];
    int lasted = p->quiet_ticks;
    bool quiet = sum < FRAME_SAMPLES * quiet_below(form->coding);
    p->quiet_ticks = quiet ? lasted + 1 : 0;
    if (quiet && p->quiet_ticks == form->silence_ticks)
        media_say(m, (struct media_event){
                         .kind = EVENT_SILENCE_FOUND, .handle = p->handle, .value = p->quiet_ticks});
    if (!quiet && lasted >= form->silence_ticks)
        media_say(m, (struct media_event){.kind = EVENT_SILENCE_ENDED, .handle = p->handle, .value = lasted});
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

void media_listen(struct media *m, uint64_t tick)
{
    for (int i = 0; i < m->ports; i++) {
        struct port *p = &m->port[i];
        if (p->kind == PORT_FREE)
            continue;
        level_feed(&p->level, p->rx, FRAME_SAMPLES);
        if (p->hearing != NULL)
            find_progress(m, p, tick);
        if (p->voice_on)
            find_voice(m, p);
        if (p->kind == PORT_SERIAL)
            watch_modem(m, p, tick);
        if (p->kind == PORT_SERIAL && p->serial->form.silence_ticks > 0)
            watch_far_end(m, p);
    }
    for (int group = 0; group * DTMF_LANES < m->lanes; group++)
        find_digits(m, group, tick);
}

struct hearing *media_listen_end(struct media *m, struct port *p)
{
    struct hearing *old = p->hearing;
    leave_lane(m, p);
    p->hearing = NULL;
    return old;
}

void media_listen_free(struct media *m)
{
    for (int i = 0; i < MEDIA_PORTS / DTMF_LANES; i++)
        free(m->digits[i]);
}
