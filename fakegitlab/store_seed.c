/* The store's first content, as a person wrote it. Each mistake is told with its place and what would be right; all of
 * them at once. On disk a seed is one transaction: a store is seeded wholly, or is empty still. */
#include "fakegitlab/seed_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/script/schema.h"

/* ---- mistakes ---------------------------------------------------------------------------------------------- */

void seed_bad(struct seed *s, struct spot at, const char *key, const char *format, ...)
{
    char text[1500];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (s->doc)
        problem_add(s->problems, key ? yaml_member_place(s->doc, at.item, key) : yaml_place(s->doc, at.item), "%s", text);
    else
        problem_add(s->problems, (struct place){.file = "seed"}, "%s%s%s: %s", at.path, *at.path && key ? "." : "",
                    key ? key : "", text);
}

void seed_refused(struct seed *s, struct spot at, const char *key, int r, json_t *errors)
{
    _cleanup_(freep) char *text = json_array_size(errors) ? store_error_text(errors) : xstrdup(strerror(-r));
    seed_bad(s, at, key, "%s", text);
    json_decref(errors);
}

/* ---- values ------------------------------------------------------------------------------------------------ */

static const json_t *value(struct spot at, const char *key)
{
    const json_t *v = json_object_get(at.item, key);
    return json_is_null(v) ? NULL : v;
}

const char *seed_text(struct seed *s, struct spot at, const char *key)
{
    const json_t *v = value(at, key);
    if (v && !json_is_string(v))
        seed_bad(s, at, key, "expected a text; a number or word that is meant as text stands in quotes");
    return json_string_value(v);
}

int64_t seed_number(struct seed *s, struct spot at, const char *key)
{
    const json_t *v = value(at, key);
    if (v && json_integer_value(v) <= 0)
        seed_bad(s, at, key, "expected a whole number above 0");
    return v ? json_integer_value(v) : 0;
}

bool seed_bool(struct seed *s, struct spot at, const char *key, bool otherwise)
{
    const json_t *v = value(at, key);
    if (v && !json_is_boolean(v))
        seed_bad(s, at, key, "expected true or false");
    return v ? json_is_true(v) : otherwise;
}

const json_t *seed_object(struct seed *s, struct spot at, const char *key)
{
    const json_t *v = value(at, key);
    if (v && !json_is_object(v))
        seed_bad(s, at, key, "expected a mapping {name: value}");
    return json_is_object(v) ? v : NULL;
}

static void unknown_key(struct seed *s, struct spot at, const char *key, const char *known)
{
    const char *words[32];
    size_t n = 0;
    _cleanup_(freep) char *copy = xstrdup(known);
    char *rest = copy;
    for (char *word; n < ARRAY_SIZE(words) && (word = strsep(&rest, " "));)
        words[n++] = word;
    const char *near = nearest(key, words, n);
    if (near)
        seed_bad(s, at, key, "the key \"%s\" is not known; did you mean \"%s\"?", key, near);
    else
        seed_bad(s, at, key, "the key \"%s\" is not known; expected %s", key, known);
}

static bool is_word_of(const char *key, const char *known)
{
    size_t n = strlen(key);
    for (const char *p = known; n && (p = strstr(p, key)); p += n)
        if ((p == known || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0))
            return true;
    return false;
}

bool seed_keys(struct seed *s, struct spot at, const char *known)
{
    const char *key;
    json_t *v;
    if (!json_is_object(at.item)) {
        seed_bad(s, at, NULL, "expected a mapping with the keys %s", known);
        return false;
    }
    json_object_foreach((json_t *)at.item, key, v) {
        if (!is_word_of(key, known))
            unknown_key(s, at, key, known);
    }
    return true;
}

void seed_each(struct seed *s, struct spot at, const char *key, seed_fn fn)
{
    const json_t *list = value(at, key), *item;
    size_t i;
    if (list && !json_is_array(list))
        seed_bad(s, at, key, "expected a list");
    json_array_foreach((json_t *)list, i, item) {
        _cleanup_(freep) char *path = xasprintf("%s%s%s[%zu]", at.path, *at.path ? "." : "", key, i);
        fn(s, (struct spot){.item = item, .path = path});
    }
}

