/* The matrix: `for: {code: [1, 4]}` is each value, of several names each combination; a list of objects is a table, one
 * entry a row. An entry is a document of its own, derived from the file's, so that everything behind (checks with places,
 * rows) knows nothing of it. */
#include "lib/script/scenario_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"
#include "lib/script/scenario_impl.h"
#include "lib/script/schema_say.h"

#define ENTRIES_MAX 1000

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* ---- the entries ------------------------------------------------------------------------------------------- */

struct reading {
    const struct yaml_doc *doc;
    const json_t *schema, *written; /* the `for` */
    struct problems *p;
    json_t *entries, *labels; /* labels: label -> true */
    bool bad;
};

static bool name_ok(struct reading *r, const char *name, struct place at)
{
    const json_t *taken = json_object_get(r->schema, "x-variables");
    bool word = (*name >= 'a' && *name <= 'z') &&
                name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
    if (!word)
        problem_add(r->p, at, "\"%s\" cannot be put in as a value; expected a name of small letters, digits and _", name);
    else if (scenario_names_transport(taken, name))
        problem_add(r->p, at, "{%s} is a value that every row has; expected another name", name);
    else
        return true;
    r->bad = true;
    return false;
}

/* What survives shells, paths and the names of tests. */
static void label_add(struct buf *b, const json_t *v)
{
    const char *key;
    json_t *inner;
    json_object_foreach((json_t *)v, key, inner)
        if (!json_is_object(inner) && !json_is_array(inner)) {
            v = inner;
            break;
        }
    _cleanup_(freep) char *text = json_is_string(v) ? xstrdup(json_string_value(v))
                                                    : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    bool gap = false, any = false;
    for (const char *c = text; c && *c; c++) {
        bool fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("._", *c);
        if (fine && gap && any)
            buf_add(b, "-", 1);
        if (fine)
            buf_add(b, c, 1);
        gap = !fine;
        any |= fine;
    }
}

static void entry_add(struct reading *r, struct buf *label, json_t *values, struct place at)
{
    json_t *text = json_stringn((const char *)buf_data(label), buf_len(label));
    const char *name = json_string_value(text);
    if (!*name || json_object_get(r->labels, name)) {
        problem_add(r->p, at, *name ? "a second entry is called \"%s\"; expected values that tell the entries apart"
                                    : "nothing here can name the entry%s; expected a word or a number first", name);
        r->bad = true;
    } else if (json_array_size(r->entries) == ENTRIES_MAX) {
        if (!r->bad)
            problem_add(r->p, at, "more than %d entries", ENTRIES_MAX);
        r->bad = true;
    }
    json_object_set_new(r->labels, *name ? name : "?", json_true());
    json_array_append_new(r->entries, json_pack("{s:o, s:o}", "label", text, "values", values));
}

/* A table: the first column names the entry; every row has the same columns. */
static void read_rows(struct reading *r)
{
    const json_t *first = json_array_get(r->written, 0);
    size_t i;
    json_t *row, *v;
    const char *key;
    json_array_foreach(r->written, i, row) {
        struct place at = yaml_item_place(r->doc, r->written, i);
        struct buf label = BUF_NULL;
        if (!json_is_object(row) || !json_object_size(row)) {
            problem_add(r->p, at, "expected a row {name: value, …}");
            r->bad = true;
            return;
        }
        json_object_foreach(row, key, v) {
            struct place key_at = yaml_key_place(r->doc, row, key);
            if (!name_ok(r, key, key_at))
                return;
            if (!json_object_get(first, key)) {
                problem_add(r->p, key_at, "the first row has no \"%s\"; expected the same names in every row", key);
                r->bad = true;
            }
            if (!buf_len(&label))
                label_add(&label, v);
        }
        json_object_foreach((json_t *)first, key, v)
            if (!json_object_get(row, key)) {
                problem_add(r->p, at, "\"%s\" is missing in this row; expected the same names in every row", key);
                r->bad = true;
            }
        entry_add(r, &label, json_incref(row), at);
        buf_done(&label);
    }
}

