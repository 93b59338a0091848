/* The Pod's life: it waits for what it needs, runs, ends by itself and is started again, or is told to end and goes. */
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conformance/node/kubelet_impl.h"
#include "conformance/process/process_args.h"
#include "lib/base/mem.h"

enum { BACK_OFF_MS = 10000, BACK_OFF_MAX_MS = 300000 };

static char *token_new(void)
{
    unsigned char b[24] = {0};
    char text[2 * sizeof(b) + 1];

    (void)RAND_bytes(b, sizeof(b));
    for (size_t i = 0; i < sizeof(b); i++)
        snprintf(text + 2 * i, 3, "%02x", b[i]);
    return xasprintf("pod-%s", text);
}

static const json_t *object_of(const struct pod *p)
{
    return pod_object(p->k->cluster, "pods", p->ns, p->name);
}

struct pod *pod_adopt(struct kubelet *k, const json_t *object)
{
    const char *account = pod_text(object, "spec.serviceAccountName"), *container = pod_text(pod_container(object), "name");
    struct pod *p = NEW(struct pod);
    _cleanup_(freep) char *user = NULL;

    *p = (struct pod){.k = k, .ns = xstrdup(pod_text(object, "metadata.namespace")), .name = xstrdup(pod_text(object, "metadata.name")),
                      .uid = xstrdup(pod_text(object, "metadata.uid")), .container = xstrdup(container ? container : "agent"),
                      .token = token_new()};
    user = xasprintf("system:serviceaccount:%s:%s", p->ns, account ? account : "default");
    kube_token(k->o.kube, p->token, user);
    return p;
}

void pod_release(struct pod *p)
{
    if (!p)
        return;
    probe_free(p->probe);
    timer_free(p->again);
    kube_token(p->k->o.kube, p->token, NULL);
    kube_log_end(p->k->o.kube, p->ns, p->name, p->container);
    pod_plan_done(&p->plan);
    pod_mounts_undo(p->mounts);
    json_decref(p->last);
    free(p->ns);
    free(p->name);
    free(p->uid);
    free(p->container);
    free(p->token);
    if (p->k->pod == p)
        p->k->pod = NULL;
    free(p);
}

/* ---- its status -------------------------------------------------------------------------------------------- */

/* state: {waiting: …}, {running: …}; taken. */
static void tell(struct pod *p, const char *phase, json_t *state)
{
    const json_t *object = object_of(p);
    const char *image = pod_text(pod_container(object), "image");
    json_t *container = json_pack("{ss, ss, ss, sb, si, so}", "name", p->container, "image", image ? image : "", "imageID", "", "ready",
                                  p->ready, "restartCount", (int)p->restarts, "state", state);
    json_t *conditions = json_array();

    json_object_set_new(container, "lastState", p->last ? json_pack("{sO}", "terminated", p->last) : json_object());
    json_array_append_new(conditions, say_condition("Initialized", true, "", ""));
    json_array_append_new(conditions, say_condition("Ready", p->ready, p->ready ? "" : "ContainersNotReady", ""));
    json_array_append_new(conditions, say_condition("ContainersReady", p->ready, p->ready ? "" : "ContainersNotReady", ""));
    json_array_append_new(conditions, say_condition("PodScheduled", true, "", ""));
    say_status(p->k, "pods", p->ns, p->name,
               json_pack("{ss, ss, ss, so, s[o]}", "phase", phase, "podIP", "127.0.0.1", "hostIP", "10.96.0.20", "conditions", conditions,
                         "containerStatuses", container));
}

static json_t *waiting(const char *reason, const char *message)
{
    return json_pack("{s{ss, ss*}}", "waiting", "reason", reason, "message", message);
}

static void tell_running(struct pod *p)
{
    tell(p, "Running", json_pack("{s{ss}}", "running", "startedAt", "2026-01-01T00:00:00Z"));
}

static void wait_for(struct pod *p, const char *reason, const char *event, const char *message)
{
    say_event(p->k, object_of(p), "Warning", event, message);
    tell(p, p->restarts ? "Running" : "Pending", waiting(reason, strcmp(reason, "ContainerCreating") == 0 ? NULL : message));
}

/* ---- it begins --------------------------------------------------------------------------------------------- */

static void on_ready(void *arg)
{
    struct pod *p = arg;

    p->probe = probe_free(p->probe);
    p->ready = true;
    tell_running(p);
    kubelet_look_again(p->k);
}

/* A port by number, or by the name that the container gives it. */
static int port_of(const json_t *container, const json_t *port)
{
    const json_t *one;
    size_t i;

    if (json_is_integer(port))
        return (int)json_integer_value(port);
    json_array_foreach(json_object_get(container, "ports"), i, one) if (json_is_string(port) && pod_text(one, "name") &&
                                                                        strcmp(pod_text(one, "name"), json_string_value(port)) == 0)
        return (int)json_integer_value(json_object_get(one, "containerPort"));
    return 0;
}

static void ask_readiness(struct pod *p)
{
    const json_t *container = pod_container(object_of(p)), *get = pod_at(container, "readinessProbe.httpGet");
    const char *path = pod_text(get, "path");
    int port = port_of(container, json_object_get(get, "port"));

    p->ready = !get || port <= 0;
    if (!p->ready)
        p->probe = probe_new(p->k->o.loop, "127.0.0.1", (uint16_t)port, path ? path : "/", on_ready, p);
}

