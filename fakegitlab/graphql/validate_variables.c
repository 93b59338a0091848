/* Variables: section 5.8 of the specification. Each operation is walked with the fragments that it uses, each once. */
#include <string.h>

#include "fakegitlab/graphql/validate.h"

struct using {
    struct gql_validation *v;
    const struct gql_operation *operation;
    bool *used;                 /* a place for each variable */
    const struct seen {
        const struct gql_fragment *fragment;
        const struct seen *next;
    } *seen;
};

static bool fits(struct gql_ref variable, struct gql_ref place)
{
    if (gql_ref_required(place))
        return gql_ref_required(variable) && fits(gql_ref_nullable(variable), gql_ref_nullable(place));
    variable = gql_ref_nullable(variable);
    if (gql_ref_list(place) != gql_ref_list(variable))
        return false;
    if (gql_ref_list(place))
        return fits(gql_ref_item(variable), gql_ref_item(place));
    return variable.n == place.n && memcmp(variable.s, place.s, place.n) == 0;
}

bool gql_variable_fits(struct gql_ref variable, struct gql_ref place, bool has_value)
{
    return fits(variable, has_value && !gql_ref_required(variable) ? gql_ref_nullable(place) : place);
}

static const char *mismatch_of(struct gql_ref variable, struct gql_ref place)
{
    struct gql_ref a = gql_ref_name(variable), b = gql_ref_name(place);
    if (a.n != b.n || memcmp(a.s, b.s, a.n) != 0)
        return "Type mismatch";
    size_t dimensions = 0, wanted = 0;
    for (size_t i = 0; i < variable.n; i++)
        dimensions += variable.s[i] == '[';
    for (size_t i = 0; i < place.n; i++)
        wanted += place.s[i] == '[';
    return dimensions != wanted ? "List dimension mismatch" : "Nullability mismatch";
}

static void use(struct using *u, const struct gql_value *value, const struct gql_input_row *row, struct gql_ref type)
{
    size_t i = 0;
    const struct gql_variable *d = u->operation->variables;
    for (; d && strcmp(d->name, value->text) != 0; d = d->next)
        i++;
    if (!d) {
        gql_invalid(u->v, &value->place, "variableNotDefined", json_pack("{s:s}", "variableName", value->text),
                    "Variable $%s is used by %s but not declared", value->text,
                    u->operation->name ? u->operation->name : "anonymous query");
        return;
    }
    u->used[i] = true;
    bool has_value = (d->value && d->value->kind != GQL_VALUE_NULL) || row->value;
    if (row->value && type.n != strlen(row->type))
        has_value = d->value && d->value->kind != GQL_VALUE_NULL; /* the default is of the whole, not of an item */
    if (gql_type(u->v->schema, d->type_name) && !gql_variable_fits(gql_ref(d->type), type, has_value))
        gql_invalid(u->v, &value->place, "variableMismatch",
                    json_pack("{s:s, s:s, s:s, s:s}", "variableName", d->name, "typeName", d->type, "argumentName", row->name,
                              "errorMessage", mismatch_of(gql_ref(d->type), type)),
                    "%s on variable $%s and argument %s (%s / %.*s)", mismatch_of(gql_ref(d->type), type), d->name,
                    row->name, d->type, (int)type.n, type.s);
}

static void arguments(struct using *u, const struct gql_input_row *rows, const struct gql_argument *a);

static void value(struct using *u, const struct gql_value *given, const struct gql_input_row *row, struct gql_ref type)
{
    static const struct gql_input_row anything = {"", ""};
    if (given->kind == GQL_VALUE_VARIABLE) {
        use(u, given, row, type);
    } else if (given->kind == GQL_VALUE_LIST) {
        type = gql_ref_nullable(type);
        for (const struct gql_value *i = given->items; i; i = i->next)
            value(u, i, row, gql_ref_list(type) ? gql_ref_item(type) : type);
    } else if (given->kind == GQL_VALUE_OBJECT && row != &anything) {
        const struct gql_type_row *t = gql_type_of(u->v->schema, type);
        arguments(u, t && t->kind == GQL_INPUT_TYPE ? t->inputs : NULL, given->fields);
    }
}

