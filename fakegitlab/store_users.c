/* Users, and by what they are known: personal access tokens and sessions. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <string.h>

void user_free(struct gl_user *u)
{
    free(u->username);
    free(u->name);
    free(u);
}

static json_t *user_row(const struct gl_user *u)
{
    return json_pack("{sssssbsI}", "username", u->username, "name", u->name, "admin", u->admin, "created_at",
                     (json_int_t)u->created_at);
}

static void user_shelve(struct store *s, struct gl_user *u)
{
    shelf_put(&s->users, u);
    lookup_put_text(&s->users_by_name, u->username, u);
}

int user_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct gl_user *u = NEW(struct gl_user);
    *u = (struct gl_user){.id = id,
                          .username = xstrdup(row_text(row, "username")),
                          .name = xstrdup(row_text(row, "name")),
                          .admin = json_is_true(json_object_get(row, "admin")),
                          .created_at = row_int(row, "created_at")};
    if (!u->username || !u->name) {
        user_free(u);
        return -EIO;
    }
    user_shelve(store, u);
    return 0;
}

static bool name_is_good(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    return *name && *name != '-' && name[strspn(name, letters)] == 0;
}

static int user_check(const struct store *s, const struct gl_user_spec *spec, json_t **reterr)
{
    const char *name = spec->username ? spec->username : "";
    if (!*name)
        say(reterr, "Username can't be blank");
    else if (!name_is_good(name))
        say(reterr, "Username can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or end in '.', "
                    "'.git' or '.atom'");
    else if (lookup_get_text(&s->users_by_name, name))
        say(reterr, "Username has already been taken");
    else if (shelf_id(&s->users, spec->id) == 0)
        say(reterr, "ID has already been taken");
    else
        return 0;
    return -EINVAL;
}

int store_user_create(struct store *s, const struct gl_user_spec *spec, const struct gl_user **ret, json_t **reterr)
{
    if (user_check(s, spec, reterr) < 0)
        return -EINVAL;
    struct gl_user *u = NEW(struct gl_user);
    *u = (struct gl_user){.id = shelf_id(&s->users, spec->id),
                          .username = xstrdup(spec->username),
                          .name = xstrdup(spec->name ? spec->name : spec->username),
                          .admin = spec->admin,
                          .created_at = store_now()};
    db_begin(s->db);
    db_put(s->db, DB_USERS, u->id, user_row(u));
    store_save_last(s, "users", &s->users, u->id);
    if (db_commit(s->db) < 0) {
        user_free(u);
        return say_unwritten(reterr);
    }
    user_shelve(s, u);
    if (ret)
        *ret = u;
    store_tell(s, (struct store_change){.kind = STORE_USER, .op = STORE_CREATED, .id = u->id});
    return 0;
}

const struct gl_user *store_user(const struct store *s, int64_t id)
{
    return shelf_get(&s->users, id);
}

const struct gl_user *store_user_by_name(const struct store *s, const char *username)
{
    return lookup_get_text(&s->users_by_name, username);
}

const struct gl_user *const *store_users(const struct store *s, size_t *ret_n)
{
    *ret_n = s->users.n;
    return (const struct gl_user *const *)s->users.list;
}

/* ---- credentials ------------------------------------------------------------------------------------------- */

#define KEY_LEN (1 + SHA256_LEN) /* the kind, and the secret's digest */

void credential_free(struct credential *c)
{
    free(c->pub.name);
    free(c);
}

static void credential_shelve(struct store *s, struct credential *c)
{
    uint8_t key[KEY_LEN] = {(uint8_t)c->pub.kind};
    memcpy(key + 1, c->hash, SHA256_LEN);
    shelf_put(&s->credentials, c);
    lookup_put(&s->credentials_by_hash, key, sizeof(key), c);
}

int credential_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    struct credential *c = NEW(struct credential);
    c->pub = (struct gl_credential){.id = id,
                                    .kind = (enum gl_credential_kind)row_int(row, "kind"),
                                    .user = store_user(s, row_int(row, "user_id")),
                                    .name = xstrdup(row_text(row, "name")),
                                    .created_at = row_int(row, "created_at")};
    if (!c->pub.user || hex_read(row_text(row, "sha256"), c->hash, SHA256_LEN) < 0) {
        credential_free(c);
        return -EIO;
    }
    credential_shelve(s, c);
    return 0;
}

static struct credential *credential_find(struct store *s, enum gl_credential_kind kind, const char *secret, size_t len)
{
    uint8_t key[KEY_LEN] = {(uint8_t)kind};
    hash_sha256(s->hasher, secret, len, key + 1);
    return lookup_get(&s->credentials_by_hash, key, sizeof(key));
}

static int credential_save(struct store *s, const struct credential *c)
{
    char hex[2 * SHA256_LEN + 1];
    hex_write(c->hash, SHA256_LEN, hex);
    db_begin(s->db);
    db_put(s->db, DB_CREDENTIALS, c->pub.id,
           json_pack("{sIsissss?sI}", "user_id", (json_int_t)c->pub.user->id, "kind", (int)c->pub.kind, "sha256", hex,
                     "name", c->pub.name, "created_at", (json_int_t)c->pub.created_at));
    return db_commit(s->db);
}

int store_credential_create(struct store *s, const struct gl_user *user, enum gl_credential_kind kind, const char *name,
                            const char *secret, char **ret_secret, json_t **reterr)
{
    _cleanup_(freep) char *own = secret ? xstrdup(secret) : secret_random(kind == GL_SESSION ? "" : "glpat-", 32);
    if (!*own) {
        say(reterr, "Token can't be blank");
        return -EINVAL;
    }
    if (credential_find(s, kind, own, strlen(own))) {
        say(reterr, "Token has already been taken");
        return -EINVAL;
    }
    struct credential *c = NEW(struct credential);
    c->pub = (struct gl_credential){.id = shelf_id(&s->credentials, 0),
                                    .kind = kind,
                                    .user = user,
                                    .name = xstrdup(name),
                                    .created_at = store_now()};
    hash_sha256(s->hasher, own, strlen(own), c->hash);
    if (credential_save(s, c) < 0) {
        credential_free(c);
        return say_unwritten(reterr);
    }
    credential_shelve(s, c);
    store_keep_secret(s, own, kind == GL_SESSION ? "session" : "pat");
    if (ret_secret)
        *ret_secret = xstrdup(own);
    store_tell(s, (struct store_change){.kind = STORE_CREDENTIAL, .op = STORE_CREATED, .id = c->pub.id});
    return 0;
}

const struct gl_user *store_user_by_secret(struct store *s, enum gl_credential_kind kind, const char *secret, size_t len)
{
    struct credential *c = credential_find(s, kind, secret, len);
    return c ? c->pub.user : NULL;
}
