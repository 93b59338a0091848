#include "fakegitlab/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fakegitlab/served.h"
#include "lib/base/mem.h"
#include "lib/script/yaml.h"
#include "lib/serve/secret_file.h"

/* ---- listeners ---- */

static int choose_listeners(struct served *s)
{
    static const char *const known[] = {"http", "https", "gitaly"};
    s->n_listen = s->o->stand.n_listen;
    memcpy(s->listen, s->o->stand.listen, sizeof(s->listen));
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
            return stand_complain(&s->stand, xasprintf("--listen %s=…: expected http, https or gitaly", s->listen[i].transport), EXIT_USAGE);
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

/* A secret of the command line, or the one that was kept beside the data. */
static int know_secret(struct served *s)
{
    _cleanup_(freep) char *kept = s->o->data ? xasprintf("%s/kas_secret", s->o->data) : NULL, *secret = NULL;
    char *err = NULL;
    if (s->o->secret_file)
        secret = secret_file_read("--kas-secret-file", s->o->secret_file, &err);
    else if (kept && access(kept, F_OK) == 0)
        secret = secret_file_read("--data", kept, &err);
    if (err)
        return stand_complain(&s->stand, err, EXIT_USAGE);
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
    return fine ? 0 : stand_complain(&s->stand, xasprintf("%s: %s", path, strerror(errno)), EXIT_ENVIRONMENT);
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
        code = stand_complain(&s->stand, xasprintf("%s: cannot be used", s->o->seed ? s->o->seed : "seed"), EXIT_USAGE);
    if (problems_count(p))
        code = stand_complain(&s->stand, problems_text(p), EXIT_USAGE);
    yaml_done(doc);
    problems_free(p);
    return code;
}

static int open_store(struct served *s)
{
    char *err = NULL;
    struct store_options so = {.data_dir = s->o->data, .events = s->stand.events, .loop = s->stand.loop};
    if (store_open(&so, &s->store, &err) < 0)
        return stand_complain(&s->stand, err, EXIT_ENVIRONMENT);
    if (store_is_empty(s->store))
        return seed(s);
    if (s->o->seed)
        fprintf(stderr, "fakegitlab: %s has data already: %s was not read\n", s->o->data, s->o->seed);
    return 0;
}

/* ---- making it ---- */

static int start_gitaly(struct served *s)
{
    const struct serve_listen *l = gitaly_listen(s);
    const char *path = s->o->gitaly_token_file;
    char *err = NULL;
    if (!l)
        return 0;
    _cleanup_(freep) char *token = path ? secret_file_read("--gitaly-token-file", path, &err) : NULL;
    if (err)
        return stand_complain(&s->stand, err, EXIT_USAGE);
    json_t *spec = json_pack("{ss*}", "token", token);
    struct gitaly_options go = {.loop = s->stand.loop, .events = s->stand.events, .faults = s->stand.faults, .pki = s->stand.pki,
                                .next_conn_id = &s->stand.next_conn_id, .store = s->store, .spec = spec, .host = l->host,
                                .port = l->port};
    int r = gitaly_start(&go, &s->gitaly, &err);
    json_decref(spec);
    return r < 0 ? stand_complain(&s->stand, err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT) : 0;
}

static int start_gitlab(struct served *s)
{
    struct gitlab_listener_spec specs[LISTENERS_MAX + 1] = {0};
    char *err = NULL;
    for (int i = 0, n = 0; i < s->n_listen; i++)
        if (&s->listen[i] != gitaly_listen(s))
            specs[n++] = (struct gitlab_listener_spec){s->listen[i].transport, s->listen[i].host, s->listen[i].port};
    struct gitlab_options go = {.loop = s->stand.loop, .events = s->stand.events, .faults = s->stand.faults, .pki = s->stand.pki,
                                .next_conn_id = &s->stand.next_conn_id, .store = s->store, .spec = s->spec,
                                .listeners = specs};
    int r = gitlab_start(&go, &s->gitlab, &err);
    if (r < 0)
        return stand_complain(&s->stand, err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT);
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
    int code = stand_folder(&s->stand, gitlab_ca_pem(s->gitlab));
    if (!code)
        code = stand_keep(&s->stand, "kas_secret", gitlab_kas_secret(s->gitlab), &s->secret_path);
    if (code)
        return code;
    _cleanup_(freep) char *config = serve_kas_config(s);
    code = stand_keep(&s->stand, "kas.yaml", config, &s->config_path);
    return code ? code : stand_control(&s->stand, state, gitlab_perform, s->gitlab);
}

/* ---- the run ---- */

static int set_up(struct served *s)
{
    int code = choose_listeners(s);
    if (code)
        return code;
    s->spec = json_object();
    if (s->o->stand.version)
        json_object_set_new(s->spec, "version", json_string(s->o->stand.version));
    code = stand_begin(&s->stand);
    if (code)
        return code;
    s->stand.faults = faults_new(NULL, s->stand.events, 0); /* the control API adds some */
    code = open_store(s);
    if (!code)
        code = know_secret(s);
    if (!code)
        code = start_gitaly(s);
    if (!code)
        code = start_gitlab(s);
    return code ? code : open_doors(s);
}

int serve(const struct serve_options *o)
{
    struct served s = {.o = o, .stand = {.program = "fakegitlab", .o = &o->stand}};
    int code = set_up(&s);
    if (!code) {
        if (o->stand.json)
            serve_tell_json(&s);
        else
            serve_tell_people(&s);
        stand_run(&s.stand);
    }
    stand_close(&s.stand);
    gitlab_free(s.gitlab);
    gitaly_free(s.gitaly);
    store_free(s.store);
    stand_stop(&s.stand);
    stand_done(&s.stand);
    json_decref(s.secrets);
    json_decref(s.spec);
    return code;
}
