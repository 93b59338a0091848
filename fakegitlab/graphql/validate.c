#include "fakegitlab/graphql/validate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

void gql_invalid(struct gql_validation *v, const struct gql_place *place, const char *code, json_t *extensions,
                 const char *format, ...)
{
    _cleanup_(freep) char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    json_t *all = json_pack("{s:s}", "code", code);
    if (extensions)
        json_object_update(all, extensions);
    json_decref(extensions);
    json_t *path = json_array();
    for (const struct gql_path *p = v->path; p; p = p->up)
        json_array_insert_new(path, 0, json_string(p->key));
    if (n < 0 || gql_validation_over(v)) {
        json_decref(all);
        json_decref(path);
        return;
    }
    json_array_append_new(v->errors, gql_error_json(text, place, path, all));
}

bool gql_validation_over(struct gql_validation *v)
{
    return json_array_size(v->errors) >= v->limits->errors || v->work > v->limits->work;
}

const char *gql_operation_title(struct arena *a, const struct gql_operation *o)
{
    static const char *const kinds[] = {"query", "mutation", "subscription"};
    return o->name ? arena_printf(a, "%s %s", kinds[o->kind], o->name) : kinds[o->kind];
}

const struct gql_type_row *gql_operation_type(const struct gql_schema *s, const struct gql_operation *o)
{
    const char *name = o->kind == GQL_QUERY ? s->query : o->kind == GQL_MUTATION ? s->mutation : NULL;
    return name ? gql_type(s, name) : NULL;
}

const struct gql_type_row *gql_selection_type(const struct gql_validation *v, const struct gql_type_row *t,
                                              const struct gql_selection *s)
{
    const struct gql_type_row *inner = t;
    if (s->kind == GQL_FIELD) {
        const struct gql_field_row *f = t ? gql_field(v->schema, t, s->name) : NULL;
        inner = f ? gql_type_of(v->schema, gql_ref(f->type)) : NULL;
    } else if (s->kind == GQL_SPREAD_OF) {
        const struct gql_fragment *f = gql_fragment(v->document, s->name);
        inner = f ? gql_type(v->schema, f->on) : NULL;
    } else if (s->on) {
        inner = gql_type(v->schema, s->on);
    }
    return inner && inner->kind == GQL_OBJECT_TYPE ? inner : NULL;
}

static void names(struct gql_validation *v)
{
    for (const struct gql_operation *o = v->document->operations; o; o = o->next) {
        if (!o->name && (o->next || o != v->document->operations))
            gql_invalid(v, &o->place, "uniquelyNamedOperations", NULL,
                        "Operation name is required when multiple operations are present");
        for (const struct gql_operation *p = v->document->operations; o->name && p != o; p = p->next)
            if (p->name && strcmp(p->name, o->name) == 0) {
                gql_invalid(v, &o->place, "uniquelyNamedOperations", json_pack("{s:s}", "operationName", o->name),
                            "Operation name \"%s\" must be unique", o->name);
                break;
            }
    }
}

static void operation(struct gql_validation *v, const struct gql_operation *o)
{
    static const char *const locations[] = {"QUERY", "MUTATION", "SUBSCRIPTION"};
    struct gql_path path = {NULL, gql_operation_title(v->arena, o), 0};
    const struct gql_type_row *t = gql_operation_type(v->schema, o);
    v->path = &path;
    if (!t) {
        gql_invalid(v, &o->place, "missingSubscriptionConfiguration", NULL, "Schema is not configured for subscriptions");
        v->path = NULL;
        return;
    }
    gql_validate_directives(v, o->directives, locations[o->kind]);
    gql_validate_selections(v, t, o->selections);
    gql_validate_variables(v, o);
    gql_validate_merge(v, t, o->selections);
    v->path = NULL;
}

bool gql_validate(const struct gql_schema *s, const struct gql_document *d, const struct graphql_limits *limits,
                  struct arena *a, json_t *errors)
{
    struct gql_validation v = {s, d, limits, a, errors};
    names(&v);
    gql_validate_fragments(&v);
    if (gql_has_cycles(&v))
        return false;
    for (const struct gql_operation *o = d->operations; o && !gql_validation_over(&v); o = o->next)
        operation(&v, o);
    if (v.work > limits->work)
        json_array_append_new(errors, gql_error_json("Query is too large to be validated", NULL, NULL, NULL));
    return json_array_size(errors) == 0;
}
