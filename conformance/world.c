/* A world, from its namespaces to its verdict. */
#include "conformance/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/bounds.h"
#include "conformance/judge.h"
#include "conformance/netns.h"
#include "conformance/rootfs.h"
#include "conformance/sut.h"
#include "conformance/world_fakes.h"
#include "conformance/world_files.h"
#include "conformance/world_verbs.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/steps.h"

enum { SIGN_OF_LIFE_MS = 3000, DRAIN_MS = 1000, BROKEN = 3, LOOK_MS = 200 };

struct world {
    json_t *job; /* borrowed, as the next three */
    json_t *row;
    struct pki *pki;    /* borrowed */
    const char *prefix; /* of the component's files */
    char *temporary;    /* owned: the folder that stands for / without namespaces */
    struct loop *loop;
    struct events *events;
    struct event_sub *sub;
    struct fakes fakes;
    struct judge *judge;
    struct sut *sut;
    struct steps *steps;
    struct world_verbs verbs;
    struct timer *within, *settle, *life, *look;
    struct bounds bounds;
    struct sig *term;
    uint64_t started_ns;
    unsigned connections;     /* that stand: accepted and not yet closed */
    bool up, drained, lingered, ending, over;
    bool sanitizer; /* the component printed a sanitizer's report */
    double judged_s;
};

static bool job_flag(const struct world *w, const char *name)
{
    return json_is_true(json_object_get(w->job, name));
}

static void tell(json_t *what)
{
    _cleanup_(freep) char *text = json_dumps(what, JSON_COMPACT);
    _cleanup_(freep) char *line = xasprintf("%s\n", text ? text : "{}");

    json_decref(what);
    for (size_t at = 0, n = strlen(line); at < n;) {
        ssize_t r = write(STDOUT_FILENO, line + at, n - at);
        if (r < 0 && errno != EINTR)
            return;
        at += r > 0 ? (size_t)r : 0;
    }
}

static void tell_broken(const char *reason)
{
    tell(json_pack("{s:s,s:s}", "state", "broken", "reason", reason ? reason : "no reason given"));
}

static int64_t lived_ms(const struct world *w)
{
    return w->started_ns ? (int64_t)((clock_ns() - w->started_ns) / 1000000) : 0;
}

static void up(struct world *w)
{
    if (w->up)
        return;
    w->up = true;
    w->life = timer_free(w->life);
    tell(json_pack("{s:s}", "state", "up"));
}

static void up_late(void *arg)
{
    up(arg);
}

static const json_t *profile_value(const struct world *w, const char *key)
{
    return json_object_get(json_object_get(w->job, "profile"), key);
}

/* What it used is told of every row. */
static void look(void *arg)
{
    struct world *w = arg;

    bounds_look(&w->bounds, true);
    timer_free(w->look);
    w->look = timer_new(w->loop, LOOK_MS, look, w);
}

static void look_last(struct world *w)
{
    const json_t *port = profile_value(w, "metrics_port");

    w->look = timer_free(w->look);
    if (sut_running(w->sut))
        bounds_look(&w->bounds, true);
    if (sut_running(w->sut) && json_is_integer(port) && job_flag(w, "namespace")) /* else the port may be another's */
        bounds_ask(&w->bounds, (int)json_integer_value(port));
    else
        json_object_del(w->bounds.limits, "goroutines");
}

/* The judge has what it wants, or can never get it: the component is told to end. */
static void end(struct world *w)
{
    if (w->ending)
        return;
    w->ending = true;
    w->judged_s = (double)lived_ms(w) / 1000;
    w->within = timer_free(w->within);
    w->steps = steps_free(w->steps);
    look_last(w);
    judge_ending(w->judge);
    events_emit(w->events, "world", 0, 0, "world.judged",
                json_pack("{s:b}", "met", judge_state(w->judge) == JUDGE_MET));
    if (sut_running(w->sut))
        sut_stop(w->sut);
    else
        loop_stop(w->loop);
}

