#include "conformance/refagent/tunnel.h"

#include <string.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/backoff.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/grpc_client.h"
#include "conformance/refagent/kube.h"
#include "conformance/refagent/tunnel_messages.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "reverse_tunnel.pb-c.h"

#define CONNECT "/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect"
#define CONTENT_TYPE "application/grpc+proto"

/* What KAS may send next: the number of what it sent last, as the agent's own errors name it. */
enum phase { START = -2, END = -1, REQUEST_INFO = 1, MESSAGE = 2, CLOSE_SEND = 3 };

struct tunnel {
    struct agent *agent;
    struct channel *channel;
    struct call *call;
    struct timer *timer;
    struct backoff backoff;
    enum phase phase;
    struct kube_request *kube;
};

static void start(void *arg);

/* Answers */

static void end_answer(struct tunnel *t, int code, const char *message)
{
    if (code)
        tunnel_send_error(t->call, code, message);
    call_end(t->call);
}

static void unimplemented(struct tunnel *t, const char *message)
{
    tunnel_send_header(t->call, NULL);
    tunnel_send_trailer(t->call, CONTENT_TYPE);
    end_answer(t, GRPC_UNIMPLEMENTED, message);
}

static void on_kube_message(void *arg, const uint8_t *p, size_t n)
{
    struct tunnel *t = arg;
    tunnel_send_message(t->call, p, n);
}

static void on_kube_ended(void *arg, int code, const char *error)
{
    struct tunnel *t = arg;
    if (!error) {
        tunnel_send_trailer(t->call, NULL);
        end_answer(t, GRPC_OK, NULL);
    } else {
        _cleanup_(freep) char *text = xasprintf("gRPC -> HTTP: %s", error);
        LOG(&t->agent->log, LEVEL_ERROR, "gRPC -> HTTP", TEXT("error", error));
        tunnel_send_trailer(t->call, CONTENT_TYPE);
        end_answer(t, code, text);
    }
    t->kube = kube_request_free(t->kube);
}

static void request(struct tunnel *t, const char *method)
{
    static const struct kube_events events = {on_kube_message, on_kube_ended};
    if (mutant_is(t->agent, M_TUNNEL_SILENT))
        return;
    const char *slash = strrchr(method, '/');
    if (*method != '/' || slash == method) {
        _cleanup_(freep) char *q = go_quote(method, strlen(method));
        _cleanup_(freep) char *text = xasprintf("malformed method name: %s", q);
        end_answer(t, GRPC_UNIMPLEMENTED, text);
        return;
    }
    _cleanup_(freep) char *service = xstrndup(method + 1, (size_t)(slash - method - 1));
    _cleanup_(freep) char *text = NULL;
    if (strcmp(service, TUNNEL_SERVICE))
        text = xasprintf("unknown service %s", service);
    else if (strcmp(slash + 1, TUNNEL_METHOD))
        text = xasprintf("unknown method %s for service %s", slash + 1, service);
    if (text) {
        unimplemented(t, text);
        return;
    }
    tunnel_send_header(t->call, CONTENT_TYPE);
    t->kube = kube_request_new(t->agent, &events, t);
}

/* What comes */

static bool may_follow(enum phase from, enum phase to)
{
    return from == START ? to == REQUEST_INFO : from != CLOSE_SEND && to != REQUEST_INFO;
}

static void refuse(struct tunnel *t, enum phase to)
{
    const char *allowed = t->phase == START ? "1 -1" : t->phase == CLOSE_SEND ? "-1" : "2 3 -1";
    _cleanup_(freep) char *text =
        xasprintf("transition from %d to %d is not allowed. Allowed: [%s]", t->phase, to, allowed);
    t->kube = kube_request_free(t->kube);
    call_fail(t->call, GRPC_INVALID_ARGUMENT, text);
}

static void take(struct tunnel *t, const ReverseTunnel__ConnectResponse *r)
{
    enum phase to = (enum phase)r->msg_case;
    if (!may_follow(t->phase, to)) {
        refuse(t, to);
        return;
    }
    t->phase = to;
    if (to == REQUEST_INFO)
        request(t, r->request_info->method_name);
    else if (to == MESSAGE && t->kube)
        kube_request_message(t->kube, r->message->data.data, r->message->data.len);
}

