/* How deep and how large an operation is, fragments expanded: each is looked at once, so what a few lines can make of
 * themselves costs nothing. The fields of introspection count for depth only: its documents are large, and have GitLab's
 * blessing. */
#include <string.h>

#include "fakegitlab/graphql/validate.h"

struct size {
    unsigned depth, fields;
};
struct known {
    const struct gql_fragment *fragment;
    struct size size;
    struct known *next;
};
struct sizing {
    const struct gql_document *document;
    struct arena *arena;
    struct known *known;
};

static struct size selections(struct sizing *z, const struct gql_selection *s);

static struct size fragment(struct sizing *z, const struct gql_fragment *f)
{
    for (const struct known *k = z->known; k; k = k->next)
        if (k->fragment == f)
            return k->size;
    struct known *k = ARENA_NEW(z->arena, struct known);
    *k = (struct known){f, selections(z, f->selections), NULL};
    k->next = z->known;
    z->known = k;
    return k->size;
}

static struct size selections(struct sizing *z, const struct gql_selection *s)
{
    struct size all = {0, 0};
    for (; s; s = s->next) {
        struct size one = {0, 0};
        if (s->kind == GQL_SPREAD_OF)
            one = fragment(z, gql_fragment(z->document, s->name));
        else
            one = selections(z, s->selections);
        if (s->kind == GQL_FIELD) {
            if (strcmp(s->name, "__schema") == 0 || strcmp(s->name, "__type") == 0)
                one.fields = 0;
            one.depth++;
            one.fields++;
        }
        all.depth = one.depth > all.depth ? one.depth : all.depth;
        all.fields = all.fields > 1000000 - (one.fields > 1000000 ? 1000000 : one.fields) ? 1000000 : all.fields + one.fields;
    }
    return all;
}

const char *gql_too_large(const struct gql_schema *s, const struct gql_document *d, const struct gql_operation *o,
                          const struct graphql_limits *limits, struct arena *a)
{
    struct sizing z = {d, a};
    struct size size = selections(&z, o->selections);
    if (size.depth > limits->depth)
        return arena_printf(a, "Query has depth of %u, which exceeds max depth of %u", size.depth, limits->depth);
    if (size.fields > limits->complexity)
        return arena_printf(a, "Query has complexity of %u, which exceeds max complexity of %u", size.fields,
                            limits->complexity);
    return NULL;
}
