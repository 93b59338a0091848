/* Calls said again, with the values of this server. */
#include "conformance/kube/replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/proto/uri.h"

enum { QUIET_MS = 300, QUIET_NEXT_MS = 20, WATCHES_MAX = 64, DEFINED_TRIES = 250 };

struct open_watch {
    struct kube_client *client; /* owned */
    json_t *entry;              /* borrowed from said */
};

struct replay {
    const struct kube_client_options *server;
    struct kube_client *client; /* owned */
    json_t *known; /* owned: path of an object or list -> {resourceVersion, uid, continue} */
    json_t *made;  /* owned: paths of objects, in their order */
    json_t *said;
    struct open_watch watches[WATCHES_MAX];
    size_t n_watches;
};

json_t *replay_read(const char *path, char **reterr)
{
    FILE *f = fopen(path, "re");
    json_t *list = json_array();
    char *line = NULL;
    size_t size = 0, number = 0;
    json_error_t e;

    if (!f)
        *reterr = xasprintf("%s: %s", path, strerror(errno));
    while (f && !*reterr && getline(&line, &size, f) > 0) {
        json_t *one = json_loads(line, 0, &e);
        number++;
        if (!json_is_string(json_object_get(one, "method")) || !json_is_string(json_object_get(one, "target")))
            *reterr = xasprintf("%s:%zu: expected {method, target, headers, body}", path, number);
        json_array_append_new(list, one ? one : json_null());
    }
    free(line);
    if (f)
        fclose(f);
    if (*reterr) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* ---- what is known of this server ---- */

static const char *known(const struct replay *r, const char *path, const char *key)
{
    return json_string_value(json_object_get(json_object_get(r->known, path), key));
}

static void learn(struct replay *r, const char *path, const json_t *metadata)
{
    static const char *const keys[] = {"resourceVersion", "uid", "continue"};
    json_t *of = json_object_get(r->known, path);

    if (!of) {
        of = json_object();
        json_object_set_new(r->known, path, of);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (json_object_get(metadata, keys[i]))
            json_object_set(of, keys[i], json_object_get(metadata, keys[i]));
}

/* Where an object of a list is itself; a new string. */
static char *path_of_item(const char *list, const json_t *item)
{
    const json_t *m = json_object_get(item, "metadata");
    const char *ns = json_string_value(json_object_get(m, "namespace")), *name = json_string_value(json_object_get(m, "name"));
    const char *plural = strrchr(list, '/');

    if (ns && !strstr(list, "/namespaces/") && plural)
        return xasprintf("%.*s/namespaces/%s%s/%s", (int)(plural - list), list, ns, plural, name ? name : "");
    return xasprintf("%s/%s", list, name ? name : "");
}

static void learn_answer(struct replay *r, const char *method, const char *path, int status, const json_t *body)
{
    const char *kind = json_string_value(json_object_get(body, "kind"));
    json_t *items = json_object_get(body, "items"), *one;
    size_t i;

    if (status >= 300 || !strcmp(kind ? kind : "", "Status"))
        return;
    json_array_foreach (items, i, one) {
        _cleanup_(freep) char *at = path_of_item(path, one);
        learn(r, at, json_object_get(one, "metadata"));
    }
    _cleanup_(freep) char *own = !strcmp(method, "POST") ? path_of_item(path, body) : xstrdup(path);
    learn(r, own, json_object_get(body, "metadata"));
    if (status == 201)
        json_array_append_new(r->made, json_string(own));
}

/* ---- what is asked ---- */

static void param_put(const struct replay *r, const char *path, struct buf *out, const char *param, size_t n)
{
    const char *value = NULL;

    if (n > 16 && !strncmp(param, "resourceVersion=", 16) && !(n == 17 && param[16] == '0'))
        value = known(r, path, "resourceVersion");
    if (n > 9 && !strncmp(param, "continue=", 9))
        value = known(r, path, "continue");
    if (value)
        buf_addf(out, "%.*s=%s", (int)strcspn(param, "="), param, value);
    else
        buf_add(out, param, n);
}

/* With the values of this server; a new string. */
static char *target_now(const struct replay *r, const char *target, const char *path)
{
    struct buf out = BUF_NULL;
    const char *p = target + strlen(path);

    buf_add(&out, path, strlen(path));
    while (*p) {
        size_t n = 1 + strcspn(p + 1, "&");
        buf_add(&out, p, 1);
        param_put(r, path, &out, p + 1, n - 1);
        p += n;
    }
    char *text = xstrndup((const char *)buf_data(&out), buf_len(&out));
    buf_done(&out);
    return text;
}

static void refresh(const struct replay *r, const char *path, json_t *of)
{
    static const char *const keys[] = {"resourceVersion", "uid"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *now = known(r, path, keys[i]);
        if (json_object_get(of, keys[i]) && now)
            json_object_set_new(of, keys[i], json_string(now));
    }
}

/* A new string; NULL: none. */
static char *body_now(const struct replay *r, const char *path, const json_t *said)
{
    const char *text = json_string_value(said);
    json_t *body = text ? json_loads(text, 0, NULL) : json_deep_copy(said);

    if (!body)
        return xstrdup(text);
    refresh(r, path, json_object_get(body, "metadata"));
    refresh(r, path, json_object_get(body, "preconditions"));
    char *out = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(body);
    return out;
}

static bool is_watch(const char *target)
{
    const char *at = strstr(target, "watch=");

    return at && (!strncmp(at + 6, "true", 4) || at[6] == '1');
}

/* ---- what is answered ---- */

static json_t *body_json(const struct kube_answer *a)
{
    json_t *body = json_loadb(a->body, a->n, JSON_DECODE_ANY, NULL);

    if (body)
        return body;
    body = json_stringn(a->body, a->n);
    return body ? body : json_string("<bytes>");
}

/* The events of a watch, as a list. */
static json_t *events_json(const struct kube_answer *a)
{
    json_t *list = json_array();
    const char *p = a->body;

    while (*p) {
        size_t n = strcspn(p, "\n");
        json_t *one = json_loadb(p, n, 0, NULL);
        if (one)
            json_array_append_new(list, one);
        p += n + (p[n] == '\n');
    }
    return list;
}

static json_t *entry_new(const char *call, const struct kube_answer *a)
{
    return json_pack("{ss, si, ss*}", "call", call, "status", a->status, "content_type", a->content_type);
}

static int watch_begin(struct replay *r, const char *call, const struct kube_ask *ask)
{
    struct kube_client *client = kube_client_new(r->server);
    struct kube_answer a = {0};
    int e = kube_client_open(client, ask, &a);

    if (!e)
        json_array_append_new(r->said, entry_new(call, &a));
    if (!e && r->n_watches < WATCHES_MAX)
        r->watches[r->n_watches++] = (struct open_watch){client, json_array_get(r->said, json_array_size(r->said) - 1)};
    else
        kube_client_free(client);
    kube_answer_done(&a);
    return e;
}

static void watches_end(struct replay *r)
{
    for (size_t i = 0; i < r->n_watches; i++) {
        struct kube_answer a = {0};
        (void)kube_client_drain(r->watches[i].client, i ? QUIET_NEXT_MS : QUIET_MS, &a); /* all have had the first one's time */
        json_object_set_new(r->watches[i].entry, "body", a.status == 200 ? events_json(&a) : body_json(&a));
        kube_answer_done(&a);
        kube_client_free(r->watches[i].client);
    }
}

static void ask_quietly(struct replay *r, const char *method, const char *target, const char *body, json_t **ret);

/* A kind is served a little after its definition was taken. */
static void wait_defined(struct replay *r, const json_t *definition)
{
    const json_t *spec = json_object_get(definition, "spec");
    const char *group = json_string_value(json_object_get(spec, "group"));
    json_t *version = json_object_get(json_array_get(json_object_get(spec, "versions"), 0), "name");
    _cleanup_(freep) char *path = xasprintf("/apis/%s/%s", group ? group : "", json_string_value(version) ? json_string_value(version) : "");

    for (int i = 0; i < DEFINED_TRIES; i++) {
        json_t *said = NULL;
        ask_quietly(r, "GET", path, NULL, &said);
        bool there = json_array_size(json_object_get(said, "resources"));
        json_decref(said);
        if (there)
            return;
        usleep(20000); /* between two looks */
    }
}

static int call_play(struct replay *r, const json_t *call)
{
    const char *method = json_string_value(json_object_get(call, "method"));
    const char *target = json_string_value(json_object_get(call, "target"));
    _cleanup_(freep) char *path = xstrndup(target, strcspn(target, "?"));
    _cleanup_(freep) char *now = target_now(r, target, path);
    _cleanup_(freep) char *body = body_now(r, path, json_object_get(call, "body"));
    _cleanup_(freep) char *name = xasprintf("%s %s", method, target);
    struct kube_ask ask = {.method = method, .target = now, .headers = json_object_get(call, "headers"), .body = body,
                           .n = body ? strlen(body) : 0};
    struct kube_answer a = {0};
    int e;

    if (is_watch(target))
        return watch_begin(r, name, &ask);
    e = kube_client_ask(r->client, &ask, &a);
    if (!e) {
        json_t *entry = entry_new(name, &a), *answered = body_json(&a);
        json_object_set_new(entry, "body", answered);
        json_array_append_new(r->said, entry);
        learn_answer(r, method, path, a.status, answered);
        if (a.status == 201 && strstr(path, "/customresourcedefinitions"))
            wait_defined(r, answered);
    }
    kube_answer_done(&a);
    return e;
}

static void ask_quietly(struct replay *r, const char *method, const char *target, const char *body, json_t **ret)
{
    json_t *headers = json_pack("{ss}", "content-type", "application/json");
    struct kube_ask ask = {.method = method, .target = target, .headers = headers, .body = body, .n = body ? strlen(body) : 0};
    struct kube_answer a = {0};

    if (kube_client_ask(r->client, &ask, &a) == 0 && ret)
        *ret = body_json(&a);
    kube_answer_done(&a);
    json_decref(headers);
}

/* A namespace ends when nobody holds it, and where no controller runs that is our part. */
static void namespace_end(struct replay *r, const char *path)
{
    _cleanup_(freep) char *finalize = xasprintf("%s/finalize", path);
    json_t *now = NULL;

    ask_quietly(r, "GET", path, NULL, &now);
    json_object_set_new(json_object_get(now, "spec"), "finalizers", json_array());
    _cleanup_(freep) char *text = now ? json_dumps(now, JSON_COMPACT) : NULL;
    if (text)
        ask_quietly(r, "PUT", finalize, text, NULL);
    json_decref(now);
}

static void clean(struct replay *r)
{
    for (size_t i = json_array_size(r->made); i-- > 0;) {
        const char *path = json_string_value(json_array_get(r->made, i));
        ask_quietly(r, "DELETE", path, "{\"gracePeriodSeconds\":0,\"propagationPolicy\":\"Background\"}", NULL);
        if (!strncmp(path, "/api/v1/namespaces/", 19) && !strchr(path + 19, '/'))
            namespace_end(r, path);
    }
}

json_t *replay_play(const struct kube_client_options *server, const json_t *calls, char **reterr)
{
    struct replay r = {.server = server, .client = kube_client_new(server), .known = json_object(), .made = json_array(),
                       .said = json_array()};
    json_t *one;
    size_t i;
    int e = 0;

    json_array_foreach ((json_t *)calls, i, one) {
        e = call_play(&r, one);
        if (e) {
            *reterr = xasprintf("%s %s: %s", json_string_value(json_object_get(one, "method")),
                                json_string_value(json_object_get(one, "target")), strerror(-e));
            break;
        }
    }
    watches_end(&r);
    if (!e)
        clean(&r);
    kube_client_free(r.client);
    json_decref(r.known);
    json_decref(r.made);
    if (!e)
        return r.said;
    json_decref(r.said);
    return NULL;
}
