/* Ports of a command line: --listen TRANSPORT=HOST:PORT, --control-http PORT. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct serve_listen {
    char transport[8];
    char host[64];
    uint16_t port;
};

/* "ws=127.0.0.1:8150", "grpcs=:0", "wss=[::1]:443". -1 and *reterr, which shows `example`. */
int serve_listen_parse(const char *text, const char *example, struct serve_listen *ret, char **reterr);
bool serve_port_parse(const char *text, int *ret); /* 0 to 65535 */
