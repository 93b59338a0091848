/* Who is there, in which order they are started, and what steps do to them. */
#include "conformance/world/world_actors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "conformance/process/probe.h"
#include "conformance/process/signals.h"
#include "conformance/world/world_files.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/actions.h"

enum { REDIS_PORT = 6379 };

/* In the order in which they are started. */
enum part { REDIS, SUT, KAS2, AGENT, PARTS };

struct actor {
    struct actors *all;
    enum part part;
    const char *who;
    bool meant;               /* it belongs to this row */
    char *program;            /* owned: as it is started */
    struct process_args args; /* owned */
    struct process *process;  /* owned; NULL: not yet started */
    struct probe *probe;      /* owned; NULL: nobody asks whether it is ready */
    bool was_ready;
    int log_fd;
};

struct actors {
    struct actors_options o;
    struct actor by[PARTS];
    struct rootfs_program programs[ROOTFS_PROGRAMS + 1]; /* the last is NULL */
    bool kas;                          /* a KAS is under test */
    bool hosted;                       /* the component is started by actors_host() only */
    bool ending;
    void (*host_exited)(void *arg, const json_t *how);
    void *host_arg;
};

/* ---- who is there ------------------------------------------------------------------------------------------ */

static const json_t *part_of_row(const json_t *job, const char *part)
{
    return json_object_get(json_object_get(job, "row"), part);
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static const json_t *agent_component(const json_t *job)
{
    return json_object_get(json_object_get(job, "actors"), "agent");
}

static int log_open(const json_t *job, struct actor *one)
{
    const char *name = one->part == SUT ? "sut" : one->who;
    _cleanup_(freep) char *path = xasprintf("%s/%s.log", json_string_value(json_object_get(job, "dir")), name);

    one->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0644);
    return one->log_fd < 0 ? -errno : 0;
}

static void program_add(struct actors *a, const json_t *path, const char *name)
{
    size_t n = 0;

    while (a->programs[n].path)
        n++;
    if (json_is_string(path))
        a->programs[n] = (struct rootfs_program){json_string_value(path), name};
}

static void component_add(struct actors *a, const json_t *component)
{
    program_add(a, json_object_get(component, "path"), json_string_value(json_object_get(component, "kind")));
}

int actors_new(const json_t *job, struct actors **ret, char **reterr)
{
    static const char *const names[] = {[REDIS] = "redis", [SUT] = "agent", [KAS2] = "kas2", [AGENT] = "agent"};
    struct actors *a = NEW(struct actors);
    const json_t *redis = part_of_row(job, "redis");
    int e = 0;

    a->kas = world_kas_under_test(json_object_get(job, "row"));
    a->hosted = is_true(part_of_row(job, "kube"), "kubelet");
    for (int i = 0; i < PARTS; i++)
        a->by[i] = (struct actor){.all = a, .part = (enum part)i, .who = names[i], .log_fd = -1};
    a->by[SUT].who = a->kas ? "kas" : "agent";
    a->by[SUT].meant = true;
    component_add(a, json_object_get(job, "component"));
    program_add(a, json_object_get(job, "kubectl"), "kubectl");
    if (a->kas) {
        a->by[REDIS].meant = world_kas_redis(json_object_get(job, "row"), json_object_get(job, "profile")) &&
                             !is_true(redis, "absent");
        a->by[KAS2].meant = is_true(part_of_row(job, "kas2"), "present");
        a->by[AGENT].meant = agent_component(job) && !is_true(part_of_row(job, "agent"), "absent");
        if (a->by[AGENT].meant)
            component_add(a, agent_component(job));
    }
    for (int i = 0; i < PARTS && !e; i++)
        if (a->by[i].meant)
            e = log_open(job, &a->by[i]);
    if (e) {
        *reterr = xasprintf("logs of the row: %s", strerror(-e));
        actors_free(a);
        return e;
    }
    *ret = a;
    return 0;
}

const struct rootfs_program *actors_programs(const struct actors *a)
{
    return a->programs;
}

struct process *actors_sut(const struct actors *a)
{
    return a ? a->by[SUT].process : NULL;
}

/* ---- how they are started ---------------------------------------------------------------------------------- */

static int kas_prepare(struct actors *a, const char *part, struct process_args *ret, char **reterr)
{
    struct world_kas_options o = {.row = json_object_get(a->o.job, "row"),
                                  .profile = json_object_get(a->o.job, "profile"),
                                  .part = part,
                                  .pki = a->o.pki,
                                  .secrets = a->o.secrets};

    return world_kas_write(&o, ret, reterr);
}

static int agent_prepare(struct actors *a, const json_t *component, const json_t *profile, struct process_args *ret,
                         char **reterr)
{
    return agent_args_make(json_object_get(a->o.job, "row"), component, profile, a->o.prefix, ret, reterr);
}

