/* etcd and kube-apiserver as children. Each dies with us, whatever becomes of us. */
#include "conformance/kube/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/kube/client.h"
#include "conformance/process/rootfs.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

enum { PATIENCE_MS = 60000, LOOK_US = 50000, LOG_TAIL = 1500, WORDS_MAX = 40 };

struct kube_server {
    char *data;
    pid_t etcd, apiserver; /* 0: does not run */
};

/* ---- programs ---- */

/* A program by its name: in $FAKEKAS_PEERS, else ~/peers, then in PATH. A new string; NULL. */
static char *program_find(const char *name)
{
    const char *peers = getenv("FAKEKAS_PEERS"), *home = getenv("HOME"), *path = getenv("PATH");
    char *at = peers ? xasprintf("%s/%s", peers, name) : xasprintf("%s/peers/%s", home ? home : "", name);

    while (access(at, X_OK) < 0) {
        size_t n = path ? strcspn(path, ":") : 0;
        free(at);
        if (!n)
            return NULL;
        at = xasprintf("%.*s/%s", (int)n, path, name);
        path += n + (path[n] == ':');
    }
    return at;
}

int kube_programs_find(const char *said, char **ret_apiserver, char **ret_etcd, char **reterr)
{
    *ret_etcd = NULL;
    *ret_apiserver = said ? (access(said, X_OK) == 0 ? xstrdup(said) : NULL) : program_find("kube-apiserver");
    if (!*ret_apiserver) {
        *reterr = said ? xasprintf("%s: no program; cure: --kube-apiserver PATH of one", said)
                       : xstrdup("no kube-apiserver is here; cure: --kube-apiserver PATH, or put it into $FAKEKAS_PEERS");
        return -ENOENT;
    }
    *ret_etcd = program_find("etcd");
    if (*ret_etcd)
        return 0;
    free(*ret_apiserver);
    *ret_apiserver = NULL;
    *reterr = xstrdup("kube-apiserver needs etcd, and none is here; cure: apt-get install etcd-server");
    return -ENOENT;
}

/* ---- children ---- */

static pid_t child(const char *program, const char *const *words, int log_fd)
{
    pid_t parent = getpid(), pid = fork();
    char *env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"HOME=/tmp", NULL};

    if (pid)
        return pid < 0 ? -errno : pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    for (int fd = 0; fd < 3; fd++)
        (void)dup2(fd ? log_fd : open("/dev/null", O_RDWR), fd);
    (void)signal(SIGPIPE, SIG_DFL);
    execve(program, (char **)words, env);
    _exit(127);
}

static void child_end(pid_t *pid, int signum)
{
    if (*pid > 0) {
        (void)kill(*pid, signum);
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *pid = 0;
}

static bool child_gone(pid_t *pid)
{
    if (waitpid(*pid, NULL, WNOHANG) != *pid)
        return false;
    *pid = 0;
    return true;
}

/* Words that are made are owned by `made`. */
struct words {
    const char *list[WORDS_MAX + 1];
    char *made[WORDS_MAX];
    size_t n;
};

static void word(struct words *w, char *made)
{
    if (w->n < WORDS_MAX) {
        w->made[w->n] = made;
        w->list[w->n++] = made;
    }
}

static void words_done(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->made[i]);
}

static int etcd_start(struct kube_server *s, const struct kube_server_options *o)
{
    struct words w = {0};

    word(&w, xstrdup("etcd"));
    word(&w, xasprintf("--data-dir=%s/etcd", o->data));
    word(&w, xasprintf("--listen-client-urls=http://127.0.0.1:%u", o->etcd_port));
    word(&w, xasprintf("--advertise-client-urls=http://127.0.0.1:%u", o->etcd_port));
    word(&w, xasprintf("--listen-peer-urls=http://127.0.0.1:%u", o->peer_port));
    word(&w, xasprintf("--initial-advertise-peer-urls=http://127.0.0.1:%u", o->peer_port));
    word(&w, xasprintf("--initial-cluster=default=http://127.0.0.1:%u", o->peer_port));
    word(&w, xstrdup("--logger=zap"));
    word(&w, xstrdup("--log-level=error"));
    s->etcd = child(o->etcd, w.list, o->log_fd);
    words_done(&w);
    return s->etcd < 0 ? s->etcd : 0;
}