const struct gl_user *seed_user(struct seed *s, struct spot at, const char *key)
{
    const char *name = seed_text(s, at, key);
    const struct gl_user *u = name ? store_user_by_name(s->store, name) : NULL;
    if (name && !u)
        seed_bad(s, at, key, "there is no user \"%s\"; name one of `users`", name);
    if (!value(at, key) && s->store->users.n)
        u = s->store->users.list[0];
    else if (!value(at, key))
        seed_bad(s, at, NULL, "there is no user; name one in `users`");
    return u;
}

const struct gl_project *seed_project(struct seed *s, struct spot at, const char *key)
{
    const char *path = seed_text(s, at, key);
    const struct gl_project *p = path ? store_project_by_path(s->store, path) : NULL;
    if (path && !p)
        seed_bad(s, at, key, "there is no project \"%s\"; name one of `projects` by its path", path);
    if (!value(at, key) && s->store->projects.n)
        p = s->store->projects.list[0];
    else if (!value(at, key))
        seed_bad(s, at, NULL, "there is no project; name one in `projects`");
    return p;
}

void seed_secret(struct seed *s, const char *kind, const char *name, char *secret)
{
    json_t *of = json_object_get(s->secrets, kind), *list = name ? json_object_get(of, name) : of;
    if (!list)
        json_object_set_new(of, name, list = json_array());
    json_array_append_new(list, json_string(secret));
    free(secret);
}

void seed_members(struct seed *s, struct spot at, const void *of, seed_member_fn set)
{
    const char *name;
    json_t *level;
    json_object_foreach((json_t *)seed_object(s, at, "members"), name, level) {
        const struct gl_user *user = store_user_by_name(s->store, name);
        enum gl_access access = gl_access_from_string(json_string_value(level));
        if (!user)
            seed_bad(s, at, "members", "there is no user \"%s\"; name one of `users`", name);
        else if (access == GL_NO_ACCESS)
            seed_bad(s, at, "members", "%s: expected guest, reporter, developer, maintainer or owner", name);
        else if (set(s->store, of, user, access) < 0)
            seed_bad(s, at, "members", "cannot be written");
    }
}

/* ---- users, groups, settings ------------------------------------------------------------------------------- */

static void credentials(struct seed *s, struct spot at, const struct gl_user *user, const char *key)
{
    bool session = strcmp(key, "sessions") == 0;
    const json_t *list = value(at, key), *one;
    size_t i;
    if (list && !json_is_array(list))
        seed_bad(s, at, key, "expected a list of texts");
    json_array_foreach((json_t *)list, i, one) {
        char *secret = NULL;
        json_t *errors = NULL;
        if (!json_is_string(one) && !json_is_null(one)) {
            seed_bad(s, at, key, "expected a list of texts, or of null for one that is made");
            continue;
        }
        int r = store_credential_create(s->store, user, session ? GL_SESSION : GL_PERSONAL_ACCESS_TOKEN, "seed",
                                        json_string_value(one), &secret, &errors);
        if (r < 0)
            seed_refused(s, at, key, r, errors);
        else
            seed_secret(s, session ? "sessions" : "users", user->username, secret);
    }
}

static void one_user(struct seed *s, struct spot at)
{
    const struct gl_user *user = NULL;
    json_t *errors = NULL;
    if (!seed_keys(s, at, "username name id admin tokens sessions"))
        return;
    struct gl_user_spec spec = {.id = seed_number(s, at, "id"),
                                .username = seed_text(s, at, "username"),
                                .name = seed_text(s, at, "name"),
                                .admin = seed_bool(s, at, "admin", false)};
    int r = store_user_create(s->store, &spec, &user, &errors);
    if (r < 0) {
        seed_refused(s, at, "username", r, errors);
        return;
    }
    credentials(s, at, user, "tokens");
    credentials(s, at, user, "sessions");
}

