/* What a scenario's steps and the control API can ask of a fake KAS beside what any fake does (lib/script/verbs.h): one
 * row for each verb. */
#include <errno.h>
#include <string.h>

#include "agent_configuration.pb-c.h"

#include "fakekas/internal.h"
#include "fakekas/k8s_proxy.h"
#include "lib/proto/pb.h"

typedef int (*verb_fn)(struct kas *k, const json_t *args, char **reterr);

static const char *text_of(const json_t *args, const char *key, const char *fallback)
{
    const char *v = json_string_value(json_object_get(args, key));
    return v ? v : fallback;
}

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

/* --- configuration and objects -------------------------------------------------------------------------------- */

static char *next_commit(const struct kas *k)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = strchr(digits, k->commit[0]);
    char d = at && *at ? digits[(at - digits + 1) % 16] : '1';
    char text[41];
    memset(text, d, 40);
    text[40] = '\0';
    if (!strcmp(text, k->commit))
        text[39] = text[39] == '0' ? '1' : '0';
    return xstrdup(text);
}

static int set_config(struct kas *k, json_t *config, char **reterr)
{
    _cleanup_(freep) uint8_t *bytes = NULL;
    _cleanup_(freep) char *err = NULL;
    size_t n;
    json_t *whole = json_pack("{sO}", "configuration", config);
    int r = pb_from_json(&agent_configuration__configuration_response__descriptor, whole, &bytes, &n, &err);
    json_decref(whole);
    if (r < 0)
        return refuse(reterr, xasprintf("push_config: %s", err ? err : "config is no AgentConfiguration"));
    json_decref(k->config);
    k->config = json_deep_copy(config);
    return 0;
}

static int verb_push_config(struct kas *k, const json_t *args, char **reterr)
{
    json_t *config = json_object_get(args, "config");
    const char *commit = text_of(args, "commit", NULL), *error = text_of(args, "error", NULL);
    int r = config ? set_config(k, config, reterr) : 0;
    if (r < 0)
        return r;
    char *next = commit ? xstrdup(commit) : next_commit(k);
    free(k->commit);
    k->commit = next;
    free(k->config_error);
    k->config_error = xstrdup(error);
    configuration_push(k);
    return 0;
}

static int verb_push_objects(struct kas *k, const json_t *args, char **reterr)
{
    const char *project = text_of(args, "project", NULL);
    if (!project)
        return refuse(reterr, xstrdup("push_objects: expected {project, commit, files: {path: text}}"));
    if (!k->objects)
        k->objects = json_object();
    json_t *o = json_deep_copy(args);
    json_object_del(o, "project");
    json_object_set_new(k->objects, project, o);
    gitops_push(k, project);
    return 0;
}

/* --- agents --------------------------------------------------------------------------------------------------- */

static int agent_changed(struct kas *k, struct agent *a)
{
    kas_event(k, NULL, 0, "kas.agent_status",
              json_pack("{sIss}", "agent_id", (json_int_t)a->id, "status",
                        agent_status_to_string(agent_status_now(a))));
    /* A real KAS notices at its next poll; here that is now. */
    watchers_recheck(&k->configs, a);
    watchers_recheck(&k->objects_streams, a);
    configuration_push(k);
    return 0;
}

static int find_agent(struct kas *k, const json_t *args, struct agent **ret, char **reterr)
{
    *ret = agents_by_args(k->agents, args);
    return *ret ? 0 : refuse(reterr, xstrdup("there is no such agent; say {agent: ID} or {token: …}"));
}

static int verb_revoke_token(struct kas *k, const json_t *args, char **reterr)
{
    struct agent *a;
    int r = find_agent(k, args, &a, reterr);
    if (r < 0)
        return r;
    a->revoked = true;
    return agent_changed(k, a);
}

static int verb_restore_token(struct kas *k, const json_t *args, char **reterr)
{
    struct agent *a;
    int r = find_agent(k, args, &a, reterr);
    if (r < 0)
        return r;
    a->revoked = false;
    return agent_changed(k, a);
}

static int verb_set_status(struct kas *k, const json_t *args, char **reterr)
{
    const char *text = json_is_string(args) ? json_string_value(args) : text_of(args, "status", "");
    enum agent_status s = agent_status_from_string(text);
    struct agent *a;
    if (s < 0)
        return refuse(reterr, xasprintf("set_status: \"%s\" is none; expected ok, unauthenticated, forbidden, "
                                        "not-found, rate-limited or unavailable", text));
    int r = find_agent(k, args, &a, reterr);
    if (r < 0)
        return r;
    a->status = s;
    return agent_changed(k, a);
}

/* --- the table ------------------------------------------------------------------------------------------------ */

static int verb_tunnel_request(struct kas *k, const json_t *args, char **reterr)
{
    return tunnels_request(k->tunnels, args, reterr);
}

static int verb_set_job(struct kas *k, const json_t *args, char **reterr)
{
    return k8s_proxy_set_job(k->k8s, args, reterr);
}

static const struct {
    const char *name;
    verb_fn fn;
} verbs[] = {
    {"push_config", verb_push_config},     {"push_objects", verb_push_objects},
    {"revoke_token", verb_revoke_token},   {"restore_token", verb_restore_token},
    {"set_status", verb_set_status},       {"tunnel_request", verb_tunnel_request},
    {"set_job", verb_set_job},
};

static int unknown_verb(const char *verb, char **reterr)
{
    const char *names[ARRAY_SIZE(verbs)];
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        names[i] = verbs[i].name;
    return refuse(reterr, verbs_unknown(verb, names, ARRAY_SIZE(names), "the fake KAS"));
}

int kas_perform(void *kas, const char *verb, const json_t *args, char **reterr)
{
    struct kas *k = kas;
    char *unused = NULL, **err = reterr ? reterr : &unused;
    verb_fn own = NULL;
    int r;
    *err = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].name))
            own = verbs[i].fn;
    if (own || verbs_knows(verb))
        kas_event(k, NULL, 0, "kas.verb", json_pack("{sssO*}", "verb", verb, "args", args));
    if (own)
        r = own(k, args, err);
    else if (verbs_knows(verb))
        r = verbs_perform(&k->verbs, verb, args, err);
    else
        r = unknown_verb(verb, err);
    free(unused);
    return r;
}
