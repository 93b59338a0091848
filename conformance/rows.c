/* Rows: each scenario over each transport, with each component that it applies to, without a cure and with
 * each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "conformance/beside.h"
#include "conformance/kube/world_real.h"
#include "conformance/select.h"
#include "conformance/suite.h"
#include "conformance/world/world_files.h"
#include "conformance/world/world_kube.h"
#include "conformance/node/world_person.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/port.h"

/* As GitLab makes them, so that nothing is found out by its form. */
static char *token_make(const char *prefix)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char raw[40] = {0};
    char text[sizeof(raw) + 1] = {0};

    if (getrandom(raw, sizeof(raw), 0) < 0)
        abort();
    for (size_t i = 0; i < sizeof(raw); i++)
        text[i] = letters[raw[i] & 63];
    return xasprintf("%s%s", prefix, text);
}

static bool about_kas(const struct row *r)
{
    return strcmp(r->component->kind, "kas") == 0;
}

static json_t *vars_make(struct row *r, bool own_network)
{
    json_t *vars = json_pack("{s:s,s:s,s:s}", "token", r->token, "ca_file", WORLD_CA_FILE, "endpoint_file", WORLD_ENDPOINT_FILE);

    if (r->job_token)
        json_object_set_new(vars, "job_token", json_string(r->job_token));
    if (r->agent)
        json_object_set_new(vars, "agent_version", json_string(r->agent->version));

    if (!own_network) {
        json_object_set_new(vars, "port", json_integer(port_claim(&r->port_fd)));
        json_object_set_new(vars, "kas_ip", json_string("127.0.0.1"));
    }
    return vars;
}

/* What cannot be had on the machine's own loopback; NULL: all is well. */
static char *needs_namespace(const json_t *spec)
{
    static const char *const documented[] = {"host.tld",  "gitlab-kas", "10.60.", "10.96.", "/config/",
                                             "/etc/ssl/", ":443",       ":8150",  ":8080"};
    const json_t *dns = json_object_get(spec, "dns"), *kas = json_object_get(spec, "kas");
    const char *kind = json_string_value(json_object_get(json_object_get(kas, "certificate"), "kind"));
    _cleanup_(freep) char *expect = NULL, *then = NULL;

    if (json_array_size(json_object_get(dns, "faults")) || json_object_get(dns, "names") ||
        json_object_get(dns, "absent"))
        return xstrdup("needs a resolver of its own: not with --no-namespace");
    if (json_object_size(json_object_get(spec, "network")))
        return xstrdup("needs a network of its own: not with --no-namespace");
    if (json_object_size(json_object_get(spec, "proxy")) || json_object_get(kas, "addresses"))
        return xstrdup("needs addresses of its own: not with --no-namespace");
    if (json_object_get(kas, "kubernetes_api") || json_object_size(json_object_get(spec, "user")))
        return xstrdup("needs the address of the Kubernetes API endpoint: not with --no-namespace");
    then = json_dumps(json_object_get(spec, "then"), JSON_COMPACT);
    if (then && strstr(then, "127.0.0.1:"))
        return xstrdup("asks at the agent's own port, which others have too: not with --no-namespace");
    if (json_object_size(json_object_get(spec, "kube")))
        return xstrdup("needs the cluster's address: not with --no-namespace");
    if (json_object_size(json_object_get(spec, "hubble")))
        return xstrdup("needs the Hubble relay's address: not with --no-namespace");
    if (json_object_get(kas, "listen"))
        return xstrdup("needs documented ports: not with --no-namespace");
    if (kind && (strcmp(kind, "wrong-host") == 0 || strcmp(kind, "no-san") == 0))
        return xstrdup("needs documented names: not with --no-namespace");
    expect = json_dumps(json_object_get(spec, "expect"), JSON_COMPACT);
    for (size_t i = 0; expect && i < ARRAY_SIZE(documented); i++)
        if (strstr(expect, documented[i]))
            return xasprintf("expects documented names, addresses or paths (%s): not with --no-namespace",
                             documented[i]);
    return NULL;
}

/* Without a resolver of ours documented names lead nowhere: the address becomes loopback's. */
static void address_to_loopback(json_t *spec, const json_t *port)
{
    json_t *agent = json_object_get(spec, "agent"), *about = json_object_get(spec, "row");
    const char *address = json_string_value(json_object_get(agent, "address"));
    const char *host = address ? strstr(address, "://") : NULL, *rest;

    if (port)
        json_object_set(about, "port", (json_t *)port);
    if (!host)
        return;
    host += 3;
    rest = host + strcspn(host, ":/");
    json_object_set_new(agent, "address",
                        json_sprintf("%.*s127.0.0.1%s", (int)(host - address), address, rest));
}

