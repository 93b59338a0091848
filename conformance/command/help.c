/* Texts of --help: what each command is for, by example first. */
#include "conformance/command/help.h"

#include <string.h>

#include "lib/base/mem.h"

static const char main_text[] =
    "conform - runs real agents against a fake KAS, and judges what they say and do\n"
    "\n"
    "  conform run                          every scenario, every agent that is at hand\n"
    "  conform run 'kas-address/**' --sut agentk=./agentk\n"
    "  conform explain < agent.log          which documented failure is this, and what cures it?\n"
    "  conform list                         which scenarios are there?\n"
    "  conform check FILE…                  is this scenario well written?\n"
    "  conform record --sut agentk=./agentk keep what this version prints as golden logs\n"
    "  conform mutants                      does every deliberately wrong agent get caught?\n"
    "  conform parity --sut kas=./kas       does the fake KAS say what this real one says?\n"
    "  conform compare-kube                 does the fake Kubernetes API answer as a real one?\n"
    "  conform version                      what is installed here, which agents are found?\n"
    "\n"
    "conform COMMAND --help tells more. Exit codes: 0 as expected, 1 not, 2 usage, 3 harness or "
    "environment,\n"
    "77 nothing could run.\n";

static const char select_text[] =
    "Which rows (a row: a scenario, over one transport, with one agent, with no cure or one):\n"
    "  PATTERN              area/name; * stays within a part, ** crosses; area/name@cure for one cure\n"
    "  --transport T        ws, wss, grpc or grpcs; repeatable\n"
    "  --tag T              scenarios of a tag or layer: smoke, tls; repeatable, any of them.\n"
    "                       Those tagged slow run only with --tag slow, or by their whole name\n"
    "  --no-cures           the failures only          --only-cures   the cures only\n"
    "  --spread             with each agent over one transport only, the next agent over the next: less than half\n"
    "                       of the rows, in which each scenario still meets every agent, and its transports take turns\n"
    "  --rows-from FILE|-   rows by name, one a line, as `conform list --rows` prints them\n"
    "Which agents:\n"
    "  --sut agentk=PATH    repeatable; alone: no others, not even the reference agent\n"
    "  --agents DIR         all agentk-* in there; default $FAKEKAS_AGENTS, else ~/agents\n"
    "  --no-reference       without the reference agent   --only-reference   with nothing else\n"
    "Where things are:\n"
    "  --fixtures DIR       scenarios, profiles, golden logs; default $FAKEKAS_FIXTURES, else beside the "
    "build\n";

static const struct {
    const char *command, *text;
} commands[] = {
    {"run",
     "conform run [PATTERN…] [options] - plays scenarios and judges them\n"
     "\n"
     "  conform run kas-address/no-trailing-slash --sut agentk=./agentk --keep\n"
     "\n"
     "  -j N                 worlds at once; default what memory allows, at most 96 (they mostly wait)\n"
     "  --out DIR            results; default results/<time>, and results/latest points there\n"
     "  --jsonl FILE|-       each row as one JSON line when it ends\n"
     "  --repeat N           each row N times\n"
     "  --keep               the world stays after the verdict; prints how to enter it; Ctrl-C ends it\n"
     "  --no-namespace       on loopback with free ports, where namespaces cannot be had\n"
     "  --no-golden          do not hold logs against golden ones\n"
     "  --no-thrift          without the environment that saves the agent processor time (`thrift` in its profile)\n"
     "  --kube real          clusters have a real API server: etcd and kube-apiserver, one for each row that has a cluster\n"
     "  --kube-apiserver P   which; default the one in $FAKEKAS_PEERS (~/peers) or PATH; etcd from there too\n"
     "  --faults-off         self-check: without its fault, or in its first cure's world, each scenario must fail\n"
     "  --seed N             for faults that are left to chance\n"
     "  --stop-after MS      from SIGTERM to SIGKILL; default 15000\n"
     "  --fail-fast          stop at the first row that fails\n"
     "  -q, --quiet          failures and the summary only     -v, --verbose   every event in "
     "events.jsonl\n"},
    {"list", "conform list [PATTERN…] [--json] [--rows] - names scenarios, or with --rows every row that "
             "`run` would run\n"
             "conform list --faults [--json|--markdown] - moments and verbs, and which scenarios use them\n"
             "conform list --requirements [--json|--markdown] [--results FILE] - what is required, who judges it, "
             "and what each version did\n"
             "conform list --coverage [--json|--markdown] [--results FILE]… - what users meet, which scenario shows it, "
             "its cure, and who met it\n"},
    {"check", "conform check [--json] FILE… - is this well written? Problems come as file:line:column: "
              "what, what was expected\n"
              "Without files: every scenario of the fixtures.\n"},
    {"explain",
     "conform explain [FILE] [--json] - names the failure that each line of an agent's log is, its cause "
     "and its cure\n"
     "\n"
     "  kubectl logs -n gitlab-agent deploy/gitlab-agent | conform explain\n"
     "\n"
     "Lines that it does not know it says it does not know. Exit code 0 if it knew a failure, 1 if not.\n"},
    {"record", "conform record [PATTERN…] --sut agentk=PATH [--repeat N] [--yes] - golden logs: what this "
               "version prints\n"
               "\n"
               "Runs each row N times (default 2), normalises times, ports and the like, shows the "
               "difference to what is kept,\n"
               "and writes it when asked to (--yes: without asking). Lines that every run printed are "
               "`always`, others\n"
               "`sometimes`. --add: nothing that was kept is lost; again and again, it learns what an agent prints\n"
               "by chance.\n"},
    {"mutants", "conform mutants [PATTERN…] [--mutant NAME] [--json] [-j N] - each deliberately wrong "
                "reference agent must be caught\n"},
    {"parity",
     "conform parity [NAME…] [--sut kas=PATH]… [--transport T] [--json] [-q|-v] [--out DIR] - holds the fake KAS against real "
     "ones\n"
     "\n"
     "  conform parity --sut kas=./kas-16.5\n"
     "\n"
     "Both hear the talks of fixtures/parity; whatever they answer otherwise is told, unless fixtures/parity/differences.yaml "
     "says\n"
     "why. A difference listed there that is none any more is told too. Default: every kas-* in $FAKEKAS_AGENTS. What was said\n"
     "is kept in results/parity. Exit code 77 if there is no KAS.\n"},
    {"compare-kube",
     "conform compare-kube [SESSION…] [--kube-apiserver PATH] [--json] [-q|-v] [--out DIR] - holds the fake Kubernetes API "
     "against a real one\n"
     "\n"
     "  conform compare-kube --kube-apiserver ./kube-apiserver\n"
     "\n"
     "Starts etcd and the kube-apiserver on the loopback, asks it and the fake of its version what agents and kubectl asked\n"
     "(fixtures/kube/sessions), and tells every answer that differs, unless fixtures/kube/differences.yaml says why. Default:\n"
     "kube-apiserver and etcd in $FAKEKAS_PEERS or PATH. Exit code 77 if one of them is not there.\n"},
    {"version",
     "conform version - version, fixtures, agents that are found, and whether namespaces can be had\n"},
};

void help_main(FILE *f)
{
    fputs(main_text, f);
}

void help_command(FILE *f, const char *command)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].command, command) == 0)
            fputs(commands[i].text, f);
    if (strcmp(command, "run") == 0 || strcmp(command, "list") == 0 || strcmp(command, "record") == 0) {
        fputs("\n", f);
        fputs(select_text, f);
    }
}