static void redis_prepare(struct process_args *ret)
{
    static const char *const words[] = {"redis-server", "--bind",       WORLD_REDIS_IP, "--port", "6379", "--save", "",
                                        "--appendonly", "no",           "--dir",        "/tmp",   "--protected-mode",
                                        "no",           "--daemonize",  "no",           NULL};

    plain_args_make(words, ret);
}

static char *program_of(const struct actors *a, const json_t *component)
{
    if (!is_true(a->o.job, "namespace"))
        return xstrdup(json_string_value(json_object_get(component, "path")));
    return xasprintf("/app/%s", json_string_value(json_object_get(component, "kind")));
}

/* All at once, before the first is started: what cannot be said in a version's flags is then known. */
static int prepare(struct actors *a, char **reterr)
{
    const json_t *component = json_object_get(a->o.job, "component"), *agent = agent_component(a->o.job);
    struct actor *by = a->by;
    int e;

    by[SUT].program = program_of(a, component);
    e = a->hosted ? 0
        : a->kas ? kas_prepare(a, "kas", &by[SUT].args, reterr)
               : agent_prepare(a, component, json_object_get(a->o.job, "profile"), &by[SUT].args, reterr);
    if (!e && by[KAS2].meant) {
        by[KAS2].program = program_of(a, component);
        e = kas_prepare(a, "kas2", &by[KAS2].args, reterr);
    }
    if (!e && by[AGENT].meant) {
        by[AGENT].program = program_of(a, agent);
        e = agent_prepare(a, agent, json_object_get(agent, "profile"), &by[AGENT].args, reterr);
    }
    if (!e && by[REDIS].meant) {
        by[REDIS].program = xstrdup(WORLD_REDIS_PROGRAM);
        redis_prepare(&by[REDIS].args);
    }
    return e;
}

static void on_ready(void *arg);

/* Each start is followed by asking, so that a restart is too. */
static void on_started(void *arg, struct process *p)
{
    struct actor *one = arg;
    struct actors *a = one->all;
    /* Where Redis is meant to be away KAS is never ready, but it lives. */
    bool only_alive = is_true(part_of_row(a->o.job, "redis"), "absent");
    const json_t *ready = json_object_get(json_object_get(a->o.job, "profile"), only_alive ? "alive" : "ready");
    const char *path = json_string_value(json_object_get(ready, "path"));
    uint16_t port = (uint16_t)json_integer_value(json_object_get(ready, "port"));

    (void)p;
    one->probe = probe_free(one->probe);
    if (one->part == REDIS)
        one->probe = probe_new(a->o.loop, WORLD_REDIS_IP, REDIS_PORT, NULL, on_ready, one);
    else if (a->kas && one->part != AGENT && ready)
        one->probe = probe_new(a->o.loop, world_kas_ip(one->who), port, path, on_ready, one);
}

static void on_exited(void *arg, struct process *p)
{
    struct actor *one = arg;

    one->probe = probe_free(one->probe);
    if (one->part != SUT)
        return;
    if (one->all->host_exited && !one->all->ending) {
        json_t *how = process_exit_json(p);
        one->all->host_exited(one->all->host_arg, how);
        json_decref(how);
    }
    one->all->o.exited(one->all->o.arg);
}

static struct process_options options_of(struct actor *one)
{
    struct actors *a = one->all;

    return (struct process_options){.loop = a->o.loop,
                                .events = a->o.events,
                                .who = one->who,
                                .sut = one->part == SUT,
                                .hosted = one->part == SUT && a->hosted,
                                .program = one->program,
                                .argv = one->args.argv,
                                .envp = one->args.envp,
                                .log_fd = one->log_fd,
                                .stop_ms = a->o.stop_ms,
                                .started = on_started,
                                .exited = on_exited,
                                .arg = one};
}

static void start(struct actor *one)
{
    struct actors *a = one->all;
    struct process_options o = options_of(one);
    _cleanup_(freep) char *err = NULL;

    if (!one->meant || one->process || a->ending)
        return;
    if (process_start(&o, &one->process, &err) < 0)
        a->o.failed(a->o.arg, err);
    else if (one->part == SUT)
        a->o.started(a->o.arg);
}

static bool agent_starts(const struct actors *a, const char *when)
{
    const char *said = json_string_value(json_object_get(part_of_row(a->o.job, "agent"), "start"));

    return strcmp(said ? said : "ready", when) == 0;
}

static void start_kas(struct actors *a)
{
    const char *second = json_string_value(json_object_get(part_of_row(a->o.job, "kas2"), "start"));

    start(&a->by[SUT]);
    if (!second || strcmp(second, "never") != 0)
        start(&a->by[KAS2]);
    if (agent_starts(a, "at-once"))
        start(&a->by[AGENT]);
}

