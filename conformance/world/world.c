/* A world, from its namespaces to its verdict. */
#include "conformance/world/world.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/process/bounds.h"
#include "conformance/judge/judge.h"
#include "conformance/kube/world_real.h"
#include "conformance/world/world_actors.h"
#include "conformance/world/world_fakes.h"
#include "conformance/world/world_files.h"
#include "conformance/world/world_ground.h"
#include "conformance/node/world_install.h"
#include "conformance/world/world_user.h"
#include "conformance/world/world_verbs.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/steps.h"

#define KUBE_TOKEN "kube-token"

enum { SIGN_OF_LIFE_MS = 3000, PREPARE_MS = 10000, DRAIN_MS = 1000, BROKEN = 3, LOOK_MS = 200 };

struct world {
    json_t *job; /* borrowed, as the next three */
    json_t *row;
    struct pki *pki;    /* borrowed */
    struct ground ground;
    int kube_log_fd; /* of a real API server; 0: none */
    struct loop *loop;
    struct events *events;
    struct event_sub *sub;
    struct fakes fakes;
    struct judge *judge;
    struct actors *actors;
    struct tunnel_user *user;
    struct rails *rails;         /* owned */
    struct world_install install;
    struct kas_secrets secrets;
    struct steps *steps;
    struct world_verbs verbs;
    struct timer *within, *settle, *life, *look;
    struct bounds bounds;
    struct sig *term;
    uint64_t started_ns;
    unsigned connections;     /* that stand: accepted and not yet closed */
    bool up, drained, lingered, ending, over;
    bool sanitizer; /* a process printed a sanitizer's report */
    char *broken;   /* owned: why it cannot go on */
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
    if (process_running(actors_sut(w->actors)))
        bounds_look(&w->bounds, true);
    if (process_running(actors_sut(w->actors)) && json_is_integer(port) && job_flag(w, "namespace")) /* else the port may be another's */
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
    actors_stop(w->actors);
    if (!process_running(actors_sut(w->actors)))
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
    if (world_install_failed(&w->install))
        state = JUDGE_LOST;
    if (w->ending || w->over || state == JUDGE_OPEN)
        return;
    if (state != JUDGE_LOST && left <= 0 && !w->lingered && process_running(actors_sut(w->actors))) {
        left = json_integer_value(json_object_get(w->job, "linger_ms"));
        w->lingered = true;
    }
    /* What it sent before it ended may still be on its way to us. */
    if (!process_running(actors_sut(w->actors)) && w->connections && !w->drained) {
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
    world_install_event(&w->install, event);
    if (w->started_ns && !w->ending)
        bounds_look(&w->bounds, false);
    if (name && strcmp(name, "tcp.accept") == 0)
        w->connections++;
    if (name && strcmp(name, "tcp.closed") == 0 && w->connections)
        w->connections--;
    if (w->started_ns && name && who && strcmp(who, "world") != 0)
        up(w);
    if (w->ending || w->over || (judge_state(w->judge) == JUDGE_OPEN && !world_install_failed(&w->install)))
        return;
    /* Never end inside the event: whoever emitted it is not done. */
    if (!w->settle || before != judge_state(w->judge) || !process_running(actors_sut(w->actors))) {
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

/* {apiserver, etcd}: paths, where a real API server is meant and the row has a cluster. */
static const json_t *kube_real(const struct world *w)
{
    const json_t *real = json_object_get(w->job, "kube_real");

    return json_is_object(real) && world_kube_wanted(w->row) ? real : NULL;
}

/* Those of the processes, and a real API server's; into `all`. */
static const struct rootfs_program *programs_of(const struct world *w, struct rootfs_program all[ROOTFS_PROGRAMS + 1])
{
    const struct rootfs_program *theirs = actors_programs(w->actors);
    const json_t *real = kube_real(w);
    size_t n = 0;

    for (; theirs[n].path && n < ROOTFS_PROGRAMS - 2; n++)
        all[n] = theirs[n];
    if (real) {
        all[n++] = (struct rootfs_program){json_string_value(json_object_get(real, "apiserver")), WORLD_REAL_APISERVER};
        all[n++] = (struct rootfs_program){json_string_value(json_object_get(real, "etcd")), WORLD_REAL_ETCD};
    }
    return all;
}

/* files: opened while the machine's file system is still ours. */
static int files_open(struct world *w, char **reterr)
{
    const char *dir = json_string_value(json_object_get(w->job, "dir"));
    _cleanup_(freep) char *events = xasprintf("%s/events.jsonl", dir);
    int e = events_open(events, json_string_value(json_object_get(w->job, "name")), &w->events);

    if (!e && kube_real(w)) {
        _cleanup_(freep) char *log = xasprintf("%s/kube-apiserver.log", dir);
        w->kube_log_fd = open(log, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        e = w->kube_log_fd < 0 ? -errno : 0;
    }
    if (e)
        *reterr = xasprintf("%s: %s", dir, strerror(-e));
    return e ? e : actors_new(w->job, &w->actors, reterr);
}

static const char *component_text(const struct world *w, const char *key)
{
    return json_string_value(json_object_get(json_object_get(w->job, "component"), key));
}

static int fakes_make(struct world *w, char **reterr)
{
    struct fakes_options o = {.loop = w->loop,
                              .events = w->events,
                              .row = w->row,
                              .pki = w->pki,
                              .token = json_string_value(json_object_get(w->job, "token")),
                              .job_token = json_string_value(json_object_get(w->job, "job_token")),
                              .kas_secret = w->secrets.gitlab,
                              .kube_token = KUBE_TOKEN,
                              .kube_real = kube_real(w) != NULL,
                              .kube_log_fd = w->kube_log_fd,
                              .own_network = job_flag(w, "namespace"),
                              .faults_off = job_flag(w, "faults_off")};
    struct world_files f = {
        .prefix = w->ground.prefix, .row = w->row, .pki = w->pki, .token = o.token, .kube_token = KUBE_TOKEN, .hosted = kubelet_wanted(w->row)};
    int e = fakes_start(&w->fakes, &o, reterr);

    if (e)
        return e;
    f.ca_pem = fakes_ca_pem(&w->fakes);
    f.kube_ca_pem = fakes_kube_ca_pem(&w->fakes);
    return world_files_write(&f, reterr);
}

/* From here on it is watched. */
static void on_start_of_sut(void *arg)
{
    struct world *w = arg;

    w->started_ns = clock_ns();
    if (!world_kas_under_test(w->row)) /* it waits for the agent; a KAS says when it is ready */
        tunnel_user_begin(w->user);
    w->look = timer_new(w->loop, LOOK_MS, look, w);
    timer_free(w->within);
    w->within = timer_new(w->loop, (uint64_t)judge_within_ms(w->judge), too_late, w);
}

static void on_ready_sut(void *arg)
{
    struct world *w = arg;

    tunnel_user_begin(w->user);
}

static void on_failure(void *arg, const char *reason)
{
    struct world *w = arg;

    if (!w->broken)
        w->broken = xstrdup(reason ? reason : "a process could not be started");
    loop_stop(w->loop);
}

static int actors_start(struct world *w, char **reterr)
{
    struct actors_options o = {.job = w->job,
                               .loop = w->loop,
                               .events = w->events,
                               .pki = w->fakes.pki,
                               .secrets = &w->secrets,
                               .prefix = w->ground.prefix,
                               .stop_ms = (unsigned)json_integer_value(json_object_get(w->job, "stop_ms")),
                               .started = on_start_of_sut,
                               .ready = on_ready_sut,
                               .exited = on_exit_of_sut,
                               .failed = on_failure,
                               .arg = w};

    return actors_begin(w->actors, &o, reterr);
}

static json_t *verdict(const struct world *w)
{
    json_t *v = judge_verdict(w->judge);

    bounds_judge(&w->bounds, v);

    if (w->sanitizer) {
        json_object_set_new(v, "pass", json_false());
        json_object_set_new(v, "reason",
                            json_string("a sanitizer's report was printed, see sut.log and the other logs"));
    }
    world_install_verdict(&w->install, v);
    json_object_set_new(v, "state", json_string("judged"));
    json_object_set_new(v, "seconds", json_real(w->judged_s));
    json_object_set_new(v, "exit", process_exit_json(actors_sut(w->actors)));
    return v;
}

static int play(struct world *w, char **reterr)
{
    const struct world_install_options install = {w->loop, w->events, &w->fakes, w->job, w->ground.prefix};
    int e = fakes_make(w, reterr);

    if (!e)
        e = world_install_begin(&w->install, &install, reterr);
    if (e)
        return e;
    w->sub = events_subscribe(w->events, on_event, w);
    w->user = tunnel_user_new(w->loop, w->events, json_object_get(w->row, "user"), pki_root_pem(w->fakes.pki));
    w->rails = rails_new(w->loop, w->events, &w->fakes.next_conn_id, &w->secrets);
    w->verbs = (struct world_verbs){&w->fakes, w->actors, w->user, w->rails, w->install.person, w->ground.prefix};
    w->steps = steps_start(json_object_get(w->row, "then"), w->loop, w->events, world_perform, &w->verbs);
    w->within = timer_new(w->loop, PREPARE_MS, too_late, w); /* until it is started, which may wait for Redis */
    w->life = timer_new(w->loop, SIGN_OF_LIFE_MS, up_late, w);
    w->term = sig_new(w->loop, SIGTERM, told_to_end, w);
    e = actors_start(w, reterr);
    if (e)
        return e;
    world_install_node(&w->install, &install, w->actors);
    (void)loop_run(w->loop);
    if (w->broken) {
        *reterr = w->broken;
        w->broken = NULL;
        return -EIO;
    }
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
    tunnel_user_free(w->user);
    rails_free(w->rails);
    world_install_done(&w->install);
    actors_free(w->actors);
    fakes_stop(&w->fakes);
    loop_free(w->loop);
    fakes_done(&w->fakes);
    judge_free(w->judge);
    events_free(w->events);
    ground_done(&w->ground);
    if (w->kube_log_fd > 0)
        close(w->kube_log_fd);
    free(w->broken);
    OPENSSL_cleanse(&w->secrets, sizeof(w->secrets));
}

int world_row(json_t *job, struct pki *pki)
{
    struct world w = {.job = job, .row = json_object_get(job, "row"), .pki = pki};
    const char *token = json_string_value(json_object_get(job, "token"));
    const char *job_token = json_string_value(json_object_get(job, "job_token"));
    json_t *profile = json_object_get(job, "profile");
    struct rootfs_program programs[ROOTFS_PROGRAMS + 1] = {{0}};
    _cleanup_(freep) char *err = NULL;
    bool kas = world_kas_under_test(w.row);
    int e;

    w.judge = judge_new(json_object_get(w.row, "expect"), json_object_get(profile, "healthy"), kas ? "kas" : "agent", &err);
    e = w.judge ? bounds_init(&w.bounds, json_object_get(json_object_get(w.row, "expect"), "bounds"),
                              json_object_get(profile, "bounds"), &err)
                : -EINVAL;
    if (!e)
        e = files_open(&w, &err);
    if (!e) {
        /* As rootfs.h calls it. Elsewhere it has the name of its file, and is alone. */
        w.bounds.name = job_flag(&w, "namespace") ? component_text(&w, "kind") : NULL;
        events_secret(w.events, token, "token");
        if (job_token)
            events_secret(w.events, job_token, "job_token");
        if (kas)
            kas_secrets_make(&w.secrets, w.events);
        events_verbose(w.events, job_flag(&w, "verbose"));
        events_want(w.events, "grpc.message");
        want_events(w.events, json_object_get(w.row, "expect"));
        want_events(w.events, json_object_get(w.row, "then"));
        w.loop = loop_new();
        e = ground_make(&w.ground, w.row, job_flag(&w, "namespace") ? programs_of(&w, programs) : NULL, &err);
    }
    if (!e)
        e = play(&w, &err);
    if (e == -ENOTSUP)
        tell(json_pack("{s:s,s:s}", "state", "unsupported", "reason", err ? err : ""));
    else if (e)
        tell_broken(err);
    world_done(&w);
    return e && e != -ENOTSUP ? BROKEN : 0;
}
