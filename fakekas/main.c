/* The program fakekas: reads its command line, nothing more. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakekas/serve.h"

static const char help_main[] =
    "fakekas - a fake KAS (GitLab agent server) that real agents connect to\n"
    "\n"
    "  fakekas serve [SCENARIO] [options]   stand there until Ctrl-C; see fakekas serve --help\n"
    "  fakekas proxy --to ADDRESS [SCENARIO]  stand between an agent and a real KAS; see fakekas proxy --help\n"
    "  fakekas record --to ADDRESS FILE     the same, and write what the KAS said as a scenario\n"
    "  fakekas --version\n"
    "\n"
    "examples:\n"
    "  fakekas serve                        prints addresses, a token and a command line for an agent\n"
    "  fakekas serve fixtures/scenarios/kas-address/no-trailing-slash.yaml\n"
    "  fakekas serve --max-connections 10 --max-message 1MiB --events events.jsonl\n"
    "  fakekas proxy --to wss://gitlab.example/-/kubernetes-agent/ --listen ws=127.0.0.1:8150\n"
    "\n"
    "To judge agents rather than to serve them: conform --help.\n"
    "exit: 0 ended as told; 2 command line or scenario wrong; 3 the machine does not allow it (port taken, ...)\n";

static const char help_serve[] =
    "usage: fakekas serve [SCENARIO] [options]\n"
    "\n"
    "Makes a fake KAS, prints its addresses, a token, a CA file and a command line for an agent, and serves until\n"
    "Ctrl-C. SCENARIO is a file from fixtures/scenarios: then it misbehaves as that file says.\n"
    "\n"
    "  --listen TRANSPORT=HOST:PORT\n"
    "                          where to listen; TRANSPORT is ws, wss, grpc or grpcs for agents, http or https for the\n"
    "                          kubectl of CI jobs; PORT 0 any free one. May be given several times. Default: all but\n"
    "                          http, on free ports of 127.0.0.1\n"
    "  --version V             whose words and services to imitate: 13.6 ... 16.5, head. Default: the words of 14.7\n"
    "                          and the services of all versions, so that any agent connects\n"
    "  --agent-version V       for which agent SCENARIO is played; default: the first that it applies to\n"
    "  --token-file FILE       the agent's token; default: one made for this run\n"
    "  --events FILE           write the event log there, JSON Lines\n"
    "  --verbose               the event log on standard error too, with frames and messages\n"
    "  --json                  print one line of JSON when every listener accepts, instead of text for people\n"
    "  --max-connections N     of each listener; one more is reset. Default 20000\n"
    "  --max-header SIZE       head of an HTTP/1 request (default and most 64KiB: 431 beyond), and header list of an\n"
    "                          HTTP/2 one (default 16MiB)\n"
    "  --max-message SIZE      gRPC message (default 4MiB: RESOURCE_EXHAUSTED beyond)\n"
    "  --max-ws-message SIZE   WebSocket message (default 10MiB: close 1009 beyond)\n"
    "  --control PATH          unix socket of the control API; default: one in the private folder\n"
    "  --control-http PORT     the control API on 127.0.0.1:PORT too (0: any free port)\n"
    "\n"
    "The token and the CA stand in a private folder (TMPDIR, else /tmp), which is removed at the end.\n"
    "\n"
    "examples:\n"
    "  fakekas serve\n"
    "  fakekas serve --listen ws=127.0.0.1:8150 --version 14.7\n"
    "  fakekas serve fixtures/scenarios/kas-address/no-trailing-slash.yaml\n"
    "  curl --unix-socket SOCKET http://fakekas/do -d '{\"push_config\": {\"config\": {\"observability\":\n"
    "       {\"logging\": {\"level\": \"debug\"}}}}}'\n"
    "  curl --unix-socket SOCKET http://fakekas/do -d '{\"tunnel_request\": {\"path\": \"/version\"}}'\n"
    "  curl --unix-socket SOCKET -N 'http://fakekas/events?follow=1'\n"
    "\n"
    "exit: 0 ended by a signal; 2 command line or scenario wrong; 3 the machine does not allow it (port taken, ...)\n";

static const char help_proxy[] =
    "usage: fakekas proxy --to ADDRESS [SCENARIO] [options]\n"
    "\n"
    "Stands between agents and a KAS: every layer down to gRPC ends here on both sides, everything is in the event log,\n"
    "and the faults of SCENARIO happen between the two. Without SCENARIO nothing is changed.\n"
    "\n"
    "  --to ADDRESS            the KAS: wss://HOST[:PORT]/PATH, ws://, grpc:// or grpcs://. Without a path, each agent's\n"
    "                          own is asked for. The name is looked up once\n"
    "  --ca FILE               certificates that are trusted there, PEM; default: the system's roots\n"
    "  --insecure              do not verify its certificate\n"
    "  --linger US             after anything came, look for US microseconds more before sleeping: calls pass sooner, for\n"
    "                          processor time. Default 200; 0 where there is one processor only\n"
    "  --record FILE           at the end, write what the KAS said as a scenario, with secrets and names replaced, and\n"
    "                          say on standard error what was replaced (fakekas record is the same as a command)\n"
    "\n"
    "All options of fakekas serve are there too; --token-file is only what the printed command line shows.\n"
    "\n"
    "examples:\n"
    "  fakekas proxy --to wss://gitlab.example/-/kubernetes-agent/ --listen ws=127.0.0.1:8150 --events events.jsonl\n"
    "  fakekas proxy --to grpc://127.0.0.1:8150 fixtures/scenarios/kas-address/status-502.yaml\n"
    "  fakekas record --to grpc://127.0.0.1:8150 seen.yaml\n";

enum { OPT_AGENT_VERSION = OPT_OWN, OPT_TOKEN_FILE, OPT_TO, OPT_CA, OPT_LINGER, OPT_INSECURE, OPT_RECORD, OPT_MAX_CONNECTIONS,
       OPT_MAX_HEADER, OPT_MAX_MESSAGE, OPT_MAX_WS_MESSAGE };

static const struct option options[] = {
    STAND_OPTIONS,
    {"agent-version", required_argument, NULL, OPT_AGENT_VERSION},
    {"token-file", required_argument, NULL, OPT_TOKEN_FILE},
    {"to", required_argument, NULL, OPT_TO},
    {"ca", required_argument, NULL, OPT_CA},
    {"linger", required_argument, NULL, OPT_LINGER},
    {"insecure", no_argument, NULL, OPT_INSECURE},
    {"record", required_argument, NULL, OPT_RECORD},
    {"max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS},
    {"max-header", required_argument, NULL, OPT_MAX_HEADER},
    {"max-message", required_argument, NULL, OPT_MAX_MESSAGE},
    {"max-ws-message", required_argument, NULL, OPT_MAX_WS_MESSAGE},
    {0},
};

static const struct stand_program fakekas = {"fakekas", help_main, help_serve, "ws=127.0.0.1:8150"};
static const struct stand_program fakekas_proxy = {"fakekas", help_main, help_proxy, "ws=127.0.0.1:8150"};

static int usage(const char *why)
{
    return stand_usage(&fakekas, why);
}

/* An exit code, or -1: go on. */
static int take_linger(struct serve_options *o, const char *arg)
{
    char *end;
    long us = strtol(arg, &end, 10);
    if (end == arg || *end || us < 0 || us > 10000)
        return usage("--linger: expected microseconds, 0 to 10000");
    o->linger_us = (int)us;
    return -1;
}