/* All combinations: the last name turns fastest. */
static void read_product(struct reading *r, void *at_name, const json_t *chosen, const char *label)
{
    json_t *object = (json_t *)r->written, *v;
    if (!at_name) {
        struct buf b = BUF_NULL;
        buf_addf(&b, "%s", label);
        entry_add(r, &b, json_copy((json_t *)chosen), yaml_place(r->doc, r->written));
        buf_done(&b);
        return;
    }
    const char *name = json_object_iter_key(at_name);
    const json_t *list = json_object_iter_value(at_name);
    size_t i;
    json_array_foreach(list, i, v) {
        struct buf b = BUF_NULL;
        buf_addf(&b, "%s%s", label, *label ? ":" : "");
        size_t before = buf_len(&b);
        label_add(&b, v);
        if (buf_len(&b) == before) {
            problem_add(r->p, yaml_item_place(r->doc, list, i), "nothing here can name the entry; expected a word or a "
                        "number first");
            r->bad = true;
        }
        json_t *with = json_copy((json_t *)chosen);
        json_object_set(with, name, v);
        _cleanup_(freep) char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
        buf_done(&b);
        if (!r->bad)
            read_product(r, json_object_iter_next(object, at_name), with, text);
        json_decref(with);
    }
}

static bool lists_ok(struct reading *r)
{
    const char *name;
    json_t *list;
    json_object_foreach((json_t *)r->written, name, list) {
        if (!name_ok(r, name, yaml_key_place(r->doc, r->written, name)))
            return false;
        if (!json_array_size(list)) {
            problem_add(r->p, yaml_member_place(r->doc, r->written, name), "expected the values of {%s}: [value, …]",
                        name);
            r->bad = true;
        }
    }
    return !r->bad;
}

/* ---- what is for some entries only ------------------------------------------------------------------------- */

/* Whose items may choose. */
static const char *const choosers[] = {"variants", "cures", "faults", "then",  "log",
                                       "wire",     "order", "never",  "schedule", NULL};

/* A list means one of them, anything else is a pattern. */
static bool fits(const json_t *wanted, const json_t *value)
{
    size_t i;
    json_t *one;
    if (!json_is_array(wanted))
        return match(wanted, value, NULL);
    json_array_foreach(wanted, i, one)
        if (match(one, value, NULL))
            return true;
    return false;
}

static bool chosen(const json_t *choice, const json_t *values)
{
    const char *name;
    json_t *wanted;
    json_object_foreach((json_t *)choice, name, wanted)
        if (!fits(wanted, json_object_get(values, name)))
            return false;
    return true;
}

static const char *never_fits(const json_t *choice, const json_t *entries)
{
    const char *name;
    json_t *wanted, *entry;
    size_t i;
    json_object_foreach((json_t *)choice, name, wanted) {
        bool any = false;
        json_array_foreach(entries, i, entry)
            any |= fits(wanted, json_object_get(json_object_get(entry, "values"), name));
        if (!any)
            return name;
    }
    return NULL;
}

static void check_choice(struct reading *r, const json_t *item, const json_t *choice)
{
    struct place at = yaml_member_place(r->doc, item, "for");
    const json_t *values = json_object_get(json_array_get(r->entries, 0), "values");
    const char *name;
    json_t *wanted;
    r->bad = true;
    if (!json_is_object(choice) || !json_object_size(choice)) {
        problem_add(r->p, at, "expected {name: [values…]}: for which entries this is");
        return;
    }
    if (!values) {
        problem_add(r->p, at, "this scenario has no `for` of its own; expected one at the top, whose names stand here");
        return;
    }
    json_object_foreach((json_t *)choice, name, wanted)
        if (!json_object_get(values, name)) {
            _cleanup_(freep) char *list = say_list(values), *near = say_nearest(name, values);
            problem_add(r->p, yaml_key_place(r->doc, choice, name), "no value is called \"%s\"; expected one of %s%s",
                        name, list, near);
            return;
        }
    if ((name = never_fits(choice, r->entries))) {
        problem_add(r->p, yaml_member_place(r->doc, choice, name), "no entry has such a \"%s\", so this never holds", name);
        return;
    }
    r->bad = false;
}

static void check_choices(struct reading *r, const json_t *v, const char *in)
{
    const char *key;
    size_t i;
    json_t *inner;
    json_object_foreach((json_t *)v, key, inner)
        check_choices(r, inner, key);
    json_array_foreach(v, i, inner) {
        const json_t *choice = is_one_of(in, choosers) ? json_object_get(inner, "for") : NULL;
        bool before = r->bad;
        if (choice)
            check_choice(r, inner, choice);
        r->bad |= before;
        check_choices(r, inner, in);
    }
}

