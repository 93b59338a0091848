#include "fakegitlab/graphql/coerce.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

static json_t *problem(struct gql_coercion *c, const json_t *path, const char *why)
{
    if (c->problems)
        json_array_append_new(c->problems, json_pack("{s:o, s:s}", "path", path ? json_copy((json_t *)path) : json_array(),
                                                     "explanation", why));
    return NULL;
}

static json_t *path_with(const json_t *path, json_t *step)
{
    json_t *longer = path ? json_copy((json_t *)path) : json_array();
    json_array_append_new(longer, step);
    return longer;
}

static json_t *coerce_leaf(struct gql_coercion *c, const struct gql_type_row *t, const json_t *value, const json_t *path)
{
    const char *why = NULL;
    _cleanup_(freep) char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (t->kind == GQL_ENUM_TYPE) {
        if (json_is_string(value) && gql_input(c->schema, t->values, json_string_value(value)))
            return json_incref((json_t *)value);
        return problem(c, path, arena_printf(c->arena, "Expected %s to be one of the values of %s", text, t->name));
    }
    json_t *coerced = t->coerce(t, value, &why);
    if (!coerced)
        problem(c, path, why ? arena_printf(c->arena, "%s %s", text, why)
                             : arena_printf(c->arena, "Could not coerce value %s to %s", text, t->name));
    return coerced;
}

static json_t *coerce_object(struct gql_coercion *c, const struct gql_type_row *t, const json_t *value,
                             const json_t *path)
{
    if (!json_is_object(value)) {
        _cleanup_(freep) char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        return problem(c, path, arena_printf(c->arena, "Expected %s to be a key-value object.", text));
    }
    json_t *made = json_object();
    bool right = true;
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)value, key, item) {
        if (!gql_input(c->schema, t->inputs, key)) {
            json_t *step = path_with(path, json_string(key));
            problem(c, step, arena_printf(c->arena, "Field is not defined on %s", t->name));
            json_decref(step);
            right = false;
        }
    }
    for (const struct gql_input_row *row = t->inputs; row->name; row++) {
        if (!gql_offered(c->schema, row->in))
            continue;
        item = json_object_get(value, row->name);
        json_t *step = path_with(path, json_string(row->name));
        json_t *coerced = item || gql_input_required(row) ? gql_coerce_json(c, gql_ref(row->type), item, step)
                          : row->value                    ? json_loads(row->value, JSON_DECODE_ANY, NULL)
                                                          : NULL;
        json_decref(step);
        right = right && (coerced || (!item && !gql_input_required(row)));
        if (coerced)
            json_object_set_new(made, row->name, coerced);
    }
    if (!right) {
        json_decref(made);
        return NULL;
    }
    return made;
}

static json_t *coerce_list(struct gql_coercion *c, struct gql_ref type, const json_t *value, const json_t *path)
{
    json_t *made = json_array();
    bool right = true;
    if (!json_is_array(value)) { /* one that is no list is a list of one */
        json_t *only = gql_coerce_json(c, gql_ref_item(type), value, path);
        right = only != NULL;
        if (only)
            json_array_append_new(made, only);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *step = path_with(path, json_integer((json_int_t)i));
        json_t *item = gql_coerce_json(c, gql_ref_item(type), json_array_get(value, i), step);
        json_decref(step);
        right = right && item;
        if (item)
            json_array_append_new(made, item);
    }
    if (right)
        return made;
    json_decref(made);
    return NULL;
}

json_t *gql_coerce_json(struct gql_coercion *c, struct gql_ref type, const json_t *value, const json_t *path)
{
    if (!value || json_is_null(value))
        return gql_ref_required(type) ? problem(c, path, "Expected value to not be null") : json_null();
    type = gql_ref_nullable(type);
    if (gql_ref_list(type))
        return coerce_list(c, type, value, path);
    const struct gql_type_row *t = gql_type_of(c->schema, type);
    return t->kind == GQL_INPUT_TYPE ? coerce_object(c, t, value, path) : coerce_leaf(c, t, value, path);
}

