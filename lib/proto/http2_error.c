/* Names of HTTP/2 error codes (RFC 9113 §7). */
#include "lib/proto/http2.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/base/mem.h"

static const char *const names[] = {
    "NO_ERROR",         "PROTOCOL_ERROR",      "INTERNAL_ERROR",    "FLOW_CONTROL_ERROR",  "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",    "FRAME_SIZE_ERROR",    "REFUSED_STREAM",    "CANCEL",              "COMPRESSION_ERROR",
    "CONNECT_ERROR",    "ENHANCE_YOUR_CALM",   "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
};

const char *h2_error_name(uint32_t code)
{
    return code < ARRAY_SIZE(names) ? names[code] : "UNKNOWN";
}

int h2_error_code(const char *name, uint32_t *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcasecmp(name, names[i])) {
            *ret = (uint32_t)i;
            return 0;
        }
    char *end;
    errno = 0;
    unsigned long n = strtoul(name, &end, 0);
    if (end == name || *end || *name == '-' || errno || n > UINT32_MAX)
        return -EINVAL;
    *ret = (uint32_t)n;
    return 0;
}
