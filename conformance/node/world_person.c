/* See world_person.h: a queue of commands and edits, done one after the other. */
#include "conformance/node/world_person.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "conformance/process/process_args.h"
#include "conformance/process/rootfs.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

#define HOME "/home/person"

enum { PATIENCE_MS = 60000, OUTPUT_MAX = 256 * 1024, FILE_MAX = 1024 * 1024 };

struct task {
    json_t *what; /* owned */
    TAILQ_ENTRY(task) link;
};

struct person {
    struct person_options o;
    char *home;               /* owned, as the next */
    char *failure;
    TAILQ_HEAD(, task) tasks; /* the first is being done */
    struct child *child;      /* NULL: none runs */
    struct process_args args; /* of the child */
    struct timer *next, *patience;
    struct buf output;
    bool seen;                /* `until` has been */
    bool late;
};

static const char *text_of(const json_t *what, const char *key)
{
    return json_string_value(json_object_get(what, key));
}

/* ---- what lies there --------------------------------------------------------------------------------------- */

static int file_put(const struct person *p, const char *name, const char *text)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", p->home, name);

    return file_write(path, text, strlen(text), 0644);
}

static int kubeconfig_write(const struct person *p)
{
    _cleanup_(freep) char *text =
        xasprintf("apiVersion: v1\nkind: Config\ncurrent-context: cluster\n"
                  "clusters: [{name: cluster, cluster: {server: \"https://10.96.0.1:443\", certificate-authority: " HOME "/.kube/ca.crt}}]\n"
                  "users: [{name: admin, user: {token: %s}}]\n"
                  "contexts: [{name: cluster, context: {cluster: cluster, user: admin}}]\n", p->o.token ? p->o.token : "none");
    int e = p->o.kube_ca_pem ? file_put(p, ".kube/ca.crt", p->o.kube_ca_pem) : 0;

    return e ? e : file_put(p, ".kube/config", text);
}

static int files_write(const struct person *p, char **reterr)
{
    int e = kubeconfig_write(p);
    const char *name;
    json_t *what;

    json_object_foreach(json_object_get(p->o.part, "files"), name, what)
    {
        const char *text = json_string_value(what), *ca = text_of(what, "ca");
        if (!e)
            e = text || ca ? file_put(p, name, text ? text : p->o.ca_pem) : -EINVAL;
        if (e) {
            *reterr = xasprintf("person.files.%s: %s", name, strerror(-e));
            return e;
        }
    }
    if (e)
        *reterr = xasprintf("files of a person: %s", strerror(-e));
    return e;
}

/* ---- one after the other ----------------------------------------------------------------------------------- */

static void do_next(void *arg);

static void go_on(struct person *p)
{
    struct task *t = TAILQ_FIRST(&p->tasks);

    TAILQ_REMOVE(&p->tasks, t, link);
    json_decref(t->what);
    free(t);
    timer_free(p->next);
    p->next = TAILQ_EMPTY(&p->tasks) ? NULL : timer_new(p->o.loop, 0, do_next, p);
}

/* why: taken. Nothing more is done. */
static void fail(struct person *p, const json_t *what, char *why)
{
    const char *run = text_of(what, "run"), *name = run ? run : text_of(what, "edit");
    json_t *output = json_stringn((const char *)buf_data(&p->output), buf_len(&p->output));

    p->failure = xasprintf("a person's `%s`: %s", name, why);
    events_emit(p->o.events, "person", 0, 0, "person.failed",
                json_pack("{ss, ss, so}", run ? "run" : "file", name, "reason", why, "output", output ? output : json_null()));
    free(why);
}

static void edit(struct person *p, const json_t *what)
{
    const char *name = text_of(what, "edit");
    _cleanup_(freep) char *path = xasprintf("%s/%s", p->home, name), *err = NULL, *text = xcalloc(1, FILE_MAX), *done = NULL;
    FILE *f = fopen(path, "re");
    int e = f ? 0 : -errno;

    if (f) {
        (void)!fread(text, 1, FILE_MAX - 1, f);
        fclose(f);
        done = person_replace(text, json_object_get(what, "replace"), &err);
    }
    if (done)
        e = file_put(p, name, done);
    if (e || !done) {
        fail(p, what, xstrdup(err ? err : strerror(-e)));
        return;
    }
    events_emit(p->o.events, "person", 0, 0, "person.edited", json_pack("{ss}", "file", name));
    go_on(p);
}

/* ---- a command --------------------------------------------------------------------------------------------- */

/* What it has printed, without the last newline. */
static json_t *printed(const struct person *p)
{
    size_t n = buf_len(&p->output);
    json_t *text = json_stringn((const char *)buf_data(&p->output), n ? n - 1 : 0);

    return text ? text : json_string("(no text)");
}

static void on_line(void *arg, int fd, const char *line, size_t n)
{
    struct person *p = arg;
    const json_t *until = json_object_get(TAILQ_FIRST(&p->tasks)->what, "until");
    json_t *text;

    (void)fd;
    if (buf_len(&p->output) > OUTPUT_MAX)
        return;
    buf_add(&p->output, line, n);
    buf_add(&p->output, "\n", 1);
    if (!until || p->seen)
        return;
    text = printed(p);
    p->seen = match(until, text, NULL);
    json_decref(text);
    if (p->seen)
        (void)child_signal(p->child, SIGINT);
}

static void on_late(void *arg)
{
    struct person *p = arg;

    p->patience = timer_free(p->patience);
    p->late = true;
    (void)child_signal(p->child, SIGKILL);
}

