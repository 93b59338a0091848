#include "fakegitlab/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fakegitlab/served.h"
#include "lib/base/mem.h"
#include "lib/script/yaml.h"

enum { SECRET_MAX = 4096 };

static int complain(char *err, int code)
{
    size_t n = err ? strlen(err) : 0;
    fprintf(stderr, "fakegitlab: %s%s", err ? err : "failed", n && err[n - 1] == '\n' ? "" : "\n");
    free(err);
    return code;
}

/* ---- listeners ---- */

static int choose_listeners(struct served *s)
{
    static const char *const known[] = {"http", "https", "gitaly"};
    s->n_listen = s->o->n_listen;
    memcpy(s->listen, s->o->listen, sizeof(s->listen));
    if (!s->n_listen) {
        s->n_listen = 2;
        s->listen[0] = (struct serve_listen){.transport = "http", .host = "127.0.0.1"};
        s->listen[1] = (struct serve_listen){.transport = "gitaly", .host = "127.0.0.1"};
    }
    for (int i = 0; i < s->n_listen; i++) {
        bool fits = false;
        for (size_t k = 0; k < ARRAY_SIZE(known); k++)
            fits |= !strcmp(s->listen[i].transport, known[k]);
        if (!fits)
            return complain(xasprintf("--listen %s=…: expected http, https or gitaly", s->listen[i].transport), EXIT_USAGE);
    }
    return 0;
}

static const struct serve_listen *gitaly_listen(const struct served *s)
{
    for (int i = 0; i < s->n_listen; i++)
        if (!strcmp(s->listen[i].transport, "gitaly"))
            return &s->listen[i];
    return NULL;
}

/* ---- what it knows ---- */

/* NULL: it cannot be read, errno says why. */
static char *read_secret(const char *path)
{
    char line[SECRET_MAX] = "";
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    size_t n = fread(line, 1, sizeof(line) - 1, f);
    fclose(f);
    while (n && strchr("\r\n \t", line[n - 1]))
        line[--n] = '\0';
    return xstrdup(line);
}

/* A secret of the command line, or the one that was kept beside the data. */
static int know_secret(struct served *s)
{
    _cleanup_(freep) char *kept = s->o->data ? xasprintf("%s/kas_secret", s->o->data) : NULL;
    const char *path = s->o->secret_file ? s->o->secret_file : kept;
    _cleanup_(freep) char *secret = path ? read_secret(path) : NULL;
    if (s->o->secret_file && !secret)
        return complain(xasprintf("--kas-secret-file %s: %s", path, strerror(errno)), EXIT_USAGE);
    if (secret)
        json_object_set_new(s->spec, "kas_secret", json_string(secret));
    return 0;
}

static int keep_secret(struct served *s)
{
    _cleanup_(freep) char *path = s->o->data ? xasprintf("%s/kas_secret", s->o->data) : NULL;
    if (!path || access(path, F_OK) == 0)
        return 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const char *text = gitlab_kas_secret(s->gitlab);
    bool fine = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return fine ? 0 : complain(xasprintf("%s: %s", path, strerror(errno)), EXIT_ENVIRONMENT);
}

static int seed(struct served *s)
{
    struct problems *p = problems_new();
    struct yaml_doc *doc = s->o->seed ? yaml_read_file(s->o->seed, p) : NULL;
    const char *slash = s->o->seed ? strrchr(s->o->seed, '/') : NULL;
    _cleanup_(freep) char *folder = slash ? xstrndup(s->o->seed, (size_t)(slash - s->o->seed)) : NULL;
    int code = 0;
    if (!problems_count(p) &&
        store_seed(s->store, doc ? yaml_root(doc) : NULL, doc, folder, p, &s->secrets) < 0 && !problems_count(p))
        code = complain(xasprintf("%s: cannot be used", s->o->seed ? s->o->seed : "seed"), EXIT_USAGE);
    if (problems_count(p))
        code = complain(problems_text(p), EXIT_USAGE);
    yaml_done(doc);
    problems_free(p);
    return code;
}

static int open_store(struct served *s)
{
    char *err = NULL;
    struct store_options so = {.data_dir = s->o->data, .events = s->events, .loop = s->loop};
    if (store_open(&so, &s->store, &err) < 0)
        return complain(err, EXIT_ENVIRONMENT);
    if (store_is_empty(s->store))
        return seed(s);
    if (s->o->seed)
        fprintf(stderr, "fakegitlab: %s has data already: %s was not read\n", s->o->data, s->o->seed);
    return 0;
}

/* ---- making it ---- */

static void show_event(void *arg, const json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);
    (void)arg;
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
}

static int open_events(struct served *s)
{
    int r = events_open(s->o->events, NULL, &s->events);
    if (r < 0)
        return complain(xasprintf("--events %s: %s", s->o->events, strerror(-r)), EXIT_ENVIRONMENT);
    if (s->o->verbose) {
        events_verbose(s->events, true);
        s->shown = events_subscribe(s->events, show_event, NULL);
    }
    return 0;
}

/* {"token": …}; NULL: it cannot be read. */
static json_t *gitaly_spec(const struct served *s)
{
    const char *path = s->o->gitaly_token_file;
    _cleanup_(freep) char *token = path ? read_secret(path) : NULL;
    if (path && (!token || !*token))
        return NULL;
    return json_pack("{ss*}", "token", token);
}

