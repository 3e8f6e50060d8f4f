/* Voice-activity detection for one channel: is somebody, or something on purpose, making sound?
 *
 * What it does, every 10 ms, on a Hann-windowed spectrum of the latest 16 ms:
 *   1. power in 15 bands from 125 to 3875 Hz; the noise of each band is its least smoothed power of 1.6 s
 *   2. the frame stands out when the mean logarithm of power over noise does, and when the whole lies
 *      above a level between the quietest third of the line and the loudest of the talker
 *   3. 40 ms of such frames begin an activity, frames like them keep it up, 200 ms without any end it
 *   4. a tone (one or two frequencies hold nearly all the power, and that does not change) is active at any
 *      length, and teaches neither the noise nor the talker's level anything: dial tones, DTMF, text telephones
 * A click of 20 ms begins nothing. Hum, hiss, a running engine are noise at once where the line begins with
 * them, else after 2.5 s. Music and voices in the background are told from a talker by their level alone.
 *
 * Delay: an activity is known 40 to 60 ms after its begin; where the line begins with it, after its first dip.
 * Miss and false rates beside Speex's are those of benchmarks/vad.py: in white noise at 10 dB 10 % missed, none
 * false; the missed are begins and quiet ends.
 * Any split of the samples gives the same. Memory per channel: 848 bytes.
 */
#ifndef CALLBOX_VAD_H
#define CALLBOX_VAD_H

#include <stdbool.h>
#include <stdint.h>

#define VAD_WINDOW 128  /* samples, 16 ms */
#define VAD_HOP 80      /* samples, 10 ms: one decision */
#define VAD_BANDS 15
#define VAD_MINIMA 7    /* spans of 200 ms whose minima are kept */

struct vad {
    int16_t samples[VAD_WINDOW]; /* oldest first */
    int held;                    /* of them valid */
    float smooth[VAD_BANDS];     /* power, smoothed */
    float least[VAD_BANDS];      /* of the span being heard */
    float minima[VAD_MINIMA][VAD_BANDS];
    int span, frame;             /* which minimum comes next; frames of the span so far */
    float quiet_db;              /* the quietest third of the line */
    float talker_db;             /* the loudest of the talker */
    int young;                   /* frames until quiet_db is taken for known */
    float run_db, last_db;       /* the loudest of the run; the frame before */
    int run, tone_run, pure_run, hangover; /* frames */
    bool begun;                  /* the first frame was heard */
    bool active, tone;           /* what it says: of the latest frame; a tone is known after 100 ms */
    bool steady;                 /* may be a tone: 30 ms of it */
};

void vad_init(struct vad *vad);

/* Feeds `count` samples (any number); the latest decision. */
bool vad_feed(struct vad *vad, const int16_t *samples, int count);

#endif
