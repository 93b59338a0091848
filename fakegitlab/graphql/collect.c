/* CollectFields(): section 6.3.2 of the specification. */
#include <string.h>

#include "fakegitlab/graphql/execute.h"

struct collecting {
    struct arena *arena;
    const struct gql_document *document;
    const json_t *variables;
    const struct gql_type_row *type;
    struct gql_group *first, **tail;
    struct gql_nodes *seen; /* fragments, by their selections */
    size_t *work;
};

static bool condition(const struct collecting *c, const struct gql_directive *d)
{
    const struct gql_value *v = d->arguments ? d->arguments->value : NULL;
    if (v && v->kind == GQL_VALUE_VARIABLE)
        return json_is_true(json_object_get(c->variables, v->text));
    return v && v->yes;
}

static bool left_out(const struct collecting *c, const struct gql_directive *d)
{
    for (; d && c->variables; d = d->next)
        if ((strcmp(d->name, "skip") == 0 && condition(c, d)) ||
            (strcmp(d->name, "include") == 0 && !condition(c, d)))
            return true;
    return false;
}

static void add(struct collecting *c, const struct gql_selection *s)
{
    struct gql_group *g = c->first;
    while (g && strcmp(g->key, s->key) != 0)
        g = g->next;
    if (!g) {
        g = ARENA_NEW(c->arena, struct gql_group);
        g->key = s->key;
        g->field = s;
        *c->tail = g;
        c->tail = &g->next;
    }
    struct gql_nodes **n = &g->nodes;
    while (*n)
        n = &(*n)->next;
    *n = ARENA_NEW(c->arena, struct gql_nodes);
    (*n)->selections = s->selections;
}

static bool seen_before(struct collecting *c, const struct gql_selection *selections)
{
    for (const struct gql_nodes *n = c->seen; n; n = n->next)
        if (n->selections == selections)
            return true;
    struct gql_nodes *n = ARENA_NEW(c->arena, struct gql_nodes);
    *n = (struct gql_nodes){selections, c->seen};
    c->seen = n;
    return false;
}

static void collect(struct collecting *c, const struct gql_selection *s)
{
    for (; s; s = s->next) {
        ++*c->work;
        if (left_out(c, s->directives))
            continue;
        if (s->kind == GQL_FIELD) {
            add(c, s);
            continue;
        }
        const struct gql_fragment *f = s->kind == GQL_SPREAD_OF ? gql_fragment(c->document, s->name) : NULL;
        if (s->kind == GQL_SPREAD_OF && (!f || seen_before(c, f->selections)))
            continue;
        const char *on = f ? f->on : s->on;
        if (!on || strcmp(on, c->type->name) == 0)
            collect(c, f ? f->selections : s->selections);
    }
}

struct gql_group *gql_collect(struct arena *a, const struct gql_document *d, const json_t *variables,
                              const struct gql_type_row *t, const struct gql_nodes *nodes, size_t *work)
{
    struct collecting c = {.arena = a, .document = d, .variables = variables, .type = t, .work = work};
    c.tail = &c.first;
    for (; nodes; nodes = nodes->next)
        collect(&c, nodes->selections);
    return c.first;
}
