/* The fake GitLab and the fake Gitaly of a world. Each has its own faults, since their moments have the same names. */
#include "conformance/world/world_gitlab.h"

#include <errno.h>
#include <string.h>

#include "conformance/world/world_faults.h"
#include "conformance/world/world_files.h"
#include "fakegitlab/gitaly.h"
#include "fakegitlab/gitlab.h"
#include "lib/base/mem.h"
#include "lib/script/actions.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, GITALY_PORT = 8075 };

struct world_gitlab {
    struct faults *gitlab_faults, *gitaly_faults; /* owned */
    json_t *gitlab_spec, *gitaly_spec;            /* owned */
    struct gitlab *gitlab;                        /* owned until it is stopped */
    struct gitaly *gitaly;
};

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* ---- certificates ------------------------------------------------------------------------------------------ */


/* Good for the documented names, unless the scenario names others: what is wrong with it is then the one thing. */
static void certificate_hosts_add(json_t *spec, const char *name, const char *ip)
{
    json_t *certificate = json_object_get(spec, "certificate");

    if (json_is_string(certificate))
        json_object_set_new(spec, "certificate", json_pack("{s:O}", "kind", certificate));
    else if (!json_is_object(certificate))
        json_object_set_new(spec, "certificate", json_object());
    certificate = json_object_get(spec, "certificate");
    if (!json_object_get(certificate, "hosts"))
        json_object_set_new(certificate, "hosts", json_pack("[s,s]", name, ip));
}

/* ---- GitLab ------------------------------------------------------------------------------------------------ */

static int gitlab_begin(struct world_gitlab *g, const struct world_gitlab_options *o, char **reterr)
{
    const json_t *part = json_object_get(o->row, "gitlab");
    bool https = is_true(part, "https");
    const struct gitlab_listener_spec listeners[] = {{"http", WORLD_GITLAB_IP, HTTP_PORT},
                                                     {https ? "https" : NULL, WORLD_GITLAB_IP, HTTPS_PORT},
                                                     {0}};
    struct gitlab_options options = {.loop = o->loop,
                                     .events = o->events,
                                     .faults = g->gitlab_faults,
                                     .pki = o->pki,
                                     .next_conn_id = o->next_conn_id,
                                     .listeners = listeners};

    g->gitlab_spec = json_deep_copy(part);
    if (!json_object_get(g->gitlab_spec, "kas_secret"))
        json_object_set_new(g->gitlab_spec, "kas_secret", json_string(o->kas_secret));
    if (https)
        certificate_hosts_add(g->gitlab_spec, "gitlab.host.tld", WORLD_GITLAB_IP);
    options.spec = g->gitlab_spec;
    return gitlab_start(&options, &g->gitlab, reterr);
}

/* ---- secrets of the row ------------------------------------------------------------------------------------ */

/* Takes errors. */
static int refused(int e, const char *what, json_t *errors, char **reterr)
{
    _cleanup_(freep) char *text = errors ? store_error_text(errors) : NULL;

    json_decref(errors);
    if (e)
        *reterr = xasprintf("gitlab: %s: %s", what, text ? text : strerror(-e));
    return e;
}

static int token_add(struct store *s, const char *token, char **reterr)
{
    struct gl_token_spec spec = {.name = "conform", .secret = token};
    const struct gl_token *made;
    json_t *errors = NULL;
    size_t n;
    const struct gl_agent *const *agents = store_agents(s, &n);
    int e;

    if (!n)
        return 0;
    e = store_token_create(s, NULL, agents[0], &spec, &made, NULL, &errors);
    return refused(e, "a token for the agent", errors, reterr);
}

static int job_add(struct store *s, const char *token, char **reterr)
{
    size_t n_projects, n_users;
    const struct gl_project *const *projects = store_projects(s, &n_projects);
    const struct gl_user *const *users = store_users(s, &n_users);
    struct gl_job_spec spec = {.secret = token};
    const struct gl_job *made;
    json_t *errors = NULL;
    int e;

    if (!n_projects || !n_users)
        return 0;
    spec.project = projects[0];
    spec.user = users[0];
    e = store_job_create(s, &spec, &made, NULL, &errors);
    return refused(e, "a CI job", errors, reterr);
}

