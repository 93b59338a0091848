/* Starts it, gives it what the scenario wants to be there, and stands aside. */
#include "conformance/kube/world_real.h"

#include <errno.h>
#include <string.h>

#include "conformance/kube/client.h"
#include "fakekube/upstream.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define DATA "/run/kube-apiserver"

enum { PORT = 6443, ETCD_PORT = 2379, PEER_PORT = 2380, TRIES = 2000 };

/* ---- what only the fake can do ---- */

/* A step that asks for one of these verbs of `kube`, anywhere in the row's `then`; NULL: none does. */
static const char *verb_asked(const json_t *tree)
{
    static const char *const verbs[] = {"compact", "bookmark", "forbid", "allow", "revoke_token"};
    const char *key, *found;
    json_t *value;
    size_t i;

    json_object_foreach ((json_t *)tree, key, value) {
        for (i = 0; !strcmp(key, "kube") && i < ARRAY_SIZE(verbs); i++)
            if (json_object_get(value, verbs[i]) || (json_is_string(value) && !strcmp(json_string_value(value), verbs[i])))
                return verbs[i];
        if ((found = verb_asked(value)))
            return found;
    }
    json_array_foreach ((json_t *)tree, i, value)
        if ((found = verb_asked(value)))
            return found;
    return NULL;
}

static bool is_there(const json_t *v)
{
    return v && !json_is_null(v) && (!json_is_array(v) || json_array_size(v)) && (!json_is_object(v) || json_object_size(v));
}

char *world_real_cannot(const json_t *row)
{
    static const char *const known[] = {"objects", "absent", "present", "statuses", "tokens", "anonymous", "certificate", "tls_options"};
    const json_t *part = json_object_get(row, "kube"), *value;
    const char *key, *verb = verb_asked(json_object_get(row, "then"));
    bool can = false;

    json_object_foreach ((json_t *)part, key, value) {
        can = !is_there(value);
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
            can |= !strcmp(known[i], key);
        if (!can)
            return xasprintf("kube.%s is what only the fake Kubernetes API does: not with --kube real", key);
    }
    _cleanup_(freep) char *whole = json_dumps(row, JSON_COMPACT | JSON_ENCODE_ANY);
    if (whole && (strstr(whole, "/proxy/") || strstr(whole, "/proxy\"")))
        return xstrdup("a Pod answers through the API server, and no node runs one: not with --kube real");
    if (is_there(json_object_get(row, "person")))
        return xstrdup("the person's manifests are played by the fake Kubernetes API and its kubelet: not with --kube real");
    return verb ? xasprintf("the step `kube: %s` is what only the fake Kubernetes API does: not with --kube real", verb) : NULL;
}

/* ---- tokens ---- */

static char *tokens_csv(const json_t *spec)
{
    static const char account[] = "system:serviceaccount:";
    struct buf b = BUF_NULL;
    const char *token;
    json_t *user;

    json_object_foreach (json_object_get(spec, "tokens"), token, user) {
        const char *name = json_string_value(user) ? json_string_value(user) : "";
        const char *ns = strncmp(name, account, sizeof(account) - 1) ? NULL : name + sizeof(account) - 1;
        buf_addf(&b, "%s,%s,%s,\"", token, name, name);
        if (ns)
            buf_addf(&b, "system:serviceaccounts,system:serviceaccounts:%.*s", (int)strcspn(ns, ":"), ns);
        buf_addf(&b, "\"\n");
    }
    char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

int world_real_start(struct world_real *w, const json_t *spec, struct pki *pki, int log_fd, char **reterr)
{
    _cleanup_(freep) char *tokens = tokens_csv(spec);
    struct kube_server_options o = {.apiserver = "/app/" WORLD_REAL_APISERVER, .etcd = "/app/" WORLD_REAL_ETCD, .data = DATA,
                                    .log_fd = log_fd, .pki = pki, .tokens = tokens, .port = PORT, .etcd_port = ETCD_PORT,
                                    .peer_port = PEER_PORT};

    return kube_server_start(&o, &w->server, reterr);
}

/* ---- objects ---- */

/* A kind is served a little after its definition was taken. */
static int defined(struct kube_client *c, const json_t *object, char **reterr)
{
    const json_t *spec = json_object_get(object, "spec");
    const char *version = json_string_value(json_object_get(json_array_get(json_object_get(spec, "versions"), 0), "name"));
    _cleanup_(freep) char *path =
        xasprintf("/apis/%s/%s/%s", json_string_value(json_object_get(spec, "group")), version ? version : "",
                  json_string_value(json_object_get(json_object_get(spec, "names"), "plural")));

    for (int i = 0; i < TRIES; i++) {
        struct kube_answer a = {0};
        int e = kube_client_ask(c, &(struct kube_ask){.method = "GET", .target = path}, &a), status = a.status;
        kube_answer_done(&a);
        if (!e && status == 200)
            return 0;
    }
    *reterr = xasprintf("%s: the real API server does not serve it", path);
    return -EIO;
}

static int object_make(struct kube_client *c, const struct kube *k, const json_t *object, char **reterr)
{
    _cleanup_(freep) char *path = kube_object_path(k, object, false), *text = json_dumps(object, JSON_COMPACT);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    json_t *headers = json_pack("{ss}", "content-type", "application/json");
    struct kube_answer a = {0};
    int e = path ? kube_client_ask(c, &(struct kube_ask){.method = "POST", .target = path, .headers = headers, .body = text,
                                                         .n = strlen(text)}, &a)
                 : -EINVAL;

    if (!e && a.status >= 300 && a.status != 409)
        e = -EIO;
    if (e)
        *reterr = xasprintf("kube.objects: the real API server does not take %s: %s", text, a.body ? a.body : strerror(-e));
    kube_answer_done(&a);
    json_decref(headers);
    return e || strcmp(kind ? kind : "", "CustomResourceDefinition") ? e : defined(c, object, reterr);
}

int world_real_serve(struct world_real *w, struct kube *k, const json_t *spec, char **reterr)
{
    struct kube_client_options o = {.port = PORT, .tls = true, .token = KUBE_SERVER_ADMIN_TOKEN};
    struct kube_upstream_options u = {.host = "127.0.0.1", .port = PORT, .token = KUBE_SERVER_ADMIN_TOKEN};
    struct kube_client *c = kube_client_new(&o);
    json_t *one;
    size_t i;
    int e = 0;

    (void)w;
    json_array_foreach (json_object_get(spec, "objects"), i, one) {
        e = object_make(c, k, one, reterr);
        if (e)
            break;
    }
    kube_client_free(c);
    return e ? e : kube_upstream_set(k, &u, reterr);
}

void world_real_done(struct world_real *w)
{
    w->server = kube_server_free(w->server);
}