static json_t *terminated(int64_t code, int signum)
{
    json_int_t shown = signum ? 128 + signum : code;

    return json_pack("{sI, ss, ss, ss}", "exitCode", shown, "reason", shown ? "Error" : "Completed", "startedAt",
                     "2026-01-01T00:00:00Z", "finishedAt", "2026-01-01T00:00:00Z");
}

static void on_due(void *arg)
{
    struct pod *p = arg;

    p->again = timer_free(p->again);
    p->due = true;
    kubelet_look_again(p->k);
}

/* The container has ended by itself. */
static void back_off(struct pod *p)
{
    _cleanup_(freep) char *message = xasprintf("back-off %us restarting failed container=%s pod=%s_%s(%s)", (unsigned)(p->wait_ms / 1000),
                                               p->container, p->name, p->ns, p->uid ? p->uid : "");

    p->state = POD_BACKS_OFF;
    p->ready = false;
    p->again = timer_new(p->k->o.loop, p->wait_ms, on_due, p);
    if (p->wait_ms) {
        say_event(p->k, object_of(p), "Warning", "BackOff", message);
        tell(p, "Running", waiting("CrashLoopBackOff", message));
    } else {
        tell(p, "Running", json_pack("{sO}", "terminated", p->last));
    }
    p->wait_ms = !p->wait_ms ? BACK_OFF_MS : p->wait_ms * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : p->wait_ms * 2;
}

static void on_exited(void *arg, const json_t *how)
{
    struct pod *p = arg;

    p->probe = probe_free(p->probe);
    pod_plan_done(&p->plan);
    p->mounts = pod_mounts_undo(p->mounts);
    kube_log_end(p->k->o.kube, p->ns, p->name, p->container);
    if (p->state == POD_RUNS) {
        json_decref(p->last);
        p->last = terminated(json_integer_value(json_object_get(how, "code")), (int)json_integer_value(json_object_get(how, "signal")));
        if (object_of(p))
            back_off(p);
    }
    kubelet_look_again(p->k); /* an end that it was told: it is released there */
}

/* The entry point of the image, or what `command` has in its place. */
static char *entry_wrong(const struct pod *p)
{
    const char *word = json_string_value(json_array_get(p->plan.command, 0)), *slash = word ? strrchr(word, '/') : NULL;

    if (!word || strcmp(slash ? slash + 1 : word, "agentk") == 0)
        return NULL;
    return xasprintf("failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable "
                     "to start container process: exec: \"%s\": executable file not found in $PATH: unknown", word);
}

static void env_add_thrift(const struct kubelet *k, json_t *env)
{
    const json_t *profile = json_object_get(k->o.job, "profile"), *has = json_object_get(profile, "env"), *value;
    const char *name;

    json_object_foreach(json_object_get(profile, "thrift"), name, value) if (json_object_get(has, name))
        json_object_set(env, name, (json_t *)value);
}

static void start(struct pod *p)
{
    _cleanup_(freep) char *err = NULL;
    struct process_args args;
    json_t *words = json_array();
    size_t i;
    json_t *one;

    json_array_foreach(p->plan.command, i, one) if (i) json_array_append(words, one);
    json_array_extend(words, p->plan.args);
    env_add_thrift(p->k, p->plan.env);
    pod_args_make(json_object_get(p->k->o.job, "component"), words, p->plan.env, &args);
    json_decref(words);
    kube_log_begin(p->k->o.kube, p->ns, p->name, p->container);
    p->restarts += p->last != NULL;
    p->state = POD_RUNS;
    if (actors_host(p->k->o.actors, &args, on_exited, p, &err) < 0) {
        p->state = POD_WAITS;
        wait_for(p, "RunContainerError", "Failed", err);
        return;
    }
    ask_readiness(p);
    tell_running(p);
}

static void try_to_begin(struct pod *p)
{
    const json_t *object = object_of(p);
    const char *version = pod_text(p->k->o.job, "component.version"), *image = pod_text(pod_container(object), "image"), *reason;
    _cleanup_(freep) char *message = NULL;

    pod_plan_done(&p->plan);
    pod_plan_make(p->k->cluster, object, p->token, kube_ca_pem(p->k->o.kube), &p->plan);
    if (p->plan.reason && strcmp(p->plan.event, "FailedMount") == 0) { /* volumes come before the image */
        wait_for(p, p->plan.reason, p->plan.event, p->plan.message);
        return;
    }
    reason = image_wrong(image, version, &message);
    if (reason) {
        wait_for(p, reason, "Failed", message);
        return;
    }
    if (p->plan.reason) {
        wait_for(p, p->plan.reason, p->plan.event, p->plan.message);
        return;
    }
    message = entry_wrong(p);
    if (message || pod_mounts_put(p->k->o.prefix, p->plan.mounts, &p->mounts, &message) < 0)
        wait_for(p, "RunContainerError", "Failed", message);
    else
        start(p);
}

/* ---- what becomes of it ------------------------------------------------------------------------------------ */

static bool is_gone(const struct pod *p)
{
    const json_t *object = object_of(p);
    const char *uid = pod_text(object, "metadata.uid");

    return !object || (p->uid && uid && strcmp(uid, p->uid) != 0);
}

void pod_follow(struct pod *p)
{
    struct process *sut = actors_sut(p->k->o.actors);

    if (is_gone(p)) {
        if (!process_running(sut)) {
            pod_release(p);
        } else if (p->state != POD_ENDS) {
            p->state = POD_ENDS;
            (void)process_down(sut, SIGTERM);
        }
        return;
    }
    if (p->state == POD_WAITS || (p->state == POD_BACKS_OFF && p->due)) {
        p->due = false;
        try_to_begin(p);
    }
}
