/* How much a KAS takes: kas.limits, and the flags of fakekas serve. */
#include "fakekas/internal.h"
#include "lib/script/spec.h"

int limits_read(const json_t *spec, struct kas_limits *ret, char **reterr)
{
    const struct spec_limit list[] = {{"connections", false, 1000000, &ret->connections},
                                      {"header", true, 16 * 1024 * 1024, &ret->header},
                                      {"message", true, INT32_MAX, &ret->message},
                                      {"ws_message", true, INT32_MAX, &ret->ws_message}};

    *ret = (struct kas_limits){0};
    return spec_limits(spec, "kas", list, ARRAY_SIZE(list), reterr);
}
