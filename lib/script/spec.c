#include "lib/script/spec.h"

#include <errno.h>

#include "lib/base/mem.h"
#include "lib/script/size.h"

json_t *spec_without_nulls(const json_t *spec)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach ((json_t *)spec, k, v)
        if (!json_is_null(v))
            json_object_set(out, k, v);
    return out;
}

/* One JSON value, a number or "10MiB". */
static bool read_limit(const json_t *v, int64_t most, int64_t *ret)
{
    int64_t n = json_integer_value(v);
    bool fits = json_is_integer(v) || (json_is_string(v) && size_parse(json_string_value(v), &n));
    if (!fits || n < 1 || n > most)
        return false;
    *ret = n;
    return true;
}

int spec_limits(const json_t *limits, const char *of, const struct spec_limit *list, size_t n, char **reterr)
{
    for (const struct spec_limit *l = list; l < list + n; l++) {
        const json_t *v = json_object_get(limits, l->key);
        if (!v || json_is_null(v) || read_limit(v, l->most, l->to))
            continue;
        *reterr = xasprintf("%s.limits.%s: expected %s from 1 to %lld", of, l->key,
                            l->size ? "a size such as 64KiB," : "a number", (long long)l->most);
        return -EINVAL;
    }
    return 0;
}
