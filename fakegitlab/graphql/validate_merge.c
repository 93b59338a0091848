/* Two fields of one name in the answer must be the same one: section 5.3.2 of the specification. As there are only objects,
 * it is enough to hold each against the first of its name, and then what is selected of all of them together. */
#include <string.h>

#include "fakegitlab/graphql/coerce.h"
#include "fakegitlab/graphql/validate.h"

struct merged { /* the fields of one key */
    const struct gql_selection *field;
    struct merged *next;
};
struct key {
    const struct gql_selection *first;
    struct merged *all, **tail;
    struct key *next;
};
struct seen_fragment {
    const struct gql_fragment *fragment;
    struct seen_fragment *next;
};
struct fields {
    struct gql_validation *v;
    struct key *first, **tail;
    struct seen_fragment *seen;
};

static void add(struct fields *f, const struct gql_selection *s)
{
    struct key *k = f->first;
    for (; k && strcmp(k->first->key, s->key) != 0; k = k->next)
        f->v->work++;
    if (!k) {
        k = ARENA_NEW(f->v->arena, struct key);
        *k = (struct key){.first = s};
        k->tail = &k->all;
        *f->tail = k;
        f->tail = &k->next;
    }
    struct merged *m = ARENA_NEW(f->v->arena, struct merged);
    m->field = s;
    *k->tail = m;
    k->tail = &m->next;
}

static void gather(struct fields *f, const struct gql_selection *s)
{
    for (; s && !gql_validation_over(f->v); s = s->next) {
        f->v->work++;
        if (s->kind == GQL_FIELD) {
            add(f, s);
            continue;
        }
        if (s->kind == GQL_INLINE) {
            gather(f, s->selections);
            continue;
        }
        const struct gql_fragment *fragment = gql_fragment(f->v->document, s->name);
        struct seen_fragment *seen = f->seen;
        while (seen && seen->fragment != fragment)
            seen = seen->next;
        if (!fragment || seen)
            continue;
        seen = ARENA_NEW(f->v->arena, struct seen_fragment);
        *seen = (struct seen_fragment){fragment, f->seen};
        f->seen = seen;
        gather(f, fragment->selections);
    }
}

static const char *arguments_text(struct gql_validation *v, const struct gql_argument *a)
{
    struct gql_value all = {.kind = GQL_VALUE_OBJECT, .fields = (struct gql_argument *)a};
    return gql_literal_text(v->arena, &all);
}

/* The order in which they stand does not matter. */
static bool same_arguments(struct gql_validation *v, const struct gql_argument *a, const struct gql_argument *b)
{
    size_t n = 0, m = 0;
    for (const struct gql_argument *i = b; i; i = i->next)
        m++;
    for (const struct gql_argument *i = a; i; i = i->next, n++) {
        const struct gql_argument *j = b;
        for (; j && strcmp(j->name, i->name) != 0; j = j->next)
            v->work++;
        if (!j || i->value->kind != j->value->kind ||
            strcmp(gql_literal_text(v->arena, i->value), gql_literal_text(v->arena, j->value)) != 0)
            return false;
    }
    return n == m;
}

static void conflict(struct gql_validation *v, const struct gql_selection *a, const struct gql_selection *b,
                     const char *kind, const char *first, const char *second)
{
    size_t before = json_array_size(v->errors);
    gql_invalid(v, &a->place, "fieldConflict",
                json_pack("{s:s, s:s}", "fieldName", a->key, "conflicts", arena_printf(v->arena, "%s or %s", first, second)),
                "Field '%s' has %s conflict: %s or %s?", a->key, kind, first, second);
    if (json_array_size(v->errors) > before)
        json_array_append_new(json_object_get(json_array_get(v->errors, before), "locations"),
                              json_pack("{s:i, s:i}", "line", (int)b->place.line, "column", (int)b->place.column));
}

static void merge(struct gql_validation *v, struct fields *f);

static void one_key(struct gql_validation *v, const struct key *k)
{
    struct fields inner = {v};
    inner.tail = &inner.first;
    for (const struct merged *m = k->all; m && !gql_validation_over(v); m = m->next) {
        if (strcmp(m->field->name, k->first->name) != 0)
            conflict(v, k->first, m->field, "a field", k->first->name, m->field->name);
        else if (m->field != k->first && !same_arguments(v, k->first->arguments, m->field->arguments))
            conflict(v, k->first, m->field, "an argument", arguments_text(v, k->first->arguments),
                     arguments_text(v, m->field->arguments));
        gather(&inner, m->field->selections);
    }
    struct gql_path path = {v->path, k->first->key, 0};
    v->path = &path;
    merge(v, &inner);
    v->path = path.up;
}

static void merge(struct gql_validation *v, struct fields *f)
{
    for (const struct key *k = f->first; k && !gql_validation_over(v); k = k->next)
        one_key(v, k);
}

void gql_validate_merge(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s)
{
    struct fields f = {v};
    f.tail = &f.first;
    gather(&f, s);
    merge(v, &f);
}
