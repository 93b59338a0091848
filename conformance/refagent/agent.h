/* The reference agent: agentk 14.7 as KAS, its resolver and whoever reads its log see it.
 *
 *   main ── flags, log, observability
 *     ├─ config_stream ─┐
 *     └─ tunnel × 10 ───┴─ grpc_client (channel, calls) ── h2_client ── link
 *                                     └─ dial: resolver, tcp_link, tls_client, ws_client
 *
 * It shares no WebSocket and no HTTP code with the fake that it talks to: what both sides understood wrongly in the
 * same way would otherwise pass. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conformance/refagent/flags.h"
#include "conformance/refagent/gourl.h"
#include "conformance/refagent/log.h"
#include "conformance/refagent/mutants.h"
#include "lib/loop/loop.h"

#define AGENT_VERSION "v14.7.0"
#define AGENT_COMMIT "00000000"
#define AGENT_USER_AGENT "gitlab-agent/" AGENT_VERSION "/" AGENT_COMMIT
#define AGENT_TUNNELS 10

struct channel;
struct config_stream;
struct tunnel;
struct kube_request;
struct observability;
struct ws_stack;
struct x509_store_st;

struct agent {
    struct loop *loop;
    enum mutant mutant;
    struct log log;
    struct flags flags;
    struct go_url kas;
    char *token; /* the file as it is: 14.7 sends a newline at its end too */
    size_t token_len;
    const char *pod_namespace, *pod_name;
    struct x509_store_st *roots;
    struct ws_stack *ws; /* libwebsockets; made for the first ws:// or wss:// connection */
    struct channel *channels[AGENT_TUNNELS + 1];
    struct config_stream *config;
    struct tunnel *tunnels[AGENT_TUNNELS];
    struct observability *observability;
    int links; /* WebSockets, among them those that still say goodbye */
    struct kube_request *orphan; /* what a mutant should have broken off */
    struct timer *stuck; /* for which nobody waits any longer */
    bool stopping;
    int exit_status;
    char *abort_text; /* "Program aborted: …", said at the end */
};

static inline bool mutant_is(const struct agent *a, enum mutant m)
{
    return a->mutant == m;
}

/* Cancels every stream, closes every connection, then ends the loop. */
void agent_stop(struct agent *a);
/* A connection has gone for good. */
void agent_link_gone(struct agent *a);
/* A stream has failed: what some mutants act upon. */
void agent_stream_failed(struct agent *a);
