/* graphql_answer: each line of standard input is a request as JSON, {"query", …}; each line of standard output its answer.
 * For tests: the store has a user, a project grp/proj and an agent a1, and is asked by its administrator. An argument is
 * the release of GitLab that answers. */
#include <stdio.h>

#include "fakegitlab/graphql/graphql.h"
#include "fakegitlab/store.h"
#include "lib/base/mem.h"

static struct store *furnished(const struct gl_user **ret)
{
    struct store *s = NULL;
    const struct gl_project *p;
    const struct gl_agent *a;
    if (store_open(&(struct store_options){0}, &s, NULL) < 0 ||
        store_user_create(s, &(struct gl_user_spec){.username = "root", .admin = true}, ret, NULL) < 0 ||
        store_project_create(s, &(struct gl_project_spec){.path = "grp/proj"}, &p, NULL) < 0 ||
        store_agent_create(s, NULL, p, 0, "a1", &a, NULL) < 0)
        return store_free(s);
    return s;
}

int main(int argc, char **argv)
{
    _cleanup_(freep) char *text = NULL;
    size_t size = 0;
    const struct gl_user *root = NULL;
    struct store *s = furnished(&root);
    struct graphql_options options = {.store = s, .user = s ? root->id : 0, .version = argc > 1 ? argv[1] : NULL};
    for (ssize_t n; s && (n = getline(&text, &size, stdin)) > 0;) {
        json_t *line = json_loadb(text, (size_t)n, 0, NULL), *said = graphql_execute(&options, line);
        json_dumpf(said, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(said);
        json_decref(line);
    }
    int r = s ? 0 : 3;
    store_free(s);
    return r;
}
