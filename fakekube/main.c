/* The program fakekube: reads its command line, nothing more. */
#include <signal.h>
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
    "  --watch-buffer SIZE     a client that has so much of a watch unread is let go. Default: 8MiB\n"
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

enum { OPT_WATCH_BUFFER = 1000 };

static const struct option options[] = {STAND_OPTIONS, {"watch-buffer", required_argument, NULL, OPT_WATCH_BUFFER}, {0}};

static const struct stand_program fakekube = {"fakekube", help_main, help_serve, "https=127.0.0.1:6443"};

static int main_serve(int argc, char **argv)
{
    struct serve_options o = {.stand.control_http = -1};
    int opt, code;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (opt == OPT_WATCH_BUFFER)
            o.watch_buffer = optarg;
        else if ((code = stand_option(&fakekube, &o.stand, opt, optarg)) >= 0)
            return code;
    if (argc - optind > 1)
        return stand_usage(&fakekube, "serve: one file at a time");
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
    return stand_other_command(&fakekube, command);
}
