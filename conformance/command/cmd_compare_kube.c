/* conform compare-kube: the same sessions with a real API server and with the fake one, and every difference. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/command/commands.h"
#include "conformance/kube/comparable.h"
#include "conformance/kube/replay.h"
#include "conformance/kube/server.h"
#include "conformance/command/options.h"
#include "conformance/parity/diff.h"
#include "lib/net/port.h"
#include "conformance/process/rootfs.h"
#include "conformance/select.h"
#include "fakekube/kube.h"
#include "lib/base/mem.h"

enum { PORTS = 4 };

struct comparing {
    const struct options *o;
    struct parity_known *known;
    struct pki *pki;
    struct kube_server *real;
    pid_t fake;
    char *out, *data, *version; /* owned */
    int log_fd, ports[PORTS], claims[PORTS];
    size_t same, excused, unexpected;
    json_t *report; /* [{call, differences: [{at, real, fake, reason?}]}] */
};

/* ---- the two servers ---- */

static int real_start(struct comparing *c, char **reterr)
{
    _cleanup_(freep) char *apiserver = NULL, *etcd = NULL, *log = xasprintf("%s/kube-apiserver.log", c->out);
    int e = kube_programs_find(c->o->kube_apiserver, &apiserver, &etcd, reterr);

    if (e)
        return e;
    c->log_fd = open(log, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (c->log_fd < 0)
        return -errno;
    struct kube_server_options o = {.apiserver = apiserver, .etcd = etcd, .data = c->data, .log_fd = c->log_fd, .pki = c->pki,
                                    .port = (uint16_t)c->ports[0], .etcd_port = (uint16_t)c->ports[1],
                                    .peer_port = (uint16_t)c->ports[2]};
    return kube_server_start(&o, &c->real, reterr);
}

static struct kube_client_options server_of(const struct comparing *c, bool real)
{
    return (struct kube_client_options){.port = (uint16_t)c->ports[real ? 0 : 3], .tls = real,
                                        .token = real ? KUBE_SERVER_ADMIN_TOKEN : NULL};
}

/* "1.24.0" of v1.24.0+k3s1: the fake is one of the same version. */
static int version_ask(struct comparing *c, char **reterr)
{
    struct kube_client_options to = server_of(c, true);
    struct kube_client *client = kube_client_new(&to);
    struct kube_answer a = {0};
    int e = kube_client_ask(client, &(struct kube_ask){.method = "GET", .target = "/version"}, &a);
    json_t *said = e ? NULL : json_loadb(a.body, a.n, 0, NULL);
    const char *v = json_string_value(json_object_get(said, "gitVersion"));

    if (v && *v == 'v')
        c->version = xstrndup(v + 1, strspn(v + 1, "0123456789."));
    else
        *reterr = xstrdup("the real API server does not say its version");
    json_decref(said);
    kube_answer_done(&a);
    kube_client_free(client);
    return c->version ? 0 : -EIO;
}

/* In the child, which goes when we do. */
static int fake_serve(const struct comparing *c)
{
    struct http_side_listener listeners[] = {{"http", NULL, (uint16_t)c->ports[3]}, {0}};
    _cleanup_(freep) char *path = xasprintf("%s/events.jsonl", c->out), *err = NULL;
    json_t *spec = json_pack("{ss, ss, sb}", "version", c->version, "statuses", "never", "controllers", 0);
    uint64_t next = 0;
    struct kube_options o = {.loop = loop_new(), .next_conn_id = &next, .spec = spec, .listeners = listeners};
    struct kube *k;

    if (events_open(path, "compare-kube", &o.events) < 0 || kube_start(&o, &k, &err) < 0) {
        fprintf(stderr, "conform: %s\n", err ? err : path);
        return 1;
    }
    return loop_run(o.loop);
}

static int fake_start(struct comparing *c, char **reterr)
{
    struct kube_client_options to = server_of(c, false);
    struct kube_client *client = kube_client_new(&to);
    struct kube_answer a = {0};
    pid_t parent = getpid();
    int e = -EIO;

    fflush(NULL);
    c->fake = fork();
    if (!c->fake) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == parent ? fake_serve(c) : 1);
    }
    while (e && c->fake > 0 && waitpid(c->fake, NULL, WNOHANG) == 0)
        if (kube_client_ask(client, &(struct kube_ask){.method = "GET", .target = "/readyz"}, &a) == 0)
            e = 0;
    kube_answer_done(&a);
    kube_client_free(client);
    if (e)
        *reterr = xstrdup("the fake API server has ended");
    return e;
}

