/* /api/graphql: the door to fakegitlab/graphql. Nobody need sign in, but who brings a token must have a right one. */
#include "fakegitlab/graphql/graphql.h"

#include <string.h>

#include "fakegitlab/internal.h"

static bool add(void *arg, const char *name, const char *value)
{
    json_object_set_new(arg, name, json_string(value));
    return true;
}

void graphql_answer(struct call *c)
{
    const struct graphql_options options = {
        .store = c->g->store, .user = c->user ? c->user->id : 0, .version = c->g->version};
    bool get = strcmp(c->request->method, "POST") != 0;
    json_t *asked = get ? json_object() : json_incref((json_t *)call_body(c));
    int status;
    if (asked && get && !uri_form_each(c->query, strlen(c->query), add, asked))
        reply_bad_request(c, "the query is not encoded as it must be");
    else if (asked) {
        json_t *said = graphql_request(&options, asked, get, &status);
        reply_json(c, status, said);
    }
    json_decref(asked);
}