/* Kept for a person to look around: the component goes on until a signal comes. */
static void keep(struct world *w)
{
    if (w->over)
        return;
    w->over = true;
    w->within = timer_free(w->within);
    tell(json_pack("{s:s,s:b}", "state", "kept", "met", judge_state(w->judge) == JUDGE_MET));
}

static void finish(struct world *w)
{
    if (job_flag(w, "keep"))
        keep(w);
    else
        end(w);
}

static void settle(void *arg)
{
    struct world *w = arg;
    enum judge_state state = judge_state(w->judge);
    int64_t left = judge_lasts_ms(w->judge) - lived_ms(w);

    w->settle = timer_free(w->settle);
    if (w->ending || w->over || state == JUDGE_OPEN)
        return;
    if (state != JUDGE_LOST && left <= 0 && !w->lingered && sut_running(w->sut)) {
        left = json_integer_value(json_object_get(w->job, "linger_ms"));
        w->lingered = true;
    }
    /* What it sent before it ended may still be on its way to us. */
    if (!sut_running(w->sut) && w->connections && !w->drained) {
        w->drained = true;
        w->settle = timer_new(w->loop, DRAIN_MS, settle, w); /* the last tcp.closed is sooner, as a rule */
    } else if (state == JUDGE_LOST || left <= 0)
        finish(w);
    else
        w->settle = timer_new(w->loop, (uint64_t)left, settle, w);
}

static void too_late(void *arg)
{
    finish(arg);
}

static void told_to_end(void *arg, int signum)
{
    struct world *w = arg;

    (void)signum;
    end(w);
}

/* "file.c:1:2: runtime error: …"; Go's "panic: runtime error: …" is none. */
static bool is_sanitizer(const char *text)
{
    const char *at = text ? strstr(text, ": runtime error: ") : NULL;

    return text && (strstr(text, "ERROR: AddressSanitizer") || strstr(text, "ERROR: LeakSanitizer") ||
                    (at && at != text && at[-1] >= '0' && at[-1] <= '9'));
}

static void on_event(void *arg, const json_t *event)
{
    struct world *w = arg;
    const char *name = json_string_value(json_object_get(event, "event"));
    const char *who = json_string_value(json_object_get(event, "who"));
    enum judge_state before = judge_state(w->judge);

    if (is_sanitizer(json_string_value(json_object_get(event, "raw"))))
        w->sanitizer = true;
    judge_event(w->judge, event);
    if (w->started_ns && !w->ending)
        bounds_look(&w->bounds, false);
    if (name && strcmp(name, "tcp.accept") == 0)
        w->connections++;
    if (name && strcmp(name, "tcp.closed") == 0 && w->connections)
        w->connections--;
    if (w->started_ns && name && who && strcmp(who, "world") != 0)
        up(w);
    if (w->ending || w->over || judge_state(w->judge) == JUDGE_OPEN)
        return;
    /* Never end inside the event: whoever emitted it is not done. */
    if (!w->settle || before != judge_state(w->judge) || !sut_running(w->sut)) {
        timer_free(w->settle);
        w->settle = timer_new(w->loop, 0, settle, w);
    }
}

static void on_exit_of_sut(void *arg)
{
    struct world *w = arg;

    if (w->ending)
        loop_stop(w->loop);
}

/* Noisy events are built only for those who ask: asks for every one that the scenario names. */
static void want_events(struct events *e, const json_t *tree)
{
    const json_t *value;
    const char *key;
    size_t i;

    json_object_foreach((json_t *)tree, key, value)
    {
        if (strcmp(key, "event") == 0 && json_is_string(value))
            events_want(e, json_string_value(value));
        want_events(e, value);
    }
    json_array_foreach(tree, i, value) want_events(e, value);
}

