#include "conformance/refagent/ws_stack.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/backoff.h"
#include "lib/base/mem.h"

struct ws_stack {
    struct lws_context *lws;
    struct lws_protocols protocols[3]; /* lws keeps a pointer */
    int listener;
    struct watch *watch;
    char *name; /* of the listener, in the abstract namespace */
    TAILQ_HEAD(, ws_dialling) dialling;
};

static const struct lws_extension extensions[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate; client_no_context_takeover; server_no_context_takeover"},
    {NULL, NULL, NULL},
};
/* An agent sends no WebSocket pings. */
static const lws_retry_bo_t no_pings = {.secs_since_valid_ping = 0xffff, .secs_since_valid_hangup = 0xffff};

static void on_dialled(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct ws_stack *s = arg;
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct ws_dialling *d = TAILQ_FIRST(&s->dialling); /* lws dials in the order in which it was asked to */
    if (!d) {
        close(fd);
        return;
    }
    TAILQ_REMOVE(&s->dialling, d, next);
    d->waiting = false;
    d->dialled(d, fd);
}

static int listen_abstract(const char *name)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path + 1, name, strlen(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&un, len) || listen(fd, 64))) {
        close(fd);
        return -1;
    }
    return fd;
}

static struct ws_stack *stack_new(struct agent *a, lws_callback_function *callback)
{
    struct ws_stack *s = NEW(struct ws_stack);
    TAILQ_INIT(&s->dialling);
    s->protocols[0] = (struct lws_protocols){"ws-tunnel", callback, 0, 65536, 0, NULL, 0};
    s->protocols[1] = (struct lws_protocols){"kas-tunnel", callback, 0, 65536, 0, NULL, 0}; /* a mutant's */
    s->name = xasprintf("refagent-%d-%llx", getpid(), (unsigned long long)random_u64());
    s->listener = listen_abstract(s->name);
    s->watch = watch_new(a->loop, s->listener, on_dialled, s);
    watch_set(s->watch, WATCH_READ);
    lws_set_log_level(0, NULL);
    void *loops[] = {loop_uv(a->loop)};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = s->protocols,
        .extensions = mutant_is(a, M_NO_OFFER_DEFLATE) ? NULL : extensions,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN,
        .foreign_loops = loops,
        .retry_and_idle_policy = &no_pings,
        .timeout_secs = 3600, /* ours are the ones that count */
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    s->lws = lws_create_context(&info);
    return s;
}

void ws_stack_dial(struct agent *a, lws_callback_function *callback, struct ws_dialling *d, void *user, struct lws **wsi)
{
    if (!a->ws)
        a->ws = stack_new(a, callback);
    struct ws_stack *s = a->ws;
    d->waiting = true;
    TAILQ_INSERT_TAIL(&s->dialling, d, next);
    _cleanup_(freep) char *address = xasprintf("+@%s", s->name);
    const char *protocol = s->protocols[mutant_is(a, M_OTHER_SUBPROTOCOL)].name;
    struct lws_client_connect_info i = {
        .context = s->lws,
        .address = address,
        .path = "/",
        .host = "kas", /* upgrade.c writes the request anew */
        .protocol = protocol,
        .local_protocol_name = protocol,
        .ietf_version_or_minus_one = -1,
        .userdata = user,
        .pwsi = wsi,
        .retry_and_idle_policy = &no_pings,
    };
    lws_client_connect_via_info(&i);
}

void ws_stack_forget(struct agent *a, struct ws_dialling *d)
{
    if (d->waiting)
        TAILQ_REMOVE(&a->ws->dialling, d, next);
    d->waiting = false;
}

void ws_stack_free(struct agent *a)
{
    struct ws_stack *s = a->ws;
    if (!s)
        return;
    s->watch = watch_free(s->watch);
    close(s->listener);
    /* On somebody else's loop lws goes in two steps: its handles have to be closed between them. */
    lws_context_destroy(s->lws);
    for (int turn = 0; turn < 8; turn++)
        uv_run(loop_uv(a->loop), UV_RUN_NOWAIT);
    lws_context_destroy(s->lws);
    free(s->name);
    free(s);
    a->ws = NULL;
}
