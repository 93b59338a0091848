#include "fakegitlab/gitaly.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "fakegitlab/gitaly_private.h"
#include "fakegitlab/gitaly_token.h"
#include "lib/base/mem.h"
#include "lib/net/tls.h"
#include "lib/script/faults.h"

void gitaly_event(struct gitaly *g, struct conn *c, int64_t stream, const char *event, json_t *fields)
{
    if (c)
        conn_event(c, stream, event, fields);
    else
        events_emit(g->events, g->who, 0, stream, event, fields);
}

/* --- connections ---------------------------------------------------------------------------------------------- */

static void link_free(struct conn *c)
{
    struct gitaly_link *l = c->user;
    c->user = NULL;
    if (!l)
        return;
    TAILQ_REMOVE(&l->gitaly->links, l, entry);
    free(l);
}

static void build(void *arg, struct conn *c)
{
    struct gitaly *g = arg;
    static const char *const alpn[] = {"h2", NULL};
    struct gitaly_link *l = NEW(struct gitaly_link);
    *l = (struct gitaly_link){.gitaly = g, .conn = c};
    c->user = l;
    c->on_free = link_free;
    TAILQ_INSERT_TAIL(&g->links, l, entry);
    if (g->tls.ctx) {
        struct tls_options tls = {.ctx = g->tls.ctx, .alpn = alpn};
        tls_setup_fill(&g->tls, &tls);
        tls_layer_push(c, &tls);
    }
    grpc_serve(g->grpc, c); /* its SETTINGS are the first bytes, as grpc-go's are */
}

static void session_changed(void *arg, struct grpc_session *s, bool open)
{
    struct gitaly_link *l = h2_conn(grpc_session_h2(s))->user;
    (void)arg;
    if (l)
        l->session = open ? s : NULL;
}

static int authenticate(void *arg, struct grpc_call *call, const char **ret_message)
{
    struct gitaly *g = arg;
    if (!g->token)
        return GRPC_OK;
    enum gitaly_token_verdict v = gitaly_token_check(g->token, grpc_call_header(call, "authorization"),
                                                     time(NULL) + g->clock_ms / 1000);
    if (v == GITALY_TOKEN_GOOD)
        return GRPC_OK;
    gitaly_event(g, grpc_call_conn(call), grpc_call_stream(call), "gitaly.denied",
                 json_pack("{ss}", "why", gitaly_token_why(v)));
    *ret_message = v == GITALY_TOKEN_MISSING ? "authentication required" : "permission denied";
    return v == GITALY_TOKEN_MISSING ? GRPC_UNAUTHENTICATED : GRPC_PERMISSION_DENIED;
}

/* --- start and end -------------------------------------------------------------------------------------------- */

struct tls_source gitaly_tls_source(const struct gitaly *g)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "gitaly", "gitaly.host.tld", NULL};
    return (struct tls_source){.part = "gitaly", .spec = g->spec, .pki = g->pki, .hosts = hosts};
}

static int make_tls(struct gitaly *g, char **reterr)
{
    struct tls_source from = gitaly_tls_source(g);
    if (!json_is_true(json_object_get(g->spec, "tls")))
        return 0;
    if (g->pki)
        return tls_setup_make(&g->tls, &from, reterr);
    *reterr = xstrdup("gitaly.tls: there is no authority for its certificate here");
    return -EINVAL;
}

static int open_listener(struct gitaly *g, const struct gitaly_options *o, char **reterr)
{
    struct listener_options lo = {.host = o->host, .port = o->port, .who = g->who, .loop = o->loop,
                                  .events = o->events, .next_conn_id = o->next_conn_id, .build = build, .arg = g,
                                  .moments = o->faults ? faults_moments(o->faults) : NULL};
    int r = listener_open(&lo, &g->listener);
    if (r < 0)
        *reterr = listener_explain("gitaly", &lo, r);
    else
        g->address = xasprintf("%s://%s", g->tls.ctx ? "tls" : "tcp", listener_address(g->listener));
    return r;
}

int gitaly_start(const struct gitaly_options *o, struct gitaly **ret, char **reterr)
{
    struct gitaly *g = NEW(struct gitaly);
    *reterr = NULL;
    *g = (struct gitaly){.loop = o->loop, .events = o->events, .faults = o->faults, .store = o->store, .pki = o->pki, .spec = json_deep_copy(o->spec),
                         .who = o->who ? o->who : "gitaly",
                         .verbs = {.owner = &gitaly_verbs_owner, .server = g, .loop = o->loop, .faults = o->faults}};
    TAILQ_INIT(&g->links);
    /* Pings at any pace: KAS sends them every 20 s, with a call under way or without. */
    struct grpc_server_options so = {.methods = gitaly_methods, .authenticate = authenticate,
                                     .session = session_changed, .arg = g};
    g->grpc = grpc_server_new(&so);
    int r = gitaly_spec_read(g, o->spec, reterr);
    if (r == 0)
        r = make_tls(g, reterr);
    if (r == 0)
        r = open_listener(g, o, reterr);
    if (r < 0) {
        gitaly_free(g);
        return r;
    }
    if (events_heard(g->events))
        events_want(g->events, "grpc.message");
    if (g->token)
        events_secret(g->events, g->token, "gitaly-token");
    *ret = g;
    return 0;
}

/* Connections are freed at the end of the loop's turn and still look at us then. */
static void release(void *arg)
{
    struct gitaly *g = arg;
    grpc_server_free(g->grpc);
    verbs_done(&g->verbs);
    tls_setup_done(&g->tls);
    json_decref(g->spec);
    json_decref(g->refs);
    free(g->token);
    free(g->address);
    free(g);
}

struct gitaly *gitaly_free(struct gitaly *g)
{
    if (!g)
        return NULL;
    verbs_end(&g->verbs);
    g->listener = listener_free(g->listener);
    loop_defer(g->loop, release, g); /* behind its connections */
    return NULL;
}

const char *gitaly_address(const struct gitaly *g)
{
    return g->address;
}

uint16_t gitaly_port(const struct gitaly *g)
{
    return listener_port(g->listener);
}

const char *gitaly_token(const struct gitaly *g)
{
    return g->token;
}
