/* The store as a whole: opened, loaded, told of, freed. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fakegitlab/objects.h"
#include "fakegitlab/repository_impl.h"
#include "lib/base/clock.h"

/* ---- small things ------------------------------------------------------------------------------------------ */

int64_t store_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void store_time_text(int64_t ms, char out[STORE_TIME_LEN])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char day[32];
    gmtime_r(&seconds, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, STORE_TIME_LEN, "%.19s.%03uZ", day, (unsigned)(ms % 1000) % 1000u);
}

void say(json_t **reterr, const char *format, ...)
{
    if (!reterr)
        return;
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        abort();
    va_end(ap);
    if (!*reterr)
        *reterr = json_array();
    json_array_append_new(*reterr, json_string(text));
    free(text);
}

int say_unwritten(json_t **reterr)
{
    say(reterr, "The data folder cannot be written; nothing was changed");
    return -EIO;
}

char *store_error_text(const json_t *errors)
{
    char *text = xstrdup("");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        bool last = i + 1 == json_array_size(errors);
        char *longer = xasprintf("%s%s%s", text, i == 0 ? "" : last ? " and " : ", ",
                                 json_string_value(json_array_get(errors, i)));
        free(text);
        text = longer;
    }
    return text;
}

size_t text_length(const char *utf8)
{
    size_t n = 0;
    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xc0) != 0x80;
    return n;
}

