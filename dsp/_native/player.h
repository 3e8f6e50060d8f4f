/* What is played to a port: files one after another (shared buffers, never copied), or a tone. */
#ifndef CALLBOX_PLAYER_H
#define CALLBOX_PLAYER_H

#include "gain.h"
#include "tone.h"
#include <stdbool.h>

#define PLAYER_SEGMENTS 32 /* files of one play: a position or a sum of money takes about ten */

struct segment {
    const int16_t *samples; /* kept alive by the control process while the player exists */
    uint64_t count;
};

enum player_state { PLAYER_FREE, PLAYER_ON, PLAYER_FADING, PLAYER_OVER };

struct player {
    int handle;
    enum player_state state;
    int to; /* port handle */
    struct gain gain;
    bool loop, is_tone;
    bool alone; /* nothing else is heard at the port meanwhile: digits in speech are not understood */
    struct segment segment[PLAYER_SEGMENTS];
    int segments, at; /* at: index of the one being played */
    uint64_t offset;  /* samples played of it */
    struct tone_gen tone;
};

/* The next frame, zeros after the end. False when this frame held the natural end. */
bool player_frame(struct player *p, int16_t *out);

#endif
