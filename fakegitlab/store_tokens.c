/* Tokens of agents: shown once, kept as a digest, found by it. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <string.h>

#define SECRET_LETTERS 50
#define NAME_MAX_LETTERS 255
#define DESCRIPTION_MAX_LETTERS 1024
#define ACTIVE_MAX 2           /* with the flag cluster_agents_limit_tokens_created */
#define SAVE_USED_EVERY 60000  /* ms */

void token_free(struct token *t)
{
    free(t->pub.name);
    free(t->pub.description);
    free(t);
}

static void token_put_row(struct store *s, const struct token *t)
{
    char hex[2 * SHA256_LEN + 1];
    hex_write(t->hash, SHA256_LEN, hex);
    db_put(s->db, DB_TOKENS, t->pub.id,
           json_pack("{sssssIsbsssIsIsI}", "name", t->pub.name, "description", t->pub.description, "agent_id",
                     (json_int_t)t->pub.agent->id, "revoked", t->pub.revoked, "sha256", hex, "created_by",
                     (json_int_t)(t->pub.created_by ? t->pub.created_by->id : 0), "created_at",
                     (json_int_t)t->pub.created_at, "last_used_at", (json_int_t)t->pub.last_used_at));
}

static void token_shelve(struct store *s, struct token *t)
{
    struct gl_agent *a = agent_mut(t->pub.agent);
    shelf_put(&s->tokens, t);
    lookup_put(&s->tokens_by_hash, t->hash, SHA256_LEN, t);
    const struct gl_token **list = xrealloc((void *)a->tokens, (a->n_tokens + 1) * sizeof(*list));
    size_t at = a->n_tokens++;
    for (; at > 0 && list[at - 1]->id > t->pub.id; at--)
        list[at] = list[at - 1];
    list[at] = &t->pub;
    a->tokens = list;
}

int token_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    struct token *t = NEW(struct token);
    t->pub = (struct gl_token){.id = id,
                               .name = xstrdup(row_text(row, "name")),
                               .description = xstrdup(row_text(row, "description")),
                               .agent = store_agent(s, row_int(row, "agent_id")),
                               .revoked = json_is_true(json_object_get(row, "revoked")),
                               .created_by = store_user(s, row_int(row, "created_by")),
                               .created_at = row_int(row, "created_at"),
                               .last_used_at = row_int(row, "last_used_at")};
    t->saved_at = t->pub.last_used_at;
    if (!t->pub.name || !t->pub.description || !t->pub.agent || hex_read(row_text(row, "sha256"), t->hash, SHA256_LEN) < 0) {
        token_free(t);
        return -EIO;
    }
    token_shelve(s, t);
    return 0;
}

static void tell(struct store *s, const struct token *t, enum store_op op, const char *what)
{
    store_tell(s, (struct store_change){.kind = STORE_TOKEN, .op = op, .id = t->pub.id, .name = what,
                                        .agent_id = t->pub.agent->id, .project_id = t->pub.agent->project->id});
}

/* ---- made -------------------------------------------------------------------------------------------------- */

static size_t active(const struct gl_agent *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_tokens; i++)
        n += !a->tokens[i]->revoked;
    return n;
}

static int token_check(const struct store *s, const struct gl_agent *a, const struct gl_token_spec *spec, json_t **reterr)
{
    const char *name = spec->name ? spec->name : "", *description = spec->description ? spec->description : "";
    int r = 0;
    if (name[strspn(name, " \t\r\n")] == 0) {
        say(reterr, "Name can't be blank");
        r = -EINVAL;
    }
    if (text_length(name) > NAME_MAX_LETTERS) {
        say(reterr, "Name is too long (maximum is %d characters)", NAME_MAX_LETTERS);
        r = -EINVAL;
    }
    if (text_length(description) > DESCRIPTION_MAX_LETTERS) {
        say(reterr, "Description is too long (maximum is %d characters)", DESCRIPTION_MAX_LETTERS);
        r = -EINVAL;
    }
    if (store_flag(s, "cluster_agents_limit_tokens_created", a->project) && active(a) >= ACTIVE_MAX) {
        say(reterr, "An agent can have only two active tokens at a time");
        r = -EINVAL;
    }
    if (shelf_id(&s->tokens, spec->id) == 0) {
        say(reterr, "ID has already been taken");
        r = -EINVAL;
    }
    return r;
}

static bool may_write(const struct gl_user *by, const struct gl_agent *a)
{
    return !by || store_access(a->project, by) >= GL_MAINTAINER;
}

static struct token *token_find(struct store *s, const char *secret, size_t len)
{
    uint8_t hash[SHA256_LEN];
    hash_sha256(s->hasher, secret, len, hash);
    return lookup_get(&s->tokens_by_hash, hash, sizeof(hash));
}

