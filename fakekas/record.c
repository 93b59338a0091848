/* Watches the event log of a proxy and keeps what the KAS said: the configuration, GitLab's answers to modules, other
 * replies, statuses, and refusals of the upgrade. Written as `kas:` keys where there is one, else as faults.
 *
 * Tokens are replaced by the event log itself. Names are replaced here, the same one by the same word everywhere.
 */
#include "fakekas/record.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

enum { CALLS_MAX = 4096, OUTCOMES_MAX = 512 };

struct record {
    struct events *events;
    struct event_sub *sub;
    json_t *calls;    /* "conn/stream" -> {method, service, sent: [messages], request, code, name, message} */
    json_t *order;    /* their keys, as they came */
    json_t *refusals; /* answers to the upgrade that were no 101 */
    json_t *replaced; /* kind -> {old: new} */
    bool ws, tls, full;
};

/* seeing */

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static json_t *call_of(struct record *r, const json_t *e, bool make)
{
    _cleanup_(freep) char *key = xasprintf("%lld/%lld", (long long)json_integer_value(json_object_get(e, "conn")),
                                           (long long)json_integer_value(json_object_get(e, "stream")));
    json_t *c = json_object_get(r->calls, key);
    if (c || !make)
        return c;
    if (json_array_size(r->order) == CALLS_MAX) {
        r->full = true;
        return NULL;
    }
    c = json_pack("{ssss}", "method", text(e, "method"), "service", text(e, "service"));
    json_object_set_new(r->calls, key, c);
    json_array_append_new(r->order, json_string(key));
    return c;
}

static void keep_message(struct record *r, const json_t *e)
{
    json_t *c = call_of(r, e, false), *message = json_object_get(e, "message");
    const char *list = strcmp(text(e, "direction"), "sent") ? "received" : "sent";
    if (!c)
        return;
    if (!json_object_get(c, list))
        json_object_set_new(c, list, json_array());
    json_array_append_new(json_object_get(c, list), json_deep_copy(message));
}

static void keep_status(struct record *r, const json_t *e)
{
    json_t *c = call_of(r, e, false);
    if (c) {
        json_object_set(c, "code", json_object_get(e, "code"));
        json_object_set(c, "name", json_object_get(e, "name"));
        json_object_set(c, "message", json_object_get(e, "message"));
    }
}

static void seen(void *arg, const json_t *e)
{
    struct record *r = arg;
    const char *event = text(e, "event"), *who = text(e, "who");
    if (!strcmp(who, "upstream")) {
        if (!strcmp(event, "http.response") && json_integer_value(json_object_get(e, "status")) != 101)
            json_array_append_new(r->refusals, json_deep_copy(e));
        return;
    }
    if (!strcmp(event, "grpc.request"))
        (void)call_of(r, e, true);
    else if (!strcmp(event, "grpc.message"))
        keep_message(r, e);
    else if (!strcmp(event, "grpc.status"))
        keep_status(r, e);
    else if (!strcmp(event, "http.request"))
        r->ws = true;
    else if (!strcmp(event, "tls.hello"))
        r->tls = true;
}

struct record *record_start(struct events *events)
{
    struct record *r = NEW(struct record);
    r->events = events;
    r->calls = json_object();
    r->order = json_array();
    r->refusals = json_array();
    r->replaced = json_object();
    events_want(events, "grpc.message");
    r->sub = events_subscribe(events, seen, r);
    return r;
}

struct record *record_free(struct record *r)
{
    if (!r)
        return NULL;
    events_unsubscribe(r->sub);
    json_decref(r->calls);
    json_decref(r->order);
    json_decref(r->refusals);
    json_decref(r->replaced);
    free(r);
    return NULL;
}

/* replacing */

static const char *renamed(struct record *r, const char *kind, const char *old, const char *form)
{
    json_t *map = json_object_get(r->replaced, kind);
    if (!map) {
        map = json_object();
        json_object_set_new(r->replaced, kind, map);
    }
    const json_t *had = json_object_get(map, old);
    if (!had) {
        char word[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(word, sizeof word, form, (int)json_object_size(map) + 1);
#pragma GCC diagnostic pop
        had = json_string(word);
        json_object_set_new(map, old, (json_t *)had);
    }
    return json_string_value(had);
}

static bool among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strstr(word, *list))
            return true;
    return false;
}

static bool is_commit(const char *s)
{
    return strlen(s) == 40 && strspn(s, "0123456789abcdef") == 40;
}

