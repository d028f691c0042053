/* Posts one sweep to halowatch over plain HTTP; needs nothing but a C compiler.
 *
 *   cc -O2 -o post_sweep post_sweep.c -lm && ./post_sweep 127.0.0.1 8000 bench
 *
 * The sweep message is a msgpack map; of msgpack it takes four kinds of value: maps,
 * texts, integers and bytes. Exit code 0: the service has it on disk. 1: it will not
 * take it. 2: try again later, with the same message: the same content is stored once.
 */
#define _XOPEN_SOURCE 700 /* sockets and M_PI */
#include <complex.h>
#include <math.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define POINTS 801

static unsigned char body[65536];
static size_t used;

static void put(const void *bytes, size_t count)
{
    if (used + count > sizeof body) {
        fputs("the sweep is longer than the buffer\n", stderr);
        exit(1);
    }
    memcpy(body + used, bytes, count);
    used += count;
}

static void put_byte(unsigned value)
{
    unsigned char byte = (unsigned char)value;
    put(&byte, 1);
}

static void put_map(unsigned entries) { put_byte(0x80 | entries); } /* below 16 */

static void put_text(const char *text) /* below 256 bytes */
{
    put_byte(0xd9);
    put_byte((unsigned)strlen(text));
    put(text, strlen(text));
}

static void put_bytes(const void *bytes, uint32_t count)
{
    put_byte(0xc6);
    for (int shift = 24; shift >= 0; shift -= 8)
        put_byte(count >> shift & 0xff);
    put(bytes, count);
}

static void put_entry(const char *key, const char *text)
{
    put_text(key);
    put_text(text);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s HOST PORT CAVITY\n", argv[0]);
        return 1;
    }
    /* What the VNA gave: little-endian doubles, and pairs of floats (real, imag). */
    static double frequency_hz[POINTS];
    static float complex s21[POINTS];
    for (int n = 0; n < POINTS; n++) {
        frequency_hz[n] = 4e9 + 5e6 * n;
        s21[n] = (float complex)(0.5 * cexp(-2.0 * I * M_PI * frequency_hz[n] * 3e-9));
    }
    char measured_at[40];
    time_t now = time(NULL);
    strftime(measured_at, sizeof measured_at, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));

    put_map(6);
    put_text("schema");
    put_byte(1);
    put_entry("cavity", argv[3]);
    put_entry("measured_at", measured_at);
    put_entry("purpose", "wide");
    put_text("frequency_hz");
    put_bytes(frequency_hz, sizeof frequency_hz);
    put_text("traces");
    put_map(1);
    put_text("S21");
    put_bytes(s21, sizeof s21);

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(argv[1], argv[2], &hints, &found) != 0)
        return 2;
    int wire = socket(found->ai_family, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 30};
    setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(wire, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(wire, found->ai_addr, found->ai_addrlen) != 0) {
        perror(argv[1]);
        return 2;
    }
    freeaddrinfo(found);
    char head[512];
    int length = snprintf(head, sizeof head,
                          "POST /api/v1/sweeps HTTP/1.1\r\nHost: %s\r\n"
                          "Content-Type: application/vnd.halowatch.sweep+msgpack\r\n"
                          "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                          argv[1], used);
    if (send(wire, head, (size_t)length, 0) != length)
        return 2;
    for (size_t sent = 0; sent < used;) {
        ssize_t count = send(wire, body + sent, used - sent, 0);
        if (count <= 0)
            return 2;
        sent += (size_t)count;
    }
    static char answer[65536];
    size_t got = 0;
    for (ssize_t count; got < sizeof answer - 1; got += (size_t)count) {
        count = recv(wire, answer + got, sizeof answer - 1 - got, 0);
        if (count <= 0)
            break;
    }
    close(wire);
    int status = 0;
    if (sscanf(answer, "HTTP/1.1 %d", &status) != 1)
        return 2;
    const char *document = strstr(answer, "\r\n\r\n");
    puts(document ? document + 4 : answer);
    if (status == 201)
        return 0;
    return status >= 500 || status == 429 ? 2 : 1;
}
