#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/kube.h"
#include "conformance/refagent/backoff.h"
#include "conformance/refagent/config_stream.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/grpc_client.h"
#include "conformance/refagent/observability.h"
#include "conformance/refagent/tls_verify.h"
#include "conformance/refagent/tunnel.h"
#include "conformance/refagent/ws_stack.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define GOODBYE_MS 2000 /* for the closing handshakes */

/* Starting */

static char *read_token(struct agent *a)
{
    int fd = open(a->flags.token_file, O_RDONLY | O_CLOEXEC);
    struct buf b = BUF_NULL;
    ssize_t n = -1;
    while (fd >= 0 && (n = read(fd, buf_reserve(&b, 4096), 4096)) > 0)
        buf_added(&b, (size_t)n);
    _cleanup_(freep) char *why = go_errno(errno);
    if (fd >= 0)
        close(fd);
    a->token = xstrndup(buf_len(&b) ? (const char *)buf_data(&b) : "", buf_len(&b));
    buf_done(&b);
    if (n < 0 && !mutant_is(a, M_STARTS_WITHOUT_TOKEN))
        return xasprintf("token file: %s %s: %s", fd < 0 ? "open" : "read", a->flags.token_file, why);
    if (mutant_is(a, M_TRIMS_TOKEN))
        a->token[strcspn(a->token, "\r\n")] = 0;
    return NULL;
}

static char *read_address(struct agent *a)
{
    static const char *schemes[] = {"ws", "wss", "grpc", "grpcs"};
    _cleanup_(freep) char *error = go_url_parse(a->flags.kas_address, &a->kas);
    if (error)
        return xasprintf("invalid gitlab-kas address: %s", error);
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
        if (!strcmp(schemes[i], a->kas.scheme))
            return NULL;
    _cleanup_(freep) char *q = go_quote(a->kas.scheme, strlen(a->kas.scheme));
    return xasprintf("unsupported scheme in GitLab Kubernetes Agent Server address: %s", q);
}

/* In the agent's order: what is wrong first is what it tells. */
static char *configure(struct agent *a)
{
    char *error = flags_check(&a->flags);
    if (!error)
        error = read_token(a);
    if (!error)
        a->roots = tls_roots_load(mutant_is(a, M_IGNORES_CA_FILE) ? NULL : a->flags.ca_cert_file, &error);
    if (!error)
        error = read_address(a);
    const char *ns = getenv("POD_NAMESPACE"), *name = getenv("POD_NAME");
    a->pod_namespace = ns ? ns : "";
    a->pod_name = name ? name : "";
    return error;
}

static struct channel *channel(struct agent *a, size_t i)
{
    i = mutant_is(a, M_SECOND_CONNECTION) ? i : 0;
    if (!a->channels[i])
        a->channels[i] = channel_new(a);
    return a->channels[i];
}

/* Real agents start everything at once: the order in which streams are opened is chance. */
static void start_streams(struct agent *a)
{
    size_t tunnels = AGENT_TUNNELS - (mutant_is(a, M_ONE_TUNNEL_FEWER) ? 1 : 0);
    size_t turn = random_u64() % (tunnels + 1);
    for (size_t i = 0; i <= tunnels; i++) {
        if (i == turn)
            a->config = config_stream_start(a, channel(a, 0));
        else
            a->tunnels[i - (i > turn)] = tunnel_start(a, channel(a, i + 1 > tunnels ? 1 : i + 1));
    }
}

static void start(struct agent *a)
{
    a->observability = observability_start(a);
    LOG(&a->log, LEVEL_INFO, "Feature status change", TEXT("feature_name", "tunnel"),
        JSON("feature_status", "true"));
    if (mutant_is(a, M_LOGS_THE_TOKEN))
        LOG(&a->log, LEVEL_INFO, "Using token", TEXT("token", a->token));
    start_streams(a);
}

/* Ending */

static void on_stuck(void *arg)
{
    loop_stop(((struct agent *)arg)->loop);
}

void agent_link_gone(struct agent *a)
{
    a->links--;
    if (a->stopping && !a->links)
        loop_stop(a->loop);
}

static void drop_streams(struct agent *a)
{
    a->config = config_stream_free(a->config);
    for (size_t i = 0; i < ARRAY_SIZE(a->tunnels); i++)
        a->tunnels[i] = tunnel_free(a->tunnels[i]);
    for (size_t i = 0; i < ARRAY_SIZE(a->channels); i++)
        a->channels[i] = channel_free(a->channels[i]);
    if (!a->links)
        loop_stop(a->loop);
    else
        a->stuck = timer_new(a->loop, GOODBYE_MS, on_stuck, a);
}

static void on_stop(void *arg)
{
    drop_streams(arg);
}

void agent_stop(struct agent *a)
{
    if (a->stopping)
        return;
    a->stopping = true;
    loop_defer(a->loop, on_stop, a);
}

void agent_stream_failed(struct agent *a)
{
    if (!mutant_is(a, M_EXITS_ON_ERROR))
        return;
    a->exit_status = 1;
    agent_stop(a);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    struct agent *a = arg;
    if (!mutant_is(a, M_IGNORES_SIGTERM))
        agent_stop(a);
}

static void run(struct agent *a)
{
    a->loop = loop_new();
    signal(SIGPIPE, SIG_IGN);
    struct sig *term = sig_new(a->loop, SIGTERM, on_signal, a),
               *intr = sig_new(a->loop, SIGINT, on_signal, a);
    start(a);
    loop_run(a->loop);
    a->stuck = timer_free(a->stuck);
    a->observability = observability_free(a->observability);
    ws_stack_free(a);
    sig_free(term);
    sig_free(intr);
    loop_free(a->loop);
}

static int abort_with(const char *text)
{
    fprintf(stderr, "Program aborted: %s\n", text);
    return 1;
}

int main(int argc, char **argv)
{
    struct agent a = {.log.level = LEVEL_INFO};
    _cleanup_(freep) char *error = flags_parse(argc, argv, &a.flags);
    if (!error && a.flags.mutant && (a.mutant = mutant_from_name(a.flags.mutant)) == M_MAX)
        error = xasprintf("no mutant is called \"%s\": --list-mutants lists them", a.flags.mutant);
    if (!error && a.flags.list_mutants) {
        mutants_list(stdout);
        return 0;
    }
    if (!error && a.flags.help) {
        flags_help();
        return 0;
    }
    if (!error && a.flags.version) {
        printf("agentk version " AGENT_VERSION ", commit: " AGENT_COMMIT ", built: 00000000.000000\n");
        return 0;
    }
    int wrong = mutant_is(&a, M_WRONG_EXIT) ? 3 : 0;
    a.log.silent = mutant_is(&a, M_LOGS_NOTHING);
    a.log.plain = mutant_is(&a, M_PLAIN_LOG);
    a.log.flat = mutant_is(&a, M_WRONG_LEVEL);
    if (!error)
        error = configure(&a);
    if (!error) {
        run(&a);
        error = a.abort_text;
    }
    int status = error ? abort_with(error) : a.exit_status;
    kube_request_free(a.orphan);
    X509_STORE_free(a.roots);
    go_url_done(&a.kas);
    free(a.token);
    return status ? status + wrong : wrong;
}