/* Host names in URLs, and addresses of people, wherever they stand in a text. */
static char *clean_text(struct record *r, const char *s)
{
    struct buf b = BUF_NULL;
    while (*s) {
        size_t word = strcspn(s, " \t\r\n\"'<>,;()");
        char *w = xstrndup(s, word);
        char *at = strstr(w, "://"), *mail = strchr(w, '@');
        if (at) {
            size_t host = strcspn(at + 3, ":/?#");
            _cleanup_(freep) char *old = xstrndup(at + 3, host);
            buf_addf(&b, "%.*s://%s%s", (int)(at - w), w,
                     *old && strcmp(old, "127.0.0.1") ? renamed(r, "host", old, "host-%d.example") : old, at + 3 + host);
        } else if (mail && mail > w && strchr(mail, '.')) {
            buf_addf(&b, "%s", renamed(r, "address of a person", w, "person-%d@host.example"));
        } else if (is_commit(w)) {
            buf_addf(&b, "%s", renamed(r, "commit", w, "%040d"));
        } else {
            buf_add(&b, w, word);
        }
        free(w);
        s += word;
        word = strspn(s, " \t\r\n\"'<>,;()");
        buf_add(&b, s, word);
        s += word;
    }
    char *out = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out;
}

static json_t *clean(struct record *r, const char *key, const json_t *v);

static json_t *clean_string(struct record *r, const char *key, const char *s)
{
    static const char *const secrets[] = {"token", "password", "secret", "private", "authorization", "cookie", NULL};
    static const char *const names[] = {"project", "username", "agent_name", "namespace", NULL};
    if (!*s)
        return json_string(s);
    if (among(key, secrets))
        return json_string(renamed(r, "secret", s, "secret-%d"));
    if (is_commit(s))
        return json_string(renamed(r, "commit", s, "%040d"));
    if (!strcmp(key, "id") && strchr(s, '/'))
        return json_string(renamed(r, "project", s, "group/project-%d"));
    if (among(key, names))
        return json_string(renamed(r, strchr(s, '/') ? "project" : "name", s,
                                   strchr(s, '/') ? "group/project-%d" : "name-%d"));
    _cleanup_(freep) char *text = clean_text(r, s);
    return json_string(text);
}

static json_t *clean(struct record *r, const char *key, const json_t *v)
{
    json_t *out, *one;
    const char *k;
    size_t i;
    if (json_is_string(v))
        return clean_string(r, key, json_string_value(v));
    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach ((json_t *)v, i, one)
            json_array_append_new(out, clean(r, key, one));
        return out;
    }
    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach ((json_t *)v, k, one) {
            _cleanup_(freep) char *low = xstrdup(k);
            for (char *c = low; *c; c++)
                *c = (char)tolower((unsigned char)*c);
            json_object_set_new(out, k, clean(r, low, one));
        }
        return out;
    }
    if (json_is_integer(v) && (!strcmp(key, "agent_id") || !strcmp(key, "project_id"))) {
        char old[24];
        snprintf(old, sizeof old, "%lld", (long long)json_integer_value(v));
        return json_integer(strtol(renamed(r, key, old, "%d"), NULL, 10));
    }
    return json_deep_copy(v);
}

/* the scenario */

struct scene {
    struct record *r;
    json_t *kas, *faults, *then, *wire;
    json_t *outcomes; /* method -> [{what: status or pass, n}] */
    bool failed;
};

static void configuration(struct scene *s, const json_t *call)
{
    static const char *const own[] = {"agent_id", "project_id", "project_path"};
    size_t i;
    json_t *m;
    json_array_foreach (json_object_get(call, "sent"), i, m) {
        json_t *config = clean(s->r, "", json_object_get(m, "configuration")),
               *commit = clean(s->r, "commit_id", json_object_get(m, "commit_id"));
        for (size_t k = 0; k < ARRAY_SIZE(own); k++) /* the fake KAS puts its own agent's there */
            json_object_del(config, own[k]);
        if (!config)
            config = json_object();
        if (!json_is_string(commit)) {
            json_decref(commit);
            commit = json_string(renamed(s->r, "commit", "", "%040d"));
        }
        if (!json_object_get(s->kas, "config")) {
            json_object_set(s->kas, "config", config);
            json_object_set(s->kas, "commit", commit);
        } else if (!json_equal(json_object_get(s->kas, "commit"), commit) && !json_array_size(s->then)) {
            json_array_append_new(s->then, json_pack("{s{ss}s{s{sOsO}}}", "on", "event", "kas.config_sent", "do",
                                                     "push_config", "config", config, "commit", commit));
        }
        json_decref(config);
        json_decref(commit);
    }
}