/* files: opened while the machine's file system is still ours. */
static int files_open(struct world *w, int *ret_log, char **reterr)
{
    const char *dir = json_string_value(json_object_get(w->job, "dir"));
    _cleanup_(freep) char *events = xasprintf("%s/events.jsonl", dir);
    _cleanup_(freep) char *log = xasprintf("%s/sut.log", dir);
    int e = events_open(events, json_string_value(json_object_get(w->job, "name")), &w->events);

    if (!e) {
        *ret_log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0644);
        if (*ret_log < 0)
            e = -errno;
    }
    if (e)
        *reterr = xasprintf("%s: %s", dir, strerror(-e));
    return e;
}

static int network_up(const json_t *row, char **reterr)
{
    const char *addresses[64] = {WORLD_DNS_IP, WORLD_KAS_IP, WORLD_KUBE_IP, WORLD_PROXY_IP}, *unreachable[64] = {NULL};
    const json_t *network = json_object_get(row, "network"), *one;
    size_t i, n = 0, m = 4;

    json_array_foreach(json_object_get(network, "unreachable"), i,
                       one) if (json_is_string(one) && n < ARRAY_SIZE(unreachable) - 1) unreachable[n++] =
        json_string_value(one);
    json_array_foreach(json_object_get(network, "addresses"), i,
                       one) if (json_is_string(one) && m < ARRAY_SIZE(addresses) - 1) addresses[m++] =
        json_string_value(one);
    json_array_foreach(json_object_get(json_object_get(row, "kas"), "addresses"), i,
                       one) if (json_is_string(one) && m < ARRAY_SIZE(addresses) - 1) addresses[m++] =
        json_string_value(one);
    /* An address is either there or unreachable. */
    for (size_t a = 0; a < m; a++)
        for (i = 0; i < n; i++)
            if (strcmp(addresses[a], unreachable[i]) == 0) {
                memmove(&addresses[a], &addresses[a + 1], (m - a) * sizeof(*addresses));
                m--;
                a--;
                break;
            }
    return netns_up(addresses, unreachable, reterr);
}

static const char *component_text(const struct world *w, const char *key)
{
    return json_string_value(json_object_get(json_object_get(w->job, "component"), key));
}

/* A root and a network of its own, or a folder that stands for them. */
static int ground_make(struct world *w, char **reterr)
{
    char folder[] = "/tmp/conform-XXXXXX";
    int e;

    if (job_flag(w, "namespace")) {
        w->prefix = "";
        e = network_up(w->row, reterr);
        return e ? e : rootfs_enter(component_text(w, "path"), component_text(w, "kind"), reterr);
    }
    if (!mkdtemp(folder)) {
        *reterr = xasprintf("%s: %s", folder, strerror(errno));
        return -errno;
    }
    w->temporary = xstrdup(folder);
    w->prefix = w->temporary;
    return 0;
}

static int fakes_make(struct world *w, char **reterr)
{
    struct fakes_options o = {.loop = w->loop,
                              .events = w->events,
                              .row = w->row,
                              .pki = w->pki,
                              .token = json_string_value(json_object_get(w->job, "token")),
                              .own_network = job_flag(w, "namespace"),
                              .faults_off = job_flag(w, "faults_off")};
    struct world_files f = {
        .prefix = w->prefix, .row = w->row, .token = o.token, .kube_token = "kube-token"};
    int e = fakes_start(&w->fakes, &o, reterr);

    if (e)
        return e;
    f.ca_pem = fakes_ca_pem(&w->fakes);
    w->verbs = (struct world_verbs){.kas = w->fakes.kas, .faults = w->fakes.faults, .prefix = w->prefix};
    return world_files_write(&f, reterr);
}