/* ---- comparing ---- */

static void value_print(const char *whose, const json_t *value)
{
    _cleanup_(freep) char *text = json_is_null(value) ? xstrdup("(nothing)") : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    printf("      %-5s %s\n", whose, text ? text : "");
}

static void differences_print(const struct comparing *c, const char *call, const json_t *differences, size_t unexpected)
{
    json_t *one;
    size_t i, n = json_array_size(differences);

    if (c->o->json || (!unexpected && c->o->quiet))
        return;
    printf("%-6s %s\n", unexpected ? "DIFFER" : n ? "known" : "same", call);
    json_array_foreach ((json_t *)differences, i, one) {
        const char *reason = json_string_value(json_object_get(one, "reason"));
        if (reason && !c->o->verbose)
            continue;
        printf("    %s%s%s\n", json_string_value(json_object_get(one, "at")), reason ? ": " : "", reason ? reason : "");
        value_print("real", json_object_get(one, "real"));
        value_print("fake", json_object_get(one, "fake"));
    }
}

static void call_compare(struct comparing *c, const char *session, const json_t *real, const json_t *fake)
{
    _cleanup_(freep) char *name = comparable_call(real), *call = xasprintf("%s: %s", session, name);
    json_t *a = comparable(real), *b = comparable(fake), *differences = parity_diff(a, b), *one;
    size_t i, unexpected = 0;

    parity_known_played(c->known, call, "", c->version);
    json_array_foreach (differences, i, one) {
        const char *reason = parity_known_reason(c->known, call, "", c->version, json_string_value(json_object_get(one, "at")));
        if (reason)
            json_object_set_new(one, "reason", json_string(reason));
        unexpected += !reason;
    }
    c->unexpected += unexpected > 0;
    c->excused += !unexpected && i;
    c->same += !i;
    differences_print(c, call, differences, unexpected);
    json_array_append_new(c->report, json_pack("{ss, sO, so}", "session", session, "call", json_object_get(real, "call"),
                                               "differences", differences));
    json_decref(a);
    json_decref(b);
}

static int session_compare(struct comparing *c, const char *name, char **reterr)
{
    _cleanup_(freep) char *path = xasprintf("%s/kube/sessions/%s.jsonl", c->o->fixtures, name);
    json_t *calls = replay_read(path, reterr), *said[2] = {NULL, NULL}, *one;
    size_t i;

    for (i = 0; i < 2 && calls && !*reterr; i++) {
        struct kube_client_options to = server_of(c, i == 0);
        _cleanup_(freep) char *file = xasprintf("%s/%s.%s.json", c->out, name, i ? "fake" : "real");
        said[i] = replay_play(&to, calls, reterr);
        (void)json_dump_file(said[i], file, JSON_INDENT(1));
    }
    if (said[0] && said[1])
        json_array_foreach (said[0], i, one)
            call_compare(c, name, one, json_array_get(said[1], i));
    json_decref(calls);
    json_decref(said[0]);
    json_decref(said[1]);
    return *reterr ? -EIO : 0;
}