/* {module, method, path} and what GitLab answered. */
static void gitlab(struct scene *s, const json_t *call)
{
    const json_t *received = json_object_get(call, "received"), *sent = json_object_get(call, "sent");
    const json_t *request = json_object_get(json_object_get(json_array_get(received, 0), "header"), "request"),
                 *response = json_object_get(json_object_get(json_array_get(sent, 0), "header"), "response");
    json_t *rules = json_object_get(s->kas, "gitlab"), *rule;
    if (!request || !response)
        return;
    rule = json_pack("{s{ssss}sO}", "when", "method", text(request, "method"), "path", text(request, "url_path"),
                     "status", json_object_get(response, "status_code"));
    if (!rules) {
        rules = json_array();
        json_object_set_new(s->kas, "gitlab", rules);
    }
    size_t i;
    const json_t *had;
    json_array_foreach (rules, i, had)
        if (json_equal(had, rule)) {
            json_decref(rule);
            return;
        }
    json_array_append_new(rules, rule);
}

/* What the fake KAS would not do by itself: a status, or replies that no key of `kas:` describes. */
static json_t *outcome(struct scene *s, const json_t *call)
{
    const char *method = text(call, "method"), *message = text(call, "message");
    const json_t *sent = json_object_get(call, "sent"), *code = json_object_get(call, "code");
    bool own = !strcmp(method, "GetConfiguration") || !strcmp(method, "MakeRequest") || !strcmp(method, "Connect") ||
               !strcmp(method, "Register");
    json_t *list = json_array();
    size_t i;
    json_t *m;
    if (!own)
        json_array_foreach (sent, i, m)
            json_array_append_new(list, json_pack("{so}", "message", clean(s->r, "", m)));
    bool said = json_is_integer(code) && json_integer_value(code) != 0;
    if ((said && !json_array_size(sent)) || json_array_size(list)) {
        if (json_is_integer(code))
            json_array_append_new(list, json_pack("{s{sOso}}", "status", "code", json_object_get(call, "code"), "message",
                                                  clean(s->r, "", json_object_get(call, "message"))));
        (void)message;
        s->failed |= said;
        return list;
    }
    json_array_append_new(list, json_pack("{s{}}", "pass"));
    return list;
}

static void add_outcome(struct scene *s, const json_t *call)
{
    const char *method = text(call, "method");
    json_t *list = json_object_get(s->outcomes, method), *last, *what = outcome(s, call);
    if (!list) {
        list = json_array();
        json_object_set_new(s->outcomes, method, list);
        json_array_append_new(s->wire, json_pack("{ssss}", "event", "grpc.request", "method", method));
    }
    last = json_array_get(list, json_array_size(list) - 1);
    if (last && json_equal(json_object_get(last, "do"), what)) {
        json_object_set_new(last, "times", json_integer(json_integer_value(json_object_get(last, "times")) + 1));
        json_decref(what);
    } else if (json_array_size(list) < OUTCOMES_MAX) {
        json_array_append_new(list, json_pack("{sosi}", "do", what, "times", 1));
    } else {
        json_decref(what);
    }
}

/* In their order, each as often as it was; the last one for ever. */
static void outcomes_to_faults(struct scene *s)
{
    const char *method;
    json_t *list, *one;
    size_t i;
    json_object_foreach (s->outcomes, method, list) {
        json_array_foreach (list, i, one) {
            bool last = i + 1 == json_array_size(list);
            const json_t *what = json_object_get(one, "do");
            if (last && json_object_get(json_array_get(what, 0), "pass"))
                break; /* what the fake KAS does anyhow */
            json_t *fault = json_pack("{sss{ss}sO}", "at", "grpc.request", "when", "method", method, "do", what);
            if (!last)
                json_object_set(fault, "times", json_object_get(one, "times"));
            json_array_append_new(s->faults, fault);
        }
    }
}