static int group_member(struct store *s, const void *of, const struct gl_user *user, enum gl_access level)
{
    return store_group_member_set(s, of, user, level);
}

static void one_group(struct seed *s, struct spot at)
{
    const struct gl_group *group = NULL;
    json_t *errors = NULL;
    if (!seed_keys(s, at, "path members"))
        return;
    int r = store_group_create(s->store, seed_text(s, at, "path"), &group, &errors);
    if (r < 0)
        seed_refused(s, at, "path", r, errors);
    else
        seed_members(s, at, group, group_member);
}

static void settings(struct seed *s, struct spot at)
{
    static const char *const tiers[] = {"free", "premium", "ultimate"};
    const char *licence = seed_text(s, at, "licence"), *flag;
    json_t *on;
    size_t tier = 0;
    while (licence && tier < ARRAY_SIZE(tiers) && strcmp(licence, tiers[tier]) != 0)
        tier++;
    if (licence && tier == ARRAY_SIZE(tiers))
        seed_bad(s, at, "licence", "\"%s\" is none; expected free, premium or ultimate", licence);
    else if (licence)
        (void)store_set_licence(s->store, (enum gl_licence)tier);
    json_object_foreach((json_t *)seed_object(s, at, "flags"), flag, on) {
        if (json_is_boolean(on))
            (void)store_set_flag(s->store, flag, NULL, json_is_true(on));
        else
            seed_bad(s, at, "flags", "%s: expected true or false", flag);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

/* What `{}` means, as a seed. */
static json_t *with_defaults(const json_t *seed)
{
    json_t *whole = json_is_object(seed) ? json_copy((json_t *)seed) : json_object();
    struct spot at = {.item = whole};
    if (!value(at, "users"))
        json_object_set_new(whole, "users", json_pack("[{sssssbs[n]}]", "username", "root", "name", "Administrator", "admin",
                                                      1, "tokens"));
    if (!value(at, "projects"))
        json_object_set_new(whole, "projects", json_pack("[{ss}]", "path", "grp/proj"));
    if (!value(at, "agents") && json_array_size(json_object_get(whole, "projects")))
        json_object_set_new(whole, "agents", json_pack("[{ss}]", "name", "my-agent"));
    return whole;
}

static int apply(struct seed *s, const json_t *seed)
{
    struct spot top = {.item = seed, .path = ""}, whole = {.item = s->root, .path = ""};
    db_begin(s->store->db);
    if (!seed || json_is_null(seed) || seed_keys(s, top, "users groups projects agents jobs licence flags")) {
        if (json_is_object(seed))
            settings(s, top);
        seed_each(s, whole, "users", one_user);
        seed_each(s, whole, "groups", one_group);
        seed_each(s, whole, "projects", seed_one_project);
        seed_each(s, whole, "agents", seed_one_agent);
        seed_each(s, whole, "jobs", seed_one_job);
    }
    bool bad = problems_count(s->problems) > 0;
    if (bad)
        db_abandon(s->store->db);
    if (db_commit(s->store->db) < 0 && !bad) {
        seed_bad(s, whole, NULL, "the data folder cannot be written");
        bad = true;
    }
    return bad ? -EINVAL : 0;
}

int store_seed(struct store *store, const json_t *seed, const struct yaml_doc *doc, const char *folder,
               struct problems *problems, json_t **ret_secrets)
{
    json_t *whole = with_defaults(seed);
    struct seed s = {.store = store, .root = whole, .doc = doc, .folder = folder, .problems = problems,
                     .secrets = json_pack("{s{}s{}s{}s[]}", "agents", "users", "sessions", "jobs")};
    int r = apply(&s, seed);
    if (r == 0 && ret_secrets)
        *ret_secrets = json_incref(s.secrets);
    json_decref(s.secrets);
    json_decref(whole);
    return r;
}