static json_t *literal_object(struct gql_coercion *c, const struct gql_type_row *t, const struct gql_value *v)
{
    json_t *made = json_object();
    for (const struct gql_argument *f = v->fields; f; f = f->next) {
        const struct gql_input_row *row = gql_input(c->schema, t->inputs, f->name);
        bool absent = false;
        json_t *item = row ? gql_coerce_literal(c, gql_ref(row->type), f->value, &absent) : NULL;
        if (!item && !absent) {
            json_decref(made);
            return NULL;
        }
        if (item)
            json_object_set_new(made, f->name, item);
    }
    for (const struct gql_input_row *row = t->inputs; row->name; row++) {
        if (json_object_get(made, row->name) || !gql_offered(c->schema, row->in))
            continue;
        if (row->value)
            json_object_set_new(made, row->name, json_loads(row->value, JSON_DECODE_ANY, NULL));
        else if (gql_input_required(row)) {
            json_decref(made);
            return NULL;
        }
    }
    return made;
}

static json_t *literal_list(struct gql_coercion *c, struct gql_ref type, const struct gql_value *v)
{
    json_t *made = json_array();
    const struct gql_value *from = v->kind == GQL_VALUE_LIST ? v->items : v;
    for (const struct gql_value *i = from; i; i = v->kind == GQL_VALUE_LIST ? i->next : NULL) {
        bool absent = false;
        json_t *item = gql_coerce_literal(c, gql_ref_item(type), i, &absent);
        if (!item && (!absent || gql_ref_required(gql_ref_item(type)))) {
            json_decref(made);
            return NULL;
        }
        json_array_append_new(made, item ? item : json_null());
    }
    return made;
}

static json_t *literal_variable(struct gql_coercion *c, struct gql_ref type, const struct gql_value *v, bool *ret_absent)
{
    json_t *value = json_object_get(c->variables, v->text);
    *ret_absent = !value;
    if (!value || (json_is_null(value) && gql_ref_required(type)))
        return NULL;
    return json_incref(value); /* validation has seen that its type fits */
}

json_t *gql_coerce_literal(struct gql_coercion *c, struct gql_ref type, const struct gql_value *v, bool *ret_absent)
{
    bool absent;
    if (v->kind == GQL_VALUE_VARIABLE)
        return literal_variable(c, type, v, ret_absent ? ret_absent : &absent);
    if (v->kind == GQL_VALUE_NULL)
        return gql_ref_required(type) ? problem(c, NULL, "Expected value to not be null") : json_null();
    type = gql_ref_nullable(type);
    if (gql_ref_list(type))
        return literal_list(c, type, v);
    const struct gql_type_row *t = gql_type_of(c->schema, type);
    if (t->kind == GQL_INPUT_TYPE)
        return v->kind == GQL_VALUE_OBJECT ? literal_object(c, t, v) : NULL;
    if ((t->kind == GQL_ENUM_TYPE) != (v->kind == GQL_VALUE_ENUM) || (t == &gql_int && v->kind != GQL_VALUE_INT))
        return NULL;
    json_t *plain = gql_literal_json(v);
    json_t *coerced = plain ? coerce_leaf(c, t, plain, NULL) : NULL;
    json_decref(plain);
    return coerced;
}

json_t *gql_coerce_arguments(struct gql_coercion *c, const struct gql_input_row *rows, const struct gql_argument *given,
                             const struct gql_input_row **ret_wrong)
{
    json_t *args = json_object();
    for (const struct gql_input_row *row = rows; row && row->name; row++) {
        if (!gql_offered(c->schema, row->in))
            continue;
        const struct gql_argument *a = given;
        while (a && strcmp(a->name, row->name) != 0)
            a = a->next;
        bool absent = !a;
        json_t *value = a ? gql_coerce_literal(c, gql_ref(row->type), a->value, &absent) : NULL;
        if (absent && row->value)
            value = json_loads(row->value, JSON_DECODE_ANY, NULL);
        if (!value && (!absent || gql_input_required(row))) {
            *ret_wrong = row;
            json_decref(args);
            return NULL;
        }
        if (value)
            json_object_set_new(args, row->name, value);
    }
    return args;
}
