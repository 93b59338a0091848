#include "lib/serve/stand.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

int stand_complain(const struct stand *st, char *err, int code)
{
    size_t n = err ? strlen(err) : 0;
    fprintf(stderr, "%s: %s%s", st->program, err ? err : "failed", n && err[n - 1] == '\n' ? "" : "\n");
    free(err);
    return code;
}

/* ---- begin ---- */

static void on_signal(void *loop, int signum)
{
    (void)signum;
    loop_stop(loop);
}

static void show_event(void *arg, const json_t *event)
{
    _cleanup_(freep) char *text = json_dumps(event, JSON_COMPACT);
    (void)arg;
    if (text)
        fprintf(stderr, "%s\n", text);
}

int stand_begin(struct stand *st)
{
    st->loop = loop_new();
    st->term = sig_new(st->loop, SIGTERM, on_signal, st->loop);
    st->interrupt = sig_new(st->loop, SIGINT, on_signal, st->loop);
    int r = events_open(st->o->events, NULL, &st->events);
    if (r < 0)
        return stand_complain(st, xasprintf("--events %s: %s", st->o->events, strerror(-r)), EXIT_ENVIRONMENT);
    if (st->o->verbose) {
        events_verbose(st->events, true);
        st->shown = events_subscribe(st->events, show_event, NULL);
    }
    st->pki = pki_new();
    return 0;
}

/* ---- doors ---- */

int stand_keep(struct stand *st, const char *name, const char *text, const char **ret_path)
{
    *ret_path = private_dir_file(st->dir, name, text);
    return *ret_path ? 0 : stand_complain(st, xasprintf("cannot write into %s", private_dir_path(st->dir)), EXIT_ENVIRONMENT);
}

int stand_folder(struct stand *st, const char *ca_pem)
{
    char *err = NULL;
    if (private_dir_new(st->program, &st->dir, &err) < 0)
        return stand_complain(st, err, EXIT_ENVIRONMENT);
    return ca_pem ? stand_keep(st, "ca.pem", ca_pem, &st->ca_path) : 0;
}

int stand_control(struct stand *st, json_t *(*state)(void *arg), perform_fn perform, void *arg)
{
    char *err = NULL;
    st->socket_path = st->o->control ? st->o->control : private_dir_file(st->dir, "control.sock", NULL);
    struct control_options co = {.loop = st->loop, .events = st->events, .state = state, .perform = perform, .arg = arg,
                                 .program = st->program, .faults = st->faults, .socket_path = st->socket_path,
                                 .http_port = st->o->control_http};
    return control_open(&co, &st->control, &err) < 0 ? stand_complain(st, err, EXIT_ENVIRONMENT) : 0;
}

void stand_tell(const struct stand *st, json_t *more)
{
    json_object_set_new(more, "control", json_string(st->socket_path));
    if (st->ca_path)
        json_object_set_new(more, "ca_file", json_string(st->ca_path));
    if (st->o->control_http >= 0)
        json_object_set_new(more, "control_http", json_integer(control_http_port(st->control)));
    _cleanup_(freep) char *text = json_dumps(more, JSON_COMPACT);
    printf("%s\n", text);
    json_decref(more);
}

void stand_run(struct stand *st)
{
    fflush(stdout); /* whoever started us waits for it */
    loop_run(st->loop);
}

/* ---- end ---- */

void stand_close(struct stand *st)
{
    st->shown = st->shown ? events_unsubscribe(st->shown) : NULL;
    st->control = control_free(st->control);
}

void stand_stop(struct stand *st)
{
    if (st->term)
        sig_free(st->term);
    if (st->interrupt)
        sig_free(st->interrupt);
    st->loop = loop_free(st->loop);
}

void stand_done(struct stand *st)
{
    if (st->faults)
        faults_free(st->faults);
    if (st->pki)
        pki_free(st->pki);
    if (st->events)
        events_free(st->events);
    st->dir = private_dir_free(st->dir);
}
