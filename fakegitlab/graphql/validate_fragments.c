/* Fragments: section 5.5 of the specification. */
#include <string.h>

#include "fakegitlab/graphql/validate.h"

/* Each fragment that can be reached from `s`, once: `seen` has a place for each. */
struct reach {
    const struct gql_validation *v;
    bool *seen;
};

static size_t number_of(const struct gql_document *d, const char *name)
{
    size_t i = 0;
    const struct gql_fragment *f = d->fragments;
    for (; f && strcmp(f->name, name) != 0; f = f->next)
        i++;
    return f ? i : SIZE_MAX;
}

static void reach(struct reach *r, const struct gql_selection *s)
{
    for (; s; s = s->next) {
        if (s->kind == GQL_SPREAD_OF) {
            size_t i = number_of(r->v->document, s->name);
            if (i == SIZE_MAX || r->seen[i])
                continue;
            r->seen[i] = true;
            reach(r, gql_fragment(r->v->document, s->name)->selections);
        } else {
            reach(r, s->selections);
        }
    }
}

static size_t fragments(const struct gql_document *d)
{
    size_t n = 0;
    for (const struct gql_fragment *f = d->fragments; f; f = f->next)
        n++;
    return n;
}

static bool unique(struct gql_validation *v, const struct gql_fragment *f)
{
    if (gql_fragment(v->document, f->name) == f)
        return true;
    gql_invalid(v, &f->place, "fragmentNotUnique", json_pack("{s:s}", "fragmentName", f->name),
                "Fragment name \"%s\" must be unique", f->name);
    return false;
}

static void one(struct gql_validation *v, const struct gql_fragment *f, bool used)
{
    struct gql_path path = {NULL, arena_printf(v->arena, "fragment %s", f->name), 0};
    const struct gql_type_row *t = gql_type(v->schema, f->on);
    v->path = &path;
    if (unique(v, f) && !used)
        gql_invalid(v, &f->place, "useAndDefineFragment", json_pack("{s:s}", "fragmentName", f->name),
                    "Fragment %s was defined, but not used", f->name);
    if (!t)
        gql_invalid(v, &f->on_place, "undefinedType", json_pack("{s:s}", "typeName", f->on),
                    "No such type %s, so it can't be a fragment condition", f->on);
    else if (t->kind != GQL_OBJECT_TYPE)
        gql_invalid(v, &f->on_place, "fragmentOnNonCompositeType", json_pack("{s:s}", "typeName", f->on),
                    "Invalid fragment on type %s (must be Union, Interface or Object)", f->on);
    gql_validate_directives(v, f->directives, "FRAGMENT_DEFINITION");
    gql_validate_selections(v, t && t->kind == GQL_OBJECT_TYPE ? t : NULL, f->selections);
    v->path = NULL;
}

void gql_validate_fragments(struct gql_validation *v)
{
    struct reach r = {v, arena_alloc(v->arena, fragments(v->document))};
    for (const struct gql_operation *o = v->document->operations; o; o = o->next)
        reach(&r, o->selections);
    size_t i = 0;
    for (const struct gql_fragment *f = v->document->fragments; f && !gql_validation_over(v); f = f->next)
        one(v, f, r.seen[i++]);
}

bool gql_has_cycles(struct gql_validation *v)
{
    bool any = false;
    size_t n = fragments(v->document), i = 0;
    for (const struct gql_fragment *f = v->document->fragments; f; f = f->next, i++) {
        if (n > 1000 && ++v->work > v->limits->work)
            return true;
        struct reach r = {v, arena_alloc(v->arena, n)};
        reach(&r, f->selections);
        size_t self = number_of(v->document, f->name);
        if (!r.seen[self] || self != i)
            continue;
        any = true;
        gql_invalid(v, &f->place, "infiniteLoop", json_pack("{s:s}", "fragmentName", f->name),
                    "Fragment %s contains an infinite loop", f->name);
    }
    return any;
}