/* What was not as said: a new string; NULL: all was. */
static char *wrong(const struct person *p, const json_t *what, int64_t code, const json_t *text)
{
    json_t *default_code = json_integer(0), *got = json_integer(code);
    const json_t *want = json_object_get(what, "code"), *prints = json_object_get(what, "prints");
    _cleanup_(freep) char *why = NULL;
    char *out = NULL;

    if (p->late)
        out = xasprintf("did not end within %d s", PATIENCE_MS / 1000);
    else if (json_object_get(what, "until"))
        out = p->seen ? NULL : xasprintf("ended without what was waited for; it printed: %s", json_string_value(text));
    else if (!match(want ? want : default_code, got, NULL))
        out = xasprintf("ended with exit code %d; it printed: %s", (int)code, json_string_value(text));
    else if (prints && !match(prints, text, &why))
        out = xasprintf("%s; it printed: %s", why ? why : "its output does not fit", json_string_value(text));
    json_decref(default_code);
    json_decref(got);
    return out;
}

static void on_exited(void *arg, int64_t status, int signum)
{
    struct person *p = arg;
    const json_t *what = TAILQ_FIRST(&p->tasks)->what;
    json_t *text = printed(p);
    int64_t code = signum ? 128 + signum : status;
    char *why = wrong(p, what, code, text);

    p->patience = timer_free(p->patience);
    events_emit(p->o.events, "person", 0, 0, "person.ran",
                json_pack("{ss, sI, so}", "run", text_of(what, "run"), "code", (json_int_t)code, "output", text));
    if (why)
        fail(p, what, why);
    else
        go_on(p);
}

static void run(struct person *p, const json_t *what)
{
    static const char *const keep[] = {"PATH=/app:/usr/bin:/bin", "HOME=" HOME, "KUBECONFIG=" HOME "/.kube/config", "GOGC=400", NULL};
    /* Who is to hear of Ctrl-C must not be the shell's child. */
    bool goes_on = json_object_get(what, "until") && !strstr(text_of(what, "run"), "exec ");
    _cleanup_(freep) char *line = xasprintf("%s%s", goes_on ? "exec " : "", text_of(what, "run"));
    const char *words[] = {"sh", "-c", line, NULL};
    struct child_spec spec = {.file = "/bin/sh", .cwd = p->home, .line = on_line, .exited = on_exited, .arg = p};
    int e;

    p->child = child_free(p->child);
    process_args_done(&p->args);
    plain_args_make(words, &p->args);
    spec.argv = p->args.argv;
    spec.envp = (char **)keep;
    p->seen = p->late = false;
    buf_consume(&p->output, buf_len(&p->output));
    events_emit(p->o.events, "person", 0, 0, "person.run", json_pack("{ss}", "run", text_of(what, "run")));
    e = child_start(p->o.loop, &spec, &p->child);
    if (e < 0)
        fail(p, what, xasprintf("cannot be started: %s", strerror(-e)));
    else
        p->patience = timer_new(p->o.loop, PATIENCE_MS, on_late, p);
}

static void do_next(void *arg)
{
    struct person *p = arg;
    const json_t *what = TAILQ_FIRST(&p->tasks)->what;

    p->next = timer_free(p->next);
    if (text_of(what, "edit"))
        edit(p, what);
    else
        run(p, what);
}

/* ---- */

int person_new(const struct person_options *o, struct person **ret, char **reterr)
{
    struct person *p = NEW(struct person);
    int e;

    p->o = *o;
    p->home = xasprintf("%s%s", o->prefix, HOME);
    TAILQ_INIT(&p->tasks);
    e = files_write(p, reterr);
    *ret = e ? person_free(p) : p;
    return e;
}

static int add(struct person *p, const json_t *what, char **reterr)
{
    struct task *t;

    if (!text_of(what, "run") && !(text_of(what, "edit") && json_object_get(what, "replace"))) {
        *reterr = xstrdup("person: expected {run: COMMAND}, {edit: FILE, replace: {old: new}}, or a list of such");
        return -EINVAL;
    }
    t = NEW(struct task);
    t->what = json_incref((json_t *)what);
    TAILQ_INSERT_TAIL(&p->tasks, t, link);
    return 0;
}

int person_perform(struct person *p, const json_t *what, char **reterr)
{
    bool idle = p && TAILQ_EMPTY(&p->tasks);
    json_t *one;
    size_t i;
    int e = 0;

    if (!p) {
        *reterr = xstrdup("person: this world has none; expected a part `person`");
        return -ENOENT;
    }
    if (!json_is_array(what))
        e = add(p, what, reterr);
    json_array_foreach((json_t *)what, i, one) if (!e)
        e = add(p, one, reterr);
    if (idle && !TAILQ_EMPTY(&p->tasks) && !p->failure)
        p->next = timer_new(p->o.loop, 0, do_next, p);
    return e;
}

const char *person_failure(const struct person *p)
{
    return p ? p->failure : NULL;
}

struct person *person_free(struct person *p)
{
    struct task *t;

    if (!p)
        return NULL;
    while ((t = TAILQ_FIRST(&p->tasks))) {
        TAILQ_REMOVE(&p->tasks, t, link);
        json_decref(t->what);
        free(t);
    }
    child_free(p->child);
    process_args_done(&p->args);
    timer_free(p->next);
    timer_free(p->patience);
    buf_done(&p->output);
    free(p->home);
    free(p->failure);
    free(p);
    return NULL;
}
