#include "lib/proto/uri.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "lib/base/mem.h"

static int hex_of(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

static bool is_utf8(const char *p, size_t n)
{
    json_t *s = json_stringn(p, n);
    json_decref(s);
    return s != NULL;
}

/* In place or elsewhere; out has room for n. The length, or -EINVAL. */
static int decode_into(const char *p, size_t n, bool plus, char *out, size_t *ret_n)
{
    size_t len = 0;
    bool ascii = true;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (c == '%') {
            int high = n - i > 2 ? hex_of(p[i + 1]) : -1, low = high < 0 ? -1 : hex_of(p[i + 2]);
            if (low < 0)
                return -EINVAL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (!c)
            return -EINVAL;
        ascii &= (unsigned char)c < 0x80;
        out[len++] = c;
    }
    *ret_n = len;
    return ascii || is_utf8(out, len) ? 0 : -EINVAL;
}

char *uri_decode(const char *p, size_t n, bool plus)
{
    char *out = xcalloc(1, n + 1);
    size_t len;
    if (decode_into(p, n, plus, out, &len) < 0) {
        free(out);
        return NULL;
    }
    out[len] = '\0';
    return out;
}

int uri_path_read(const char *path, struct uri_path *ret)
{
    size_t n = strlen(path);
    *ret = (struct uri_path){.memory = xcalloc(1, n + 1)};
    char *out = ret->memory;
    if (*path != '/')
        return -ENOENT; /* "*", or a whole URL: nobody asks a server so */
    for (const char *p = path; *p == '/' && p[1];) {
        size_t len = strcspn(++p, "/"), decoded;
        if (decode_into(p, len, false, out, &decoded) < 0)
            return -EINVAL;
        out[decoded] = '\0';
        if (!*out || !strcmp(out, ".") || !strcmp(out, "..") || ret->n == URI_SEGMENTS_MAX)
            return -ENOENT;
        ret->segments[ret->n++] = out;
        out += decoded + 1;
        p += len;
    }
    return 0;
}

void uri_path_done(struct uri_path *p)
{
    free(p->memory);
    p->memory = NULL;
}

bool uri_form_each(const char *p, size_t n, bool (*fn)(void *arg, const char *name, const char *value), void *arg)
{
    const char *end = p + n;
    while (p < end) {
        const char *amp = memchr(p, '&', (size_t)(end - p)), *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p)), *name_end = eq ? eq : stop;
        if (stop > p) {
            _cleanup_(freep) char *name = uri_decode(p, (size_t)(name_end - p), true);
            _cleanup_(freep) char *value = eq ? uri_decode(eq + 1, (size_t)(stop - eq - 1), true) : xstrdup("");
            if (!name || !value)
                return false;
            if (!fn(arg, name, value))
                return true;
        }
        p = stop + 1;
    }
    return true;
}

struct wanted {
    const char *name;
    char *value;
};

static bool take(void *arg, const char *name, const char *value)
{
    struct wanted *w = arg;
    if (!strcmp(name, w->name)) {
        free(w->value);
        w->value = xstrdup(value);
    }
    return true;
}

char *uri_form_get(const char *p, size_t n, const char *name)
{
    struct wanted w = {.name = name};
    (void)uri_form_each(p, n, take, &w);
    return w.value;
}
