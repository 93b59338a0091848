/* Walks a value and its schema together. Branches (anyOf, oneOf) are tried with a list of problems of their own; if
 * none fits, the problems of the one that came nearest are told: one for the right kind of value, then the one whose
 * mistakes lie deepest, then the one that has fewest. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/script/schema.h"

#include <pcre2.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/schema_say.h"
#include "lib/script/version.h"

#define DEPTH_MAX 256 /* of schema and value together; a schema that refers to itself ends here */

struct mistake {
    struct place at;
    unsigned depth; /* of the value */
    bool kind;      /* not even the right kind of value */
    char *text;     /* owned */
};

struct mistakes {
    struct mistake *list;
    size_t n, cap;
};

struct walk {
    const json_t *root; /* the schema */
    const struct yaml_doc *doc;
};

/* Where the walk is: the value and the place it would be blamed at. */
struct here {
    const json_t *value;
    struct place at;
    unsigned depth, calls;
};

static void check(const struct walk *w, const json_t *schema, struct here h, struct mistakes *m);

/* ---- mistakes ---------------------------------------------------------------------------------------------- */

static void blame_as(struct mistakes *m, struct mistake one)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 8;
        m->list = xrealloc(m->list, m->cap * sizeof(*m->list));
    }
    m->list[m->n++] = one;
}

static void blame(struct mistakes *m, struct place at, unsigned depth, char *text)
{
    blame_as(m, (struct mistake){.at = at, .depth = depth, .text = text});
}

static void blame_kind(struct mistakes *m, struct place at, unsigned depth, char *text)
{
    blame_as(m, (struct mistake){.at = at, .depth = depth, .kind = true, .text = text});
}

static void mistakes_done(struct mistakes *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->list[i].text);
    free(m->list);
    *m = (struct mistakes){0};
}

static void mistakes_move(struct mistakes *to, struct mistakes *from)
{
    for (size_t i = 0; i < from->n; i++)
        blame_as(to, from->list[i]);
    free(from->list);
    *from = (struct mistakes){0};
}

/* How near a branch came: twice the depth of its shallowest mistake, and a bit more if at least the kind was right. */
static unsigned nearness(const struct mistakes *m)
{
    unsigned near = UINT32_MAX;
    for (size_t i = 0; i < m->n; i++) {
        unsigned mine = m->list[i].depth * 2 + !m->list[i].kind;
        if (mine < near)
            near = mine;
    }
    return near;
}

/* ---- references -------------------------------------------------------------------------------------------- */

static const json_t *resolve(const struct walk *w, const json_t *schema)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    if (!ref || strncmp(ref, "#/", 2) != 0)
        return NULL;
    const json_t *at = w->root;
    for (const char *p = ref + 2; at;) {
        size_t n = strcspn(p, "/");
        _cleanup_(freep) char *key = xstrndup(p, n);
        at = json_object_get(at, key);
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    return at;
}

/* "; expected …" from the schema, or from what it refers to. */
static char *expected(const struct walk *w, const json_t *schema)
{
    for (int i = 0; schema && i < 8; i++) {
        if (json_object_get(schema, "description"))
            return say_expected(schema);
        schema = resolve(w, schema);
    }
    return xstrdup("");
}

/* ---- scalars ----------------------------------------------------------------------------------------------- */

static bool is_type(const json_t *v, const char *type)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0;
    case JSON_NULL:
        return strcmp(type, "null") == 0;
    default:
        return strcmp(type, "boolean") == 0;
    }
}

static bool check_type(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *m)
{
    const json_t *types = json_object_get(schema, "type"), *t;
    if (!types)
        return true;
    if (json_is_string(types) && is_type(h->value, json_string_value(types)))
        return true;
    size_t i;
    struct buf names = BUF_NULL;
    json_array_foreach(types, i, t) {
        if (is_type(h->value, json_string_value(t))) {
            buf_done(&names);
            return true;
        }
        if (strcmp(json_string_value(t), "null") != 0)
            buf_addf(&names, "%s%s", i ? " or " : "", say_type(json_string_value(t)));
    }
    if (json_is_string(types))
        buf_addf(&names, "%s", say_type(json_string_value(types)));
    _cleanup_(freep) char *seen = say_value(h->value), *why = expected(w, schema);
    bool scalar = !json_is_object(h->value) && !json_is_array(h->value) && !json_is_null(h->value);
    blame_kind(m, h->at, h->depth,
               xasprintf("%s%s%s stands where %.*s belongs%s", say_kind(h->value), scalar ? " " : "",
                         scalar ? seen : "", (int)buf_len(&names), (const char *)buf_data(&names), why));
    buf_done(&names);
    return false;
}

