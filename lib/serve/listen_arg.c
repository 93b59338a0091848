#include "lib/serve/listen_arg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

int serve_listen_parse(const char *text, const char *example, struct serve_listen *ret, char **reterr)
{
    const char *eq = strchr(text, '='), *colon = eq ? strrchr(eq, ':') : NULL;
    char *end = NULL;
    unsigned long port = colon && colon[1] ? strtoul(colon + 1, &end, 10) : 0;
    size_t t = eq ? (size_t)(eq - text) : 0, h = colon ? (size_t)(colon - eq - 1) : 0;
    const char *host = eq ? eq + 1 : "";
    if (h > 2 && host[0] == '[' && host[h - 1] == ']') {
        host++;
        h -= 2;
    }
    if (!t || t >= sizeof(ret->transport) || !colon || h >= sizeof(ret->host) || port > 65535 || (end && *end)) {
        *reterr = xasprintf("--listen %s: expected TRANSPORT=HOST:PORT, for instance %s", text, example);
        return -1;
    }
    *ret = (struct serve_listen){.port = (uint16_t)port};
    memcpy(ret->transport, text, t);
    if (h)
        memcpy(ret->host, host, h);
    else
        memcpy(ret->host, "127.0.0.1", sizeof("127.0.0.1"));
    return 0;
}

bool serve_port_parse(const char *text, int *ret)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (errno || !*text || *end || v < 0 || v > 65535)
        return false;
    *ret = (int)v;
    return true;
}
