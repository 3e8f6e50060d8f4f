#include "realign.h"
#include <string.h>

#define BLOCK 160
#define SMOOTHER 8.0     /* times less energy at the other offset */
#define AUDIBLE 16384.0  /* mean square of the second difference, 128^2: below it nothing is heard wrong */
#define VOTES 5          /* 100 ms */
#define LONGEST_PERIOD 40 /* samples, of a tone at a multiple of 200 Hz */
#define SAME_BYTE 144    /* of 160: a byte that is the same in nine samples of ten carries no sign */

static double roughness(const uint8_t *bytes)
{
    double sum = 0.0;
    int before = 0, now = 0;
    for (int i = 0; i < BLOCK; i++) {
        int next = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
        double bend = next - 2 * now + before;
        sum += i < 2 ? 0.0 : bend * bend;
        before = now;
        now = next;
    }
    return sum / BLOCK;
}

static bool hardly_changes(const uint8_t *bytes)
{
    int seen[256];
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < BLOCK; i++)
        if (++seen[bytes[2 * i]] > SAME_BYTE)
            return true;
    return false;
}

/* Whether it says the same over and over, sample for sample: its few values may look smooth at any offset. */
static bool repeats(const uint8_t *bytes)
{
    for (int period = 1; period <= LONGEST_PERIOD; period++)
        if (memcmp(bytes, bytes + 2 * period, 2 * (BLOCK - (size_t)period)) == 0)
            return true;
    return false;
}

bool realign_block(struct realign *r, const uint8_t *bytes)
{
    double as_read = roughness(bytes), otherwise = roughness(bytes + 1);
    if (hardly_changes(bytes) || hardly_changes(bytes + 1))
        return false;
    if (as_read <= otherwise)
        r->votes = 0;
    else if (as_read > AUDIBLE && as_read > SMOOTHER * otherwise && !repeats(bytes) && ++r->votes >= VOTES) {
        r->votes = 0;
        return true;
    }
    return false;
}