static json_t *spec_make(struct row *r, const struct options *o, const json_t *vars)
{
    if (o->faults_off)
        return scenario_row_harmless(r->scenario, r->component->kind, r->component->version, r->transport, vars,
                                     &r->broken);
    return scenario_row(r->scenario, r->component->kind, r->component->version, r->transport, r->cure, vars,
                        &r->broken);
}

/* The agent beside a KAS is found by what the row says of it, and some of what the row says depends on the agent. */
static json_t *spec_beside(struct row *r, const struct options *o, const struct suite *suite)
{
    json_t *vars = vars_make(r, true), *first = spec_make(r, o, vars), *spec;

    json_decref(vars);
    if (!first)
        return NULL;
    r->skip = beside_find(suite, r->component, first, &r->agent);
    if (!r->agent)
        return first;
    json_decref(first);
    vars = vars_make(r, true);
    spec = spec_make(r, o, vars);
    json_decref(vars);
    return spec;
}

static void row_resolve(struct row *r, const struct options *o, const struct suite *suite)
{
    json_t *vars = vars_make(r, !o->no_namespace);
    const char *within;

    r->spec = about_kas(r) ? spec_beside(r, o, suite) : spec_make(r, o, vars);
    if (r->spec && about_kas(r) && o->no_namespace && !r->skip)
        r->skip = xstrdup("KAS and what it asks need addresses of their own: not with --no-namespace");
    if (r->spec && o->no_namespace && !r->skip) {
        r->skip = needs_namespace(r->spec);
        address_to_loopback(r->spec, json_object_get(vars, "port"));
    }
    json_decref(vars);
    if (r->spec && json_object_size(json_object_get(r->spec, "person")) && !r->skip) {
        r->kubectl = person_kubectl(&r->skip);
        r->broken = person_files_read(r->spec, o->fixtures);
    }
    if (r->spec && o->kube_real && !r->skip && world_kube_wanted(r->spec))
        r->skip = o->no_kube ? xstrdup(o->no_kube) : world_real_cannot(r->spec);
    if (!r->spec || r->skip)
        port_release(&r->port_fd);
    if (!r->spec)
        return;
    if (o->has_seed)
        json_object_set_new(r->spec, "seed", json_integer(o->seed));
    within = json_string_value(json_object_get(json_object_get(r->spec, "expect"), "within"));
    r->within_ms = 20000;
    if (within)
        (void)duration_parse(within, &r->within_ms);
    if (o->faults_off && !r->skip) {
        const char *without = json_string_value(json_object_get(r->spec, "without_faults"));
        if (without && strcmp(without, "passes") == 0)
            r->skip = xstrdup("has neither a fault nor a cure, or says `without_faults: passes`");
    }
}

void rows_add(struct rows *rows, const struct options *o, const struct scenario *sc,
              const struct component *c, const char *transport, const char *cure, int group)
{
    for (unsigned i = 1; i <= o->repeat; i++) {
        struct row *r = NEW(struct row);
        _cleanup_(freep) char *mutant = c->mutant ? xasprintf("+%s", c->mutant) : xstrdup("");
        r->base = xasprintf("%s-%s%s/%s/%s%s%s", c->name, c->version, mutant, scenario_id(sc), transport,
                            cure ? "@" : "", cure ? cure : "");
        r->name = o->repeat > 1 ? xasprintf("%s#%u", r->base, i) : xstrdup(r->base);
        r->scenario = sc;
        r->component = c;
        r->transport = transport;
        r->cure = cure;
        r->token = token_make("glagent-");
        r->job_token = token_make("");
        r->group = group;
        r->repetition = i;
        row_resolve(r, o, rows->suite);
        rows->items = xrealloc(rows->items, (rows->n + 1) * sizeof(struct row *));
        rows->items[rows->n++] = r;
    }
}

static void row_free(struct row *r)
{
    port_release(&r->port_fd);
    free(r->name);
    free(r->base);
    free(r->token);
    free(r->job_token);
    free(r->kubectl);
    free(r->skip);
    free(r->broken);
    free(r->reason);
    free(r->report);
    free(r->dir);
    json_decref(r->spec);
    json_decref(r->judged);
    free(r);
}

