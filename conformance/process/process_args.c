/* Command lines and environments. */
#include "conformance/process/process_args.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "conformance/world/world_files.h"
#include "lib/base/mem.h"

struct list {
    char **items;
    size_t n;
};

static void list_add(struct list *l, char *item)
{
    l->items = xrealloc(l->items, (l->n + 2) * sizeof(*l->items));
    l->items[l->n++] = item;
    l->items[l->n] = NULL;
}

struct maker {
    const json_t *part, *flags; /* part: `agent`, `kas` or `kas2` of the row */
    const char *prefix;
    struct list args, env;
};

static const char *bare(const char *flag)
{
    return flag + strspn(flag, "-");
}

static bool left_out(const struct maker *m, const char *flag)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(m->part, "without"), i,
                       one) if (json_is_string(one) &&
                                strcmp(bare(json_string_value(one)), bare(flag)) == 0) return true;
    return false;
}

/* One flag by its role in the profile. */
static int flag_add(struct maker *m, const char *role, const char *value, char **reterr)
{
    const char *flag = json_string_value(json_object_get(m->flags, role));

    if (!flag) {
        *reterr = xasprintf("this version has no flag for %s", role);
        return -ENOTSUP;
    }
    if (!left_out(m, flag))
        list_add(&m->args, xasprintf("%s=%s", flag, value));
    return 0;
}

static int trust_add(struct maker *m, char **reterr)
{
    const json_t *trust = json_object_get(m->part, "trust"), *file = json_object_get(trust, "flag_file");
    const char *word = json_string_value(trust), *path = json_string_value(file);
    _cleanup_(freep) char *full = NULL;

    if (word && strcmp(word, "flag") == 0)
        path = WORLD_CA_FILE;
    else if (path && strcmp(path, "missing") == 0)
        path = WORLD_MISSING_CA_FILE;
    else if (path && strcmp(path, "not-pem") == 0)
        path = WORLD_NOT_PEM_FILE;
    if (!path)
        return 0;
    full = xasprintf("%s%s", m->prefix, path);
    return flag_add(m, "ca_file", full, reterr);
}

/* The scenario's own. */
static void args_add(struct maker *m)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(m->part, "args"), i, one) if (json_is_string(one))
        list_add(&m->args, xstrdup(json_string_value(one)));
}

/* The program's name, and which mutant it is. */
static void name_add(struct maker *m, const json_t *component)
{
    const char *mutant = json_string_value(json_object_get(component, "mutant"));

    list_add(&m->args, xstrdup(json_string_value(json_object_get(component, "kind"))));
    if (mutant)
        list_add(&m->args, xasprintf("--mutant=%s", mutant));
}

static int args_make(struct maker *m, const json_t *component, char **reterr)
{
    const char *address = json_string_value(json_object_get(m->part, "address"));
    const char *token = json_string_value(json_object_get(m->part, "token_file"));
    _cleanup_(freep) char *token_path = xasprintf("%s%s", m->prefix, WORLD_TOKEN_FILE);
    int e = 0;

    name_add(m, component);
    if (address)
        e = flag_add(m, "address", address, reterr);
    if (!e && !(token && strcmp(token, "none") == 0))
        e = flag_add(m, "token_file", token_path, reterr);
    if (!e)
        e = trust_add(m, reterr);
    args_add(m);
    return e;
}

static void env_set(struct maker *m, const char *name, const json_t *value)
{
    if (json_is_string(value))
        list_add(&m->env, xasprintf("%s=%s", name, json_string_value(value)));
    else if (json_is_integer(value))
        list_add(&m->env, xasprintf("%s=%lld", name, (long long)json_integer_value(value)));
}

/* Without a ground of its own the system's certificates are told by environment (Go and OpenSSL both look),
 * and the absent cluster is a port that nobody has. */
static void env_without_ground(struct maker *m)
{
    if (!*m->prefix)
        return;
    list_add(&m->env, xstrdup("KUBERNETES_SERVICE_HOST=127.0.0.1"));
    list_add(&m->env, xstrdup("KUBERNETES_SERVICE_PORT=1"));
    list_add(&m->env, xasprintf("SSL_CERT_FILE=%s%s", m->prefix, WORLD_SYSTEM_CA));
    list_add(&m->env, xasprintf("SSL_CERT_DIR=%s/etc/ssl/certs", m->prefix));
}

/* Sanitizers of the reference agent and its like must keep their options. */
static void env_inherit(struct maker *m)
{
    static const char *const names[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "GOCOVERDIR"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (getenv(names[i]))
            list_add(&m->env, xasprintf("%s=%s", names[i], getenv(names[i])));
}

/* What every process has, then the profile's, then the scenario's. */
static void env_make(struct maker *m, const json_t *profile, const json_t *world)
{
    json_t *env = json_object(), *value;
    const char *name;

    json_object_update(env, json_object_get(profile, "env"));
    json_object_update(env, (json_t *)world);
    json_object_update(env, json_object_get(m->part, "env"));
    list_add(&m->env, xasprintf("HOME=%s/tmp/home", m->prefix));
    list_add(&m->env, xstrdup("PATH=/usr/bin:/bin"));
    env_without_ground(m); /* the first one of a name wins */
    json_object_foreach(env, name, value) env_set(m, name, value);
    json_decref(env);
    env_inherit(m);
}

void pod_args_make(const json_t *component, const json_t *args, const json_t *env, struct process_args *ret)
{
    struct maker m = {.prefix = ""};
    const json_t *one;
    const char *name;
    size_t i;

    name_add(&m, component);
    json_array_foreach(args, i, one) list_add(&m.args, xstrdup(json_string_value(one)));
    json_object_foreach((json_t *)env, name, one) env_set(&m, name, one);
    env_inherit(&m);
    *ret = (struct process_args){.argv = m.args.items, .envp = m.env.items};
}

int agent_args_make(const json_t *row, const json_t *component, const json_t *profile, const char *prefix,
                    struct process_args *ret, char **reterr)
{
    struct maker m = {.part = json_object_get(row, "agent"),
                      .flags = json_object_get(profile, "flags"),
                      .prefix = prefix};
    int e = args_make(&m, component, reterr);

    env_make(&m, profile, NULL);
    *ret = (struct process_args){.argv = m.args.items, .envp = m.env.items};
    if (e)
        process_args_done(ret);
    return e;
}

void kas_args_make(const json_t *part, const json_t *profile, const char *configuration, const json_t *env,
                   struct process_args *ret)
{
    struct maker m = {.part = part, .flags = json_object_get(profile, "flags"), .prefix = ""};
    const char *flag = json_string_value(json_object_get(m.flags, "configuration_file"));

    list_add(&m.args, xstrdup("kas"));
    if (flag && !left_out(&m, flag))
        list_add(&m.args, xasprintf("%s=%s", flag, configuration));
    args_add(&m);
    env_make(&m, profile, env);
    *ret = (struct process_args){.argv = m.args.items, .envp = m.env.items};
}

void plain_args_make(const char *const *words, struct process_args *ret)
{
    struct maker m = {.prefix = ""};

    for (; *words; words++)
        list_add(&m.args, xstrdup(*words));
    env_make(&m, NULL, NULL);
    *ret = (struct process_args){.argv = m.args.items, .envp = m.env.items};
}

static void strings_free(char **list)
{
    for (char **s = list; s && *s; s++)
        free(*s);
    free(list);
}

void process_args_done(struct process_args *a)
{
    strings_free(a->argv);
    strings_free(a->envp);
    *a = (struct process_args){0};
}
