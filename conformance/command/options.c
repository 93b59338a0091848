/* The command line. */
#include "conformance/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/command/help.h"
#include "lib/base/mem.h"

#ifndef FAKEKAS_SOURCE_ROOT
#define FAKEKAS_SOURCE_ROOT "."
#endif

/* SIGKILL after three times what real agents need at worst: one that waits for a resolver ends after 5 s. */
enum { STOP_MS_DEFAULT = 15000, LONGEST_PATH = 4096, JOBS_LEAST = 8, JOBS_MOST = 96, JOBS_REAL = 2 /* each starts an API server, which takes a processor for seconds */, MIB_A_ROW = 80 };

enum option_id {
    OPT_SUT = 1000,
    OPT_TRANSPORT,
    OPT_TAG,
    OPT_FIXTURES,
    OPT_OUT,
    OPT_JSONL,
    OPT_ROWS_FROM,
    OPT_RESULTS,
    OPT_AGENTS,
    OPT_MUTANT,
    OPT_KUBE,
    OPT_KUBE_APISERVER,
    OPT_REPEAT,
    OPT_SEED,
    OPT_STOP,
    OPT_NO_CURES,
    OPT_ONLY_CURES,
    OPT_SPREAD,
    OPT_JSON,
    OPT_ROWS,
    OPT_FAULTS,
    OPT_REQUIREMENTS,
    OPT_COVERAGE,
    OPT_MARKDOWN,
    OPT_KEEP,
    OPT_NO_NAMESPACE,
    OPT_NO_GOLDEN,
    OPT_NO_THRIFT,
    OPT_FAULTS_OFF,
    OPT_YES,
    OPT_ADD,
    OPT_NO_REFERENCE,
    OPT_ONLY_REFERENCE,
    OPT_FAIL_FAST
};

static const struct option longs[] = {
    {"sut", required_argument, NULL, OPT_SUT},
    {"transport", required_argument, NULL, OPT_TRANSPORT},
    {"tag", required_argument, NULL, OPT_TAG},
    {"fixtures", required_argument, NULL, OPT_FIXTURES},
    {"out", required_argument, NULL, OPT_OUT},
    {"jsonl", required_argument, NULL, OPT_JSONL},
    {"rows-from", required_argument, NULL, OPT_ROWS_FROM},
    {"results", required_argument, NULL, OPT_RESULTS},
    {"agents", required_argument, NULL, OPT_AGENTS},
    {"mutant", required_argument, NULL, OPT_MUTANT},
    {"kube", required_argument, NULL, OPT_KUBE},
    {"kube-apiserver", required_argument, NULL, OPT_KUBE_APISERVER},
    {"jobs", required_argument, NULL, 'j'},
    {"repeat", required_argument, NULL, OPT_REPEAT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"stop-after", required_argument, NULL, OPT_STOP},
    {"no-cures", no_argument, NULL, OPT_NO_CURES},
    {"only-cures", no_argument, NULL, OPT_ONLY_CURES},
    {"spread", no_argument, NULL, OPT_SPREAD},
    {"json", no_argument, NULL, OPT_JSON},
    {"rows", no_argument, NULL, OPT_ROWS},
    {"faults", no_argument, NULL, OPT_FAULTS},
    {"requirements", no_argument, NULL, OPT_REQUIREMENTS},
    {"coverage", no_argument, NULL, OPT_COVERAGE},
    {"markdown", no_argument, NULL, OPT_MARKDOWN},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"no-namespace", no_argument, NULL, OPT_NO_NAMESPACE},
    {"no-golden", no_argument, NULL, OPT_NO_GOLDEN},
    {"no-thrift", no_argument, NULL, OPT_NO_THRIFT},
    {"faults-off", no_argument, NULL, OPT_FAULTS_OFF},
    {"yes", no_argument, NULL, OPT_YES},
    {"add", no_argument, NULL, OPT_ADD},
    {"no-reference", no_argument, NULL, OPT_NO_REFERENCE},
    {"only-reference", no_argument, NULL, OPT_ONLY_REFERENCE},
    {"fail-fast", no_argument, NULL, OPT_FAIL_FAST},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

