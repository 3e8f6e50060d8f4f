/* Many phones at once: each sends a packet every 20 ms at a phase of its own, and what comes back is counted.
 *
 * One thread without Python in it. The phases are spread over the 20 ms in steps of 1 ms; a phone says A-law tone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define STEPS 20
#define STEP_NS 1000000ull
#define PACKET 172 /* RTP head and 160 samples */

struct pumped {
    uint64_t sent, received, tone; /* packets; `tone`: of those received, with sound in them */
};

static uint64_t clock_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000ull + (uint64_t)at.tv_nsec;
}

static void send_one(int fd, uint16_t port, uint32_t number, uint32_t source)
{
    static const unsigned char wave[8] = {0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4};
    unsigned char packet[PACKET] = {0x80, 8, (unsigned char)(number >> 8), (unsigned char)number};
    uint32_t words[2] = {htonl(number * 160), htonl(source)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};

    memcpy(packet + 4, words, sizeof words);
    for (int i = 12; i < PACKET; i++)
        packet[i] = wave[i % 8];
    sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to);
}

static void drain(int fd, struct pumped *pumped)
{
    unsigned char packet[2048];
    for (;;) {
        ssize_t got = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
        if (got < 0)
            return;
        pumped->received++;
        pumped->tone += got == PACKET && memcmp(packet + 12, packet + 13, 7) != 0;
    }
}

/* `fds` and `ports` (where each sends to) of `count` phones, for `ticks` of 20 ms. */
void pump(const int *fds, const uint16_t *ports, int count, int ticks, struct pumped *pumped)
{
    static uint32_t number; /* goes on from one call to the next, as a phone's packets do */
    uint64_t begin = clock_ns();
    for (int i = 0; i < count; i++) {
        struct pumped before = {0};
        drain(fds[i], &before);
    }
    for (int step = 0; step < ticks * STEPS; step++) {
        uint64_t due = begin + (uint64_t)step * STEP_NS;
        struct timespec at = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
        }
        for (int i = step % STEPS; i < count; i += STEPS) {
            drain(fds[i], pumped);
            send_one(fds[i], ports[i], number, (uint32_t)i + 1);
            pumped->sent++;
        }
        number += step % STEPS == STEPS - 1;
    }
}
