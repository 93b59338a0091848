/* Any bytes as the path and as the query of a request. What was read must be what the header promises: no segment that
 * leads elsewhere, nothing that is no UTF-8. */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "lib/proto/uri.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *s)
{
    json_t *j = json_string(s);
    if (!j)
        abort();
    json_decref(j);
}

static bool seen(void *arg, const char *name, const char *value)
{
    must_be_text(name);
    must_be_text(value);
    return ++*(size_t *)arg < 1000;
}

static void path(const char *text)
{
    struct uri_path p;
    int r = uri_path_read(text, &p);
    if (r != 0 && r != -EINVAL && r != -ENOENT)
        abort();
    if (r == 0 && p.n > URI_SEGMENTS_MAX)
        abort();
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        const char *s = p.segments[i];
        if (!*s || !strcmp(s, ".") || !strcmp(s, ".."))
            abort();
        must_be_text(s);
    }
    uri_path_done(&p);
}

static void form(const char *p, size_t n)
{
    size_t fields = 0;
    bool fine = uri_form_each(p, n, seen, &fields);
    _cleanup_(freep) char *last = uri_form_get(p, n, "a");
    if (fine && !fields && last)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *text = xmemdup(data, size); /* a NUL follows */
    path(text);
    form((const char *)data, size);
    for (int plus = 0; plus < 2; plus++) {
        _cleanup_(freep) char *decoded = uri_decode((const char *)data, size, plus);
        if (decoded)
            must_be_text(decoded);
    }
    return 0;
}
