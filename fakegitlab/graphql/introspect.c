/* __schema and __type: section 4 of the specification, read from the tables.
 *
 * A __Type's object is a struct gql_ref, a type as it is written; [X!]! is taken apart from outside in. Every other
 * object is the row itself. */
#include <string.h>

#include "fakegitlab/graphql/execute.h"

#define RESOLVER(NAME) static struct gql_result NAME(struct gql_call *c, const void *o, const json_t *args)

static struct gql_result type_object(struct gql_call *c, struct gql_ref r)
{
    struct gql_ref *kept = ARENA_NEW(c->arena, struct gql_ref);
    *kept = r;
    return gql_object(kept);
}

/* The row of a type that is not wrapped; NULL for [ ] and !. */
static const struct gql_type_row *plain(struct gql_call *c, const void *o)
{
    const struct gql_ref *r = o;
    return gql_ref_required(*r) || gql_ref_list(*r) ? NULL : gql_type_of(c->schema, *r);
}

/* A list of rows of `size` bytes; each has its name first. `keep` may leave some out. */
static struct gql_result rows(struct gql_call *c, const void *first, size_t size, const json_t *args,
                              bool (*keep)(const struct gql_call *c, const void *row, const json_t *args))
{
    size_t n = 0, m = 0;
    for (const char *p = first; p && *(const char *const *)p; p += size)
        n++;
    struct gql_result *items = arena_alloc(c->arena, n * sizeof *items);
    for (const char *p = first; p && *(const char *const *)p; p += size)
        if (!keep || keep(c, p, args))
            items[m++] = gql_object(p);
    return (struct gql_result){.kind = GQL_RESULT_LIST, .items = items, .n = m};
}

static bool field_offered(const struct gql_call *c, const void *row, const json_t *args)
{
    const struct gql_field_row *f = row;
    return gql_offered(c->schema, f->in) && (!f->deprecated || json_is_true(json_object_get(args, "includeDeprecated")));
}

static bool input_offered(const struct gql_call *c, const void *row, const json_t *args)
{
    (void)args;
    return gql_offered(c->schema, ((const struct gql_input_row *)row)->in);
}

/* __Type */
RESOLVER(type_kind)
{
    static const char *const kinds[] = {"SCALAR", "OBJECT", "ENUM", "INPUT_OBJECT"};
    const struct gql_ref *r = o;
    return gql_text(gql_ref_required(*r) ? "NON_NULL" : gql_ref_list(*r) ? "LIST" : kinds[plain(c, o)->kind]);
}

RESOLVER(type_name)
{
    const struct gql_type_row *t = plain(c, o);
    return gql_text(t ? t->name : NULL);
}

RESOLVER(type_about)
{
    const struct gql_type_row *t = plain(c, o);
    return gql_text(t ? t->about : NULL);
}

RESOLVER(type_fields)
{
    const struct gql_type_row *t = plain(c, o);
    return t && t->kind == GQL_OBJECT_TYPE ? rows(c, t->fields, sizeof *t->fields, args, field_offered) : gql_null();
}

RESOLVER(type_inputs)
{
    const struct gql_type_row *t = plain(c, o);
    return t && t->kind == GQL_INPUT_TYPE ? rows(c, t->inputs, sizeof *t->inputs, args, input_offered) : gql_null();
}

RESOLVER(type_values)
{
    const struct gql_type_row *t = plain(c, o);
    return t && t->kind == GQL_ENUM_TYPE ? rows(c, t->values, sizeof *t->values, args, input_offered) : gql_null();
}

RESOLVER(type_interfaces)
{
    const struct gql_type_row *t = plain(c, o);
    return t && t->kind == GQL_OBJECT_TYPE ? (struct gql_result){.kind = GQL_RESULT_LIST} : gql_null();
}

RESOLVER(type_of)
{
    const struct gql_ref *r = o;
    if (gql_ref_required(*r))
        return type_object(c, gql_ref_nullable(*r));
    return gql_ref_list(*r) ? type_object(c, gql_ref_item(*r)) : gql_null();
}

RESOLVER(nothing)
{
    return gql_null();
}

RESOLVER(no)
{
    return gql_bool(false);
}

/* __Field, __InputValue, __EnumValue */
RESOLVER(field_name)
{
    return gql_text(((const struct gql_field_row *)o)->name);
}