static bool is_meant(const struct options *o, const char *name)
{
    bool fits = !o->patterns.n;

    for (size_t i = 0; i < o->patterns.n; i++)
        fits |= select_fits(o->patterns.items[i], name, NULL);
    return fits;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int sessions_compare(struct comparing *c, char **reterr)
{
    _cleanup_(freep) char *folder = xasprintf("%s/kube/sessions", c->o->fixtures);
    struct dirent **files = NULL;
    int n = scandir(folder, &files, NULL, by_name), e = 0;

    for (int i = 0; i < n; i++) {
        size_t len = strlen(files[i]->d_name);
        _cleanup_(freep) char *name = len > 6 && !strcmp(files[i]->d_name + len - 6, ".jsonl") ? xstrndup(files[i]->d_name, len - 6) : NULL;
        if (!e && name && is_meant(c->o, name))
            e = session_compare(c, name, reterr);
        free(files[i]);
    }
    free(files);
    return e;
}

static int report(struct comparing *c)
{
    json_t *stale = parity_known_stale(c->known), *one;
    _cleanup_(freep) char *path = xasprintf("%s/report.json", c->out);
    size_t i;

    json_array_foreach (stale, i, one)
        fprintf(stderr, "conform: fixtures/kube/differences.yaml: %s at %s no longer differs; take the entry away\n",
                json_string_value(json_object_get(one, "talk")), json_string_value(json_object_get(one, "at")));
    (void)json_dump_file(c->report, path, JSON_INDENT(1));
    if (c->o->json) {
        json_dumpf(c->report, stdout, JSON_INDENT(1));
        putchar('\n');
    } else
        printf("Kubernetes %s: %zu calls answered the same, %zu with known differences, %zu otherwise, %zu known differences are "
               "gone\n", c->version, c->same, c->excused, c->unexpected, json_array_size(stale));
    json_decref(stale);
    if (c->unexpected || i)
        return EXIT_NOT_AS_EXPECTED;
    return c->same + c->excused ? EXIT_AS_EXPECTED : EXIT_NOTHING_RAN;
}

static int compare(struct comparing *c)
{
    char folder[] = "/tmp/conform-kube-XXXXXX";
    char *err = NULL;
    int e = mkdtemp(folder) ? folder_make(c->out, 0755) : -errno, code = EXIT_HARNESS;

    c->data = xasprintf("%s/data", folder);
    for (int i = 0; i < PORTS; i++)
        c->ports[i] = port_claim(&c->claims[i]);
    if (!e)
        e = real_start(c, &err);
    if (e == -ENOENT)
        code = EXIT_NOTHING_RAN;
    if (!e)
        e = version_ask(c, &err);
    if (!e)
        e = fake_start(c, &err);
    if (!e)
        e = sessions_compare(c, &err);
    if (e)
        fprintf(stderr, "conform: %s%s\n", code == EXIT_NOTHING_RAN ? "nothing was compared: " : "", err ? err : strerror(-e));
    else
        code = report(c);
    free(err);
    kube_server_free(c->real);
    if (c->fake > 0 && kill(c->fake, SIGKILL) == 0)
        (void)waitpid(c->fake, NULL, 0);
    if (c->log_fd > 0)
        close(c->log_fd);
    for (int i = 0; i < PORTS; i++)
        port_release(&c->claims[i]);
    folder_remove(folder);
    return code;
}

int cmd_compare_kube(int argc, char **argv)
{
    struct options o;
    struct comparing c = {.o = &o, .report = json_array()};
    int e = options_parse(&o, "compare-kube", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0) {
        _cleanup_(freep) char *path = xasprintf("%s/kube/differences.yaml", o.fixtures);
        c.out = xstrdup(o.out ? o.out : "results/compare-kube");
        c.known = parity_known_read(path);
        c.pki = pki_new();
        if (c.known)
            code = compare(&c);
        pki_free(c.pki);
    }
    parity_known_free(c.known);
    json_decref(c.report);
    free(c.out);
    free(c.data);
    free(c.version);
    options_done(&o);
    return code;
}