static void check_enum(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *m)
{
    const json_t *values = json_object_get(schema, "enum"), *only = json_object_get(schema, "const");
    size_t i;
    json_t *v;
    if (only && !json_equal(only, h->value)) {
        _cleanup_(freep) char *seen = say_value(h->value), *wanted = say_value(only);
        blame(m, h->at, h->depth, xasprintf("%s is not known here; expected %s", seen, wanted));
    }
    if (!values)
        return;
    bool kind = true;
    json_array_foreach(values, i, v) {
        if (json_equal(v, h->value))
            return;
        kind &= json_typeof(v) != json_typeof(h->value);
    }
    const char *word = json_string_value(h->value);
    _cleanup_(freep) char *seen = say_value(h->value), *list = say_list(values),
                          *near = say_nearest(word ? word : "", values);
    char *text = xasprintf("%s is not known here; expected one of %s%s", seen, list, near);
    blame_as(m, (struct mistake){.at = h->at, .depth = h->depth, .kind = kind, .text = text});
}

static bool pattern_fits(const char *pattern, const char *text)
{
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
    if (!code)
        return false;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int n = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return n >= 0;
}

static bool format_fits(const char *format, const char *text)
{
    int64_t ms;
    bool in;
    if (strcmp(format, "duration") == 0)
        return duration_parse(text, &ms) == 0;
    if (strcmp(format, "versions") == 0)
        return version_in(text, NULL, "1.0", &in) == 0;
    return true;
}

static void check_text(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *m)
{
    const char *text = json_string_value(h->value);
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    const char *format = json_string_value(json_object_get(schema, "format"));
    if (!text)
        return;
    const char *what = NULL;
    if (format && !format_fits(format, text))
        what = strcmp(format, "duration") == 0 ? "is no duration" : "is no range of versions";
    else if (pattern && !pattern_fits(pattern, text))
        what = "does not fit here";
    if (!what)
        return;
    _cleanup_(freep) char *seen = say_value(h->value), *why = expected(w, schema);
    blame(m, h->at, h->depth, xasprintf("%s %s%s", seen, what, why));
}

static void check_number(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *m)
{
    const json_t *min = json_object_get(schema, "minimum"), *max = json_object_get(schema, "maximum");
    if (!json_is_number(h->value))
        return;
    double v = json_number_value(h->value);
    bool low = min && v < json_number_value(min), high = max && v > json_number_value(max);
    if (!low && !high)
        return;
    _cleanup_(freep) char *seen = say_value(h->value), *bound = say_value(low ? min : max), *why = expected(w, schema);
    blame(m, h->at, h->depth, xasprintf("%s is too %s, %s is the %s%s", seen, low ? "small" : "large", bound,
                                        low ? "least" : "most", why));
}

/* ---- structure --------------------------------------------------------------------------------------------- */

