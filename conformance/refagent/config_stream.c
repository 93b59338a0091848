#include "conformance/refagent/config_stream.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent_configuration.pb-c.h"
#include "conformance/refagent/agent.h"
#include "conformance/refagent/backoff.h"
#include "conformance/refagent/go_json.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/grpc_client.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define METHOD "/gitlab.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration"

struct config_stream {
    struct agent *agent;
    struct channel *channel;
    struct call *call;
    struct timer *timer;
    struct backoff backoff;
    char *commit_id; /* of the last configuration that was processed, well or badly */
};

static void start(void *arg);

/* A configuration */

static const char *level_problem(int level)
{
    return level < 0 || level > 3 ? "unrecognized level" : NULL;
}

static void apply(struct config_stream *s, const Agentcfg__AgentConfiguration *cfg, const char *commit_id)
{
    static const enum level levels[] = {LEVEL_INFO, LEVEL_DEBUG, LEVEL_WARN, LEVEL_ERROR};
    struct agent *a = s->agent;
    struct buf json = BUF_NULL;
    go_json_message(&json, &cfg->base);
    _cleanup_(freep) char *text = xstrndup((const char *)buf_data(&json), buf_len(&json));
    buf_done(&json);
    LOG(&a->log, LEVEL_DEBUG, "Applying configuration", TEXT("commit_id", commit_id),
        JSON("agent_config", text));
    const Agentcfg__LoggingCF *logging = cfg->observability ? cfg->observability->logging : NULL;
    int level = logging ? (int)logging->level : 0;
    if (level_problem(level)) {
        _cleanup_(freep) char *why =
            xasprintf("observability: logging: log level: unrecognized level: \"%d\"", level);
        LOG(&a->log, LEVEL_ERROR, "Failed to apply configuration", TEXT("commit_id", commit_id),
            TEXT("error", why));
    } else if (!mutant_is(a, M_IGNORES_LEVEL)) {
        a->log.level = levels[level];
    }
    if (mutant_is(a, M_FEATURE_AGAIN))
        LOG(&a->log, LEVEL_INFO, "Feature status change", TEXT("feature_name", "tunnel"), JSON("feature_status", "true"));
}

/* What Go's runtime prints when a nil pointer is followed. */
static void panic_now(void)
{
    fputs("panic: runtime error: invalid memory address or nil pointer dereference\n"
          "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]\n\n"
          "goroutine 1 [running]:\n",
          stderr);
    fflush(stderr);
    _exit(2);
}

static void take(struct config_stream *s, const AgentConfiguration__ConfigurationResponse *r)
{
    struct agent *a = s->agent;
    _cleanup_(freep) char *invalid = mutant_is(a, M_ACCEPTS_EMPTY_COMMIT) ? NULL : go_validate(&r->base);
    if (invalid) {
        _cleanup_(freep) char *text = xasprintf("invalid server response: %s", invalid);
        call_fail(s->call, GRPC_INVALID_ARGUMENT, text);
        return;
    }
    const Agentcfg__AgentConfiguration *cfg = r->configuration;
    static const Agentcfg__AgentConfiguration none = AGENTCFG__AGENT_CONFIGURATION__INIT;
    if (!cfg && mutant_is(a, M_SURVIVES_NO_CONFIG))
        cfg = &none;
    bool empty = cfg && !cfg->observability;
    if (!cfg || (empty && mutant_is(a, M_CRASHES_ON_EMPTY_CONFIG)))
        panic_now();
    apply(s, cfg, r->commit_id);
    free(s->commit_id);
    s->commit_id = xstrdup(r->commit_id);
}

static void on_message(void *arg, const uint8_t *p, size_t n)
{
    struct config_stream *s = arg;
    AgentConfiguration__ConfigurationResponse *r =
        agent_configuration__configuration_response__unpack(NULL, n, p);
    if (!r) {
        call_fail(s->call, GRPC_INTERNAL,
                  "grpc: failed to unmarshal the received message proto:\xc2\xa0"
                  "cannot parse invalid wire-format data");
        return;
    }
    take(s, r);
    agent_configuration__configuration_response__free_unpacked(r, NULL);
}

/* The stream */

static void on_opened(void *arg)
{
    struct config_stream *s = arg;
    struct agent *a = s->agent;
    Entity__AgentMeta meta = ENTITY__AGENT_META__INIT;
    meta.version = (char *)AGENT_VERSION;
    meta.commit_id = (char *)AGENT_COMMIT;
    meta.pod_namespace = (char *)a->pod_namespace;
    meta.pod_name = (char *)a->pod_name;
    AgentConfiguration__ConfigurationRequest r = AGENT_CONFIGURATION__CONFIGURATION_REQUEST__INIT;
    r.agent_meta = &meta;
    if (!mutant_is(a, M_FORGETS_COMMIT_ID))
        r.commit_id = s->commit_id;
    size_t n = agent_configuration__configuration_request__get_packed_size(&r);
    _cleanup_(freep) uint8_t *p = xcalloc(n + 1, 1);
    agent_configuration__configuration_request__pack(&r, p);
    call_send(s->call, p, n, !mutant_is(a, M_HALF_OPEN_CONFIG));
}

static void wait(struct config_stream *s)
{
    if (mutant_is(s->agent, M_NEVER_RETRIES))
        return;
    uint64_t ms = backoff_next(&s->backoff, clock_ns());
    s->timer = timer_new(s->agent->loop, mutant_is(s->agent, M_RETRIES_AT_ONCE) ? 20 : ms, start, s);
}

static void on_ended(void *arg, bool opened, const struct status *st, const char *correlation_id)
{
    struct config_stream *s = arg;
    struct agent *a = s->agent;
    s->call = NULL;
    if (st->code == GRPC_OK && !mutant_is(a, M_WAITS_AFTER_OK)) {
        start(s);
        return;
    }
    _cleanup_(freep) char *error = mutant_is(a, M_SWALLOWS_STATUS) ? xstrdup("failed") : status_text(st);
    const char *msg = opened ? "GetConfiguration.Recv failed" : "GetConfiguration failed";
    bool silent = st->code == GRPC_OK || st->code == GRPC_CANCELED || st->code == GRPC_DEADLINE_EXCEEDED;
    if (!silent && correlation_id)
        LOG(&a->log, LEVEL_WARN, msg, TEXT("error", error), TEXT("correlation_id", correlation_id));
    else if (!silent)
        LOG(&a->log, LEVEL_WARN, msg, TEXT("error", error));
    wait(s);
    agent_stream_failed(a);
}

static void start(void *arg)
{
    static const struct call_events events = {on_opened, on_message, on_ended};
    struct config_stream *s = arg;
    s->timer = timer_free(s->timer);
    s->call = call_start(s->channel, METHOD, &events, s);
}

struct config_stream *config_stream_start(struct agent *a, struct channel *c)
{
    struct config_stream *s = NEW(struct config_stream);
    *s = (struct config_stream){.agent = a, .channel = c, .commit_id = xstrdup("")};
    backoff_init_stream(&s->backoff);
    start(s);
    return s;
}

struct config_stream *config_stream_free(struct config_stream *s)
{
    if (!s)
        return NULL;
    call_cancel(s->call);
    timer_free(s->timer);
    free(s->commit_id);
    free(s);
    return NULL;
}
