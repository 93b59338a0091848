/* CI jobs: each has a token for as long as it runs. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <string.h>

void job_free(struct job *j)
{
    free(j->pub.status);
    free(j->pub.environment);
    free(j->pub.tier);
    json_decref((json_t *)j->pub.allowed_agents);
    free(j);
}

static void job_put_row(struct store *s, const struct job *j)
{
    char hex[2 * SHA256_LEN + 1];
    hex_write(j->hash, SHA256_LEN, hex);
    db_put(s->db, DB_JOBS, j->pub.id,
           json_pack("{sIsIsIssssss?ss?sO?}", "pipeline_id", (json_int_t)j->pub.pipeline_id, "project_id",
                     (json_int_t)j->pub.project->id, "user_id", (json_int_t)j->pub.user->id, "sha256", hex, "status",
                     j->pub.status, "environment", j->pub.environment, "tier", j->pub.tier, "allowed_agents",
                     j->pub.allowed_agents));
}

static void job_shelve(struct store *s, struct job *j)
{
    shelf_put(&s->jobs, j);
    lookup_put(&s->jobs_by_hash, j->hash, SHA256_LEN, j);
    if (j->pub.pipeline_id > s->last_pipeline)
        s->last_pipeline = j->pub.pipeline_id;
}

int job_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    const json_t *agents = json_object_get(row, "allowed_agents");
    struct job *j = NEW(struct job);
    j->pub = (struct gl_job){.id = id,
                             .pipeline_id = row_int(row, "pipeline_id"),
                             .project = store_project(s, row_int(row, "project_id")),
                             .user = store_user(s, row_int(row, "user_id")),
                             .status = xstrdup(row_text(row, "status")),
                             .environment = xstrdup(row_text(row, "environment")),
                             .tier = xstrdup(row_text(row, "tier")),
                             .allowed_agents = json_is_array(agents) ? json_deep_copy(agents) : NULL};
    if (!j->pub.project || !j->pub.user || !j->pub.status || hex_read(row_text(row, "sha256"), j->hash, SHA256_LEN) < 0) {
        job_free(j);
        return -EIO;
    }
    job_shelve(s, j);
    return 0;
}

static struct job *job_find(struct store *s, const char *secret, size_t len)
{
    uint8_t hash[SHA256_LEN];
    hash_sha256(s->hasher, secret, len, hash);
    return lookup_get(&s->jobs_by_hash, hash, sizeof(hash));
}

static void tell(struct store *s, const struct job *j, enum store_op op, const char *what)
{
    store_tell(s, (struct store_change){
                      .kind = STORE_JOB, .op = op, .id = j->pub.id, .project_id = j->pub.project->id, .name = what});
}

static const char *job_problem(struct store *s, const struct gl_job_spec *spec, const char *secret)
{
    return !*secret                                ? "Token can't be blank"
           : job_find(s, secret, strlen(secret))   ? "Token has already been taken"
           : shelf_id(&s->jobs, spec->id) == 0     ? "ID has already been taken"
           : spec->pipeline_id < 0                 ? "Pipeline must exist"
           : !spec->user                           ? "User must exist"
           : !spec->project                        ? "Project must exist"
                                                   : NULL;
}

int store_job_create(struct store *s, const struct gl_job_spec *spec, const struct gl_job **ret, char **ret_secret,
                     json_t **reterr)
{
    _cleanup_(freep) char *secret = spec->secret ? xstrdup(spec->secret) : secret_random("", 20);
    const char *problem = job_problem(s, spec, secret);
    if (problem) {
        say(reterr, "%s", problem);
        return -EINVAL;
    }
    struct job *j = NEW(struct job);
    j->pub = (struct gl_job){.id = shelf_id(&s->jobs, spec->id),
                             .pipeline_id = spec->pipeline_id ? spec->pipeline_id : s->last_pipeline + 1,
                             .project = spec->project,
                             .user = spec->user,
                             .status = xstrdup(spec->status ? spec->status : "running"),
                             .environment = xstrdup(spec->environment),
                             .tier = spec->environment ? xstrdup(spec->tier ? spec->tier : "other") : NULL,
                             .allowed_agents = json_deep_copy(spec->allowed_agents)};
    hash_sha256(s->hasher, secret, strlen(secret), j->hash);
    db_begin(s->db);
    job_put_row(s, j);
    store_save_last(s, "jobs", &s->jobs, j->pub.id);
    if (db_commit(s->db) < 0) {
        job_free(j);
        return say_unwritten(reterr);
    }
    job_shelve(s, j);
    store_keep_secret(s, secret, "job-token");
    if (ret)
        *ret = &j->pub;
    if (ret_secret)
        *ret_secret = xstrdup(secret);
    tell(s, j, STORE_CREATED, NULL);
    return 0;
}

int store_job_set_status(struct store *s, const struct gl_job *job, const char *status)
{
    struct job *j = (struct job *)job;
    char *before = j->pub.status;
    j->pub.status = xstrdup(status);
    db_begin(s->db);
    job_put_row(s, j);
    if (db_commit(s->db) < 0) {
        free(j->pub.status);
        j->pub.status = before;
        return -EIO;
    }
    free(before);
    tell(s, j, STORE_UPDATED, "status");
    return 0;
}

void job_drop(struct store *s, struct job *j)
{
    lookup_remove(&s->jobs_by_hash, j->hash, SHA256_LEN);
    shelf_remove(&s->jobs, j->pub.id);
    job_free(j);
}

const struct gl_job *store_job(const struct store *s, int64_t id)
{
    return shelf_get(&s->jobs, id);
}

const struct gl_job *store_job_by_token(struct store *s, const char *secret, size_t len)
{
    struct job *j = job_find(s, secret, len);
    return j ? &j->pub : NULL;
}

const struct gl_job *const *store_jobs(const struct store *s, size_t *ret_n)
{
    *ret_n = s->jobs.n;
    return (const struct gl_job *const *)s->jobs.list;
}
