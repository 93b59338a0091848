#include "lib/script/actions.h"

#include "lib/base/mem.h"

/* Each action keeps its arguments, so that an empty object made here has an owner. */
static struct action *append(struct action ***tail, const char *verb, json_t *args)
{
    struct action *a = NEW(struct action);
    a->verb = verb;
    a->args = json_is_null(args) ? json_object() : json_incref(args);
    **tail = a;
    *tail = (struct action **)&a->next;
    return a;
}

static void gather(struct action ***tail, const json_t *what)
{
    const char *verb;
    size_t i;
    json_t *v;
    if (json_is_string(what))
        append(tail, json_string_value(what), json_null());
    json_object_foreach((json_t *)what, verb, v)
        append(tail, verb, v);
    json_array_foreach(what, i, v)
        if (!json_is_array(v))
            gather(tail, v);
}

struct action *actions_new(const json_t *what)
{
    struct action *first = NULL, **tail = &first;
    gather(&tail, what);
    return first;
}

struct action *actions_free(struct action *a)
{
    while (a) {
        struct action *next = (struct action *)a->next;
        json_decref((json_t *)a->args);
        free(a);
        a = next;
    }
    return NULL;
}
