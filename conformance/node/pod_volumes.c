/* Volumes: Secrets, ConfigMaps, what a service account has, and projections of them. */
#include <string.h>

#include "conformance/node/pod_plan.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/proto/pb_text.h"

/* Bytes that are no text are kept as they are. */
static json_t *decoded(const json_t *text)
{
    struct buf b = BUF_NULL;
    json_t *out = NULL;

    if (json_is_string(text) && base64_decode(json_string_value(text), &b))
        out = json_stringn_nocheck((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out;
}

json_t *pod_key(const json_t *object, const char *key)
{
    const json_t *plain = json_object_get(json_object_get(object, "data"), key);
    const json_t *binary = json_object_get(json_object_get(object, "binaryData"), key);
    const char *kind = json_string_value(json_object_get(object, "kind"));

    if (kind && strcmp(kind, "Secret") == 0)
        return decoded(plain);
    return plain ? json_incref((json_t *)plain) : decoded(binary);
}

static void keys_add(json_t *files, const json_t *object, const char *field)
{
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(object, field), key, value)
        json_object_set_new(files, key, pod_key(object, key));
}

/* `items`: only these keys, under these paths. */
static json_t *chosen(const json_t *object, const json_t *items, bool optional, struct pod_plan *p)
{
    json_t *files = json_object(), *one;
    size_t i;

    if (!items) {
        keys_add(files, object, "data");
        keys_add(files, object, "binaryData");
        return files;
    }
    json_array_foreach(items, i, one)
    {
        const char *key = pod_text(one, "key"), *path = pod_text(one, "path");
        json_t *text = key ? pod_key(object, key) : NULL;
        if (text && path) {
            json_object_set_new(files, path, text);
        } else if (!optional) {
            json_decref(text);
            json_decref(files);
            p->message = xasprintf("references non-existent %s key: %s",
                                   strcmp(pod_text(object, "kind"), "Secret") == 0 ? "secret" : "config", key ? key : "");
            return NULL;
        }
    }
    return files;
}

/* source: {secretName or name, items, optional} */
static json_t *of_object(const struct cluster *c, const json_t *pod, const json_t *source, const char *plural, struct pod_plan *p)
{
    const char *name = pod_text(source, strcmp(plural, "secrets") == 0 && pod_text(source, "secretName") ? "secretName" : "name");
    const json_t *object = name ? pod_object(c, plural, pod_text(pod, "metadata.namespace"), name) : NULL;
    bool optional = json_is_true(json_object_get(source, "optional"));

    if (object)
        return chosen(object, json_object_get(source, "items"), optional, p);
    if (optional)
        return json_object();
    p->message = xasprintf("%.*s \"%s\" not found", (int)strlen(plural) - 1, plural, name ? name : "");
    return NULL;
}

json_t *pod_account_files(const json_t *pod, const char *token, const char *ca_pem)
{
    return json_pack("{ss, ss, ss}", "token", token, "ca.crt", ca_pem, "namespace", pod_text(pod, "metadata.namespace"));
}

static json_t *of_projection(const struct cluster *c, const json_t *pod, const json_t *source, const char *token, struct pod_plan *p)
{
    const json_t *secret = json_object_get(source, "secret"), *map = json_object_get(source, "configMap");
    const json_t *account = json_object_get(source, "serviceAccountToken");

    if (secret)
        return of_object(c, pod, secret, "secrets", p);
    if (map)
        return of_object(c, pod, map, "configmaps", p);
    if (account)
        return json_pack("{ss}", pod_text(account, "path") ? pod_text(account, "path") : "token", token);
    return json_object();
}

static json_t *of_projected(const struct cluster *c, const json_t *pod, const json_t *volume, const char *token, struct pod_plan *p)
{
    json_t *all = json_object(), *one;
    size_t i;

    json_array_foreach(json_object_get(volume, "sources"), i, one)
    {
        json_t *files = of_projection(c, pod, one, token, p);
        if (!files) {
            json_decref(all);
            return NULL;
        }
        json_object_update(all, files);
        json_decref(files);
    }
    return all;
}

json_t *pod_volume(const struct cluster *c, const json_t *pod, const json_t *volume, const char *token, struct pod_plan *p)
{
    const json_t *secret = json_object_get(volume, "secret"), *map = json_object_get(volume, "configMap");
    const json_t *projected = json_object_get(volume, "projected");

    if (secret)
        return of_object(c, pod, secret, "secrets", p);
    if (map)
        return of_object(c, pod, map, "configmaps", p);
    return projected ? of_projected(c, pod, projected, token, p) : json_object(); /* emptyDir and its like */
}
