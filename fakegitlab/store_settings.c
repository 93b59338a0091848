/* The licence, feature flags, and the highest ids. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <string.h>

static const char *const licences[] = {"free", "premium", "ultimate"};

int setting_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    const struct {
        const char *name;
        struct shelf *shelf;
    } shelves[] = {{"last:users", &s->users},   {"last:projects", &s->projects},
                   {"last:agents", &s->agents}, {"last:tokens", &s->tokens},
                   {"last:jobs", &s->jobs}};
    for (size_t i = 0; i < ARRAY_SIZE(shelves); i++)
        if (strcmp(shelves[i].name, id_text) == 0)
            shelves[i].shelf->last = json_integer_value(row);
    json_object_set(s->settings, id_text, (json_t *)row);
    return 0;
}

static int set(struct store *s, const char *key, const char *name, const struct gl_project *p, json_t *value)
{
    db_begin(s->db);
    db_put_named(s->db, DB_SETTINGS, key, json_incref(value));
    if (db_commit(s->db) < 0) {
        json_decref(value);
        return -EIO;
    }
    json_object_set_new(s->settings, key, value);
    store_tell(s, (struct store_change){
                      .kind = STORE_SETTING, .op = STORE_UPDATED, .name = name, .project_id = p ? p->id : 0});
    return 0;
}

enum gl_licence store_licence(const struct store *s)
{
    const char *value = row_text(s->settings, "licence");
    for (size_t i = 0; value && i < ARRAY_SIZE(licences); i++)
        if (strcmp(value, licences[i]) == 0)
            return (enum gl_licence)i;
    return GL_ULTIMATE;
}

int store_set_licence(struct store *s, enum gl_licence l)
{
    return set(s, "licence", "licence", NULL, json_string(licences[l]));
}

bool store_licensed(const struct store *s, const char *feature)
{
    static const struct {
        const char *feature;
        enum gl_licence from;
    } features[] = {{"cilium_alerts", GL_ULTIMATE}, {"security_dashboard", GL_ULTIMATE}};
    for (size_t i = 0; i < ARRAY_SIZE(features); i++)
        if (strcmp(features[i].feature, feature) == 0)
            return store_licence(s) >= features[i].from;
    return true;
}

static char *flag_key(const char *flag, const struct gl_project *p)
{
    return p ? xasprintf("flag:%s:%lld", flag, (long long)p->id) : xasprintf("flag:%s", flag);
}

bool store_flag(const struct store *s, const char *flag, const struct gl_project *p)
{
    static const char *const on[] = {"kubernetes_agent_internal_api", "kubernetes_agent_on_gitlab_com"};
    const json_t *value = NULL;
    if (p && json_object_size(s->settings)) {
        _cleanup_(freep) char *key = flag_key(flag, p);
        value = json_object_get(s->settings, key);
    }
    if (!value && json_object_size(s->settings)) {
        _cleanup_(freep) char *key = flag_key(flag, NULL);
        value = json_object_get(s->settings, key);
    }
    for (size_t i = 0; !value && i < ARRAY_SIZE(on); i++)
        if (strcmp(on[i], flag) == 0)
            return true;
    return json_is_true(value);
}

int store_set_flag(struct store *s, const char *flag, const struct gl_project *p, bool on)
{
    _cleanup_(freep) char *key = flag_key(flag, p);
    return set(s, key, flag, p, json_boolean(on));
}
