#include "fakegitlab/page/mustache.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/mem.h"

enum { DEPTH_MAX = 16 };

struct renderer {
    struct buf *out;
    const json_t *stack[DEPTH_MAX];
    size_t depth, partials;
    mustache_find_fn find;
    void *arg;
    char *err; /* the first that is wrong ends it */
};

struct tag {
    char kind; /* 0: a value; # ^ / > */
    const char *name;
    size_t len;
};

static void fail(struct renderer *r, const char *what, const struct tag *t)
{
    if (!r->err)
        r->err = xasprintf("{{%.*s}}: %s", (int)t->len, t->name, what);
}

static bool is_name(const struct tag *t, const char *name)
{
    return t->len == strlen(name) && !memcmp(t->name, name, t->len);
}

static const json_t *look_up(const struct renderer *r, const struct tag *t)
{
    if (is_name(t, "."))
        return r->stack[r->depth - 1];
    for (size_t i = r->depth; i-- > 0;) {
        const json_t *v = json_object_getn(r->stack[i], t->name, t->len);
        if (v)
            return v;
    }
    return NULL;
}

static void escape(struct buf *out, const char *p, size_t n)
{
    static const struct {
        char c;
        const char *as;
    } rows[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < n; i++) {
        const char *as = NULL;
        for (size_t k = 0; k < ARRAY_SIZE(rows) && !as; k++)
            as = rows[k].c == p[i] ? rows[k].as : NULL;
        buf_add(out, as ? as : &p[i], as ? strlen(as) : 1);
    }
}

static void put(struct renderer *r, const struct tag *t)
{
    const json_t *v = look_up(r, t);
    if (json_is_string(v))
        escape(r->out, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        buf_addf(r->out, "%lld", (long long)json_integer_value(v));
    else if (!json_is_null(v))
        fail(r, v ? "is neither text nor number" : "there is no such value", t);
}

static bool is_true(const json_t *v)
{
    if (json_is_array(v))
        return json_array_size(v);
    if (json_is_string(v))
        return json_string_length(v);
    return v && !json_is_false(v) && !json_is_null(v);
}

/* The tag at or behind p; *ret_behind is what follows it. What stands before it goes out. NULL: there is
 * none. */
static const char *next_tag(struct renderer *r, const char *p, const char *end, bool show, struct tag *t)
{
    const char *open = memmem(p, (size_t)(end - p), "{{", 2);
    if (show)
        buf_add(r->out, p, (size_t)((open ? open : end) - p));
    if (!open)
        return NULL;
    const char *close = memmem(open, (size_t)(end - open), "}}", 2), *name = open + 2;
    *t = (struct tag){.name = name, .len = close ? (size_t)(close - name) : 0};
    if (t->len && strchr("#^/>", *name)) {
        t->kind = *t->name++;
        t->len--;
    }
    for (; t->len && *t->name == ' '; t->len--)
        t->name++;
    while (t->len && t->name[t->len - 1] == ' ')
        t->len--;
    if (!close || !t->len)
        fail(r, close ? "a name is missing" : "is not closed", t);
    return close ? close + 2 : NULL;
}

static const char *block(struct renderer *r, const char *p, const char *end, const struct tag *of,
                         bool show);

/* Once, with v as the innermost value. */
static const char *inside(struct renderer *r, const char *p, const char *end, const struct tag *t,
                          const json_t *v)
{
    if (r->depth == DEPTH_MAX) {
        fail(r, "is too deep within others", t);
        return end;
    }
    r->stack[r->depth++] = v;
    p = block(r, p, end, t, true);
    r->depth--;
    return p;
}

static const char *section(struct renderer *r, const char *p, const char *end, const struct tag *t,
                           bool show)
{
    const json_t *v = look_up(r, t);
    bool yes = is_true(v);
    if (!show || yes == (t->kind == '^'))
        return block(r, p, end, t, false);
    if (t->kind == '^')
        return block(r, p, end, t, true);
    const char *behind = p;
    const json_t *item;
    size_t i;
    if (!json_is_array(v))
        return inside(r, p, end, t, v);
    json_array_foreach(v, i, item) behind = inside(r, p, end, t, item);
    return behind;
}

static void partial(struct renderer *r, const struct tag *t)
{
    struct mustache_text text = r->find(r->arg, t->name, t->len);
    if (!text.p || r->partials == DEPTH_MAX) {
        fail(r, text.p ? "is too deep within others" : "there is no such template", t);
        return;
    }
    r->partials++;
    (void)block(r, text.p, text.p + text.len, NULL, true);
    r->partials--;
}

/* Until the end, or the {{/of}}; what is behind it. */
static const char *block(struct renderer *r, const char *p, const char *end, const struct tag *of, bool show)
{
    struct tag t;
    while ((p = next_tag(r, p, end, show, &t)) && !r->err) {
        if (t.kind == '/') {
            if (of && t.len == of->len && !memcmp(t.name, of->name, t.len))
                return p;
            fail(r, "closes what is not open", &t);
        } else if (t.kind == '#' || t.kind == '^') {
            p = section(r, p, end, &t, show);
        } else if (show && t.kind == '>') {
            partial(r, &t);
        } else if (show) {
            put(r, &t);
        }
    }
    if (of)
        fail(r, "is not closed", of);
    return end;
}

int mustache_render(struct buf *out, struct mustache_text text, const json_t *data, mustache_find_fn find,
                    void *arg, char **reterr)
{
    struct renderer r = {.out = out, .stack = {data}, .depth = 1, .find = find, .arg = arg};
    (void)block(&r, text.p, text.p + text.len, NULL, true);
    if (!r.err)
        return 0;
    *reterr = r.err;
    return -EINVAL;
}
