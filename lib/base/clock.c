/* Time, and durations as people write them. */
#include "lib/base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void digits(char *to, int n, int value)
{
    for (to += n; n-- > 0; value /= 10)
        *--to = (char)('0' + value % 10);
}

void clock_wall(char out[WALL_LEN])
{
    struct timespec ts;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    memcpy(out, "0000-00-00T00:00:00.000Z", WALL_LEN);
    digits(out, 4, tm.tm_year + 1900);
    digits(out + 5, 2, tm.tm_mon + 1);
    digits(out + 8, 2, tm.tm_mday);
    digits(out + 11, 2, tm.tm_hour);
    digits(out + 14, 2, tm.tm_min);
    digits(out + 17, 2, tm.tm_sec);
    digits(out + 20, 3, (int)(ts.tv_nsec / 1000000));
}

/* The unit at *p in microseconds, and *p behind it; 0 if there is none. */
static int64_t unit(const char **p)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i].name);
        if (strncmp(*p, units[i].name, n) == 0) {
            *p += n;
            return units[i].us;
        }
    }
    return 0;
}

int duration_parse(const char *text, int64_t *ret_ms)
{
    const char *p = text;
    int64_t total = 0;
    if (!p || !*p)
        return -EINVAL;
    while (*p) { /* "1h30m" is two of them */
        int64_t whole = 0, part = 0, scale = 1;
        bool any = false;
        for (; *p >= '0' && *p <= '9'; p++, any = true)
            if ((whole = whole * 10 + (*p - '0')) > 10000000)
                return -EINVAL;
        if (*p == '.')
            for (p++; *p >= '0' && *p <= '9'; p++, any = true)
                if (scale < 1000000) {
                    part = part * 10 + (*p - '0');
                    scale *= 10;
                }
        int64_t us = any ? unit(&p) : 0;
        if (!us)
            return -EINVAL;
        total += whole * us + part * us / scale;
        if (total > INT64_C(3600000000) * 24 * 365)
            return -EINVAL;
    }
    *ret_ms = (total + 500) / 1000;
    return 0;
}

int duration_parse_signed(const char *text, int64_t *ret_ms)
{
    bool behind = text && *text == '-';
    int64_t ms;
    if (!text || duration_parse(text + (behind || *text == '+'), &ms) < 0)
        return -EINVAL;
    *ret_ms = behind ? -ms : ms;
    return 0;
}