int64_t row_int(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

const char *row_text(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

void store_save_last(struct store *s, const char *kind, const struct shelf *shelf, int64_t id)
{
    _cleanup_(freep) char *name = xasprintf("last:%s", kind);
    if (id > shelf->last)
        db_put_named(s->db, DB_SETTINGS, name, json_integer(id));
}

void store_keep_secret(struct store *s, const char *secret, const char *name)
{
    if (!s->events || strlen(secret) < 4) /* shorter ones would be found in every word */
        return;
    char numbered[64];
    snprintf(numbered, sizeof(numbered), s->n_secrets ? "%s-%zu" : "%s", name, s->n_secrets + 1);
    s->n_secrets++;
    events_secret(s->events, secret, numbered);
}

/* ---- changes ----------------------------------------------------------------------------------------------- */

static const char *const kind_names[_STORE_KIND_MAX] = {"user",  "credential", "group",   "project", "agent",
                                                        "token", "job",        "setting", "commit",  "received"};

json_t *store_change_json(const struct store_change *c)
{
    static const char *const ops[] = {"created", "updated", "deleted"};
    json_t *j = json_pack("{ssss}", "kind", kind_names[c->kind], "op", ops[c->op]);
    const struct {
        const char *key;
        int64_t value;
    } ids[] = {{"id", c->id}, {"project_id", c->project_id}, {"agent_id", c->agent_id}};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        if (ids[i].value)
            json_object_set_new(j, ids[i].key, json_integer(ids[i].value));
    if (c->name)
        json_object_set_new(j, "name", json_string(c->name));
    if (c->commit)
        json_object_set_new(j, "commit", json_string(c->commit));
    return j;
}

static void sweep_subs(struct store *s)
{
    struct store_sub *sub = LIST_FIRST(&s->subs), *next;
    for (; sub; sub = next) {
        next = LIST_NEXT(sub, entry);
        if (sub->gone) {
            LIST_REMOVE(sub, entry);
            free(sub);
        }
    }
}

void store_tell(struct store *s, struct store_change change)
{
    s->telling++; /* who lets go while it runs is freed after */
    struct store_sub *sub;
    LIST_FOREACH(sub, &s->subs, entry) {
        if (!sub->gone)
            sub->fn(sub->arg, &change);
    }
    if (--s->telling == 0)
        sweep_subs(s);
}

struct store_sub *store_subscribe(struct store *s, store_fn fn, void *arg)
{
    struct store_sub *sub = NEW(struct store_sub);
    *sub = (struct store_sub){.store = s, .fn = fn, .arg = arg};
    LIST_INSERT_HEAD(&s->subs, sub, entry);
    return sub;
}

struct store_sub *store_unsubscribe(struct store_sub *sub)
{
    if (!sub)
        return NULL;
    sub->gone = true;
    if (sub->store->telling == 0)
        sweep_subs(sub->store);
    return NULL;
}

/* ---- opened, freed ----------------------------------------------------------------------------------------- */

static int load(struct store *s)
{
    static const struct {
        enum db_table table;
        db_row_fn fn;
    } tables[] = {/* what is pointed to comes first */
                  {DB_SETTINGS, setting_load}, {DB_USERS, user_load},       {DB_CREDENTIALS, credential_load},
                  {DB_GROUPS, group_load},     {DB_PROJECTS, project_load}, {DB_AGENTS, agent_load},
                  {DB_TOKENS, token_load},     {DB_JOBS, job_load},         {DB_RECEIVED, received_load}};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++)
        r = db_each(s->db, tables[i].table, tables[i].fn, s);
    r = r ? r : db_each_object(s->db, object_load, s);
    r = r ? r : db_each(s->db, DB_COMMITS, commit_load, s);
    r = r ? r : commits_link(s);
    return r ? r : db_each(s->db, DB_REFS, ref_load, s);
}

/* A folder that went away while nobody looked is no reason not to start. */
static void follow_folders(struct store *s)
{
    for (size_t i = 0; i < s->projects.n; i++) {
        struct gl_project *p = s->projects.list[i];
        _cleanup_(freep) char *err = NULL, *folder = xstrdup(p->folder);
        if (folder && repository_follow(s, p, folder, &err) < 0)
            fprintf(stderr, "fakegitlab: %s; %s stays as it was\n", err, p->path);
    }
}

int store_open(const struct store_options *o, struct store **ret, char **reterr)
{
    struct store *s = NEW(struct store);
    s->events = o->events;
    s->loop = o->loop;
    s->hasher = hasher_new();
    s->settings = json_object();
    LIST_INIT(&s->subs);
    int r = o->data_dir ? db_open(o->data_dir, &s->db, reterr) : 0;
    if (r == 0 && (r = load(s)) < 0)
        *reterr = xasprintf("what is in the data folder %s does not hold together; move it away to begin anew", o->data_dir);
    if (r < 0) {
        store_free(s);
        return r;
    }
    follow_folders(s);
    *ret = s;
    return 0;
}

static void free_received(struct store *s)
{
    for (int kind = 0; kind < _GL_RECEIVED_MAX; kind++) {
        for (size_t i = 0; i < s->received[kind].n; i++)
            received_free(s->received[kind].list[i]);
        shelf_done(&s->received[kind]);
    }
}

#define FREE_ALL(shelf, fn)                                                                                            \
    do {                                                                                                               \
        for (size_t i = 0; i < (shelf).n; i++)                                                                         \
            fn((shelf).list[i]);                                                                                       \
        shelf_done(&(shelf));                                                                                          \
    } while (0)

struct store *store_free(struct store *s)
{
    if (!s)
        return NULL;
    FREE_ALL(s->jobs, job_free);
    FREE_ALL(s->tokens, token_free);
    FREE_ALL(s->agents, agent_free);
    for (size_t i = 0; i < s->projects.n; i++)
        project_free(s, s->projects.list[i]);
    shelf_done(&s->projects);
    FREE_ALL(s->groups, group_free);
    FREE_ALL(s->credentials, credential_free);
    FREE_ALL(s->users, user_free);
    free_received(s);
    struct lookup *lookups[] = {&s->users_by_name,  &s->groups_by_path, &s->projects_by_path, &s->projects_by_relative_path,
                                &s->tokens_by_hash, &s->credentials_by_hash, &s->jobs_by_hash};
    for (size_t i = 0; i < ARRAY_SIZE(lookups); i++)
        lookup_done(lookups[i]);
    objects_free(s);
    json_decref(s->settings);
    db_close(s->db);
    hasher_free(s->hasher);
    free(s);
    return NULL;
}

bool store_is_empty(const struct store *s)
{
    return s->users.n == 0 && s->groups.n == 0 && s->projects.n == 0;
}