static int apiserver_start(struct kube_server *s, const struct kube_server_options *o)
{
    struct words w = {0};

    word(&w, xstrdup("kube-apiserver"));
    word(&w, xasprintf("--etcd-servers=http://127.0.0.1:%u", o->etcd_port));
    word(&w, xstrdup("--bind-address=127.0.0.1"));
    word(&w, xasprintf("--secure-port=%u", o->port));
    word(&w, xstrdup("--advertise-address=10.96.0.1")); /* it wants one that is no loopback; nobody is told of it */
    word(&w, xstrdup("--endpoint-reconciler-type=none"));
    word(&w, xstrdup("--service-cluster-ip-range=10.96.0.0/16"));
    word(&w, xasprintf("--tls-cert-file=%s/serving.pem", o->data));
    word(&w, xasprintf("--tls-private-key-file=%s/serving.pem", o->data));
    word(&w, xasprintf("--token-auth-file=%s/tokens.csv", o->data));
    word(&w, xasprintf("--service-account-key-file=%s/accounts.pem", o->data));
    word(&w, xasprintf("--service-account-signing-key-file=%s/accounts.pem", o->data));
    word(&w, xstrdup("--service-account-issuer=https://kubernetes.default.svc.cluster.local"));
    word(&w, xstrdup("--authorization-mode=AlwaysAllow"));
    word(&w, xstrdup("--disable-admission-plugins=ServiceAccount")); /* nobody makes the default account */
    s->apiserver = child(o->apiserver, w.list, o->log_fd);
    words_done(&w);
    return s->apiserver < 0 ? s->apiserver : 0;
}

/* ---- what they read ---- */

static int text_write(const char *data, const char *name, const char *text)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", data, name);

    return file_write(path, text, strlen(text), 0600);
}

static int files_write(const struct kube_server_options *o)
{
    static const char *const hosts[] = {"kubernetes.default.svc", "localhost", "127.0.0.1", NULL};
    static const char *const accounts[] = {"service-accounts", NULL};
    _cleanup_(freep) char *serving = pki_leaf_pem(o->pki, &(struct leaf_spec){.hosts = hosts}, true);
    _cleanup_(freep) char *signing = pki_leaf_pem(o->pki, &(struct leaf_spec){.hosts = accounts}, true);
    _cleanup_(freep) char *tokens =
        xasprintf("%s,admin,admin,\"system:masters\"\n%s", KUBE_SERVER_ADMIN_TOKEN, o->tokens ? o->tokens : "");
    int e = folder_make(o->data, 0700);

    if (!e)
        e = text_write(o->data, "serving.pem", serving);
    if (!e)
        e = text_write(o->data, "accounts.pem", signing);
    return e ? e : text_write(o->data, "tokens.csv", tokens);
}

/* ---- until it is ready ---- */

/* What it said last; a new string. */
static char *log_tail(int fd)
{
    char text[LOG_TAIL + 1];
    off_t end = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, text, LOG_TAIL, end > LOG_TAIL ? end - LOG_TAIL : 0);

    text[n > 0 ? n : 0] = 0;
    return xstrdup(text);
}

static bool is_ready(const struct kube_server_options *o)
{
    struct kube_client_options c = {.port = o->port, .tls = true, .token = KUBE_SERVER_ADMIN_TOKEN};
    struct kube_client *client = kube_client_new(&c);
    struct kube_answer a = {0};
    bool ok = kube_client_ask(client, &(struct kube_ask){.method = "GET", .target = "/readyz"}, &a) == 0 && a.status == 200;

    kube_answer_done(&a);
    kube_client_free(client);
    return ok;
}

static int wait_ready(struct kube_server *s, const struct kube_server_options *o, char **reterr)
{
    uint64_t until = clock_ns() + PATIENCE_MS * 1000000ULL;
    const char *why = NULL;

    while (!why && !is_ready(o)) {
        if (child_gone(&s->etcd))
            why = "etcd has ended";
        else if (child_gone(&s->apiserver))
            why = "kube-apiserver has ended";
        else if (clock_ns() > until)
            why = "kube-apiserver was not ready in time";
        else
            usleep(LOOK_US); /* between two looks; the answer decides, not the time */
    }
    if (!why)
        return 0;
    _cleanup_(freep) char *tail = log_tail(o->log_fd);
    *reterr = xasprintf("%s: …%s", why, tail);
    return -EIO;
}

int kube_server_start(const struct kube_server_options *o, struct kube_server **ret, char **reterr)
{
    struct kube_server *s = NEW(struct kube_server);
    int e = files_write(o);

    s->data = xstrdup(o->data);
    if (!e)
        e = etcd_start(s, o);
    if (!e)
        e = apiserver_start(s, o);
    if (!e)
        e = wait_ready(s, o, reterr);
    if (e && !*reterr)
        *reterr = xasprintf("a real API server: %s", strerror(-e));
    if (e)
        s = kube_server_free(s);
    *ret = s;
    return e;
}

struct kube_server *kube_server_free(struct kube_server *s)
{
    if (!s)
        return NULL;
    child_end(&s->apiserver, SIGKILL); /* it waits for its clients else */
    child_end(&s->etcd, SIGKILL);
    folder_remove(s->data);
    free(s->data);
    free(s);
    return NULL;
}