static void on_message(void *arg, const uint8_t *p, size_t n)
{
    struct tunnel *t = arg;
    ReverseTunnel__ConnectResponse *r = reverse_tunnel__connect_response__unpack(NULL, n, p);
    if (!r || !r->msg_case) {
        call_fail(t->call, GRPC_INTERNAL,
                  "grpc: failed to unmarshal the received message proto:\xc2\xa0"
                  "cannot parse invalid wire-format data");
    } else {
        take(t, r);
    }
    if (r)
        reverse_tunnel__connect_response__free_unpacked(r, NULL);
}

/* The stream */

static void on_opened(void *arg)
{
    struct tunnel *t = arg;
    if (!mutant_is(t->agent, M_NO_DESCRIPTOR))
        tunnel_send_descriptor(t->call);
}

static void log_end(struct tunnel *t, bool opened, const struct status *st, const char *correlation_id)
{
    const struct log *l = &t->agent->log;
    _cleanup_(freep) char *text =
        mutant_is(t->agent, M_SWALLOWS_STATUS) ? xstrdup("failed") : status_text(st);
    _cleanup_(freep) char *error = xasprintf("%s%s", opened ? "" : "Connect(): ", text);
    struct log_field mod = TEXT("mod_name", "reverse_tunnel");
    if (st->code == GRPC_OK)
        LOG(l, LEVEL_DEBUG, "Handled a connection successfully", mod);
    else if (st->code == GRPC_CANCELED || st->code == GRPC_DEADLINE_EXCEEDED)
        LOG(l, LEVEL_DEBUG, "Canceled connection", mod, TEXT("error", error));
    else if (correlation_id)
        LOG(l, LEVEL_ERROR, "Error handling a connection", mod, TEXT("error", error),
            TEXT("correlation_id", correlation_id));
    else
        LOG(l, LEVEL_ERROR, "Error handling a connection", mod, TEXT("error", error));
}

static void on_ended(void *arg, bool opened, const struct status *st, const char *correlation_id)
{
    struct tunnel *t = arg;
    struct agent *a = t->agent;
    t->call = NULL;
    if (t->kube && mutant_is(a, M_KEEPS_ASKING))
        kube_request_orphan(t->kube);
    else
        kube_request_free(t->kube);
    t->kube = NULL;
    log_end(t, opened, st, correlation_id);
    bool at_once = st->code == GRPC_OK || st->code == GRPC_CANCELED || st->code == GRPC_DEADLINE_EXCEEDED;
    if (at_once && !mutant_is(a, M_WAITS_AFTER_OK)) {
        start(t);
        return;
    }
    if (!mutant_is(a, M_NEVER_RETRIES)) {
        uint64_t ms = backoff_next(&t->backoff, clock_ns());
        t->timer = timer_new(a->loop, mutant_is(a, M_RETRIES_AT_ONCE) ? 20 : ms, start, t);
    }
    agent_stream_failed(a);
}

static void start(void *arg)
{
    static const struct call_events events = {on_opened, on_message, on_ended};
    struct tunnel *t = arg;
    t->timer = timer_free(t->timer);
    t->phase = START;
    t->call = call_start(t->channel, CONNECT, &events, t);
}

struct tunnel *tunnel_start(struct agent *a, struct channel *c)
{
    struct tunnel *t = NEW(struct tunnel);
    *t = (struct tunnel){.agent = a, .channel = c};
    backoff_init_stream(&t->backoff);
    start(t);
    return t;
}

struct tunnel *tunnel_free(struct tunnel *t)
{
    if (!t)
        return NULL;
    if (t->call) {
        struct status canceled = {GRPC_CANCELED, (char *)"context canceled"};
        log_end(t, true, &canceled, NULL);
        call_cancel(t->call);
    }
    kube_request_free(t->kube);
    timer_free(t->timer);
    free(t);
    return NULL;
}
