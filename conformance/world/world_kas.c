/* What a KAS reads when it starts: the profile's configuration for this version, with what the row needs and what the
 * scenario wants laid over it. JSON is YAML, so it is written as JSON. */
#include "conformance/world/world_kas.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "conformance/process/rootfs.h"
#include "conformance/world/world_files.h"
#include "lib/base/mem.h"
#include "lib/script/template.h"

enum { SECRET_LEN = 32 };

static void secret_make(char ret[48])
{
    unsigned char raw[SECRET_LEN];

    if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
        abort();
    EVP_EncodeBlock((unsigned char *)ret, raw, sizeof(raw));
}

void kas_secrets_make(struct kas_secrets *s, struct events *events)
{
    secret_make(s->gitlab);
    secret_make(s->api);
    secret_make(s->private_api);
    events_secret(events, s->gitlab, "secret");
    events_secret(events, s->api, "secret");
    events_secret(events, s->private_api, "secret");
}

bool world_kas_under_test(const json_t *row)
{
    const char *component = json_string_value(json_object_get(json_object_get(row, "row"), "component"));

    return component && strcmp(component, "kas") == 0;
}

bool world_kas_redis(const json_t *row, const json_t *profile)
{
    const json_t *redis = json_object_get(row, "redis");

    return json_is_true(json_object_get(profile, "needs_redis")) || json_is_true(json_object_get(redis, "present")) ||
           json_is_true(json_object_get(redis, "absent"));
}

const char *world_kas_ip(const char *part)
{
    return strcmp(part, "kas2") == 0 ? WORLD_KAS2_IP : WORLD_KAS_IP;
}

static const char *transport_of(const json_t *row)
{
    return json_string_value(json_object_get(json_object_get(row, "row"), "transport"));
}

static bool has_tls(const json_t *row)
{
    const char *transport = transport_of(row);

    return strcmp(transport, "wss") == 0 || strcmp(transport, "grpcs") == 0;
}

static char *folder_of(const char *part)
{
    return xasprintf("/config/%s", part);
}

/* Takes base. */
static json_t *lay(json_t *base, const json_t *over)
{
    json_t *now;

    if (!json_is_object(over))
        return base;
    now = overlay(base, over);
    json_decref(base);
    return now;
}

static json_t *values(const struct world_kas_options *o)
{
    bool https = json_is_true(json_object_get(json_object_get(o->row, "gitlab"), "https"));
    _cleanup_(freep) char *folder = folder_of(o->part);

    return json_pack("{s:s,s:s,s:s,s:s}", "own_ip", world_kas_ip(o->part), "folder", folder, "redis_ip", WORLD_REDIS_IP,
                     "gitlab_address", https ? "https://gitlab.host.tld" : "http://gitlab.host.tld");
}

json_t *world_kas_configuration(const struct world_kas_options *o)
{
    json_t *c = json_deep_copy(json_object_get(o->profile, "configuration")), *vars = values(o), *filled;
    json_t *websocket = json_boolean(transport_of(o->row)[0] == 'w');

    if (!c)
        c = json_object();
    if (has_tls(o->row))
        c = lay(c, json_object_get(o->profile, "with_tls"));
    if (world_kas_redis(o->row, o->profile))
        c = lay(c, json_object_get(o->profile, "with_redis"));
    filled = template_fill(c, vars);
    json_decref(c);
    json_object_set_new(json_object_get(json_object_get(filled, "agent"), "listen"), "websocket", websocket);
    filled = lay(filled, json_object_get(json_object_get(o->row, "kas"), "configuration"));
    if (strcmp(o->part, "kas") != 0)
        filled = lay(filled, json_object_get(json_object_get(o->row, o->part), "configuration"));
    json_decref(vars);
    return filled;
}

static int put(const char *folder, const char *name, const char *text)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name);

    return file_write(path, text, strlen(text), 0600);
}

/* good, other, missing, or the text of the file. */
static int secret_write(const struct world_kas_options *o, const char *folder, const char *which, const char *file,
                        const char *good)
{
    const json_t *said = json_object_get(json_object_get(o->row, o->part), "secrets");
    const char *what = json_string_value(json_object_get(said, which));
    char other[48];
    int e;

    if (!what || strcmp(what, "good") == 0)
        return put(folder, file, good);
    if (strcmp(what, "missing") == 0)
        return 0;
    if (strcmp(what, "other") != 0)
        return put(folder, file, what);
    secret_make(other);
    e = put(folder, file, other);
    OPENSSL_cleanse(other, sizeof(other));
    return e;
}

static int secrets_write(const struct world_kas_options *o, const char *folder)
{
    int e = secret_write(o, folder, "gitlab", "gitlab-secret", o->secrets->gitlab);

    if (!e)
        e = secret_write(o, folder, "api", "api-secret", o->secrets->api);
    return e ? e : secret_write(o, folder, "private_api", "private-api-secret", o->secrets->private_api);
}

/* One file for both: KAS looks in it for what it needs. */
static int certificate_write(const struct world_kas_options *o, const char *folder)
{
    const char *const hosts[] = {"kas.host.tld", "gitlab-kas.gitlab", "gitlab-kas", world_kas_ip(o->part), NULL};
    struct leaf_spec leaf = {.hosts = hosts};
    char *pem = pki_leaf_pem(o->pki, &leaf, /* key= */ true);
    int e = pem ? put(folder, "certificate.pem", pem) : -ENOMEM;

    if (pem)
        OPENSSL_cleanse(pem, strlen(pem));
    free(pem);
    return e;
}

static int configuration_write(const struct world_kas_options *o, const char *folder)
{
    json_t *c = world_kas_configuration(o);
    _cleanup_(freep) char *text = json_dumps(c, JSON_INDENT(2));
    int e = text ? put(folder, "kas.yaml", text) : -EINVAL;

    json_decref(c);
    return e;
}

int world_kas_write(const struct world_kas_options *o, struct process_args *ret, char **reterr)
{
    _cleanup_(freep) char *folder = folder_of(o->part), *path = xasprintf("%s/kas.yaml", folder);
    json_t *env = json_object();
    int e = folder_make(folder, 0755);

    if (!e)
        e = configuration_write(o, folder);
    if (!e)
        e = secrets_write(o, folder);
    if (!e && has_tls(o->row))
        e = certificate_write(o, folder);
    if (e)
        *reterr = xasprintf("%s: %s", folder, strerror(-e));
    if (world_kas_redis(o->row, o->profile))
        json_object_set_new(env, "OWN_PRIVATE_API_URL", json_sprintf("grpc://%s:8155", world_kas_ip(o->part)));
    if (!e)
        kas_args_make(json_object_get(o->row, o->part), o->profile, path, env, ret);
    json_decref(env);
    return e;
}
