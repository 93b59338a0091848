/* One side's world, from its namespaces to what was told in it. */
#include "conformance/parity/world.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/process/namespaces.h"
#include "conformance/process/netns.h"
#include "conformance/parity/talk.h"
#include "conformance/process/probe.h"
#include "conformance/process/rootfs.h"
#include "conformance/world/world_actors.h"
#include "conformance/world/world_fakes.h"
#include "conformance/world/world_files.h"
#include "conformance/world/world_user.h"
#include "conformance/world/world_verbs.h"
#include "lib/base/mem.h"

#define KUBE_TOKEN "kube-token"

enum { PORT = 8150, PATIENCE_MS = 180000, BROKEN = 3 };

struct side {
    const struct parity_world *o;
    json_t *row; /* borrowed */
    struct loop *loop;
    struct events *events;
    struct fakes fakes;
    struct actors *actors; /* NULL: a fake KAS needs no process */
    struct tunnel_user *user;
    struct kas_secrets secrets;
    struct world_verbs verbs;
    struct talk *talk;
    struct timer *patience, *next;
    struct probe *probe; /* until the port for agents is open */
    size_t at;    /* the talk that is held */
    json_t *told; /* owned: {NAME: …} */
    char *broken; /* owned */
};

static const char *job_text(const struct side *w, const char *key)
{
    return json_string_value(json_object_get(w->o->job, key));
}

static bool is_real(const struct side *w)
{
    return strcmp(w->o->side, "real") == 0;
}

static void give_up(struct side *w, const char *why)
{
    if (!w->broken)
        w->broken = xstrdup(why);
    loop_stop(w->loop);
}

static void too_long(void *arg)
{
    give_up(arg, "the talks took too long");
}

/* ---- talks, one after the other
 * ---------------------------------------------------------------------------- */

static void next_talk(void *arg);

static void talked(void *arg, json_t *said)
{
    struct side *w = arg;
    const json_t *spec = json_array_get(w->o->talks, w->at);

    json_object_set_new(w->told, json_string_value(json_object_get(spec, "talk")), said);
    w->talk = talk_free(w->talk);
    w->at++;
    w->next = timer_new(w->loop, 0, next_talk, w);
}

static int perform(void *arg, const char *verb, const json_t *args, char **reterr)
{
    struct side *w = arg;

    return world_perform(&w->verbs, verb, args, reterr);
}

static void next_talk(void *arg)
{
    struct side *w = arg;
    const json_t *spec = json_array_get(w->o->talks, w->at);
    const char *transport = json_string_value(json_object_get(json_object_get(w->row, "row"), "transport"));
    struct talk_options o = {.loop = w->loop,
                             .events = w->events,
                             .next_conn_id = &w->fakes.next_conn_id,
                             .host = WORLD_KAS_IP,
                             .port = PORT,
                             .ws = transport[0] == 'w',
                             .side = w->o->side,
                             .spec = spec,
                             .token = job_text(w, "token"),
                             .perform = perform,
                             .done = talked,
                             .arg = w};

    w->next = timer_free(w->next);
    if (!spec) {
        loop_stop(w->loop);
        return;
    }
    w->talk = talk_new(&o);
}

static void on_open(void *arg)
{
    struct side *w = arg;

    w->probe = probe_free(w->probe);
    next_talk(w);
}

/* KAS says so before it listens. */
static void on_ready(void *arg)
{
    struct side *w = arg;

    w->probe = probe_new(w->loop, WORLD_KAS_IP, PORT, NULL, on_open, w);
}

static void on_start(void *arg)
{
    (void)arg;
}

static void on_exit_of_kas(void *arg)
{
    give_up(arg, "KAS has ended; see sut.log");
}

static void on_failure(void *arg, const char *reason)
{
    give_up(arg, reason ? reason : "a process could not be started");
}

/* ---- the world
 * --------------------------------------------------------------------------------------------- */

static int files_open(struct side *w, char **reterr)
{
    _cleanup_(freep) char *path = xasprintf("%s/events.jsonl", job_text(w, "dir"));
    int e = events_open(path, job_text(w, "name"), &w->events);

    if (e)
        *reterr = xasprintf("%s: %s", path, strerror(-e));
    return e || !is_real(w) ? e : actors_new(w->o->job, &w->actors, reterr);
}