/* ---- Gitaly ------------------------------------------------------------------------------------------------ */

static int gitaly_begin(struct world_gitlab *g, const struct world_gitlab_options *o, char **reterr)
{
    const json_t *part = json_object_get(o->row, "gitaly"), *told = json_object_get(part, "told_token");
    const char *address = json_string_value(json_object_get(part, "address"));
    struct gitaly_options options = {.loop = o->loop,
                                     .events = o->events,
                                     .faults = g->gitaly_faults,
                                     .pki = o->pki,
                                     .next_conn_id = o->next_conn_id,
                                     .store = gitlab_store(g->gitlab),
                                     .host = WORLD_GITALY_IP,
                                     .port = GITALY_PORT};
    int e;

    g->gitaly_spec = json_deep_copy(part);
    if (is_true(part, "tls"))
        certificate_hosts_add(g->gitaly_spec, "gitaly.host.tld", WORLD_GITALY_IP);
    options.spec = g->gitaly_spec;
    e = gitaly_start(&options, &g->gitaly, reterr);
    if (e)
        return e;
    gitlab_set_gitaly(g->gitlab, address ? address : gitaly_address(g->gitaly),
                      json_is_string(told) ? json_string_value(told) : gitaly_token(g->gitaly));
    if (is_true(part, "absent"))
        e = gitaly_perform(g->gitaly, "stop", NULL, reterr);
    return e;
}

/* ---- both -------------------------------------------------------------------------------------------------- */

int world_gitlab_start(const struct world_gitlab_options *o, struct world_gitlab **ret, char **reterr)
{
    struct world_gitlab *g = NEW(struct world_gitlab);
    int e;

    *ret = g; /* also a half-made one: the caller frees it behind the loop */
    g->gitlab_faults = world_faults(json_object_get(o->row, "gitlab"), o->row, o->events, o->faults_off);
    g->gitaly_faults = world_faults(json_object_get(o->row, "gitaly"), o->row, o->events, o->faults_off);
    e = gitlab_begin(g, o, reterr);
    if (!e)
        e = token_add(gitlab_store(g->gitlab), o->token, reterr);
    if (!e)
        e = job_add(gitlab_store(g->gitlab), o->job_token, reterr);
    if (!e)
        e = gitaly_begin(g, o, reterr);
    if (!e && is_true(json_object_get(o->row, "gitlab"), "absent"))
        e = gitlab_perform(g->gitlab, "stop", NULL, reterr);
    return e;
}

void world_gitlab_stop(struct world_gitlab *g)
{
    if (!g)
        return;
    g->gitaly = gitaly_free(g->gitaly); /* before the store, which is GitLab's */
    g->gitlab = gitlab_free(g->gitlab);
}

struct world_gitlab *world_gitlab_free(struct world_gitlab *g)
{
    if (!g)
        return NULL;
    world_gitlab_stop(g);
    faults_free(g->gitlab_faults);
    faults_free(g->gitaly_faults);
    json_decref(g->gitlab_spec);
    json_decref(g->gitaly_spec);
    free(g);
    return NULL;
}

int world_gitlab_perform(struct world_gitlab *g, const char *part, const json_t *what, char **reterr)
{
    bool gitlab = strcmp(part, "gitlab") == 0;
    struct action *list = actions_new(what);
    int e = 0;

    for (const struct action *a = list; a && !e; a = a->next)
        e = gitlab ? gitlab_perform(g->gitlab, a->verb, a->args, reterr)
                   : gitaly_perform(g->gitaly, a->verb, a->args, reterr);
    actions_free(list);
    return e;
}

int world_gitlab_switch(struct world_gitlab *g, const char *fault, bool on)
{
    int here = faults_switch(g->gitlab_faults, fault, on), there = faults_switch(g->gitaly_faults, fault, on);

    return here && there ? here : 0;
}

bool world_gitlab_linked(void)
{
    return true;
}