static int start_gitaly(struct served *s)
{
    const struct serve_listen *l = gitaly_listen(s);
    char *err = NULL;
    if (!l)
        return 0;
    json_t *spec = gitaly_spec(s);
    if (!spec)
        return complain(xasprintf("--gitaly-token-file %s: no token can be read there", s->o->gitaly_token_file), EXIT_USAGE);
    struct gitaly_options go = {.loop = s->loop, .events = s->events, .faults = s->faults, .pki = s->pki,
                                .next_conn_id = &s->next_conn_id, .store = s->store, .spec = spec, .host = l->host,
                                .port = l->port};
    int r = gitaly_start(&go, &s->gitaly, &err);
    json_decref(spec);
    return r < 0 ? complain(err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT) : 0;
}

static int start_gitlab(struct served *s)
{
    struct gitlab_listener_spec specs[LISTENERS_MAX + 1] = {0};
    char *err = NULL;
    for (int i = 0, n = 0; i < s->n_listen; i++)
        if (&s->listen[i] != gitaly_listen(s))
            specs[n++] = (struct gitlab_listener_spec){s->listen[i].transport, s->listen[i].host, s->listen[i].port};
    struct gitlab_options go = {.loop = s->loop, .events = s->events, .faults = s->faults, .pki = s->pki,
                                .next_conn_id = &s->next_conn_id, .store = s->store, .spec = s->spec,
                                .listeners = specs};
    int r = gitlab_start(&go, &s->gitlab, &err);
    if (r < 0)
        return complain(err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT);
    if (s->gitaly)
        gitlab_set_gitaly(s->gitlab, gitaly_address(s->gitaly), gitaly_token(s->gitaly));
    return keep_secret(s);
}

static json_t *state(void *gitlab)
{
    return gitlab_state(gitlab);
}

static int open_doors(struct served *s)
{
    char *err = NULL;
    if (private_dir_new("fakegitlab", &s->dir, &err) < 0)
        return complain(err, EXIT_ENVIRONMENT);
    s->secret_path = private_dir_file(s->dir, "kas_secret", gitlab_kas_secret(s->gitlab));
    if (gitlab_ca_pem(s->gitlab))
        s->ca_path = private_dir_file(s->dir, "ca.pem", gitlab_ca_pem(s->gitlab));
    _cleanup_(freep) char *config = s->secret_path ? serve_kas_config(s) : NULL;
    s->config_path = config ? private_dir_file(s->dir, "kas.yaml", config) : NULL;
    s->socket_path = s->o->control ? s->o->control : private_dir_file(s->dir, "control.sock", NULL);
    if (!s->config_path || (gitlab_ca_pem(s->gitlab) && !s->ca_path))
        return complain(xasprintf("cannot write into %s", private_dir_path(s->dir)), EXIT_ENVIRONMENT);
    struct control_options co = {.loop = s->loop, .events = s->events, .state = state, .perform = gitlab_perform,
                                 .arg = s->gitlab, .program = "fakegitlab", .faults = s->faults,
                                 .socket_path = s->socket_path, .http_port = s->o->control_http};
    return control_open(&co, &s->control, &err) < 0 ? complain(err, EXIT_ENVIRONMENT) : 0;
}

/* ---- the run ---- */

static void on_signal(void *arg, int signum)
{
    (void)signum;
    loop_stop(arg);
}

static int set_up(struct served *s)
{
    int code = choose_listeners(s);
    if (code)
        return code;
    s->spec = json_object();
    if (s->o->version)
        json_object_set_new(s->spec, "version", json_string(s->o->version));
    /* From here on a signal is an orderly end: nothing is left behind. */
    s->loop = loop_new();
    s->term = sig_new(s->loop, SIGTERM, on_signal, s->loop);
    s->interrupt = sig_new(s->loop, SIGINT, on_signal, s->loop);
    code = open_events(s);
    if (code)
        return code;
    s->pki = pki_new();
    s->faults = faults_new(NULL, s->events, 0); /* the control API adds some */
    code = open_store(s);
    if (!code)
        code = know_secret(s);
    if (!code)
        code = start_gitaly(s);
    if (!code)
        code = start_gitlab(s);
    return code ? code : open_doors(s);
}

static void served_done(struct served *s)
{
    s->shown = s->shown ? events_unsubscribe(s->shown) : NULL;
    control_free(s->control);
    gitlab_free(s->gitlab);
    gitaly_free(s->gitaly);
    store_free(s->store);
    if (s->term)
        sig_free(s->term);
    if (s->interrupt)
        sig_free(s->interrupt);
    loop_free(s->loop); /* connections end here, and still use what is freed below */
    if (s->faults)
        faults_free(s->faults);
    if (s->pki)
        pki_free(s->pki);
    if (s->events)
        events_free(s->events);
    private_dir_free(s->dir);
    json_decref(s->secrets);
    json_decref(s->spec);
}

int serve(const struct serve_options *o)
{
    struct served s = {.o = o};
    int code = set_up(&s);
    if (!code) {
        if (o->json)
            serve_tell_json(&s);
        else
            serve_tell_people(&s);
        fflush(stdout);
        loop_run(s.loop);
    }
    served_done(&s);
    return code;
}