void strings_add(struct strings *s, const char *item)
{
    s->items = xrealloc(s->items, (s->n + 1) * sizeof(*s->items));
    s->items[s->n++] = item;
}

char *path_of_self(void)
{
    char path[LONGEST_PATH];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    return n > 0 ? xstrndup(path, (size_t)n) : xstrdup("conform");
}

char *path_beside_self(const char *name)
{
    _cleanup_(freep) char *self = path_of_self();
    char *slash = strrchr(self, '/');

    if (slash)
        *slash = 0;
    return xasprintf("%s/%s", slash ? self : ".", name);
}

static bool has_scenarios(const char *folder)
{
    _cleanup_(freep) char *path = xasprintf("%s/scenarios", folder);

    return access(path, R_OK | X_OK) == 0;
}

/* $FAKEKAS_FIXTURES, installed beside us, the source of this build, or here. */
static char *fixtures_find(void)
{
    static const char *const beside[] = {"../../fixtures", "../share/fakekas/fixtures"};

    if (getenv("FAKEKAS_FIXTURES"))
        return xstrdup(getenv("FAKEKAS_FIXTURES"));
    for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
        char *path = path_beside_self(beside[i]), *real = realpath(path, NULL);
        free(path);
        if (real && has_scenarios(real))
            return real;
        free(real);
    }
    return xstrdup(has_scenarios("fixtures") ? "fixtures" : FAKEKAS_SOURCE_ROOT "/fixtures");
}

static int number(const char *flag, const char *text, long long least, long long *ret)
{
    char *end;

    errno = 0;
    *ret = strtoll(text, &end, 10);
    if (!errno && *text && !*end && *ret >= least)
        return 0;
    fprintf(stderr, "conform: %s: expected a number from %lld up, not \"%s\"\n", flag, least, text);
    return -EINVAL;
}

static int transport_check(const char *text)
{
    static const char *const known[] = {"ws", "wss", "grpc", "grpcs"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(known[i], text) == 0)
            return 0;
    fprintf(stderr, "conform: --transport: expected ws, wss, grpc or grpcs, not \"%s\"\n", text);
    return -EINVAL;
}

static int option_number(struct options *o, int opt, const char *text)
{
    long long n;
    int e;

    switch (opt) {
    case 'j':
        e = number("-j", text, 1, &n);
        o->jobs = e ? o->jobs : (unsigned)n;
        o->has_jobs = true;
        return e;
    case OPT_REPEAT:
        e = number("--repeat", text, 1, &n);
        o->repeat = e ? o->repeat : (unsigned)n;
        return e;
    case OPT_STOP:
        e = number("--stop-after", text, 0, &n);
        o->stop_ms = e ? o->stop_ms : (unsigned)n;
        return e;
    default:
        o->has_seed = true;
        return number("--seed", text, 0, &o->seed);
    }
}

static bool *option_flag(struct options *o, int opt)
{
    switch (opt) {
    case OPT_NO_CURES:
        return &o->no_cures;
    case OPT_ONLY_CURES:
        return &o->only_cures;
    case OPT_SPREAD:
        return &o->spread;
    case OPT_JSON:
        return &o->json;
    case OPT_ROWS:
        return &o->rows;
    case OPT_FAULTS:
        return &o->faults;
    case OPT_REQUIREMENTS:
        return &o->requirements;
    case OPT_COVERAGE:
        return &o->coverage;
    case OPT_MARKDOWN:
        return &o->markdown;
    case OPT_KEEP:
        return &o->keep;
    case OPT_NO_NAMESPACE:
        return &o->no_namespace;
    case OPT_NO_GOLDEN:
        return &o->no_golden;
    case OPT_NO_THRIFT:
        return &o->no_thrift;
    case OPT_FAULTS_OFF:
        return &o->faults_off;
    case OPT_YES:
        return &o->yes;
    case OPT_ADD:
        return &o->add;
    case OPT_NO_REFERENCE:
        return &o->no_reference;
    case OPT_ONLY_REFERENCE:
        return &o->only_reference;
    case OPT_FAIL_FAST:
        return &o->fail_fast;
    case 'q':
        return &o->quiet;
    case 'v':
        return &o->verbose;
    default:
        return NULL;
    }
}

