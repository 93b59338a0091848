/* Arguments and values: sections 5.4 and 5.6 of the specification. */
#include <string.h>

#include "fakegitlab/graphql/coerce.h"
#include "fakegitlab/graphql/validate.h"

struct owner { /* of arguments: a field, a directive, an input */
    const char *kind, *name;
    const struct gql_input_row *rows;
};

static void unknown(struct gql_validation *v, const struct owner *o, const struct gql_argument *a)
{
    gql_invalid(v, &a->place, "argumentNotAccepted",
                json_pack("{s:s, s:s, s:s}", "name", o->name, "typeName", o->kind, "argumentName", a->name),
                "%s '%s' doesn't accept argument '%s'", o->kind, o->name, a->name);
}

static void mismatch(struct gql_validation *v, const struct owner *o, const struct gql_argument *a, const char *type)
{
    gql_invalid(v, &a->value->place, "argumentLiteralsIncompatible",
                json_pack("{s:s, s:s}", "typeName", o->kind, "argumentName", a->name),
                "Argument '%s' on %s '%s' has an invalid value (%s). Expected type '%s'.", a->name, o->kind, o->name,
                gql_literal_text(v->arena, a->value), type);
}

static bool has_variable(const struct gql_value *value)
{
    if (value->kind == GQL_VALUE_VARIABLE)
        return true;
    for (const struct gql_value *i = value->items; i; i = i->next)
        if (has_variable(i))
            return true;
    for (const struct gql_argument *f = value->fields; f; f = f->next)
        if (has_variable(f->value))
            return true;
    return false;
}

static void arguments(struct gql_validation *v, const struct owner *o, const struct gql_argument *given,
                      const struct gql_place *place);

/* The literal of one argument: true if it is right, or something more exact was said of it. */
static bool value_is_right(struct gql_validation *v, struct gql_ref type, const struct gql_value *value,
                           const char **ret_why)
{
    if (value->kind == GQL_VALUE_VARIABLE)
        return true; /* validate_variables.c */
    if (value->kind == GQL_VALUE_NULL)
        return !gql_ref_required(type);
    type = gql_ref_nullable(type);
    if (gql_ref_list(type) && value->kind == GQL_VALUE_LIST) {
        for (const struct gql_value *i = value->items; i; i = i->next)
            if (!value_is_right(v, gql_ref_item(type), i, ret_why))
                return false;
        return true;
    }
    if (gql_ref_list(type))
        return value_is_right(v, gql_ref_item(type), value, ret_why);
    const struct gql_type_row *t = gql_type_of(v->schema, type);
    if (t->kind == GQL_INPUT_TYPE && value->kind == GQL_VALUE_OBJECT) {
        arguments(v, &(struct owner){"InputObject", t->name, t->inputs}, value->fields, &value->place);
        return true;
    }
    if (t->kind == GQL_INPUT_TYPE || has_variable(value))
        return false;
    struct gql_coercion c = {v->schema, v->arena, NULL, json_array()};
    json_t *coerced = gql_coerce_literal(&c, type, value, NULL);
    const char *why = json_string_value(json_object_get(json_array_get(c.problems, 0), "explanation"));
    if (!coerced && why && strncmp(why, "Could not", 9) != 0)
        *ret_why = arena_printf(v->arena, "%s", why);
    json_decref(c.problems);
    bool right = coerced != NULL;
    json_decref(coerced);
    return right;
}

static void one_argument(struct gql_validation *v, const struct owner *o, const struct gql_argument *a)
{
    const struct gql_input_row *row = gql_input(v->schema, o->rows, a->name);
    struct gql_path path = {v->path, a->name, 0};
    const char *why = NULL;
    v->path = &path;
    v->work++;
    bool right = row && value_is_right(v, gql_ref(row->type), a->value, &why);
    if (!row)
        unknown(v, o, a);
    else if (!right && why)
        gql_invalid(v, &a->value->place, "argumentLiteralsIncompatible", json_pack("{s:s}", "typeName", "CoercionError"),
                    "%s", why);
    else if (!right)
        mismatch(v, o, a, row->type);
    v->path = path.up;
}

static const struct gql_argument *given_as(const struct gql_argument *given, const char *name)
{
    while (given && strcmp(given->name, name) != 0)
        given = given->next;
    return given;
}

static void missing(struct gql_validation *v, const struct owner *o, const struct gql_argument *given,
                    const struct gql_place *place)
{
    const char *names = NULL;
    for (const struct gql_input_row *row = o->rows; row && row->name; row++) {
        if (!gql_offered(v->schema, row->in) || !gql_input_required(row) || given_as(given, row->name))
            continue;
        if (strcmp(o->kind, "InputObject") == 0)
            gql_invalid(v, place, "missingRequiredInputObjectAttribute",
                        json_pack("{s:s, s:s, s:s}", "argumentName", row->name, "argumentType", row->type, "inputObjectType",
                                  o->name),
                        "Argument '%s' on InputObject '%s' is required. Expected type %s", row->name, o->name, row->type);
        else
            names = names ? arena_printf(v->arena, "%s, %s", names, row->name) : row->name;
    }
    if (names)
        gql_invalid(v, place, "missingRequiredArguments",
                    json_pack("{s:s, s:s, s:s}", "className", o->kind, "name", o->name, "arguments", names),
                    "%s '%s' is missing required arguments: %s", o->kind, o->name, names);
}

static void arguments(struct gql_validation *v, const struct owner *o, const struct gql_argument *given,
                      const struct gql_place *place)
{
    for (const struct gql_argument *a = given; a && !gql_validation_over(v); a = a->next) {
        if (given_as(given, a->name) != a)
            gql_invalid(v, &a->place, "argumentNotUnique", json_pack("{s:s}", "name", a->name),
                        "There can be only one argument named \"%s\"", a->name);
        one_argument(v, o, a);
    }
    missing(v, o, given, place);
}

void gql_validate_arguments(struct gql_validation *v, const struct gql_input_row *rows, const struct gql_argument *a,
                            const struct gql_place *place, const char *kind, const char *name)
{
    arguments(v, &(struct owner){kind, name, rows}, a, place);
}

void gql_validate_default(struct gql_validation *v, const struct gql_variable *variable)
{
    const char *why = NULL;
    if (variable->value && !value_is_right(v, gql_ref(variable->type), variable->value, &why))
        gql_invalid(v, &variable->place, "defaultValueInvalidType",
                    json_pack("{s:s, s:s}", "variableName", variable->name, "typeName", variable->type),
                    "Default value for $%s doesn't match type %s", variable->name, variable->type);
}