static int sut_begin(struct world *w, int log_fd, char **reterr)
{
    _cleanup_(freep) char *inside = xasprintf("/app/%s", component_text(w, "kind"));
    struct sut_options o = {.loop = w->loop,
                            .events = w->events,
                            .row = w->row,
                            .component = json_object_get(w->job, "component"),
                            .profile = json_object_get(w->job, "profile"),
                            .program = job_flag(w, "namespace") ? inside : component_text(w, "path"),
                            .prefix = w->prefix,
                            .log_fd = log_fd,
                            .stop_ms = (unsigned)json_integer_value(json_object_get(w->job, "stop_ms")),
                            .exited = on_exit_of_sut,
                            .arg = w};
    int e;

    w->started_ns = clock_ns();
    e = sut_start(&o, &w->sut, reterr);
    w->verbs.sut = w->sut;
    return e;
}

static json_t *verdict(const struct world *w)
{
    json_t *v = judge_verdict(w->judge);

    bounds_judge(&w->bounds, v);

    if (w->sanitizer) {
        json_object_set_new(v, "pass", json_false());
        json_object_set_new(v, "reason",
                            json_string("the component printed a sanitizer's report, see sut.log"));
    }
    json_object_set_new(v, "state", json_string("judged"));
    json_object_set_new(v, "seconds", json_real(w->judged_s));
    json_object_set_new(v, "exit", sut_exit_json(w->sut));
    return v;
}

static int play(struct world *w, int log_fd, char **reterr)
{
    int e = fakes_make(w, reterr);

    if (e)
        return e;
    w->sub = events_subscribe(w->events, on_event, w);
    w->steps = steps_start(json_object_get(w->row, "then"), w->loop, w->events, world_perform, &w->verbs);
    w->life = timer_new(w->loop, SIGN_OF_LIFE_MS, up_late, w);
    w->term = sig_new(w->loop, SIGTERM, told_to_end, w);
    e = sut_begin(w, log_fd, reterr);
    if (e)
        return e;
    w->look = timer_new(w->loop, LOOK_MS, look, w);
    w->within = timer_new(w->loop, (uint64_t)judge_within_ms(w->judge), too_late, w);
    (void)loop_run(w->loop);
    tell(verdict(w));
    return 0;
}

static void world_done(struct world *w)
{
    events_unsubscribe(w->sub);
    steps_free(w->steps);
    timer_free(w->within);
    timer_free(w->settle);
    timer_free(w->life);
    timer_free(w->look);
    bounds_done(&w->bounds);
    sig_free(w->term);
    sut_free(w->sut);
    fakes_done(&w->fakes);
    loop_free(w->loop);
    judge_free(w->judge);
    events_free(w->events);
    if (w->temporary)
        folder_remove(w->temporary);
    free(w->temporary);
}

int world_row(json_t *job, struct pki *pki)
{
    struct world w = {.job = job, .row = json_object_get(job, "row"), .pki = pki};
    const char *token = json_string_value(json_object_get(job, "token"));
    json_t *profile = json_object_get(job, "profile");
    _cleanup_(freep) char *err = NULL;
    int log_fd = -1, e;

    w.judge = judge_new(json_object_get(w.row, "expect"), json_object_get(profile, "healthy"), &err);
    e = w.judge ? bounds_init(&w.bounds, json_object_get(json_object_get(w.row, "expect"), "bounds"),
                              json_object_get(profile, "bounds"), &err)
                : -EINVAL;
    if (!e)
        e = files_open(&w, &log_fd, &err);
    if (!e) {
        events_secret(w.events, token, "token");
        events_verbose(w.events, job_flag(&w, "verbose"));
        events_want(w.events, "grpc.message");
        want_events(w.events, json_object_get(w.row, "expect"));
        want_events(w.events, json_object_get(w.row, "then"));
        w.loop = loop_new();
        e = ground_make(&w, &err);
    }
    if (!e)
        e = play(&w, log_fd, &err);
    if (e == -ENOTSUP)
        tell(json_pack("{s:s,s:s}", "state", "unsupported", "reason", err ? err : ""));
    else if (e)
        tell_broken(err);
    world_done(&w);
    if (log_fd >= 0)
        close(log_fd);
    return e && e != -ENOTSUP ? BROKEN : 0;
}