static int ground_make(struct side *w, char **reterr)
{
    static const char *const there[] = {WORLD_DNS_IP,    WORLD_KAS_IP,    WORLD_KUBE_IP,  WORLD_KAS2_IP,
                                        WORLD_GITLAB_IP, WORLD_GITALY_IP, WORLD_REDIS_IP, NULL};
    static const char *const away[] = {NULL};
    int e = netns_up(there, away, reterr);

    return e || !is_real(w) ? e : rootfs_enter(actors_programs(w->actors), reterr);
}

static int fakes_make(struct side *w, char **reterr)
{
    struct fakes_options o = {.loop = w->loop,
                              .events = w->events,
                              .row = w->row,
                              .pki = w->o->pki,
                              .token = job_text(w, "token"),
                              .job_token = job_text(w, "job_token"),
                              .kas_secret = w->secrets.gitlab,
                              .kube_token = KUBE_TOKEN,
                              .own_network = true};
    struct world_files f = {.prefix = "", .row = w->row, .token = o.token, .kube_token = KUBE_TOKEN};
    int e = fakes_start(&w->fakes, &o, reterr);

    if (e || !is_real(w))
        return e;
    f.ca_pem = fakes_ca_pem(&w->fakes);
    f.kube_ca_pem = fakes_kube_ca_pem(&w->fakes);
    return world_files_write(&f, reterr);
}

static int kas_begin(struct side *w, char **reterr)
{
    struct actors_options o = {.job = w->o->job,
                               .loop = w->loop,
                               .events = w->events,
                               .pki = w->o->pki,
                               .secrets = &w->secrets,
                               .prefix = "",
                               .stop_ms = 1000,
                               .started = on_start,
                               .ready = on_ready,
                               .exited = on_exit_of_kas,
                               .failed = on_failure,
                               .arg = w};

    if (is_real(w))
        return actors_begin(w->actors, &o, reterr);
    w->next = timer_new(w->loop, 0, next_talk, w);
    return 0;
}

static int hold(struct side *w, char **reterr)
{
    int e = files_open(w, reterr);

    if (e)
        return e;
    events_secret(w->events, job_text(w, "token"), "token");
    events_secret(w->events, job_text(w, "job_token"), "job_token");
    kas_secrets_make(&w->secrets, w->events);
    w->loop = loop_new();
    e = ground_make(w, reterr);
    if (!e)
        e = fakes_make(w, reterr);
    if (e)
        return e;
    w->user = tunnel_user_new(w->loop, w->events, json_object_get(w->row, "user"), pki_root_pem(w->fakes.pki));
    w->verbs = (struct world_verbs){.fakes = &w->fakes, .actors = w->actors, .user = w->user, .prefix = ""};
    w->patience = timer_new(w->loop, PATIENCE_MS, too_long, w);
    e = kas_begin(w, reterr);
    if (!e)
        (void)loop_run(w->loop);
    if (w->broken && !*reterr)
        *reterr = xstrdup(w->broken);
    return w->broken ? -EIO : e;
}

static void side_done(struct side *w)
{
    talk_free(w->talk);
    timer_free(w->patience);
    timer_free(w->next);
    probe_free(w->probe);
    if (w->user)
        tunnel_user_free(w->user);
    actors_free(w->actors);
    fakes_stop(&w->fakes);
    loop_free(w->loop);
    fakes_done(&w->fakes);
    if (w->events)
        events_free(w->events);
    json_decref(w->told);
    free(w->broken);
    OPENSSL_cleanse(&w->secrets, sizeof(w->secrets));
}

static int inside(void *arg)
{
    struct side w = {.o = arg, .told = json_object()};
    _cleanup_(freep) char *path = NULL, *err = NULL;
    json_t *said;
    FILE *f;
    int e;

    w.row = json_object_get(w.o->job, "row");
    path = xasprintf("%s/said.json", job_text(&w, "dir"));
    f = fopen(path, "we"); /* while the machine's file system is still ours */
    if (!f)
        return BROKEN;
    e = hold(&w, &err);
    said = e ? json_pack("{s:s}", "broken", err ? err : strerror(-e)) : json_pack("{s:O}", "talks", w.told);
    json_dumpf(said, f, JSON_INDENT(1));
    json_decref(said);
    fclose(f);
    side_done(&w);
    return 0;
}

pid_t parity_world_start(const struct parity_world *w, char **reterr)
{
    int pidfd, pid = namespaces_start(inside, NULL, (void *)w, true, &pidfd, reterr);

    if (pid >= 0)
        close(pidfd);
    return pid;
}
