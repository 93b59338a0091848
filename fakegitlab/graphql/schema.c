/* Looking into the tables. */
#include "fakegitlab/graphql/schema.h"

#include <string.h>

struct gql_ref gql_ref(const char *type)
{
    return (struct gql_ref){type, strlen(type)};
}

bool gql_ref_required(struct gql_ref r)
{
    return r.n && r.s[r.n - 1] == '!';
}

struct gql_ref gql_ref_nullable(struct gql_ref r)
{
    r.n -= gql_ref_required(r);
    return r;
}

bool gql_ref_list(struct gql_ref r)
{
    return r.n && r.s[0] == '[';
}

struct gql_ref gql_ref_item(struct gql_ref r)
{
    r = gql_ref_nullable(r);
    return (struct gql_ref){r.s + 1, r.n - 2};
}

struct gql_ref gql_ref_name(struct gql_ref r)
{
    size_t skip = strspn(r.s, "[");
    return (struct gql_ref){r.s + skip, strcspn(r.s + skip, "!]")};
}

bool gql_offered(const struct gql_schema *s, struct gql_versions in)
{
    if (!s->version)
        return !in.old;
    return s->version >= in.since && (!in.until || s->version < in.until);
}

static bool named(const struct gql_type_row *t, struct gql_ref r)
{
    return strlen(t->name) == r.n && memcmp(t->name, r.s, r.n) == 0;
}

const struct gql_type_row *gql_type_of(const struct gql_schema *s, struct gql_ref r)
{
    r = gql_ref_name(r);
    for (const struct gql_type_row *const *t = s->types; *t; t++)
        if (named(*t, r) && gql_offered(s, (*t)->in))
            return *t;
    for (const struct gql_type_row *const *t = gql_introspection_types; *t; t++)
        if (named(*t, r))
            return *t;
    return NULL;
}

const struct gql_type_row *gql_type(const struct gql_schema *s, const char *name)
{
    return gql_type_of(s, gql_ref(name));
}

const struct gql_field_row *gql_field(const struct gql_schema *s, const struct gql_type_row *t, const char *name)
{
    if (t->kind != GQL_OBJECT_TYPE)
        return NULL;
    if (strcmp(name, gql_typename_field.name) == 0)
        return &gql_typename_field;
    for (const struct gql_field_row *f = t->fields; f->name; f++)
        if (strcmp(f->name, name) == 0 && gql_offered(s, f->in))
            return f;
    if (strcmp(t->name, s->query) == 0)
        for (const struct gql_field_row *f = gql_introspection_fields; f->name; f++)
            if (strcmp(f->name, name) == 0)
                return f;
    return NULL;
}

const struct gql_input_row *gql_input(const struct gql_schema *s, const struct gql_input_row *rows, const char *name)
{
    for (; rows && rows->name; rows++)
        if (strcmp(rows->name, name) == 0 && gql_offered(s, rows->in))
            return rows;
    return NULL;
}

const struct gql_directive_row *gql_directive(const struct gql_schema *s, const char *name)
{
    for (const struct gql_directive_row *d = s->directives; d->name; d++)
        if (strcmp(d->name, name) == 0)
            return d;
    return NULL;
}

bool gql_input_required(const struct gql_input_row *row)
{
    return !row->value && gql_ref_required(gql_ref(row->type));
}

bool gql_is_leaf(const struct gql_type_row *t)
{
    return t->kind == GQL_SCALAR_TYPE || t->kind == GQL_ENUM_TYPE;
}
