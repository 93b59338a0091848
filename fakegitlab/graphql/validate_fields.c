/* Fields, what is selected of them, and directives: sections 5.3, 5.5.2 and 5.7 of the specification. */
#include <string.h>

#include "fakegitlab/graphql/validate.h"

static void one_field(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s)
{
    const struct gql_field_row *f = gql_field(v->schema, t, s->name);
    if (!f) {
        gql_invalid(v, &s->place, "undefinedField", json_pack("{s:s, s:s}", "typeName", t->name, "fieldName", s->name),
                    "Field '%s' doesn't exist on type '%s'", s->name, t->name);
        return;
    }
    const struct gql_type_row *inner = gql_type_of(v->schema, gql_ref(f->type));
    if (gql_is_leaf(inner) && s->selections)
        gql_invalid(v, &s->place, "selectionMismatch",
                    json_pack("{s:s, s:s}", "nodeName", arena_printf(v->arena, "field '%s'", s->name), "typeName", f->type),
                    "Selections can't be made on %s (field '%s' returns %s but has selections [\"%s\"])",
                    inner->kind == GQL_ENUM_TYPE ? "enums" : "scalars", s->name, f->type,
                    s->selections->name ? s->selections->name : "...");
    else if (!gql_is_leaf(inner) && !s->selections)
        gql_invalid(v, &s->place, "selectionMismatch",
                    json_pack("{s:s, s:s}", "nodeName", arena_printf(v->arena, "field '%s'", s->name), "typeName", f->type),
                    "Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)",
                    s->name, inner->name, s->name);
    gql_validate_arguments(v, f->args, s->arguments, &s->place, "Field", s->name);
}

/* May what is of type t be of type `on`? */
static void one_condition(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s,
                          const char *on)
{
    const struct gql_type_row *inner = gql_type(v->schema, on);
    if (!inner && s->kind == GQL_INLINE)
        gql_invalid(v, &s->on_place, "undefinedType", json_pack("{s:s}", "typeName", on),
                    "No such type %s, so it can't be a fragment condition", on);
    else if (inner && inner->kind != GQL_OBJECT_TYPE && s->kind == GQL_INLINE)
        gql_invalid(v, &s->on_place, "fragmentOnNonCompositeType", json_pack("{s:s}", "typeName", on),
                    "Invalid fragment on type %s (must be Union, Interface or Object)", on);
    else if (inner && inner->kind == GQL_OBJECT_TYPE && t && inner != t)
        gql_invalid(v, &s->place, "cannotSpreadFragment",
                    json_pack("{s:s, s:s, s:s}", "typeName", t->name, "fragmentName",
                              s->kind == GQL_SPREAD_OF ? s->name : "unknown", "parentName", on),
                    "Fragment%s%s on %s can't be spread inside %s", s->kind == GQL_SPREAD_OF ? " " : "",
                    s->kind == GQL_SPREAD_OF ? s->name : "", on, t->name);
}

static void one_spread(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s)
{
    const struct gql_fragment *f = gql_fragment(v->document, s->name);
    if (!f)
        gql_invalid(v, &s->place, "useAndDefineFragment", json_pack("{s:s}", "fragmentName", s->name),
                    "Fragment %s was used, but not defined", s->name);
    else
        one_condition(v, t, s, f->on);
}

static const char *step(const struct gql_validation *v, const struct gql_selection *s)
{
    return s->kind == GQL_FIELD       ? s->key
           : s->kind == GQL_SPREAD_OF ? arena_printf(v->arena, "... %s", s->name)
           : s->on                    ? arena_printf(v->arena, "... on %s", s->on)
                                      : "...";
}

void gql_validate_selections(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s)
{
    static const char *const locations[] = {"FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"};
    for (; s && !gql_validation_over(v); s = s->next) {
        struct gql_path path = {v->path, step(v, s), 0};
        v->path = &path;
        v->work++;
        if (s->kind == GQL_FIELD && t)
            one_field(v, t, s);
        else if (s->kind == GQL_SPREAD_OF)
            one_spread(v, t, s);
        else if (s->kind == GQL_INLINE && s->on)
            one_condition(v, t, s, s->on);
        gql_validate_directives(v, s->directives, locations[s->kind]);
        gql_validate_selections(v, gql_selection_type(v, t, s), s->selections);
        v->path = path.up;
    }
}

static bool may_stand(const struct gql_directive_row *row, const char *location)
{
    for (const char *const *l = row->locations; *l; l++)
        if (strcmp(*l, location) == 0)
            return true;
    return false;
}

static const char *where(const char *location)
{
    static const char *const words[][2] = {{"QUERY", "queries"},          {"MUTATION", "mutations"},
                                           {"SUBSCRIPTION", "subscriptions"}, {"FIELD", "fields"},
                                           {"FRAGMENT_DEFINITION", "fragment definitions"},
                                           {"FRAGMENT_SPREAD", "fragment spreads"},
                                           {"INLINE_FRAGMENT", "inline fragments"},
                                           {"VARIABLE_DEFINITION", "variable definitions"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], location) == 0)
            return words[i][1];
    return location;
}

void gql_validate_directives(struct gql_validation *v, const struct gql_directive *all, const char *location)
{
    for (const struct gql_directive *d = all; d && !gql_validation_over(v); d = d->next) {
        const struct gql_directive_row *row = gql_directive(v->schema, d->name);
        if (!row) {
            gql_invalid(v, &d->place, "undefinedDirective", json_pack("{s:s}", "directiveName", d->name),
                        "Directive @%s is not defined", d->name);
            continue;
        }
        if (!may_stand(row, location))
            gql_invalid(v, &d->place, "directiveCannotBeApplied",
                        json_pack("{s:s, s:s}", "targetName", where(location), "name", d->name),
                        "'@%s' can't be applied to %s", d->name, where(location));
        for (const struct gql_directive *e = all; e != d; e = e->next)
            if (strcmp(e->name, d->name) == 0) {
                gql_invalid(v, &d->place, "directiveNotUniqueForLocation", json_pack("{s:s}", "directiveName", d->name),
                            "The directive \"%s\" can only be used once at this location.", d->name);
                break;
            }
        gql_validate_arguments(v, row->args, d->arguments, &d->place, "Directive", d->name);
    }
}