static void refusals(struct scene *s)
{
    static const char *const hop[] = {"content-length", "transfer-encoding", "date", "connection"};
    size_t i;
    json_t *e;
    json_array_foreach (s->r->refusals, i, e) {
        json_t *headers = clean(s->r, "", json_object_get(e, "headers"));
        for (size_t k = 0; k < ARRAY_SIZE(hop); k++)
            json_object_del(headers, hop[k]);
        json_t *respond = json_pack("{sOso*so*}", "status", json_object_get(e, "status"), "headers", headers, "body",
                                    clean(s->r, "", json_object_get(e, "body")));
        json_t *fault = json_pack("{sss{so}}", "at", "http.request", "do", "respond", respond);
        const json_t *had = json_array_get(s->faults, json_array_size(s->faults) - 1);
        if (had && json_equal(json_object_get(had, "do"), json_object_get(fault, "do")))
            json_decref(fault);
        else
            json_array_append_new(s->faults, fault);
        s->failed = true;
    }
    for (i = 0; i + 1 < json_array_size(s->faults); i++) /* how often is not known of those that repeat: once each */
        if (!strcmp(text(json_array_get(s->faults, i), "at"), "http.request"))
            json_object_set_new(json_array_get(s->faults, i), "times", json_integer(1));
    if (json_array_size(s->r->refusals))
        json_array_append_new(s->wire, json_pack("{ss}", "event", "http.request"));
}

static void line(FILE *f, const char *before, const json_t *v)
{
    char *t = json_dumps(v, JSON_ENCODE_ANY);
    fprintf(f, "%s%s\n", before, t ? t : "null");
    free(t);
}

static void lines(FILE *f, const char *head, const char *indent, const json_t *list)
{
    size_t i;
    const json_t *one;
    if (!json_array_size(list))
        return;
    fprintf(f, "%s\n", head);
    json_array_foreach (list, i, one)
        line(f, indent, one);
}

static void write_scene(struct scene *s, FILE *f, const char *path)
{
    const char *base = strrchr(path, '/'), *transport = s->r->ws ? s->r->tls ? "wss" : "ws" : s->r->tls ? "grpcs" : "grpc";
    const char *k;
    json_t *v;
    base = base ? base + 1 : path;
    fprintf(f, "# What a KAS said to an agent, recorded by fakekas; secrets and names are replaced.\n");
    fprintf(f, "scenario: recorded/%.*s\ntitle: What a KAS said, recorded\n", (int)strcspn(base, "."), base);
    fprintf(f, "transports: [%s]\nwithout_faults: passes\n", transport);
    if (json_object_size(s->kas) || json_array_size(s->faults)) {
        fprintf(f, "kas:\n");
        json_object_foreach (s->kas, k, v) {
            fprintf(f, "  %s: ", k);
            line(f, "", v);
        }
        lines(f, "  faults:", "    - ", s->faults);
    }
    lines(f, "then:", "  - ", s->then);
    fprintf(f, "expect:\n");
    if (!s->failed)
        fprintf(f, "  healthy: true\n");
    if (!json_array_size(s->wire))
        json_array_append_new(s->wire, json_pack("{ss}", "event", "tcp.accept"));
    lines(f, "  wire:", "    - ", s->wire);
    fprintf(f, "  within: 60s\n");
}

static void say_replaced(const struct record *r)
{
    const char *kind, *old;
    json_t *map, *new;
    fprintf(stderr, "replaced:\n  tokens of agents, in the event log already\n");
    json_object_foreach (r->replaced, kind, map)
        json_object_foreach (map, old, new)
            if (!strcmp(kind, "secret"))
                fprintf(stderr, "  secret of %zu characters -> %s\n", strlen(old), json_string_value(new));
            else if (*old && strcmp(old, json_string_value(new)) != 0)
                fprintf(stderr, "  %s %s -> %s\n", kind, old, json_string_value(new));
    if (r->full)
        fprintf(stderr, "only the first %d calls were kept\n", CALLS_MAX);
}

int record_write(struct record *r, const char *path)
{
    struct scene s = {r, json_object(), json_array(), json_array(), json_array(), json_object(), false};
    size_t i;
    const json_t *key;
    int e = 0;
    json_array_foreach (r->order, i, key) {
        const json_t *call = json_object_get(r->calls, json_string_value(key));
        if (!strcmp(text(call, "method"), "GetConfiguration"))
            configuration(&s, call);
        else if (!strcmp(text(call, "method"), "MakeRequest"))
            gitlab(&s, call);
        add_outcome(&s, call);
    }
    outcomes_to_faults(&s);
    refusals(&s);
    FILE *f = fopen(path, "we");
    if (f) {
        write_scene(&s, f, path);
        e = ferror(f) ? -EIO : 0;
        if (fclose(f) != 0)
            e = -errno;
    } else {
        e = -errno;
    }
    if (e < 0)
        fprintf(stderr, "fakekas: --record %s: %s\n", path, strerror(-e));
    else
        say_replaced(r);
    json_decref(s.kas);
    json_decref(s.faults);
    json_decref(s.then);
    json_decref(s.wire);
    json_decref(s.outcomes);
    return e;
}
