#include "fakegitlab/graphql/execute.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "fakegitlab/graphql/coerce.h"
#include "lib/base/mem.h"

struct gql_result gql_null(void)
{
    return (struct gql_result){GQL_RESULT_NULL};
}

struct gql_result gql_leaf(json_t *stolen)
{
    return (struct gql_result){.kind = stolen ? GQL_RESULT_LEAF : GQL_RESULT_NULL, .leaf = stolen};
}

struct gql_result gql_text(const char *s)
{
    return gql_leaf(s ? json_string(s) : NULL);
}

struct gql_result gql_number(json_int_t n)
{
    return gql_leaf(json_integer(n));
}

struct gql_result gql_bool(bool yes)
{
    return gql_leaf(json_boolean(yes));
}

struct gql_result gql_object(const void *o)
{
    return (struct gql_result){.kind = o ? GQL_RESULT_OBJECT : GQL_RESULT_NULL, .object = o};
}

struct gql_result gql_fail(struct gql_call *c, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return (struct gql_result){.kind = GQL_RESULT_ERROR, .error = arena_strndup(c->arena, text, strlen(text))};
}

json_t *gql_error_json(const char *message, const struct gql_place *place, json_t *path, json_t *extensions)
{
    json_t *e = json_pack("{s:s}", "message", message);
    if (place)
        json_object_set_new(e, "locations", json_pack("[{s:i, s:i}]", "line", (int)place->line, "column", (int)place->column));
    if (path)
        json_object_set_new(e, "path", path);
    if (extensions)
        json_object_set_new(e, "extensions", extensions);
    return e;
}

static json_t *path_json(const struct gql_path *p)
{
    json_t *path = json_array();
    for (; p; p = p->up)
        json_array_insert_new(path, 0, p->key ? json_string(p->key) : json_integer((json_int_t)p->index));
    return path;
}

static void error_at(struct gql_call *c, const struct gql_selection *field, const struct gql_path *path,
                     const char *message)
{
    json_array_append_new(c->errors, gql_error_json(message, &field->place, path_json(path), NULL));
}

struct spot { /* what is being completed */
    const struct gql_type_row *parent;
    const struct gql_group *group;
    const struct gql_path *path;
};

static json_t *execute_object(struct gql_call *c, const struct gql_type_row *t, const struct gql_nodes *nodes,
                              const void *object, const struct gql_path *path);

static json_t *complete(struct gql_call *c, const struct spot *at, struct gql_ref type, const struct gql_result *r);

static json_t *complete_list(struct gql_call *c, const struct spot *at, struct gql_ref type, const struct gql_result *r)
{
    json_t *made = json_array();
    for (size_t i = 0; i < r->n; i++) {
        struct gql_path path = {at->path, NULL, i};
        struct spot item_at = {at->parent, at->group, &path};
        json_t *item = complete(c, &item_at, gql_ref_item(type), &r->items[i]);
        if (!item) {
            json_decref(made);
            for (i++; i < r->n; i++)
                json_decref(r->items[i].leaf);
            return NULL;
        }
        json_array_append_new(made, item);
    }
    return made;
}

/* NULL: there is nothing for a place that must have something, so whatever holds it is nothing either. An error that
 * says why stands in c->errors then. */
static json_t *complete(struct gql_call *c, const struct spot *at, struct gql_ref type, const struct gql_result *r)
{
    json_t *value = NULL;
    bool told = r->kind == GQL_RESULT_ERROR;
    if (told)
        error_at(c, at->group->field, at->path, r->error);
    if (r->kind == GQL_RESULT_LEAF && !json_is_null(r->leaf)) {
        value = r->leaf;
    } else if (r->kind == GQL_RESULT_LEAF) {
        json_decref(r->leaf);
    } else if (r->kind == GQL_RESULT_LIST) {
        value = complete_list(c, at, type, r);
        told = !value;
    } else if (r->kind == GQL_RESULT_OBJECT) {
        value = execute_object(c, gql_type_of(c->schema, type), at->group->nodes, r->object, at->path);
        told = !value;
    }
    if (value)
        return value;
    if (!gql_ref_required(type))
        return json_null();
    if (!told && !c->stopped)
        error_at(c, at->group->field, at->path,
                 arena_printf(c->arena, "Cannot return null for non-nullable field %s.%s", at->parent->name,
                              at->group->field->name));
    return NULL;
}

static struct gql_result resolve(struct gql_call *c, const struct gql_field_row *row, const struct gql_selection *field,
                                 const void *object, const struct gql_type_row *t)
{
    const struct gql_input_row *wrong = NULL;
    struct gql_coercion coercion = {c->schema, c->arena, c->variables, NULL};
    if (row == &gql_typename_field)
        return gql_text(t->name);
    json_t *args = gql_coerce_arguments(&coercion, row->args, field->arguments, &wrong);
    if (!args)
        return gql_fail(c, "Argument '%s' on Field '%s' has an invalid value. Expected type '%s'.", wrong->name,
                        field->name, wrong->type);
    c->field = field;
    struct gql_result r = row->resolve(c, object, args);
    json_decref(args);
    return r;
}

static bool over(struct gql_call *c, const struct gql_group *g, const struct gql_path *path)
{
    if (!c->stopped && ++c->results > c->limits.results) {
        error_at(c, g->field, path, arena_printf(c->arena, "Query has more than %zu results", c->limits.results));
        c->stopped = true;
    }
    return c->stopped;
}

static json_t *execute_object(struct gql_call *c, const struct gql_type_row *t, const struct gql_nodes *nodes,
                              const void *object, const struct gql_path *up)
{
    size_t work = 0;
    json_t *made = json_object();
    for (const struct gql_group *g = gql_collect(c->arena, c->document, c->variables, t, nodes, &work); g; g = g->next) {
        const struct gql_field_row *row = gql_field(c->schema, t, g->field->name);
        struct gql_path path = {up, g->key, 0};
        struct spot at = {t, g, &path};
        struct gql_result r = over(c, g, &path) ? gql_null() : resolve(c, row, g->field, object, t);
        json_t *value = complete(c, &at, gql_ref(row->type), &r);
        if (!value) {
            json_decref(made);
            return NULL;
        }
        json_object_set_new(made, g->key, value);
    }
    return made;
}

json_t *gql_execute(struct gql_call *c, const struct gql_operation *o)
{
    struct gql_nodes nodes = {o->selections, NULL};
    const struct gql_type_row *root = gql_type(c->schema, o->kind == GQL_MUTATION ? c->schema->mutation : c->schema->query);
    json_t *data = execute_object(c, root, &nodes, NULL, NULL);
    return data ? data : json_null();
}