json_t *matrix_entries(const struct yaml_doc *doc, const json_t *schema, struct problems *p)
{
    const json_t *root = yaml_root(doc);
    struct reading r = {.doc = doc, .schema = schema, .p = p, .written = json_object_get(root, "for"),
                        .entries = json_array(), .labels = json_object()};
    bool rows = json_array_size(r.written) > 0, lists = json_object_size(r.written) > 0;
    if (rows) {
        read_rows(&r);
    } else if (lists) {
        json_t *none = json_object();
        if (lists_ok(&r))
            read_product(&r, json_object_iter((json_t *)r.written), none, "");
        json_decref(none);
    } else if (r.written) {
        problem_add(p, yaml_member_place(doc, root, "for"), "expected {name: [values…]}, or a list of rows {name: value, …}");
        r.bad = true;
    }
    if (!r.bad)
        check_choices(&r, root, "");
    json_decref(r.labels);
    if (!r.bad)
        return r.entries;
    json_decref(r.entries);
    return NULL;
}

/* ---- an entry's document ----------------------------------------------------------------------------------- */

struct putting {
    const json_t *values;
    struct problems *p;
};

/* The length of what stands between the braces at p ("{name}" or "{name.key}"), else 0. */
static size_t place_length(const char *p)
{
    if (p[0] != '{' || p[1] < 'a' || p[1] > 'z')
        return 0;
    size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return p[1 + n] == '}' ? n : 0;
}

/* NULL: the name is none of the matrix, or what is below it is not there (then a problem was added). */
static const json_t *value_of(struct putting *put, const char *path, size_t len, struct place at)
{
    _cleanup_(freep) char *whole = xstrndup(path, len);
    char *rest = whole, *part = strsep(&rest, ".");
    const json_t *v = json_object_get(put->values, part);
    if (!v)
        return NULL;
    while (v && rest) {
        const json_t *within = v;
        part = strsep(&rest, ".");
        v = json_object_get(within, part);
        if (!v) {
            _cleanup_(freep) char *list = say_list(within), *near = say_nearest(part, within);
            problem_add(put->p, at, "{%.*s}: this entry has no \"%s\"%s%s%s", (int)len, path, part,
                        *list ? "; expected one of " : "", list, near);
        }
    }
    return v;
}

static void text_add(struct buf *b, const json_t *v)
{
    _cleanup_(freep) char *dump = json_is_string(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    if (json_is_string(v))
        buf_add(b, json_string_value(v), json_string_length(v));
    else
        buf_addf(b, "%s", dump ? dump : "");
}

static json_t *put_in(struct putting *put, const json_t *text, struct place at)
{
    const char *start = json_string_value(text), *end = start + json_string_length(text);
    size_t n = place_length(start);
    const json_t *v = NULL;
    if (n && n + 2 == json_string_length(text))
        return (v = value_of(put, start + 1, n, at)) ? json_deep_copy(v) : json_incref((json_t *)text);
    struct buf b = BUF_NULL;
    for (const char *p = start; p < end;) {
        bool brace = p[0] == '{' && p[1] == '{';
        n = place_length(p);
        v = !brace && n ? value_of(put, p + 1, n, at) : NULL;
        if (v)
            text_add(&b, v);
        else
            buf_add(&b, p, brace ? 2 : 1);
        p += v ? n + 2 : brace ? 2 : 1;
    }
    json_t *out = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out;
}

static bool derive(void *arg, const char *in, const char *key, const json_t *value, struct place at, json_t **ret)
{
    struct putting *put = arg;
    if (key && strcmp(key, "for") == 0 && (!*in || (is_one_of(in, choosers) && strcmp(in, "variants") != 0)))
        return false; /* a variant keeps its own: it says why it is one */
    const json_t *choice = !key && is_one_of(in, choosers) ? json_object_get(value, "for") : NULL;
    if (choice && !chosen(choice, put->values))
        return false;
    if (json_is_string(value))
        *ret = put_in(put, value, at);
    return true;
}

struct yaml_doc *matrix_document(const struct yaml_doc *doc, const json_t *entry, struct problems *p)
{
    struct putting put = {.values = json_object_get(entry, "values"), .p = p};
    return yaml_derive(doc, derive, &put);
}
