/* The program fakegitlab: reads its command line, nothing more. */
#include <signal.h>
#include <string.h>

#include "fakegitlab/serve.h"

static const char help_main[] =
    "fakegitlab - a fake GitLab, with its Gitaly, that a real KAS (GitLab agent server) works with\n"
    "\n"
    "  fakegitlab serve [SEED.yaml] [options]   stand there until Ctrl-C; see fakegitlab serve --help\n"
    "  fakegitlab --version\n"
    "\n"
    "examples:\n"
    "  fakegitlab serve                         prints addresses, tokens and a configuration for a KAS\n"
    "  fakegitlab serve --listen http=127.0.0.1:8080 --data /var/tmp/gitlab\n"
    "\n"
    "exit: 0 ended as told; 2 command line or seed wrong; 3 the machine does not allow it (port taken, ...)\n";

static const char help_serve[] =
    "usage: fakegitlab serve [SEED.yaml] [options]\n"
    "\n"
    "Makes a fake GitLab and a fake Gitaly, prints their addresses, the tokens that it made (once: they are kept as\n"
    "hashes) and a configuration file for a KAS, and serves until Ctrl-C. SEED.yaml says who and what there is: users,\n"
    "projects, agents, tokens, jobs. Without it: user root, project grp/proj, agent my-agent with a token.\n"
    "\n"
    "  --listen TRANSPORT=HOST:PORT\n"
    "                          where to listen; TRANSPORT is http, https or gitaly, PORT 0 any free one. May be given\n"
    "                          several times. Default: http and gitaly, on free ports of 127.0.0.1\n"
    "  --data DIR              keep everything in SQLite there; nothing is acknowledged before it is written. The seed\n"
    "                          is read only when the folder has no data yet. Default: memory only\n"
    "  --version V             which GitLab: 13.6 ... 16.5. Default: the calls of all of them\n"
    "  --kas-secret-file FILE  the secret shared with KAS: base64 of 32 bytes. Default: one made for this run, or for DIR\n"
    "  --gitaly-token-file FILE\n"
    "                          Gitaly's token: GitLab tells it to KAS, Gitaly wants it proved. Default: none\n"
    "  --events FILE           write the event log there, JSON Lines\n"
    "  --verbose               the event log on standard error too\n"
    "  --json                  print one line of JSON when every listener accepts, instead of text for people\n"
    "  --control PATH          unix socket of the control API; default: one in the private folder\n"
    "  --control-http PORT     the control API on 127.0.0.1:PORT too (0: any free port)\n"
    "\n"
    "The secret, the configuration and the CA stand in a private folder (TMPDIR, else /tmp), which is removed at the end.\n"
    "\n"
    "examples:\n"
    "  fakegitlab serve\n"
    "  curl -H 'PRIVATE-TOKEN: TOKEN' http://127.0.0.1:PORT/api/v4/projects/grp%2Fproj/cluster_agents\n"
    "  curl --unix-socket SOCKET http://fakegitlab/do -d '{\"revoke_token\": \"my-agent\"}'\n"
    "  curl --unix-socket SOCKET http://fakegitlab/faults -d '{\"id\": \"down\", \"at\": \"http.request\", \"do\":\n"
    "       {\"respond\": {\"status\": 503}}}'\n"
    "  curl --unix-socket SOCKET -N 'http://fakegitlab/events?follow=1'\n"
    "\n"
    "exit: 0 ended by a signal; 2 command line or seed wrong; 3 the machine does not allow it (port taken, ...)\n";

enum { OPT_DATA = OPT_OWN, OPT_SECRET, OPT_GITALY_TOKEN };

static const struct option options[] = {
    STAND_OPTIONS,
    {"data", required_argument, NULL, OPT_DATA},
    {"kas-secret-file", required_argument, NULL, OPT_SECRET},
    {"gitaly-token-file", required_argument, NULL, OPT_GITALY_TOKEN},
    {0},
};

static const struct stand_program fakegitlab = {"fakegitlab", help_main, help_serve, "http=127.0.0.1:8080"};

/* An exit code, or -1: go on. */
static int take_option(struct serve_options *o, int opt, const char *arg)
{
    switch (opt) {
    case OPT_DATA:
        o->data = arg;
        return -1;
    case OPT_SECRET:
        o->secret_file = arg;
        return -1;
    case OPT_GITALY_TOKEN:
        o->gitaly_token_file = arg;
        return -1;
    default:
        return stand_option(&fakegitlab, &o->stand, opt, arg);
    }
}

static int main_serve(int argc, char **argv)
{
    struct serve_options o = {.stand.control_http = -1};
    int opt, code;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
        if ((code = take_option(&o, opt, optarg)) >= 0)
            return code;
    if (argc - optind > 1)
        return stand_usage(&fakegitlab, "serve: one seed at a time");
    o.seed = argv[optind];
    return serve(&o);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    const char *command = argc > 1 ? argv[1] : "";
    if (!strcmp(command, "serve")) {
        argv[1] = argv[0];
        return main_serve(argc - 1, argv + 1);
    }
    return stand_other_command(&fakegitlab, command);
}
