#include "caller_id.h"

#include <string.h> /* memset, memchr */

#define LEAST_MARK_BITS 20.0f /* a ring's end may hide most of the 80 or 180 */
#define BIT_SAMPLES (8000.0f / 1200.0f)
#define PATIENCE_SAMPLES 320 /* without a character: 20 bits of mark, one character, the filters' delay, and some */

static const struct fsk_spec SPECS[] = {
    [CALLER_ID_BELL202] = {1200.0f, 2200.0f, 1200.0f, 8, LEAST_MARK_BITS},
    [CALLER_ID_ETSI] = {1300.0f, 2100.0f, 1200.0f, 8, LEAST_MARK_BITS}, /* ITU-T V.23 */
};

/* GR-30: call, message waiting; 0x80 to 0x82 with parameters. EN 300 659-3 5.2: call, message waiting, charge, SMS. */
static const uint8_t TYPES[] = {0x04, 0x06, 0x80, 0x81, 0x82, 0x86, 0x89};

static int is_whole(const struct caller_id_message *message)
{
    return message->count >= 2 && message->count == message->bytes[1] + 3;
}

static int adds_up(const struct caller_id_message *message)
{
    uint8_t sum = 0;

    for (int i = 0; i < message->count; i++)
        sum = (uint8_t)(sum + message->bytes[i]);
    return sum == 0;
}

static int is_known(const struct caller_id_message *message)
{
    return memchr(TYPES, message->bytes[0], sizeof TYPES) != NULL;
}

/* Forgets the message; true when it is worth telling, and `out` then holds it. */
static int finish(struct caller_id_rx *rx, struct caller_id_message *out)
{
    struct caller_id_message *message = &rx->message;

    message->whole = is_whole(message);
    message->checksum_ok = message->whole && adds_up(message);
    if (!message->whole && rx->last_is_bad) { /* the carrier went in the middle of it */
        message->count--;
        rx->bad_stops--;
    }
    const int is_told = message->checksum_ok ||
                        (message->count > 2 && is_known(message) && (message->whole || rx->bad_stops == 0));
    if (is_told)
        *out = *message;
    message->count = 0;
    return is_told;
}

static int take(struct caller_id_rx *rx, const struct fsk_char *heard, struct caller_id_message *out)
{
    struct caller_id_message *message = &rx->message;
    const int begins = heard->mark_bits >= LEAST_MARK_BITS;
    int told = 0;

    if (begins && message->count)
        told = finish(rx, out);
    if (begins) {
        message->start_sample = heard->start_sample > 0 ? heard->start_sample : 0;
        rx->bad_stops = 0;
    } else if (!message->count)
        return 0; /* what follows a message without a mark between is none */
    message->bytes[message->count++] = heard->value;
    rx->last_is_bad = !heard->stop_ok;
    rx->bad_stops += rx->last_is_bad;
    message->end_sample = heard->end_sample;
    return is_whole(message) ? finish(rx, out) : told;
}

void caller_id_rx_init(struct caller_id_rx *rx, enum caller_id_standard standard)
{
    memset(rx, 0, sizeof *rx);
    fsk_rx_init(&rx->fsk, &SPECS[standard]);
}

int caller_id_rx_feed(struct caller_id_rx *rx, const int16_t *samples, int count, struct caller_id_message *out)
{
    struct fsk_char chars[4];
    const int heard = fsk_rx_feed(&rx->fsk, samples, count, chars, 4);
    int told = 0;

    for (int i = 0; i < heard; i++)
        told |= take(rx, &chars[i], out);
    rx->heard += count;
    if (rx->message.count && rx->heard - rx->message.end_sample > PATIENCE_SAMPLES)
        told |= finish(rx, out);
    return told;
}
