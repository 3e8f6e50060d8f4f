/* The far ends of many lines on ptys, for lines_load.py: modems by clocks of their own, in one thread.
 *
 * A GSM modem takes 160 samples (s16le) when it sends 160; a V.253 modem (mu-law behind the DLE shield) plays what it
 * was given and sends what comes, an echo of it included. All say noise, GSM ones of -41 dBm0, and once a second a
 * loud chunk: the delay is from its write here to the read of the bytes that hold its first sample at the partner's.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "g711.h"

#define CHUNK 160
#define STEP_EVERY 50      /* chunks */
#define LOUD 8064
#define THRESHOLD 4000     /* the echo of a step is below */
#define QUIET_SAMPLES 1600 /* before a step */
#define ECHO_DIVISOR 4     /* 12 dB */
#define QUEUE 8192         /* samples; a power of two */
#define START_SAMPLES 160  /* a V.253 modem begins to play with these */
#define LONGEST_NS 500e6   /* a step that takes longer is another */

struct line {
    int fd, partner, voice; /* voice: V.253 */
    double period_ns, next_ns;
    uint64_t chunk, dry, heard, said; /* periods without sound to play; steps heard, and said to the partner */
    double said_ns;
    int16_t queue[QUEUE];
    uint64_t put, taken;
    int16_t played[CHUNK];
    int speaks, playing, half, quiet, shield;
    uint32_t dice;
    uint64_t codes, lost; /* chunks the box had no room for */
};

struct pump {
    struct line *line;
    int lines, delays, most;
    double *delay_ms;
    double late_ns; /* the worst of our own lateness */
};

static int16_t noise(struct line *l)
{
    l->dice = l->dice * 1664525u + 1013904223u;
    return (int16_t)(((int32_t)(l->dice >> 22) - 512) / (l->voice ? 32 : 2));
}

static void hear(struct pump *p, struct line *l, int16_t sample, double at)
{
    l->queue[l->put++ % QUEUE] = sample;
    bool loud = sample >= THRESHOLD;
    if (loud && l->quiet >= QUIET_SAMPLES) {
        double delay = at - p->line[l->partner].said_ns;
        l->heard++;
        if (delay > 0 && delay < LONGEST_NS && p->delays < p->most)
            p->delay_ms[p->delays++] = delay / 1e6;
    }
    l->quiet = loud ? 0 : l->quiet + 1;
}

static void take_byte(struct pump *p, struct line *l, uint8_t byte, double at)
{
    if (!l->voice) {
        if (l->half >= 0)
            hear(p, l, (int16_t)(l->half | byte << 8), at);
        l->half = l->half >= 0 ? -1 : byte;
    } else if (l->shield) {
        l->shield = 0;
        l->codes += byte != 0x10;
        if (byte == 0x10)
            hear(p, l, g711_ulaw_decode(byte), at);
    } else if (byte == 0x10)
        l->shield = 1;
    else
        hear(p, l, g711_ulaw_decode(byte), at);
}

static void readable(struct pump *p, struct line *l)
{
    uint8_t bytes[8192];
    double at = now();
    ssize_t got = read(l->fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < got; i++)
        take_byte(p, l, bytes[i], at);
}

/* The period that ends now: what was played in it, and its sound to be played in the next. */
static void play(struct line *l)
{
    uint64_t ready = l->put - l->taken;
    l->playing |= ready >= START_SAMPLES;
    if (l->playing && ready < CHUNK)
        l->dry++;
    for (int i = 0; i < CHUNK; i++)
        l->played[i] = l->playing && (uint64_t)i < ready ? l->queue[(l->taken + (uint64_t)i) % QUEUE] : 0;
    l->taken += !l->playing ? 0 : ready < CHUNK ? ready : CHUNK;
}

