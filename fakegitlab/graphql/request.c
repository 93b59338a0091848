/* A request: what is asked, in which order it is looked at, and what is answered. */
#include <string.h>

#include "fakegitlab/graphql/coerce.h"
#include "fakegitlab/graphql/gitlab_schema.h"
#include "fakegitlab/graphql/limits.h"
#include "fakegitlab/graphql/validate.h"
#include "lib/base/mem.h"

static json_t *refused(const char *message)
{
    return json_pack("{s:[{s:s}]}", "errors", "message", message);
}

/* Which operation? NULL: *reterr says why. */
static const struct gql_operation *chosen(const struct gql_document *d, const char *name, json_t *errors, struct arena *a)
{
    const struct gql_operation *o = d->operations;
    if (!name || !*name) {
        if (o && !o->next)
            return o;
        if (o)
            json_array_append_new(errors, gql_error_json("An operation name is required", NULL, NULL, NULL));
        return NULL;
    }
    while (o && !(o->name && strcmp(o->name, name) == 0))
        o = o->next;
    if (!o)
        json_array_append_new(errors, gql_error_json(arena_printf(a, "No operation named \"%s\"", name), NULL, NULL, NULL));
    return o;
}

/* CoerceVariableValues(): section 6.1.2. */
static void coerce_variables(struct gql_call *c, const struct gql_operation *o, const json_t *given)
{
    for (const struct gql_variable *v = o->variables; v; v = v->next) {
        struct gql_coercion coercion = {c->schema, c->arena, NULL, json_array()};
        const json_t *value = json_object_get(given, v->name);
        json_t *made = NULL;
        if (value || (!v->value && gql_ref_required(gql_ref(v->type))))
            made = gql_coerce_json(&coercion, gql_ref(v->type), value, NULL);
        else if (v->value)
            made = gql_coerce_literal(&coercion, gql_ref(v->type), v->value, NULL);
        if (json_array_size(coercion.problems)) {
            const json_t *first = json_array_get(coercion.problems, 0), *path = json_object_get(first, "path");
            const char *key = json_string_value(json_array_get(path, 0));
            const char *why = json_string_value(json_object_get(first, "explanation"));
            char *where = key ? arena_printf(c->arena, "%s (%s)", key, why) : arena_printf(c->arena, "%s", why);
            const char *text = json_array_size(path)
                                   ? arena_printf(c->arena, "Variable $%s of type %s was provided invalid value for %s",
                                                  v->name, v->type, where)
                                   : arena_printf(c->arena, "Variable $%s of type %s was provided invalid value", v->name,
                                                  v->type);
            json_array_append_new(c->errors, gql_error_json(text, &v->place, NULL,
                                                            json_pack("{s:O, s:O}", "value", value ? value : json_null(),
                                                                      "problems", coercion.problems)));
        } else if (made) {
            json_object_set(c->variables, v->name, made);
        }
        json_decref(made);
        json_decref(coercion.problems);
    }
}

static json_t *answer(json_t *data, json_t *errors)
{
    json_t *said = json_object();
    if (data)
        json_object_set_new(said, "data", data);
    if (json_array_size(errors))
        json_object_set(said, "errors", errors);
    json_decref(errors);
    return said;
}

static json_t *execute_document(struct gql_call *c, const char *operation_name, const json_t *variables, bool get,
                                int *ret_status)
{
    const struct gql_operation *o = NULL;
    json_t *data = NULL;
    if (gql_validate(c->schema, c->document, &c->limits, c->arena, c->errors))
        o = chosen(c->document, operation_name, c->errors, c->arena);
    if (o && get && o->kind == GQL_MUTATION) {
        *ret_status = 422;
        json_decref(c->errors);
        return refused("Mutations are forbidden in GET requests");
    }
    const char *large = o ? gql_too_large(c->schema, c->document, o, &c->limits, c->arena) : NULL;
    if (large)
        json_array_append_new(c->errors, gql_error_json(large, NULL, NULL, NULL));
    if (o && !large)
        coerce_variables(c, o, variables);
    if (o && json_array_size(c->errors) == 0)
        data = gql_execute(c, o);
    return answer(data, c->errors);
}

static json_t *execute_text(const struct graphql_options *o, const char *query, size_t n, const char *operation_name,
                            const json_t *variables, bool get, int *ret_status)
{
    _cleanup_(arena_done) struct arena a = ARENA_NULL;
    struct gql_schema schema = gitlab_schema;
    schema.version = gitlab_schema_version(o->version);
    struct gql_call c = {.options = o, .limits = graphql_limits_of(&o->limits), .schema = &schema, .arena = &a};
    struct gql_parse_limits parse = graphql_parse_limits(&c.limits);
    struct gql_error error;
    c.document = gql_parse(&a, query, n, &parse, &error);
    if (!c.document)
        return json_pack("{s:[o]}", "errors", graphql_syntax_error(&error));
    c.errors = json_array();
    c.variables = json_object();
    c.kept = json_array();
    json_t *said = execute_document(&c, operation_name, variables, get, ret_status);
    json_decref(c.variables);
    json_decref(c.kept);
    return said;
}

static json_t *one(const struct graphql_options *o, const json_t *body, bool get, int *ret_status)
{
    const json_t *query = json_object_get(body, "query"), *variables = json_object_get(body, "variables");
    const char *text = json_string_value(variables);
    json_t *read = text && *text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    if ((text && *text && !read) || (variables && !text && !json_is_object(variables) && !json_is_null(variables)) ||
        (read && !json_is_object(read) && !json_is_null(read))) {
        json_decref(read);
        *ret_status = 422;
        return refused("Variables must be a JSON object");
    }
    json_t *said = json_is_string(query)
                       ? execute_text(o, json_string_value(query), json_string_length(query),
                                      json_string_value(json_object_get(body, "operationName")), read ? read : variables,
                                      get, ret_status)
                       : refused("No query string was present");
    json_decref(read);
    return said;
}

json_t *graphql_request(const struct graphql_options *o, const json_t *body, bool get, int *ret_status)
{
    *ret_status = 200;
    if (!json_is_array(body))
        return one(o, body, get, ret_status);
    json_t *all = json_array(), *item;
    size_t i;
    json_array_foreach((json_t *)body, i, item)
        json_array_append_new(all, one(o, item, get, ret_status));
    return all;
}

json_t *graphql_execute(const struct graphql_options *o, const json_t *body)
{
    int status;
    return graphql_request(o, body, false, &status);
}