static int option_text(struct options *o, int opt, const char *text)
{
    switch (opt) {
    case OPT_SUT:
        strings_add(&o->suts, text);
        return 0;
    case OPT_TRANSPORT:
        strings_add(&o->transports, text);
        return transport_check(text);
    case OPT_TAG:
        strings_add(&o->tags, text);
        return 0;
    case OPT_FIXTURES:
        free(o->fixtures);
        o->fixtures = xstrdup(text);
        return 0;
    case OPT_OUT:
        o->out = text;
        return 0;
    case OPT_JSONL:
        o->jsonl = text;
        return 0;
    case OPT_RESULTS:
        strings_add(&o->results, text);
        return 0;
    case OPT_ROWS_FROM:
        o->rows_from = text;
        return 0;
    case OPT_AGENTS:
        o->agents = text;
        return 0;
    case OPT_MUTANT:
        o->mutant = text;
        return 0;
    case OPT_KUBE:
        o->kube_real = strcmp(text, "real") == 0;
        if (o->kube_real || strcmp(text, "fake") == 0)
            return 0;
        fprintf(stderr, "conform: --kube: expected fake or real, not \"%s\"\n", text);
        return -EINVAL;
    case OPT_KUBE_APISERVER:
        o->kube_apiserver = text;
        return 0;
    default:
        return option_number(o, opt, text);
    }
}

static int options_complete(struct options *o)
{
    if (o->no_cures && o->only_cures) {
        fprintf(stderr, "conform: --no-cures and --only-cures leave nothing\n");
        return -EINVAL;
    }
    if (o->kube_real && !o->has_jobs && o->jobs > JOBS_REAL)
        o->jobs = JOBS_REAL;
    if (!o->fixtures)
        o->fixtures = fixtures_find();
    if (!has_scenarios(o->fixtures)) {
        fprintf(stderr, "conform: no fixtures at %s; cure: --fixtures DIR, or run in the repository\n",
                o->fixtures);
        return -EINVAL;
    }
    return 0;
}

/* Rows mostly wait: memory limits how many may do so at once. */
static unsigned jobs_default(void)
{
    long pages = sysconf(_SC_AVPHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    long fit = pages > 0 && size > 0 ? pages / (MIB_A_ROW * 1024L * 1024 / size) : JOBS_LEAST;

    return (unsigned)(fit < JOBS_LEAST ? JOBS_LEAST : fit > JOBS_MOST ? JOBS_MOST : fit);
}

int options_parse(struct options *o, const char *command, int argc, char **argv)
{
    int opt;

    *o = (struct options){.jobs = jobs_default(), .repeat = 1, .stop_ms = STOP_MS_DEFAULT};
    optind = 1;
    while ((opt = getopt_long(argc, argv, "j:qvh", longs, NULL)) != -1) {
        bool *flag = option_flag(o, opt);
        if (opt == 'h') {
            help_command(stdout, command);
            return 1;
        }
        if (opt == '?' || (!flag && option_text(o, opt, optarg) < 0)) {
            fprintf(stderr, "conform %s --help tells more\n", command);
            return -EINVAL;
        }
        if (flag)
            *flag = true;
    }
    for (int i = optind; i < argc; i++)
        strings_add(&o->patterns, argv[i]);
    return options_complete(o);
}

void options_done(struct options *o)
{
    free(o->patterns.items);
    free(o->suts.items);
    free(o->transports.items);
    free(o->tags.items);
    free(o->results.items);
    free(o->fixtures);
    free(o->apiserver);
    free(o->etcd);
    free(o->no_kube);
}
