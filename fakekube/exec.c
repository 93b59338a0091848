/* pods/NAME/exec: the protocol v4.channel.k8s.io. A stream each for stdin, stdout, stderr, sizes of a terminal, and for how it ended.
 *
 * Nothing runs. What a command does is told by the first rule of `kube.exec` that fits; without one there are `true`, `false`, `echo`
 * and `cat`, and every other is found nowhere.
 */
#include <string.h>

#include "fakekube/remote.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

#define PROTOCOL "v4.channel.k8s.io"

enum { NOT_FOUND = 127, INTERRUPTED = 130, CTRL_C = 3, CTRL_D = 4 };
enum which { ERRORS, STDIN, STDOUT, STDERR, RESIZE, WHICH };
static const char *const names[WHICH] = {"error", "stdin", "stdout", "stderr", "resize"};

struct exec {
    struct kube *k;
    json_t *facts;                 /* {namespace, name, container, command, user}; owned */
    bool wanted[WHICH];
    struct spdy_stream *io[WHICH]; /* borrowed; NULL: not there yet, or no more */
    bool seen[WHICH];
    bool cat, tty, stdin_over;
};

static enum which which_of(const json_t *headers)
{
    const char *type = json_string_value(json_object_get(headers, "streamtype"));
    for (enum which w = 0; type && w < WHICH; w++)
        if (!strcmp(type, names[w]))
            return w;
    return WHICH;
}

static enum which stream_of(const struct exec *e, const struct spdy_stream *s)
{
    enum which w = 0;
    while (w < WHICH && e->io[w] != s)
        w++;
    return w;
}

/* ---- how it ends ---- */

static json_t *outcome(int code)
{
    if (!code)
        return json_pack("{s{}, ss}", "metadata", "status", "Success");
    return json_pack("{s{}, ss, so, ss, s{s[{ss, so}]}}", "metadata", "status", "Failure", "message",
                     json_sprintf("command terminated with non-zero exit code: exit status %d", code), "reason", "NonZeroExitCode",
                     "details", "causes", "reason", "ExitCode", "message", json_sprintf("%d", code));
}

/* The client ends the connection then: it would lose what it has not read if we did. */
static void finish(struct exec *e, int code)
{
    json_t *status = outcome(code), *facts = json_deep_copy(e->facts);
    _cleanup_(freep) char *text = json_dumps(status, JSON_COMPACT);
    json_object_set_new(facts, "code", json_integer(code));
    kube_event(e->k, "kube.exec", facts);
    json_decref(status);
    e->cat = false;
    spdy_end(e->io[STDOUT]);
    spdy_end(e->io[STDERR]);
    spdy_send(e->io[ERRORS], text, strlen(text));
    spdy_end(e->io[ERRORS]);
    spdy_end(e->io[STDIN]);
    spdy_end(e->io[RESIZE]);
}

/* ---- what it does ---- */

static const json_t *rule_of(const struct exec *e)
{
    const json_t *rules = json_object_get(e->k->spec, "exec"), *rule;
    size_t i;
    json_array_foreach ((json_t *)rules, i, rule) {
        const json_t *when = json_object_get(rule, "when");
        if (!when || match(when, e->facts, NULL))
            return rule;
    }
    return NULL;
}

static void send_text(struct spdy_stream *s, const json_t *text)
{
    if (json_is_string(text))
        spdy_send(s, json_string_value(text), json_string_length(text));
}

static void run_rule(struct exec *e, const json_t *rule)
{
    send_text(e->io[STDOUT], json_object_get(rule, "stdout"));
    send_text(e->io[STDERR], json_object_get(rule, "stderr"));
    finish(e, (int)json_integer_value(json_object_get(rule, "code")));
}

static void run_echo(struct exec *e, const json_t *command)
{
    struct buf b = BUF_NULL;
    const json_t *word;
    size_t i;
    json_array_foreach ((json_t *)command, i, word)
        if (i)
            buf_addf(&b, "%s%s", i > 1 ? " " : "", json_string_value(word));
    buf_add(&b, "\n", 1);
    spdy_send(e->io[STDOUT], buf_data(&b), buf_len(&b));
    buf_done(&b);
    finish(e, 0);
}