void rows_done(struct rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        row_free(r->items[i]);
    free(r->items);
    json_decref(r->unmet);
    *r = (struct rows){0};
}

struct wish {
    const struct options *o;
    bool *pattern_used; /* one for each pattern */
    json_t *names;      /* object of wanted names -> bool used; NULL: all */
};

static bool named(struct wish *w, const struct component *c, const struct scenario *sc,
                  const char *transport, const char *cure)
{
    _cleanup_(freep) char *name = NULL;

    if (!w->names)
        return true;
    name = xasprintf("%s-%s/%s/%s%s%s", c->name, c->version, scenario_id(sc), transport, cure ? "@" : "",
                     cure ? cure : "");
    if (!json_object_get(w->names, name))
        return false;
    json_object_set_new(w->names, name, json_true());
    return true;
}

/* Whose turn it is with --spread among the transports that are wanted. `turn` counts scenarios and components, so
 * that neighbours in either direction have another. */
static const char *transport_in_turn(const struct options *o, const struct scenario *sc, size_t turn)
{
    const json_t *transport;
    size_t i, n = 0;

    json_array_foreach(scenario_transports(sc), i, transport)
        n += select_transport(o, json_string_value(transport));
    turn = n ? turn % n : 0;
    json_array_foreach(scenario_transports(sc), i, transport)
        if (select_transport(o, json_string_value(transport)) && turn-- == 0)
            return json_string_value(transport);
    return NULL;
}

static void rows_of_pair(struct rows *rows, struct wish *w, const struct scenario *sc,
                         const struct component *c, size_t turn)
{
    const char *in_turn = transport_in_turn(w->o, sc, turn);
    const json_t *transport, *cure;
    size_t i, k, from = rows->n;

    json_array_foreach(scenario_transports(sc), i, transport)
    {
        const char *t = json_string_value(transport);
        if (w->o->spread && (!in_turn || strcmp(in_turn, t) != 0))
            continue;
        if (select_row(w->o, scenario_id(sc), t, NULL, w->pattern_used) && named(w, c, sc, t, NULL))
            rows_add(rows, w->o, sc, c, t, NULL, -1);
        json_array_foreach(scenario_cures(sc), k, cure)
        {
            const char *name = json_string_value(json_object_get(cure, "name"));
            if (select_row(w->o, scenario_id(sc), t, name, w->pattern_used) && named(w, c, sc, t, name))
                rows_add(rows, w->o, sc, c, t, name, -1);
        }
    }
    for (; from < rows->n; from++)
        rows->items[from]->in_turn = in_turn && strcmp(in_turn, rows->items[from]->transport) == 0;
}

static json_t *names_read(const char *path)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    json_t *names = json_object();
    char *line = NULL;
    size_t cap = 0;

    if (!f) {
        fprintf(stderr, "conform: --rows-from %s: %s\n", path, strerror(errno));
        json_decref(names);
        return NULL;
    }
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (*line)
            json_object_set_new(names, line, json_false());
    }
    free(line);
    if (f != stdin)
        fclose(f);
    return names;
}

static int complain(const struct wish *w)
{
    const char *name;
    json_t *used;
    int e = 0;

    for (size_t i = 0; i < w->o->patterns.n; i++)
        if (!w->pattern_used[i]) {
            fprintf(
                stderr,
                "conform: no scenario fits \"%s\"; cure: `conform list` names them, and ** crosses \"/\"\n",
                w->o->patterns.items[i]);
            e = -ENOENT;
        }
    json_object_foreach(w->names, name, used) if (!json_is_true(used))
    {
        fprintf(stderr, "conform: --rows-from: no such row: %s\n", name);
        e = -ENOENT;
    }
    return e;
}

static bool is_tagged(const struct scenario *sc, const char *word)
{
    const struct strings only = {.items = (const char *[]){word}, .n = 1};
    json_t *about = scenario_json(sc);
    bool yes = select_tagged(about, &only);

    json_decref(about);
    return yes;
}

/* The tag real-agents: what only grpc-go and nhooyr's WebSocket do, and the reference agent is made of neither. */
static bool plays(const struct component *c, const struct scenario *sc)
{
    return c->real || !is_tagged(sc, "real-agents");
}

