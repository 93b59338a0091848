/* How much a KAS takes: kas.limits, and the flags of fakekas serve. */
#include <errno.h>

#include "fakekas/internal.h"
#include "lib/script/size.h"

/* One JSON value, a number or "10MiB". */
static bool limit_read(const json_t *v, int64_t most, int64_t *ret)
{
    bool fits = json_is_integer(v);

    if (fits)
        *ret = json_integer_value(v);
    else
        fits = json_is_string(v) && size_parse(json_string_value(v), ret);
    return fits && *ret >= 1 && *ret <= most;
}

int limits_read(const json_t *spec, struct kas_limits *ret, char **reterr)
{
    const struct {
        const char *key;
        int64_t most;
        int64_t *to;
    } keys[] = {{"connections", 1000000, &ret->connections},
                {"header", 16 * 1024 * 1024, &ret->header},
                {"message", INT32_MAX, &ret->message},
                {"ws_message", INT32_MAX, &ret->ws_message}};

    *ret = (struct kas_limits){0};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const json_t *v = json_object_get(spec, keys[i].key);
        if (!v || json_is_null(v) || limit_read(v, keys[i].most, keys[i].to))
            continue;
        *reterr = xasprintf("kas.limits.%s: expected %s from 1 to %lld", keys[i].key,
                            i ? "a size such as 64KiB," : "a number", (long long)keys[i].most);
        return -EINVAL;
    }
    return 0;
}