/* The schema of a key; *ret_free: no schema, but allowed. NULL and not free: unknown. */
static const json_t *schema_of_key(const json_t *schema, const char *key, bool *ret_free)
{
    const json_t *s = json_object_get(json_object_get(schema, "properties"), key);
    const json_t *patterns = json_object_get(schema, "patternProperties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const char *pattern;
    json_t *v;
    *ret_free = false;
    if (s)
        return s;
    json_object_foreach((json_t *)patterns, pattern, v)
        if (pattern_fits(pattern, key))
            return v;
    *ret_free = !json_is_false(others);
    return json_is_object(others) ? others : NULL;
}

static void unknown_key(const struct walk *w, const json_t *schema, const struct here *h, const char *key,
                        struct mistakes *m)
{
    const json_t *known = json_object_get(schema, "properties");
    _cleanup_(freep) char *near = say_nearest(key, known), *list = say_list(known);
    blame(m, yaml_key_place(w->doc, h->value, key), h->depth + 1,
          *list ? xasprintf("unknown key \"%s\"; expected one of %s%s", key, list, near)
                : xasprintf("unknown key \"%s\"; expected no keys here", key));
}

static void check_object(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *m)
{
    const char *key;
    size_t i;
    json_t *v;
    if (!json_is_object(h->value))
        return;
    json_object_foreach((json_t *)h->value, key, v) {
        bool is_free;
        const json_t *s = schema_of_key(schema, key, &is_free);
        if (s)
            check(w, s, (struct here){v, yaml_member_place(w->doc, h->value, key), h->depth + 1, h->calls + 1}, m);
        else if (!is_free)
            unknown_key(w, schema, h, key, m);
    }
    const json_t *required = json_object_get(schema, "required");
    json_array_foreach(required, i, v) {
        const char *name = json_string_value(v);
        if (json_object_get(h->value, name))
            continue;
        const json_t *s = json_object_get(json_object_get(schema, "properties"), name);
        _cleanup_(freep) char *why = expected(w, s);
        blame(m, h->at, h->depth + 1, xasprintf("the key \"%s\" is missing%s", name, why));
    }
    const json_t *min = json_object_get(schema, "minProperties");
    if (min && json_object_size(h->value) < (size_t)json_integer_value(min)) {
        _cleanup_(freep) char *why = expected(w, schema);
        blame(m, h->at, h->depth, xasprintf("nothing stands in it%s", why));
    }
}

static void check_array(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *m)
{
    const json_t *items = json_object_get(schema, "items"), *min = json_object_get(schema, "minItems");
    const json_t *max = json_object_get(schema, "maxItems");
    size_t i, n = json_array_size(h->value);
    json_t *v;
    if (!json_is_array(h->value))
        return;
    if ((min && n < (size_t)json_integer_value(min)) || (max && n > (size_t)json_integer_value(max))) {
        _cleanup_(freep) char *why = expected(w, schema);
        blame(m, h->at, h->depth, xasprintf("a list of %zu%s", n, *why ? why : "; expected more or fewer items"));
    }
    if (json_is_object(items))
        json_array_foreach(h->value, i, v)
            check(w, items, (struct here){v, yaml_item_place(w->doc, h->value, i), h->depth + 1, h->calls + 1}, m);
}

/* None of the branches fits; what is known of it goes into one line if all are wrong from the root on. */
static void tell_branches(const struct walk *w, const json_t *schema, const struct here *h, struct mistakes *best,
                          struct mistakes *m)
{
    _cleanup_(freep) char *why = expected(w, schema);
    if (nearness(best) > h->depth * 2 || !*why) {
        mistakes_move(m, best);
        return;
    }
    _cleanup_(freep) char *seen = say_value(h->value);
    blame(m, h->at, h->depth, xasprintf("%s does not fit here%s", seen, why));
}

static void check_branches(const struct walk *w, const json_t *schema, const json_t *branches, const struct here *h,
                           struct mistakes *m)
{
    struct mistakes best = {0};
    bool fitted = false;
    size_t i;
    json_t *b;
    json_array_foreach(branches, i, b) {
        struct mistakes mine = {0};
        struct here again = *h;
        again.calls++;
        check(w, b, again, &mine);
        fitted = mine.n == 0;
        unsigned near = nearness(&mine), best_near = nearness(&best);
        if (i == 0 || near > best_near || (near == best_near && mine.n < best.n)) {
            mistakes_done(&best);
            best = mine;
        } else {
            mistakes_done(&mine);
        }
        if (fitted)
            break;
    }
    if (!fitted && json_array_size(branches) > 0)
        tell_branches(w, schema, h, &best, m);
    mistakes_done(&best);
}

static void check(const struct walk *w, const json_t *schema, struct here h, struct mistakes *m)
{
    if (h.calls > DEPTH_MAX || !json_is_object(schema))
        return;
    const json_t *referred = resolve(w, schema);
    h.calls++;
    if (referred)
        check(w, referred, h, m);
    if (!check_type(w, schema, &h, m))
        return;
    check_enum(w, schema, &h, m);
    check_text(w, schema, &h, m);
    check_number(w, schema, &h, m);
    check_object(w, schema, &h, m);
    check_array(w, schema, &h, m);
    check_branches(w, schema, json_object_get(schema, "anyOf"), &h, m);
    check_branches(w, schema, json_object_get(schema, "oneOf"), &h, m);
}

void schema_check(const json_t *schema, const struct yaml_doc *doc, struct problems *p)
{
    struct walk w = {.root = schema, .doc = doc};
    struct mistakes m = {0};
    const json_t *root = yaml_root(doc);
    struct place at = yaml_place(doc, root);
    if (at.line == 0)
        at.line = at.column = 1;
    check(&w, schema, (struct here){root, at, 0, 0}, &m);
    for (size_t i = 0; i < m.n; i++)
        problem_add(p, m.list[i].at, "%s", m.list[i].text);
    mistakes_done(&m);
}
