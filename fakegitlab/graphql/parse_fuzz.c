/* Any bytes as a document. What was read is walked, so that a sanitizer sees a list that does not end. */
#include <stdint.h>
#include <string.h>

#include "fakegitlab/graphql/parse.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t seen;

static void walk_value(const struct gql_value *v)
{
    for (; v; v = v->next) {
        seen += v->text ? strlen(v->text) + (size_t)v->text[v->len] : 0;
        walk_value(v->items);
        for (const struct gql_argument *f = v->fields; f; f = f->next)
            walk_value(f->value);
    }
}

static void walk_selections(const struct gql_selection *s)
{
    for (; s; s = s->next) {
        seen += s->name ? strlen(s->name) : 0;
        for (const struct gql_argument *a = s->arguments; a; a = a->next)
            walk_value(a->value);
        for (const struct gql_directive *d = s->directives; d; d = d->next)
            for (const struct gql_argument *a = d->arguments; a; a = a->next)
                walk_value(a->value);
        walk_selections(s->selections);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gql_parse_limits limits = {.document = 65536, .tokens = 4000, .nesting = 100};
    _cleanup_(arena_done) struct arena a = ARENA_NULL;
    struct gql_error error;
    const struct gql_document *d = gql_parse(&a, (const char *)data, size, &limits, &error);
    /* Either a document or a reason with a place, never both and never none. */
    if (!d == !error.message || (error.message && (error.place.line == 0 || error.place.column == 0)))
        abort();
    for (const struct gql_operation *o = d ? d->operations : NULL; o; o = o->next) {
        for (const struct gql_variable *v = o->variables; v; v = v->next) {
            seen += strlen(v->type);
            walk_value(v->value);
        }
        walk_selections(o->selections);
    }
    for (const struct gql_fragment *f = d ? d->fragments : NULL; f; f = f->next)
        walk_selections(f->selections);
    return 0;
}