/* The tag slow: a minute and more, for whoever asks for it by tag, by its whole name, or by row. */
static bool is_too_slow(const struct wish *w, const struct scenario *sc)
{
    const struct options *o = w->o;

    if (w->names || !is_tagged(sc, "slow"))
        return false;
    for (size_t i = 0; i < o->tags.n; i++)
        if (strcmp(o->tags.items[i], "slow") == 0)
            return false;
    for (size_t i = 0; i < o->patterns.n; i++)
        if (!strchr(o->patterns.items[i], '*') && select_fits(o->patterns.items[i], scenario_id(sc), NULL))
            return false;
    return true;
}

/* Is the scenario about KAS, meant, and no KAS here? Asked when nobody was named as the one to test. */
static void unmet_note(struct rows *rows, struct wish *w, const struct scenario *sc)
{
    bool meant = !w->o->patterns.n;

    if (w->o->suts.n || w->names || strcmp(scenario_about(sc), "kas") != 0)
        return;
    for (size_t i = 0; i < rows->suite->components.n; i++)
        if (strcmp(rows->suite->components.items[i].kind, "kas") == 0)
            return;
    for (size_t p = 0; p < w->o->patterns.n; p++)
        meant = meant || select_fits(w->o->patterns.items[p], scenario_id(sc), NULL);
    if (!meant)
        return;
    if (!rows->unmet)
        rows->unmet = json_array();
    json_array_append_new(rows->unmet, json_string(scenario_id(sc)));
}

static int rows_of_scenario(struct rows *rows, struct wish *w, const struct scenario *sc, size_t nth)
{
    const struct suite *s = rows->suite;

    for (size_t k = 0; k < s->components.n; k++) {
        const struct component *c = &s->components.items[k];
        bool applies = false;
        int e = scenario_applies(sc, c->kind, c->version, &applies);
        if (e < 0) {
            fprintf(stderr, "conform: %s %s: no version\n", c->name, c->version);
            return e;
        }
        if (applies && plays(c, sc))
            rows_of_pair(rows, w, sc, c, nth + k);
    }
    unmet_note(rows, w, sc);
    return 0;
}

int rows_make(struct rows *rows, const struct suite *s, const struct options *o)
{
    struct wish w = {.o = o, .pattern_used = xcalloc(o->patterns.n + 1, sizeof(bool))};
    int e = 0;

    *rows = (struct rows){.suite = s};
    if (o->rows_from) {
        w.names = names_read(o->rows_from);
        e = w.names ? 0 : -ENOENT;
    }
    for (size_t i = 0; !e && i < s->n_scenarios; i++) {
        json_t *about = scenario_json(s->scenarios[i]);
        bool meant = select_tagged(about, &o->tags) && !is_too_slow(&w, s->scenarios[i]);
        json_decref(about);
        if (meant)
            e = rows_of_scenario(rows, &w, s->scenarios[i], i);
        /* A pattern that means a scenario which applies to nobody here is no mistake. */
        for (size_t p = 0; p < o->patterns.n; p++)
            if (select_fits(o->patterns.items[p], scenario_id(s->scenarios[i]), NULL))
                w.pattern_used[p] = true;
    }
    if (!e)
        e = complain(&w);
    free(w.pattern_used);
    json_decref(w.names);
    if (e)
        rows_done(rows);
    return e;
}

json_t *row_json(const struct row *r)
{
    json_t *about = scenario_json(r->scenario);
    json_t *j = json_pack(
        "{s:s,s:s,s:O?,s:s?,s:s,s:s,s:s,s:b,s:O?,s:O?,s:O?}", "row", r->name, "id", scenario_id(r->scenario),
        "title", json_object_get(about, "title"), "cure", r->cure, "sut", r->component->name, "version",
        r->component->version, "transport", r->transport, "in_turn", r->in_turn, "layers", json_object_get(about, "layers"), "tags",
        json_object_get(about, "tags"), "documented", json_object_get(about, "documented"));

    json_decref(about);
    return j;
}

const char *row_command(const struct row *r, char **ret_owned)
{
    _cleanup_(freep) char *sut = r->component->real
                                     ? xasprintf("%s=%s", r->component->kind, r->component->path)
                                     : xstrdup("refagent");

    *ret_owned = xasprintf("conform run %s%s%s%s --transport %s --sut %s", scenario_id(r->scenario),
                           r->cure ? "@" : "", r->cure ? r->cure : "", r->cure ? "" : " --no-cures",
                           r->transport, sut);
    return *ret_owned;
}
