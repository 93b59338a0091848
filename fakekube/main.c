/* The program fakekube: reads its command line, nothing more. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakekube/serve.h"

static const char help_main[] =
    "fakekube - a fake Kubernetes API: enough of one for kubectl and for GitLab's agent\n"
    "\n"
    "  fakekube serve [KUBE.yaml] [options]     stand there until Ctrl-C; see fakekube serve --help\n"
    "  fakekube --version\n"
    "\n"
    "exit: 0 ended as told; 2 command line or file wrong; 3 the machine does not allow it (port taken, ...)\n";

static const char help_serve[] =
    "usage: fakekube serve [KUBE.yaml] [options]\n"
    "\n"
    "Makes a fake cluster, prints its address and a kubeconfig, and serves until Ctrl-C. Nothing runs in it, but statuses\n"
    "move as if it did. KUBE.yaml is what stands under `kube:` in a scenario: objects, tokens, what is forbidden, faults.\n"
    "\n"
    "  --listen TRANSPORT=HOST:PORT\n"
    "                          where to listen; TRANSPORT is http or https, PORT 0 any free one. May be given several\n"
    "                          times. Default: http on a free port of 127.0.0.1\n"
    "  --version V             which Kubernetes: 1.16 ... 1.30. Default: 1.27\n"
    "  --events FILE           write the event log there, JSON Lines\n"
    "  --verbose               the event log on standard error too\n"
    "  --json                  print one line of JSON when every listener accepts, instead of text for people\n"
    "  --control PATH          unix socket of the control API; default: one in the private folder\n"
    "  --control-http PORT     the control API on 127.0.0.1:PORT too (0: any free port)\n"
    "\n"
    "The kubeconfig and the CA stand in a private folder (TMPDIR, else /tmp), which is removed at the end.\n"
    "\n"
    "examples:\n"
    "  fakekube serve\n"
    "  kubectl --kubeconfig KUBECONFIG apply -f deployment.yaml\n"
    "  curl --unix-socket SOCKET http://fakekube/do -d '{\"forbid\": {\"verb\": \"patch\", \"resource\": \"configmaps\"}}'\n"
    "\n"
    "exit: 0 ended by a signal; 2 command line or file wrong; 3 the machine does not allow it (port taken, ...)\n";

enum { OPT_LISTEN = 256, OPT_VERSION, OPT_EVENTS, OPT_VERBOSE, OPT_JSON, OPT_CONTROL, OPT_CONTROL_HTTP, OPT_HELP };

static const struct option options[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"version", required_argument, NULL, OPT_VERSION},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"verbose", no_argument, NULL, OPT_VERBOSE},
    {"json", no_argument, NULL, OPT_JSON},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"control-http", required_argument, NULL, OPT_CONTROL_HTTP},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static int usage(const char *why)
{
    fprintf(stderr, "fakekube: %s\nfakekube serve --help says more.\n", why);
    return EXIT_USAGE;
}

/* An exit code, or -1: go on. */
static int take_listen(struct serve_options *o, const char *text)
{
    char *err = NULL;
    if (o->n_listen == LISTENERS_MAX)
        return usage("--listen: no more than 8");
    if (serve_listen_parse(text, "https=127.0.0.1:6443", &o->listen[o->n_listen], &err) == 0) {
        o->n_listen++;
        return -1;
    }
    int code = usage(err);
    free(err);
    return code;
}

static int take_option(struct serve_options *o, int opt, const char *arg)
{
    switch (opt) {
    case OPT_LISTEN:
        return take_listen(o, arg);
    case OPT_CONTROL_HTTP:
        return serve_port_parse(arg, &o->control_http) ? -1 : usage("--control-http: expected a port, 0 to 65535");
    case OPT_VERSION:
        o->version = arg;
        return -1;
    case OPT_EVENTS:
        o->events = arg;
        return -1;
    case OPT_VERBOSE:
        o->verbose = true;
        return -1;
    case OPT_JSON:
        o->json = true;
        return -1;
    case OPT_CONTROL:
        o->control = arg;
        return -1;
    case OPT_HELP:
        fputs(help_serve, stdout);
        return 0;
    default: /* getopt has said what is wrong */
        fputs("fakekube serve --help says more.\n", stderr);
        return EXIT_USAGE;
    }
}

static int main_serve(int argc, char **argv)
{
    struct serve_options o = {.control_http = -1};
    int opt, code;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
        if ((code = take_option(&o, opt, optarg)) >= 0)
            return code;
    if (argc - optind > 1)
        return usage("serve: one file at a time");
    o.spec = argv[optind];
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
    if (!strcmp(command, "--version")) {
        printf("fakekube %s\n", FAKEKAS_VERSION);
        return 0;
    }
    if (!strcmp(command, "--help") || !strcmp(command, "help")) {
        fputs(help_main, stdout);
        return 0;
    }
    fputs(help_main, stderr);
    if (*command)
        fprintf(stderr, "\nfakekube: \"%s\" is no command; did you mean serve?\n", command);
    return EXIT_USAGE;
}