RESOLVER(field_about)
{
    return gql_text(((const struct gql_field_row *)o)->about);
}

RESOLVER(field_args)
{
    const struct gql_field_row *f = o;
    return rows(c, f->args, sizeof *f->args, args, input_offered);
}

RESOLVER(field_type)
{
    return type_object(c, gql_ref(((const struct gql_field_row *)o)->type));
}

RESOLVER(field_deprecated)
{
    return gql_bool(((const struct gql_field_row *)o)->deprecated != NULL);
}

RESOLVER(field_reason)
{
    return gql_text(((const struct gql_field_row *)o)->deprecated);
}

RESOLVER(input_name)
{
    return gql_text(((const struct gql_input_row *)o)->name);
}

RESOLVER(input_about)
{
    return gql_text(((const struct gql_input_row *)o)->about);
}

RESOLVER(input_type)
{
    return type_object(c, gql_ref(((const struct gql_input_row *)o)->type));
}

RESOLVER(input_value)
{
    return gql_text(((const struct gql_input_row *)o)->value);
}

/* __Directive */
RESOLVER(directive_name)
{
    return gql_text(((const struct gql_directive_row *)o)->name);
}

RESOLVER(directive_about)
{
    return gql_text(((const struct gql_directive_row *)o)->about);
}

RESOLVER(directive_args)
{
    const struct gql_directive_row *d = o;
    return rows(c, d->args, sizeof *d->args, args, NULL);
}

RESOLVER(directive_locations)
{
    json_t *list = json_array();
    for (const char *const *l = ((const struct gql_directive_row *)o)->locations; *l; l++)
        json_array_append_new(list, json_string(*l));
    return gql_leaf(list);
}

/* __Schema */
RESOLVER(schema_types)
{
    const struct gql_type_row *const *lists[] = {c->schema->types, gql_introspection_types};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++)
        for (const struct gql_type_row *const *t = lists[i]; *t; t++)
            n++;
    struct gql_result *items = arena_alloc(c->arena, n * sizeof *items);
    n = 0;
    for (size_t i = 0; i < 2; i++)
        for (const struct gql_type_row *const *t = lists[i]; *t; t++)
            if (gql_offered(c->schema, (*t)->in))
                items[n++] = type_object(c, gql_ref((*t)->name));
    return (struct gql_result){.kind = GQL_RESULT_LIST, .items = items, .n = n};
}

RESOLVER(schema_query)
{
    return type_object(c, gql_ref(c->schema->query));
}

RESOLVER(schema_mutation)
{
    return c->schema->mutation ? type_object(c, gql_ref(c->schema->mutation)) : gql_null();
}

RESOLVER(schema_directives)
{
    return rows(c, c->schema->directives, sizeof *c->schema->directives, args, NULL);
}

RESOLVER(query_schema)
{
    return gql_object(c->schema);
}

RESOLVER(query_type)
{
    const struct gql_type_row *t = gql_type(c->schema, json_string_value(json_object_get(args, "name")));
    return t ? type_object(c, gql_ref(t->name)) : gql_null();
}

static const struct gql_input_row deprecated_too[] = {
    {"includeDeprecated", "Boolean", NULL, "false"},
    {0},
};
static const struct gql_input_row by_name[] = {{"name", "String!"}, {0}};