static void say(struct line *l)
{
    uint8_t bytes[4 * CHUNK];
    size_t count = 0;
    bool step = ++l->chunk % STEP_EVERY == 0;
    if (!l->speaks)
        l->taken = l->put; /* what came before it is nobody's */
    l->speaks = 1;
    for (int i = 0; i < CHUNK; i++) {
        int value = step ? LOUD : noise(l) + (l->voice ? l->played[i] / ECHO_DIVISOR : 0);
        if (!l->voice) {
            bytes[count++] = (uint8_t)value;
            bytes[count++] = (uint8_t)((unsigned)value >> 8);
            continue;
        }
        bytes[count] = g711_ulaw_encode((int16_t)value);
        if (bytes[count++] == 0x10)
            bytes[count++] = 0x10;
    }
    if (step) {
        l->said_ns = now();
        l->said++;
    }
    l->lost += write(l->fd, bytes, count) < (ssize_t)count;
    play(l);
}

/* The line whose turn is next. */
static struct line *earliest(struct pump *p)
{
    struct line *first = p->line;
    for (int i = 1; i < p->lines; i++)
        if (p->line[i].next_ns < first->next_ns)
            first = &p->line[i];
    return first;
}

static void *pump_new(int lines, int most)
{
    struct pump *p = calloc(1, sizeof *p);
    p->line = calloc((size_t)lines, sizeof *p->line);
    p->delay_ms = calloc((size_t)most, sizeof *p->delay_ms);
    p->lines = lines;
    p->most = most;
    return p;
}

static void pump_set(void *pump, int number, int fd, int partner, int voice, double ppm, double phase)
{
    struct line *l = &((struct pump *)pump)->line[number];
    double period = 20e6 / (1 + ppm * 1e-6);
    *l = (struct line){.fd = fd, .partner = partner, .voice = voice, .period_ns = period, .half = -1};
    l->next_ns = 50e6 + phase * period; /* from the beginning of pump_run */
    l->chunk = (uint64_t)(number * 7 % STEP_EVERY);
    l->dice = (uint32_t)number + 1;
}

/* Forgets all figures: what comes counts. */
static void pump_clear(void *pump)
{
    struct pump *p = pump;
    p->delays = 0;
    p->late_ns = 0;
    for (int i = 0; i < p->lines; i++)
        p->line[i].dry = p->line[i].heard = p->line[i].said = p->line[i].codes = p->line[i].lost = 0;
}

static void pump_run(void *pump, double seconds)
{
    struct pump *p = pump;
    struct epoll_event event, got[64];
    int epoll = epoll_create1(0);
    double begin = now(), end = begin + seconds * 1e9;
    for (int i = 0; i < p->lines; i++) {
        p->line[i].next_ns += begin;
        event = (struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, p->line[i].fd, &event);
    }
    for (double at = now(); at < end; at = now()) {
        struct line *next = earliest(p);
        double wait = next->next_ns - at;
        struct timespec most = {0, wait > 0 ? (long)wait : 0};
        int count = epoll_pwait2(epoll, got, 64, &most, NULL);
        for (int i = 0; i < count; i++)
            readable(p, &p->line[got[i].data.u32]);
        at = now();
        if (at < next->next_ns)
            continue;
        p->late_ns = at - next->next_ns > p->late_ns ? at - next->next_ns : p->late_ns;
        say(next);
        next->next_ns += next->period_ns;
    }
    close(epoll);
}

/* Of one line: periods without sound, steps heard, steps the partner said, codes to the modem, samples that wait,
 * chunks the box had no room for. */
static void pump_line(void *pump, int number, double *out)
{
    struct pump *p = pump;
    struct line *l = &p->line[number];
    out[0] = (double)l->dry;
    out[1] = (double)l->heard;
    out[2] = (double)p->line[l->partner].said;
    out[3] = (double)l->codes;
    out[4] = (double)(l->put - l->taken);
    out[5] = (double)l->lost;
}

static int pump_delays(void *pump, double *out)
{
    struct pump *p = pump;
    memcpy(out, p->delay_ms, (size_t)p->delays * sizeof *out);
    return p->delays;
}

static double pump_late_ms(void *pump) { return ((struct pump *)pump)->late_ns / 1e6; }
