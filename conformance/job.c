/* What a world is told of its row. */
#include "conformance/job.h"

#include <unistd.h>

#include "conformance/judge/golden.h"
#include "lib/base/mem.h"

enum { LINGER_MS = 300 };

static json_t *component_json(const struct component *c)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s?}", "name", c->name, "kind", c->kind, "version", c->version,
                     "path", c->path, "mutant", c->mutant);
}

/* A row whose log is compared goes on a little after everything was seen, so that the comparison does not
 * hang on who was first. */
static int linger_ms(const struct row *row, const struct options *o)
{
    _cleanup_(freep) char *golden = golden_path(row, GOLDEN_OWN, o->fixtures);
    int quiet = (int)json_integer_value(json_object_get(row->component->profile, "quiet_ms"));

    if (!row->component->real || (!o->recording && (o->no_golden || access(golden, F_OK) < 0)))
        return quiet;
    return quiet > LINGER_MS ? quiet : LINGER_MS;
}

/* The profile for this row: a suite's time is mostly that of agents that start, and the profile knows what makes
 * that less. What they use of memory is then not what a user's agent does. */
static json_t *profile_of(const struct row *row, const struct component *c, const struct options *o)
{
    json_t *profile = c->profile, *thrift = json_object_get(profile, "thrift"), *env, *ours;

    if (!json_object_size(thrift) || o->no_thrift || o->recording ||
        json_object_get(json_object_get(row->spec, "expect"), "bounds"))
        return json_incref(profile);
    env = json_copy(json_object_get(profile, "env"));
    if (!env)
        env = json_object();
    json_object_update_missing(env, thrift);
    ours = json_copy(profile);
    json_object_set_new(ours, "env", env);
    return ours;
}

json_t *job_make(const struct row *row, const struct options *o)
{
    json_t *actors = row->agent ? json_pack("{s:o}", "agent", component_json(row->agent)) : json_object();
    json_t *job = json_pack("{s:O,s:s,s:o,s:o,s:s,s:s,s:b,s:b,s:b,s:b,s:i,s:i,s:o,s:s*}", "row", row->spec, "name",
                            row->name, "component", component_json(row->component), "profile",
                            profile_of(row, row->component, o), "dir", row->dir, "token", row->token, "namespace",
                            !o->no_namespace, "faults_off", o->faults_off, "keep", o->keep, "verbose",
                            o->verbose, "stop_ms", (int)o->stop_ms, "linger_ms", linger_ms(row, o), "actors", actors,
                            "job_token", row->job_token);

    if (row->kubectl)
        json_object_set_new(job, "kubectl", json_string(row->kubectl));
    if (o->kube_real)
        json_object_set_new(job, "kube_real", json_pack("{s:s,s:s}", "apiserver", o->apiserver, "etcd", o->etcd));
    if (row->agent)
        json_object_set_new(json_object_get(actors, "agent"), "profile", profile_of(row, row->agent, o));
    return job;
}