static void on_ready(void *arg)
{
    struct actor *one = arg;
    struct actors *a = one->all;
    bool first = !one->was_ready;

    one->probe = probe_free(one->probe);
    one->was_ready = true;
    events_emit(a->o.events, one->who, 0, 0, one->part == SUT ? "sut.ready" : "actor.ready", NULL);
    if (!first || a->ending)
        return;
    if (one->part == REDIS)
        start_kas(a);
    if (one->part == SUT && agent_starts(a, "ready"))
        start(&a->by[AGENT]);
    if (one->part == SUT)
        a->o.ready(a->o.arg);
}

int actors_begin(struct actors *a, const struct actors_options *o, char **reterr)
{
    int e;

    a->o = *o;
    e = prepare(a, reterr);
    if (e)
        return e;
    if (a->hosted)
        a->o.started(a->o.arg); /* watched from here on, whoever starts it */
    else if (a->by[REDIS].meant)
        start(&a->by[REDIS]);
    else
        start_kas(a);
    return 0;
}

int actors_host(struct actors *a, struct process_args *args, void (*exited)(void *arg, const json_t *how), void *arg, char **reterr)
{
    struct actor *sut = &a->by[SUT];
    struct process_options o;

    sut->process = process_free(sut->process);
    process_args_done(&sut->args);
    sut->args = *args;
    a->host_exited = exited;
    a->host_arg = arg;
    o = options_of(sut);
    return process_start(&o, &sut->process, reterr);
}

/* ---- steps ------------------------------------------------------------------------------------------------- */

static struct actor *actor_named(struct actors *a, const char *who)
{
    for (int i = 0; i < PARTS; i++)
        if (a->by[i].meant && strcmp(a->by[i].who, who) == 0)
            return &a->by[i];
    return NULL;
}

/* The signal that is asked for, else `missing`; -EINVAL. */
static int signal_of(const json_t *args, int missing)
{
    const json_t *name = json_is_string(args) ? args : json_object_get(args, "signal");

    return name ? signal_parse(name) : missing;
}

static int64_t down_of(const json_t *args)
{
    const json_t *v = json_is_string(args) ? args : json_object_get(args, "down");
    int64_t ms = 0;

    if (json_is_string(v))
        (void)duration_parse(json_string_value(v), &ms);
    return ms > 0 ? ms : 0;
}

static int restart(struct actor *one, const json_t *args)
{
    int signum = signal_of(json_is_object(args) ? args : NULL, SIGTERM);
    int e = signum < 0 ? signum : 0;

    if (!e && process_running(one->process))
        e = process_down(one->process, signum);
    return e ? e : process_up(one->process, (uint64_t)down_of(args));
}

static int act(struct actor *one, const char *verb, const json_t *args)
{
    if (strcmp(verb, "start") == 0 && !one->process) {
        start(one);
        return 0;
    }
    if (!one->process)
        return -ESRCH;
    if (strcmp(verb, "start") == 0)
        return process_up(one->process, 0);
    if (strcmp(verb, "stop") == 0) {
        int signum = signal_of(json_is_object(args) ? args : NULL, SIGTERM);
        return signum < 0 ? signum : process_down(one->process, signum);
    }
    if (strcmp(verb, "signal") == 0) {
        int signum = signal_of(args, -EINVAL);
        return signum < 0 ? signum : process_signal(one->process, signum);
    }
    return strcmp(verb, "restart") == 0 ? restart(one, args) : -EINVAL;
}

int actors_perform(struct actors *a, const char *who, const json_t *what, char **reterr)
{
    struct actor *one = actor_named(a, who);
    struct action *list = actions_new(what);
    int e = one ? 0 : -ENOENT;

    if (!one)
        *reterr = xasprintf("this world has no %s", who);
    for (const struct action *v = list; v && !e; v = v->next) {
        e = act(one, v->verb, v->args);
        if (e)
            *reterr = xasprintf("%s %s: %s", v->verb, who,
                                e == -ESRCH      ? "it does not run"
                                : e == -EALREADY ? "it runs already"
                                                 : "expected stop, start, restart or {signal: TERM}");
    }
    actions_free(list);
    return e;
}

/* ---- the end ----------------------------------------------------------------------------------------------- */

void actors_stop(struct actors *a)
{
    a->ending = true;
    for (int i = 0; i < PARTS; i++)
        a->by[i].probe = probe_free(a->by[i].probe);
    /* Redis stays: KAS says goodbye to it. */
    if (a->kas && process_running(a->by[AGENT].process))
        (void)process_down(a->by[AGENT].process, SIGKILL);
    if (process_running(a->by[KAS2].process))
        (void)process_down(a->by[KAS2].process, SIGKILL);
    process_stop(a->by[SUT].process);
}

struct actors *actors_free(struct actors *a)
{
    if (!a)
        return NULL;
    for (int i = 0; i < PARTS; i++) {
        struct actor *one = &a->by[i];
        probe_free(one->probe);
        process_free(one->process);
        process_args_done(&one->args);
        free(one->program);
        if (one->log_fd >= 0)
            close(one->log_fd);
    }
    free(a);
    return NULL;
}