static void run_nothing(struct exec *e, const char *program)
{
    _cleanup_(freep) char *text = xasprintf("OCI runtime exec failed: exec failed: unable to start container process: exec: \"%s\": "
                                            "executable file not found in $PATH: unknown\n", program);
    spdy_send(e->io[STDERR] ? e->io[STDERR] : e->io[STDOUT], text, strlen(text));
    finish(e, NOT_FOUND);
}

static void run(struct exec *e)
{
    const json_t *command = json_object_get(e->facts, "command"), *rule = rule_of(e);
    const char *program = json_string_value(json_array_get(command, 0));
    if (rule)
        run_rule(e, rule);
    else if (!strcmp(program, "echo"))
        run_echo(e, command);
    else if (!strcmp(program, "true") || !strcmp(program, "false"))
        finish(e, *program == 'f');
    else if (strcmp(program, "cat"))
        run_nothing(e, program);
    else if (!e->wanted[STDIN] || e->stdin_over)
        finish(e, 0);
    else
        e->cat = true;
}

/* ---- streams ---- */

static bool accepts(void *arg, struct spdy *s, const json_t *headers)
{
    struct exec *e = arg;
    enum which w = which_of(headers);
    (void)s;
    return w < WHICH && e->wanted[w] && !e->seen[w];
}

static void opened(void *arg, struct spdy_stream *s)
{
    struct exec *e = arg;
    enum which w = which_of(s->headers);
    e->io[w] = s;
    e->seen[w] = true;
    if (!memcmp(e->seen, e->wanted, sizeof(e->seen)))
        run(e);
}

static void data(void *arg, struct spdy_stream *s, const uint8_t *p, size_t n)
{
    struct exec *e = arg;
    size_t typed = 0;
    if (!e->cat || s != e->io[STDIN])
        return;
    while (typed < n && !(e->tty && (p[typed] == CTRL_C || p[typed] == CTRL_D))) /* kubectl's terminal is raw: ours makes ends of keys */
        typed++;
    spdy_send(e->io[STDOUT], p, typed);
    if (typed < n)
        finish(e, p[typed] == CTRL_C ? INTERRUPTED : 0);
}

static void ended(void *arg, struct spdy_stream *s)
{
    struct exec *e = arg;
    if (s != e->io[STDIN])
        return;
    e->stdin_over = true;
    if (e->cat)
        finish(e, 0);
}

static void gone(void *arg, struct spdy_stream *s)
{
    struct exec *e = arg;
    enum which w = stream_of(e, s);
    if (w < WHICH)
        e->io[w] = NULL;
}

static void exec_free(void *arg)
{
    struct exec *e = arg;
    json_decref(e->facts);
    free(e);
}

/* ---- the call ---- */

static bool add_word(void *command, const char *name, const char *value)
{
    if (!strcmp(name, "command"))
        json_array_append_new(command, json_string(value));
    return true;
}

void exec_call(struct call *c, struct ask *a)
{
    const char *container;
    if (!remote_pod(c, a, &container) || !remote_can(c, PROTOCOL))
        return;
    json_t *command = json_array();
    (void)uri_form_each(c->query, strlen(c->query), add_word, command);
    bool tty = kube_call_flag(c, "tty"), in = kube_call_flag(c, "stdin"), out = kube_call_flag(c, "stdout");
    bool err = kube_call_flag(c, "stderr") && !tty;
    const char *program = json_string_value(json_array_get(command, 0));
    if (!program || !*program || (!in && !out && !err)) {
        kube_reply_status(c, status_bad_request(program && *program ? "you must specify at least 1 of stdin, stdout, stderr"
                                                                    : "you must specify at least one command for the container"));
        json_decref(command);
        return;
    }
    struct exec *e = NEW(struct exec);
    *e = (struct exec){.k = c->k, .tty = tty, .wanted = {true, in, out, err, tty},
                       .facts = json_pack("{ss, ss, ss, so, ss}", "namespace", a->ns, "name", a->name, "container", container,
                                          "command", command, "user", a->user)};
    remote_begin(c, PROTOCOL, &(struct spdy_owner){accepts, opened, data, ended, gone, exec_free, e});
}