static int take_option(struct serve_options *o, int opt, const char *arg)
{
    switch (opt) {
    case OPT_AGENT_VERSION:
        o->agent_version = arg;
        return -1;
    case OPT_TOKEN_FILE:
        o->token_file = arg;
        return -1;
    case OPT_TO:
        o->to = arg;
        return -1;
    case OPT_CA:
        o->ca = arg;
        return -1;
    case OPT_LINGER:
        return take_linger(o, arg);
    case OPT_INSECURE:
        o->insecure = true;
        return -1;
    case OPT_RECORD:
        o->record = arg;
        return -1;
    case OPT_MAX_CONNECTIONS:
        o->max_connections = arg;
        return -1;
    case OPT_MAX_HEADER:
        o->max_header = arg;
        return -1;
    case OPT_MAX_MESSAGE:
        o->max_message = arg;
        return -1;
    case OPT_MAX_WS_MESSAGE:
        o->max_ws_message = arg;
        return -1;
    default:
        return stand_option(o->proxy ? &fakekas_proxy : &fakekas, &o->stand, opt, arg);
    }
}

static int main_serve(int argc, char **argv, bool proxy, bool record)
{
    struct serve_options o = {.stand.control_http = -1, .proxy = proxy, .linger_us = -1};
    int opt, code;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
        if ((code = take_option(&o, opt, optarg)) >= 0)
            return code;
    if (argc - optind > 1)
        return usage("serve: one scenario at a time");
    if (record && !o.record)
        o.record = argv[optind];
    else
        o.scenario = argv[optind];
    if (proxy != !!o.to)
        return usage(proxy ? "proxy: which KAS? --to wss://HOST/PATH" : "serve: --to belongs to fakekas proxy");
    if (record && !o.record)
        return usage("record: into which file?");
    if (!o.to && (o.ca || o.insecure || o.record || o.linger_us >= 0))
        return usage("serve: --ca, --insecure, --linger and --record belong to fakekas proxy");
    if (o.linger_us < 0) /* with one processor, whoever we wait for needs it */
        o.linger_us = proxy && sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 200 : 0;
    return serve(&o);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    const char *command = argc > 1 ? argv[1] : "";
    bool record = !strcmp(command, "record"), proxy = record || !strcmp(command, "proxy");
    if (proxy || !strcmp(command, "serve")) {
        argv[1] = argv[0];
        return main_serve(argc - 1, argv + 1, proxy, record);
    }
    return stand_other_command(&fakekas, command);
}