static const struct gql_field_row schema_fields[] = {
    {"description", "String", NULL, nothing},
    {"types", "[__Type!]!", "All types of this schema.", schema_types},
    {"queryType", "__Type!", "Where queries begin.", schema_query},
    {"mutationType", "__Type", "Where mutations begin.", schema_mutation},
    {"subscriptionType", "__Type", "Where subscriptions begin; there are none.", nothing},
    {"directives", "[__Directive!]!", "All directives.", schema_directives},
    {0},
};
static const struct gql_field_row type_fields_rows[] = {
    {"kind", "__TypeKind!", NULL, type_kind},
    {"name", "String", NULL, type_name},
    {"description", "String", NULL, type_about},
    {"specifiedByURL", "String", NULL, nothing},
    {"fields", "[__Field!]", NULL, type_fields, deprecated_too},
    {"interfaces", "[__Type!]", NULL, type_interfaces},
    {"possibleTypes", "[__Type!]", NULL, nothing},
    {"enumValues", "[__EnumValue!]", NULL, type_values, deprecated_too},
    {"inputFields", "[__InputValue!]", NULL, type_inputs, deprecated_too},
    {"ofType", "__Type", NULL, type_of},
    {0},
};
static const struct gql_field_row field_fields[] = {
    {"name", "String!", NULL, field_name},
    {"description", "String", NULL, field_about},
    {"args", "[__InputValue!]!", NULL, field_args, deprecated_too},
    {"type", "__Type!", NULL, field_type},
    {"isDeprecated", "Boolean!", NULL, field_deprecated},
    {"deprecationReason", "String", NULL, field_reason},
    {0},
};
static const struct gql_field_row input_fields[] = {
    {"name", "String!", NULL, input_name},
    {"description", "String", NULL, input_about},
    {"type", "__Type!", NULL, input_type},
    {"defaultValue", "String", "As it would be written in a document.", input_value},
    {"isDeprecated", "Boolean!", NULL, no},
    {"deprecationReason", "String", NULL, nothing},
    {0},
};
static const struct gql_field_row value_fields[] = {
    {"name", "String!", NULL, input_name},
    {"description", "String", NULL, input_about},
    {"isDeprecated", "Boolean!", NULL, no},
    {"deprecationReason", "String", NULL, nothing},
    {0},
};
static const struct gql_field_row directive_fields[] = {
    {"name", "String!", NULL, directive_name},
    {"description", "String", NULL, directive_about},
    {"isRepeatable", "Boolean!", NULL, no},
    {"locations", "[__DirectiveLocation!]!", NULL, directive_locations},
    {"args", "[__InputValue!]!", NULL, directive_args, deprecated_too},
    {0},
};
static const struct gql_input_row kind_values[] = {
    {"SCALAR"}, {"OBJECT"}, {"INTERFACE"}, {"UNION"}, {"ENUM"}, {"INPUT_OBJECT"}, {"LIST"}, {"NON_NULL"}, {0}};
static const struct gql_input_row location_values[] = {
    {"QUERY"}, {"MUTATION"}, {"SUBSCRIPTION"}, {"FIELD"}, {"FRAGMENT_DEFINITION"}, {"FRAGMENT_SPREAD"}, {"INLINE_FRAGMENT"},
    {"VARIABLE_DEFINITION"}, {"SCHEMA"}, {"SCALAR"}, {"OBJECT"}, {"FIELD_DEFINITION"}, {"ARGUMENT_DEFINITION"}, {"INTERFACE"},
    {"UNION"}, {"ENUM"}, {"ENUM_VALUE"}, {"INPUT_OBJECT"}, {"INPUT_FIELD_DEFINITION"}, {0}};

static const struct gql_type_row schema_type = {GQL_OBJECT_TYPE, "__Schema", "What can be asked.", .fields = schema_fields};
static const struct gql_type_row type_type = {GQL_OBJECT_TYPE, "__Type", "A type.", .fields = type_fields_rows};
static const struct gql_type_row field_row_type = {GQL_OBJECT_TYPE, "__Field", "A field of an object.", .fields = field_fields};
static const struct gql_type_row input_row_type = {GQL_OBJECT_TYPE, "__InputValue", "An argument, or a field of an input.",
                                                   .fields = input_fields};
static const struct gql_type_row value_row_type = {GQL_OBJECT_TYPE, "__EnumValue", "A value of an enum.",
                                                   .fields = value_fields};
static const struct gql_type_row directive_type = {GQL_OBJECT_TYPE, "__Directive", "A directive.", .fields = directive_fields};
static const struct gql_type_row kind_type = {GQL_ENUM_TYPE, "__TypeKind", "What kind a type is of.", .values = kind_values};
static const struct gql_type_row location_type = {GQL_ENUM_TYPE, "__DirectiveLocation", "Where a directive may stand.",
                                                  .values = location_values};

const struct gql_type_row *const gql_introspection_types[] = {
    &gql_boolean,    &gql_float,      &gql_id,         &gql_int,   &gql_string,    &schema_type, &type_type,
    &field_row_type, &input_row_type, &value_row_type, &directive_type, &kind_type, &location_type, NULL};
const struct gql_field_row gql_introspection_fields[] = {
    {"__schema", "__Schema!", NULL, query_schema},
    {"__type", "__Type", NULL, query_type, by_name},
    {0},
};
const struct gql_field_row gql_typename_field = {"__typename", "String!", NULL, nothing};