/* What is unknown is said elsewhere; a variable in it counts as used, of whatever type. */
static void mark(struct using *u, const struct gql_value *given)
{
    size_t i = 0;
    if (given->kind == GQL_VALUE_VARIABLE)
        for (const struct gql_variable *d = u->operation->variables; d; d = d->next, i++)
            u->used[i] = u->used[i] || strcmp(d->name, given->text) == 0;
    for (const struct gql_value *item = given->items; item; item = item->next)
        mark(u, item);
    for (const struct gql_argument *f = given->fields; f; f = f->next)
        mark(u, f->value);
}

static void arguments(struct using *u, const struct gql_input_row *rows, const struct gql_argument *a)
{
    for (; a; a = a->next) {
        const struct gql_input_row *row = gql_input(u->v->schema, rows, a->name);
        u->v->work++;
        if (row)
            value(u, a->value, row, gql_ref(row->type));
        else
            mark(u, a->value);
    }
}

static void directives(struct using *u, const struct gql_directive *d)
{
    for (; d; d = d->next) {
        const struct gql_directive_row *row = gql_directive(u->v->schema, d->name);
        arguments(u, row ? row->args : NULL, d->arguments);
    }
}

static void selections(struct using *u, const struct gql_type_row *t, const struct gql_selection *s);

static void fragment(struct using *u, const struct gql_fragment *f)
{
    for (const struct seen *s = u->seen; s; s = s->next)
        if (s->fragment == f)
            return;
    struct seen *s = ARENA_NEW(u->v->arena, struct seen);
    *s = (struct seen){f, u->seen};
    u->seen = s;
    const struct gql_type_row *t = gql_type(u->v->schema, f->on);
    directives(u, f->directives);
    selections(u, t && t->kind == GQL_OBJECT_TYPE ? t : NULL, f->selections);
}

static void selections(struct using *u, const struct gql_type_row *t, const struct gql_selection *s)
{
    for (; s && !gql_validation_over(u->v); s = s->next) {
        struct gql_path path = {u->v->path, s->key, 0};
        u->v->work++;
        if (s->kind == GQL_FIELD)
            u->v->path = &path;
        directives(u, s->directives);
        if (s->kind == GQL_FIELD) {
            const struct gql_field_row *f = t ? gql_field(u->v->schema, t, s->name) : NULL;
            arguments(u, f ? f->args : NULL, s->arguments);
        }
        const struct gql_fragment *f = s->kind == GQL_SPREAD_OF ? gql_fragment(u->v->document, s->name) : NULL;
        if (f)
            fragment(u, f);
        else
            selections(u, gql_selection_type(u->v, t, s), s->selections);
        u->v->path = path.up;
    }
}

static void definition(struct gql_validation *v, const struct gql_operation *o, const struct gql_variable *d)
{
    const struct gql_type_row *t = gql_type(v->schema, d->type_name);
    for (const struct gql_variable *e = o->variables; e != d; e = e->next)
        if (strcmp(e->name, d->name) == 0) {
            gql_invalid(v, &d->place, "variableNotUnique", json_pack("{s:s}", "name", d->name),
                        "There can only be one variable named \"%s\"", d->name);
            break;
        }
    if (!t)
        gql_invalid(v, &d->place, "variableRequiresValidType",
                    json_pack("{s:s, s:s}", "typeName", d->type_name, "variableName", d->name),
                    "%s isn't a defined input type (on $%s)", d->type_name, d->name);
    else if (t->kind == GQL_OBJECT_TYPE)
        gql_invalid(v, &d->place, "variableRequiresValidType",
                    json_pack("{s:s, s:s}", "typeName", d->type_name, "variableName", d->name),
                    "%s isn't a valid input type (on $%s)", d->type_name, d->name);
    else
        gql_validate_default(v, d);
    gql_validate_directives(v, d->directives, "VARIABLE_DEFINITION");
}

void gql_validate_variables(struct gql_validation *v, const struct gql_operation *o)
{
    size_t n = 0;
    for (const struct gql_variable *d = o->variables; d; d = d->next, n++)
        definition(v, o, d);
    struct using u = {v, o, arena_alloc(v->arena, n)};
    directives(&u, o->directives);
    selections(&u, gql_operation_type(v->schema, o), o->selections);
    n = 0;
    for (const struct gql_variable *d = o->variables; d; d = d->next, n++)
        if (!u.used[n])
            gql_invalid(v, &d->place, "variableNotUsed", json_pack("{s:s}", "variableName", d->name),
                        "Variable $%s is declared by %s but not used", d->name, o->name ? o->name : "anonymous query");
}