static struct token *token_make(struct store *s, const struct gl_user *by, const struct gl_agent *a,
                                const struct gl_token_spec *spec, const char *secret)
{
    struct token *t = NEW(struct token);
    t->pub = (struct gl_token){.id = shelf_id(&s->tokens, spec->id),
                               .name = xstrdup(spec->name),
                               .description = xstrdup(spec->description ? spec->description : ""),
                               .agent = a,
                               .created_by = by,
                               .created_at = store_now()};
    hash_sha256(s->hasher, secret, strlen(secret), t->hash);
    return t;
}

int store_token_create(struct store *s, const struct gl_user *by, const struct gl_agent *a, const struct gl_token_spec *spec,
                       const struct gl_token **ret, char **ret_secret, json_t **reterr)
{
    if (!may_write(by, a)) {
        say(reterr, "User has insufficient permissions to create a token for this project");
        return -EPERM;
    }
    if (token_check(s, a, spec, reterr) < 0)
        return -EINVAL;
    _cleanup_(freep) char *secret = spec->secret ? xstrdup(spec->secret) : secret_random("", SECRET_LETTERS);
    if (!*secret || token_find(s, secret, strlen(secret))) {
        say(reterr, *secret ? "Token has already been taken" : "Token can't be blank");
        return -EINVAL;
    }
    struct token *t = token_make(s, by, a, spec, secret);
    db_begin(s->db);
    token_put_row(s, t);
    store_save_last(s, "tokens", &s->tokens, t->pub.id);
    if (db_commit(s->db) < 0) {
        token_free(t);
        return say_unwritten(reterr);
    }
    token_shelve(s, t);
    store_keep_secret(s, secret, "token");
    if (ret)
        *ret = &t->pub;
    if (ret_secret)
        *ret_secret = xstrdup(secret);
    tell(s, t, STORE_CREATED, NULL);
    return 0;
}

/* ---- gone -------------------------------------------------------------------------------------------------- */

void token_drop(struct store *s, struct token *t)
{
    struct gl_agent *a = agent_mut(t->pub.agent);
    const struct gl_token **list = (const struct gl_token **)a->tokens;
    size_t kept = 0;
    for (size_t i = 0; i < a->n_tokens; i++)
        if (list[i] != &t->pub)
            list[kept++] = list[i];
    a->n_tokens = kept;
    lookup_remove(&s->tokens_by_hash, t->hash, SHA256_LEN);
    shelf_remove(&s->tokens, t->pub.id);
    token_free(t);
}

static int may_revoke(const struct gl_user *by, const struct gl_token *t, json_t **reterr)
{
    if (may_write(by, t->agent))
        return 0;
    say(reterr, "User has insufficient permissions to revoke the token for this project");
    return -EPERM;
}

int store_token_revoke(struct store *s, const struct gl_user *by, const struct gl_token *token, json_t **reterr)
{
    struct token *t = token_mut(token);
    int r = may_revoke(by, token, reterr);
    if (r < 0 || t->pub.revoked)
        return r;
    t->pub.revoked = true;
    db_begin(s->db);
    token_put_row(s, t);
    if (db_commit(s->db) < 0) {
        t->pub.revoked = false;
        return say_unwritten(reterr);
    }
    tell(s, t, STORE_UPDATED, "revoked");
    return 0;
}

int store_token_delete(struct store *s, const struct gl_user *by, const struct gl_token *token, json_t **reterr)
{
    struct token *t = token_mut(token);
    int r = may_revoke(by, token, reterr);
    if (r < 0)
        return r;
    db_begin(s->db);
    db_delete(s->db, DB_TOKENS, t->pub.id);
    if (db_commit(s->db) < 0)
        return say_unwritten(reterr);
    struct store_change change = {.kind = STORE_TOKEN, .op = STORE_DELETED, .id = t->pub.id,
                                  .agent_id = t->pub.agent->id, .project_id = t->pub.agent->project->id};
    token_drop(s, t);
    store_tell(s, change);
    return 0;
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

/* This is asked at every call of KAS: the time is kept in memory, and written now and then. A write that fails is said on
 * standard error by the database and is no reason to send the agent away. */
const struct gl_token *store_token_use(struct store *s, const char *secret, size_t len)
{
    struct token *t = token_find(s, secret, len);
    if (!t || t->pub.revoked)
        return NULL;
    t->pub.last_used_at = store_now();
    if (t->pub.last_used_at - t->saved_at < SAVE_USED_EVERY)
        return &t->pub;
    int64_t id = t->pub.id;
    t->saved_at = t->pub.last_used_at;
    db_begin(s->db);
    token_put_row(s, t);
    (void)db_commit(s->db);
    tell(s, t, STORE_UPDATED, "used");
    return store_token(s, id); /* a subscriber may have deleted it */
}

const struct gl_token *store_token(const struct store *s, int64_t id)
{
    return shelf_get(&s->tokens, id);
}
