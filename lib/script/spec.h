/* What a scenario says of any fake, under `kas:`, `gitlab:` or `kube:`, and is read alike. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A shallow copy in which `key: null` is as good as no key; a new reference. */
json_t *spec_without_nulls(const json_t *spec);

struct spec_limit {
    const char *key;
    bool size;    /* bytes: "64KiB" is what the message shows */
    int64_t most;
    int64_t *to;  /* left as it is where nothing was said */
};
/* `limits:` of `of` ("kas"): numbers or sizes from 1 to `most`. 0, or -EINVAL and *reterr, a new string. */
int spec_limits(const json_t *limits, const char *of, const struct spec_limit *list, size_t n, char **reterr);
